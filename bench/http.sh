#!/usr/bin/env bash
# CPU of the HTTP stack per request: bench_http answers 101 bytes of JSON, wrk asks; keep-alive and 16 at a time.
# bench_bare, the least that can do that, is asked in between: what counts is the ratio.
#   bench/http.sh BUILD_DIR [SECONDS]
set -euo pipefail
build=${1:?build directory}
seconds=${2:-5}
here=$(cd "$(dirname "$0")" && pwd)
out=$(mktemp)
trap 'rm -f "$out"' EXIT

measure() { # program, name, wrk arguments...
    local program=$1 name=$2
    shift 2
    taskset -c 0 "$build/$program" 0 >"$out" &
    local server=$!
    for _ in {1..50}; do
        grep -q '^port=' "$out" && break
        sleep 0.1
    done
    local port
    port=$(sed -n 's/^port=\([0-9]*\).*/\1/p' "$out")
    taskset -c 1 wrk -t1 -c50 -d"$seconds" "$@" "http://127.0.0.1:$port/x" >/dev/null
    kill -TERM "$server"
    wait "$server" || true
    printf '%-13s %-10s %s\n' "$name" "$program" "$(tail -n 1 "$out")"
}

for _ in 1 2 3; do
    for program in bench_bare bench_http; do
        measure "$program" keep-alive
        measure "$program" pipelined-16 -s "$here/http_pipeline.lua"
    done
done
