#!/usr/bin/env bash
# From a fresh machine to the capacity figures: installs what is missing, builds, trains every point, plots.
# Usage: scripts/reproduce.sh [--quick] [--seeds N] [--threads N] [--out DIR]
#   --quick      a small grid, under two minutes; give --out after it
#   --seeds N    seeds 1..N of every point (default: the sweep's own)
#   --threads N  points trained at a time (default: the sweep's own)
#   --out DIR    where capacity.csv and the figures go (default: results/run, or results/run/quick); it continues there
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

fail() {
  echo "reproduce.sh: $1" >&2
  exit 2
}

out=results/run  # from the root of the project
sweep_arguments=()
while [[ $# -gt 0 ]]; do
  case "$1" in
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
    -h | --help) sed -n '2,7s/^# //p' "$root/scripts/reproduce.sh"; exit 0 ;;
    *) fail "unknown argument '$1'; known: --quick, --seeds N, --threads N, --out DIR, --help" ;;
  esac
  shift
done

cd "$root"
mkdir -p "$out"
scripts/setup.sh
cmake --preset release --log-level=WARNING
cmake --build --preset release --target sweep --parallel "$(nproc)"
build/release/bench/sweep capacity --out "$out/capacity.csv" "${sweep_arguments[@]}"
/usr/bin/python3 plots/capacity.py "$out/capacity.csv" --out "$out"
