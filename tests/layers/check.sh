#!/bin/sh
# Holds the include layers of ARCHITECTURE.md: a folder of src/ includes lower layers only, and the
# files of one folder include each other without a cycle. First it plants every violation that it
# must see, so that a checker gone blind fails too.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
root=${1:-$(cd "$here/../.." && pwd)}
planted=$(mktemp -d)
trap 'rm -rf "$planted"' EXIT

# check DIR: prints the violations under DIR/src; false when there are any.
check() (
    cd "$1/src"
    find . -mindepth 2 -type f \( -name '*.h' -o -name '*.c' -o -name '*.cu' -o -name '*.cuh' \) |
        sed 's#^\./##' | LC_ALL=C sort | xargs awk -v root="$1" -f "$here/layers.awk"
)

# plant FILE [INCLUDE-LINE...]: a source with these lines.
plant() {
    file=$planted/src/$1
    shift
    mkdir -p "${file%/*}"
    printf '%s\n' "$@" >"$file"
}

clean_tree() {
    rm -rf "$planted/src"
    plant base/mem.h '#include <stddef.h>'
    plant base/mem.c '#include "base/mem.h"'
    plant geo/point.h '#include <net/if.h>' '#include "base/mem.h"'
    plant geo/ring.h '#include "geo/point.h"'
    plant geo/ring.c '#include "geo/ring.h"' '// #include "engine/engine.h"'
    plant proto/http1.h '#include "base/mem.h"'
    plant index/index.h '#include "geo/point.h"'
    plant engine/engine.h '#include "geo/ring.h"'
    plant engine/warp.c '#include "warp.h"' '#include "engine/engine.h"'
    plant server/server.h '#include "engine/engine.h"'
    plant cli/main.c '#include "server/server.h"'
}

# expect WORDS: the planted tree is refused, with these words.
expect() {
    if found=$(check "$planted"); then
        echo "self-test: not seen: $1" && exit 1
    fi
    case $found in
    *"$1"*) ;;
    *) echo "self-test: expected '$1', got: $found" && exit 1 ;;
    esac
}

self_test() {
    clean_tree
    check "$planted" || { echo "self-test: refused a clean tree" && exit 1; }

    clean_tree && plant geo/up.c '#include "engine/engine.h"' && expect 'includes upward: geo'
    clean_tree && plant geo/up.h ' #  include <engine/engine.h>' && expect 'includes upward: geo'
    clean_tree && plant base/up.c '#include "geo/point.h" // why not' && expect 'includes upward: base'
    clean_tree && plant geo/side.c '#include "proto/http1.h"' && expect 'includes sideways: geo'
    clean_tree && plant storage/side.c '#include "index/index.h"' && expect 'includes sideways: storage'
    clean_tree && plant index/face.c '#include "warp.h"' && expect 'includes warp.h'
    clean_tree && plant misc/any.h '' && expect "folder 'misc' has no layer"
    clean_tree && plant geo/bare.c '#include "point.h"' && expect 'no such file'
    clean_tree && plant geo/climb.c '#include "../base/mem.h"' && expect 'no such file'
    clean_tree && plant geo/point.h '#include "geo/ring.h"' && expect 'include cycle: geo/point -> geo/ring -> geo/point'
    clean_tree && plant geo/point.c '#include "geo/ring.h"' && expect 'include cycle'
    clean_tree && plant geo/a.h '#include "geo/b.h"' && plant geo/b.c '#include "geo/c.h"' &&
        plant geo/b.h '' && plant geo/c.h '#include "geo/a.h"' &&
        expect 'include cycle: geo/a -> geo/b -> geo/c -> geo/a'
    return 0
}

self_test
if ! check "$root"; then
    echo "layers: the includes above break the order of ARCHITECTURE.md"
    exit 1
fi
echo "layers: every include goes down, no cycles"
