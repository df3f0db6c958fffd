#!/bin/sh
# Power cuts and kills while the store writes: runs the two test programs that a build made.
# Prints "ok name", "not ok name" or "skip name reason"; exits 1 when one is not ok.
# WARP_BUILD names the build directory; otherwise the newest that holds the programs is taken.
root=$(cd "$(dirname "$0")/../.." && pwd)
failed=0

program() {
    if [ -n "$WARP_BUILD" ]; then
        echo "$WARP_BUILD/$1"
    else
        ls -t "$root"/build/*/"$1" 2>/dev/null | head -n 1
    fi
}

run() {
    binary=$(program "test_fault_$1")
    if [ ! -x "$binary" ]; then
        echo "skip $1 not built"
        return
    fi
    if output=$("$binary" 2>&1); then
        reason=$(printf '%s\n' "$output" | sed -n 's/^skipped: //p' | head -n 1)
        if [ -n "$reason" ]; then echo "skip $1 $reason"; else echo "ok $1"; fi
    else
        printf '%s\n' "$output" >&2
        echo "not ok $1"
        failed=1
    fi
}

run storage_kill
run storage_powercut
exit $failed
