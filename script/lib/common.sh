# common.sh - what every script here shares: where the tree is, how to speak, how to ask for root.
# Sourced, never run. The sourcing script has set -euo pipefail.
# shellcheck shell=bash

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
DEPS=$ROOT/build/deps

say() { printf '%s\n' "$*"; }
warn() { printf '%s\n' "$*" >&2; }

die() {
    warn "${0##*/}: $*"
    exit 1
}

have() { command -v "$1" >/dev/null 2>&1; }

# Runs a command as root: directly, or through sudo.
as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif have sudo; then
        sudo "$@"
    else
        die "needs root for: $* (no sudo here: run it as root, then try again)"
    fi
}

# One value of /etc/os-release.
os_release() { (. /etc/os-release && eval "printf '%s' \"\${$1:-}\""); }

# Prints the URI of the archive that this machine's own apt is set up with.
apt_archive_uri() {
    local release=$1
    # shellcheck disable=SC2016 # the format is apt's
    apt-get indextargets --format '$(RELEASE)|$(COMPONENT)|$(REPO_URI)' 'Created-By: Packages' |
        awk -F'|' -v want="$release" '
            ($1 == want || $1 == "stable") && $2 == "main" && $3 !~ /^cdrom:/ { print $3; exit }'
}

# private_apt NAME LINES apt-get-arguments...: apt-get with sources, lists and cache of its own
# under build/deps, so that the system's apt never hears of them.
private_apt() {
    local dir=$DEPS/apt/$1 lines=$2
    shift 2
    mkdir -p "$dir/state/lists/partial" "$dir/cache/archives/partial"
    printf '%s\n' "$lines" >"$dir/sources.list"
    apt-get -q -q \
        -o Dir::State="$dir/state" -o Dir::State::lists="$dir/state/lists" \
        -o Dir::State::status=/var/lib/dpkg/status -o Dir::Cache="$dir/cache" \
        -o Dir::Etc::sourcelist="$dir/sources.list" -o Dir::Etc::sourceparts=/dev/null \
        -o APT::Sandbox::User="$(id -un)" -o Acquire::Languages=none "$@"
}
