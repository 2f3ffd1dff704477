#!/usr/bin/env bash
# Fuzzes what reads users' input, with libFuzzer and sanitizers: every target from its corpus in tests/fuzz/corpus/, for
# so many seconds. A failing input is kept in build/fuzz/ and named.
# Usage: scripts/fuzz.sh [SECONDS for each target; default 20]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

case "${1:-20}" in
  -h | --help) sed -n '2,4s/^# //p' scripts/fuzz.sh; exit 0 ;;
  *[!0-9]* | 0*) echo "fuzz.sh: '$1': allowed is a number of seconds of at least 1, or --help" >&2; exit 2 ;;
esac
seconds=${1:-20}

scripts/setup.sh clang
cmake --preset fuzz --log-level=WARNING > /dev/null
cmake --build --preset fuzz --parallel "$(nproc)"

# What is found beyond the committed corpus is kept for the next run, in the build. Files that a target writes are small
# and many: to memory, if there is such a place.
[[ ! -w /dev/shm ]] || export TMPDIR=/dev/shm
one() {
  local target=$1 name=${1##*/} corpus
  corpus=build/fuzz/corpus/${name%_fuzz}
  mkdir -p "$corpus"
  if ! "$target" -max_total_time="$seconds" -timeout=20 -rss_limit_mb=3000 -verbosity=0 -print_final_stats=1 \
    -artifact_prefix="build/fuzz/$name-" "$corpus" "tests/fuzz/corpus/${name%_fuzz}" > "build/fuzz/$name.log" 2>&1; then
    tail -n 60 "build/fuzz/$name.log" >&2
    echo "fuzz.sh: $name failed; its input: $(ls -t build/fuzz/"$name"-* | head -n 1)" >&2
    return 1
  fi
  echo "$name: $(sed -n 's/^stat::number_of_executed_units: *//p' "build/fuzz/$name.log") executions in $seconds s"
}
export -f one
export seconds
printf '%s\n' build/fuzz/tests/fuzz/*_fuzz | xargs -P "$(nproc)" -I {} bash -c 'one {}' || exit 1
