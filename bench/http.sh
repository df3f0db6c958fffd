#!/usr/bin/env bash
# CPU of the HTTP stack per request: bench_http answers 101 bytes of JSON, wrk asks; keep-alive and 16 at a time.
#   bench/http.sh BUILD_DIR [SECONDS]
set -euo pipefail
build=${1:?build directory}
seconds=${2:-5}
here=$(cd "$(dirname "$0")" && pwd)
out=$(mktemp)
trap 'rm -f "$out"' EXIT

measure() { # name, wrk arguments...
    local name=$1
    shift
    taskset -c 0 "$build/bench_http" 0 >"$out" &
    local server=$!
    for _ in 1 2 3 4 5 6 7 8 9 10; do
        grep -q '^port=' "$out" && break
        sleep 0.1
    done
    local port
    port=$(sed -n 's/^port=\([0-9]*\).*/\1/p' "$out")
    taskset -c 1 wrk -t1 -c50 -d"$seconds" "$@" "http://127.0.0.1:$port/x" >/dev/null
    kill -TERM "$server"
    wait "$server" || true
    printf '%s %s\n' "$name" "$(tail -n 1 "$out")"
}

measure keep-alive
measure pipelined-16 -s "$here/http_pipeline.lua"
