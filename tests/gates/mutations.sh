#!/usr/bin/env bash
# Every fault turns a quick gate or a test red, and the program without one turns none.
# Usage: mutations.sh BENCH_DIRECTORY MUTANTS_DIRECTORY FAULT:MUTANT:TIER:GATES… FAULT:MUTANT:test:FOLDER/TEST…
# A fault is caught if mutant_MUTANT, which has it, turns a gate of TIER red whose name begins with GATES, or the one test of
# that name, which FOLDER_tests beside MUTANTS_DIRECTORY passes.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/measure.bash"
bench=$(realpath "$1")
mutants=$(realpath "$2")
shift 2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# red_gates PROGRAM TIER: runs the tier's sweep by it, prints the names of the gates that are red.
red_gates() {
  local status=0 measured
  measure "$1" "$bench/capacity" "$2" "$work/$(basename "$1").$2" > /dev/null
  "$bench/check" "$measured" --tier "$2" > "$work/gates.txt" || status=$?
  if [[ $status -gt 1 || ($status -eq 1 && ! -s $work/gates.txt) ]]; then
    echo "FAILED: check exits with $status" >&2
    exit 1
  fi
  sed -n 's/^RED  *\(.*[^ ]\)  *\(final_loss\|excess\|capacity\)  .*/\1/p' "$work/gates.txt" | sed 's/ *$//'
}

# red_tests PROGRAM TEST: prints the test's name if it is red; it must be there.
red_tests() {
  local status=0
  "$1" --gtest_filter="$2" > "$work/tests.txt" || status=$?
  if [[ $status -gt 1 ]] || ! grep '^\[==========\] 1 test from .* ran' "$work/tests.txt" > /dev/null; then
    echo "FAILED: $1 --gtest_filter=$2 exits with $status: $(tail -3 "$work/tests.txt")" >&2
    exit 1
  fi
  [[ $status -eq 0 ]] || echo "$2"
}

missed=0
for tier in quick mqar_quick; do
  healthy=$(red_gates "$bench/sweep" "$tier")
  [[ -z $healthy ]] || { echo "FAILED: red without a fault: $healthy"; missed=1; }
done
declare -A red
for fault in "$@"; do
  IFS=: read -r name mutant tier gates <<< "$fault"
  if [[ $tier == test ]]; then
    healthy=$(red_tests "$mutants/../${gates%%/*}_tests" "${gates#*/}")
    [[ -z $healthy ]] || { echo "FAILED: red without a fault: $healthy"; missed=1; }
    caught=$(red_tests "$mutants/mutant_$mutant" "${gates#*/}")
  else
    [[ -v red[$mutant] ]] || red[$mutant]=$(red_gates "$mutants/mutant_$mutant" "$tier")
    caught=$(awk -v gates="$gates" 'index($0, gates) == 1' <<< "${red[$mutant]}")
  fi
  printf '%-28s %s\n' "$name" "$(paste -sd ';' <<< "${caught:-NOTHING}" | sed 's/;/; /g')"
  [[ -n $caught ]] || missed=1
done
exit $missed
