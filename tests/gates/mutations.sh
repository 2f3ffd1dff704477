#!/usr/bin/env bash
# Every fault turns a quick gate red, and the program without one turns none.
# Usage: mutations.sh BENCH_DIRECTORY MUTANTS_DIRECTORY NAME…
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
for name in "$@"; do
  red=$(red_gates "$mutants/mutant_$name")
  printf '%-28s %s\n' "$name" "$(paste -sd ';' <<< "${red:-NO GATE}" | sed 's/;/; /g')"
  [[ -n $red ]] || missed=1
done
exit $missed
