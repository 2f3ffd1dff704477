#!/usr/bin/env bash
# Fuzzes what reads users' input, with libFuzzer and sanitizers: every target from its corpus in tests/fuzz/corpus/. A
# failing input is kept in build/dev/fuzz/ and named.
# Usage: scripts/fuzz.sh [SECONDS | --fixed]
#   SECONDS   new inputs, for so long each target (default: 20); what they find is where the next run begins
#   --fixed   the same 10000 inputs each target at every run, so that a change is judged by itself
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

mode=${1:-20}
case "$mode" in
  -h | --help) sed -n '2,6s/^# //p' scripts/fuzz.sh; exit 0 ;;
  --fixed) ;;
  *[!0-9]* | 0*) echo "fuzz.sh: '$1': allowed is a number of seconds of at least 1, --fixed or --help" >&2; exit 2 ;;
esac

scripts/setup.sh clang libclang-rt-dev libomp-dev
cmake --preset fuzz --log-level=WARNING > /dev/null
cmake --build --preset fuzz --parallel "$(nproc)"

# Files that a target writes are small and many: to memory, if there is such a place.
[[ ! -w /dev/shm ]] || export TMPDIR=/dev/shm
one() {
  local target=$1 name=${1##*/} options=(-max_total_time="$mode") found=build/dev/fuzz/corpus/${1##*/} fixed=()
  if [[ $mode == --fixed ]]; then  # what libFuzzer tries depends on addresses, too
    ! setarch -R true 2> /dev/null || fixed=(setarch -R)
    options=(-seed=1 -runs=10000 -entropic=0 -reload=0) found=build/dev/fuzz/fixed/$name
    rm -rf "$found"
  fi
  mkdir -p "$found"
  if ! "${fixed[@]}" "$target" "${options[@]}" -timeout=20 -rss_limit_mb=3000 -verbosity=0 -print_final_stats=1 \
    -artifact_prefix="build/dev/fuzz/$name-" "$found" "tests/fuzz/corpus/${name%_fuzz}" > "build/dev/fuzz/$name.log" 2>&1; then
    grep -v NEW_FUNC "build/dev/fuzz/$name.log" | tail -n 60 >&2
    echo "fuzz.sh: $name failed; its input: $(ls -t build/dev/fuzz/"$name"-* | head -n 1)" >&2
    return 1
  fi
  echo "$name: $(sed -n 's/^stat::number_of_executed_units: *//p' "build/dev/fuzz/$name.log") executions"
}
export -f one
export mode
printf '%s\n' build/dev/tests/fuzz/*_fuzz | xargs -P "$(nproc)" -I {} bash -c 'one {}' || exit 1
