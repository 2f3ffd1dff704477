#!/usr/bin/env bash
# From a fresh machine to the capacity figures: installs what is missing, builds, trains every point, plots.
# Usage: scripts/reproduce.sh [--mqar] [--quick] [--seeds N] [--threads N] [--out DIR]
#   --mqar       capacities of sequence models on multi-query associative recall, in place of the experiment of 2021
#   --quick      a small grid, under two minutes; of --mqar under five on two cores. Give --out after it
#   --seeds N    seeds 1..N of every point (default: the sweep's own)
#   --threads N  points trained at a time (default: the sweep's own)
#   --out DIR    where the results and figures go (default: results/run, or results/run/quick); it continues there
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

fail() {
  echo "reproduce.sh: $1" >&2
  exit 2
}

out=results/run  # from the root of the project
name=capacity
sweep_arguments=()
while [[ $# -gt 0 ]]; do
  case "$1" in
    --mqar) name=mqar ;;
    --quick)
      sweep_arguments+=(--quick)
      out=results/run/quick
      ;;
    --seeds | --threads)
      [[ ${2:-} =~ ^[1-9][0-9]*$ ]] || fail "$1 needs a number of at least 1, not '${2:-}'"
      sweep_arguments+=("$1" "$2")
      shift
      ;;
    --out)
      [[ -n ${2:-} && ${2:-} != --* ]] || fail "--out needs a directory, not '${2:-}'"
      out=$(realpath -m --relative-base="$root" -- "$2")  # absolute only outside the project
      shift
      ;;
    -h | --help) sed -n '2,8s/^# //p' "$root/scripts/reproduce.sh"; exit 0 ;;
    *) fail "unknown argument '$1'; known: --mqar, --quick, --seeds N, --threads N, --out DIR, --help" ;;
  esac
  shift
done

cd "$root"
mkdir -p "$out"
scripts/setup.sh
cmake --preset release --log-level=WARNING
targets=(sweep)
[[ $name != mqar ]] || targets+=(capacity)
cmake --build --preset release --target "${targets[@]}" --parallel "$(nproc)"
build/release/bench/sweep "$name" --out "$out/$name.csv" "${sweep_arguments[@]}"
drawn=$out/$name.csv
if [[ $name == mqar ]]; then
  drawn=$out/mqar.capacity.csv
  build/release/bench/capacity "$out/mqar.csv" --criterion 'accuracy >= 0.99' --out "$drawn"
fi
/usr/bin/python3 "plots/$name.py" "$drawn" --out "$out"
