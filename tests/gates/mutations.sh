#!/usr/bin/env bash
# Every fault turns a quick gate red, and the program without one turns none.
# Usage: mutations.sh BENCH_DIRECTORY MUTANTS_DIRECTORY FAULT:MUTANT:GATES…
# A fault is caught if mutant_MUTANT, which has it, turns a gate red whose name begins with GATES.
set -euo pipefail
bench=$(realpath "$1")
mutants=$(realpath "$2")
shift 2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# red_gates PROGRAM: runs its sweep, prints the names of the gates that are red.
red_gates() {
  local status=0
  "$1" gates_quick --out "$work/$(basename "$1").csv" > /dev/null
  "$bench/check" "$work/$(basename "$1").csv" --tier quick > "$work/gates.txt" || status=$?
  if [[ $status -gt 1 || ($status -eq 1 && ! -s $work/gates.txt) ]]; then
    echo "FAILED: check exits with $status" >&2
    exit 1
  fi
  sed -n 's/^RED  *\(.*[^ ]\)  *\(final_loss\|accuracy\|excess\)  .*/\1/p' "$work/gates.txt" | sed 's/ *$//'
}

missed=0
healthy=$(red_gates "$bench/sweep")
[[ -z $healthy ]] || { echo "FAILED: red without a fault: $healthy"; missed=1; }
declare -A red
for fault in "$@"; do
  IFS=: read -r name mutant gates <<< "$fault"
  [[ -v red[$mutant] ]] || red[$mutant]=$(red_gates "$mutants/mutant_$mutant")
  caught=$(awk -v gates="$gates" 'index($0, gates) == 1' <<< "${red[$mutant]}")
  printf '%-28s %s\n' "$name" "$(paste -sd ';' <<< "${caught:-NO GATE}" | sed 's/;/; /g')"
  [[ -n $caught ]] || missed=1
done
exit $missed
