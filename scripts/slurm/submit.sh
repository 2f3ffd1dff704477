#!/usr/bin/env bash
# Runs a sweep as a Slurm job array, a shard a task, and merges the shards' results after the last one.
# Usage: scripts/slurm/submit.sh --shards N --out FILE.csv [--bench DIR] [SBATCH OPTION…] -- SWEEP [SWEEP OPTION…]
#   --shards N      tasks of the array, parts of about equal cost
#   --out FILE.csv  the merged results; beside it FILE.i-of-N.csv, and the jobs' output in FILE.slurm/
#   --bench DIR     where the programs sweep and merge are (default: build/release/bench)
# Example:
#   scripts/slurm/submit.sh --shards 100 --out results/run/capacity.csv --partition=cpu --time=4:00:00 \
#     --cpus-per-task=4 -- capacity --seeds 10
# All paths must be on a file system that the nodes share. A task whose sweep fails or is killed, or whose time is up, is
# queued again and goes on from its rows and checkpoints. The same command again does what is still missing. `release`
# is built for the processor it is built on: on a mixed cluster name one kind (--constraint) or use the preset
# `portable` (--bench build/portable/bench).
set -euo pipefail

fail() {
  echo "submit.sh: $1" >&2
  exit 2
}

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
shards="" out="" bench=$root/build/release/bench
sbatch_options=()
while [[ $# -gt 0 && $1 != -- ]]; do
  case "$1" in
    --shards | --out | --bench)
      [[ -n ${2:-} && $2 != -* ]] || fail "$1 needs a value, not '${2:-}'"
      declare "${1#--}=$2"
      shift
      ;;
    -h | --help) sed -n '2,13s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; exit 0 ;;
    -*) sbatch_options+=("$1") ;;
    *) fail "unknown argument '$1'; known: --shards N, --out FILE.csv, --bench DIR, options of sbatch as --NAME=VALUE, and after -- those of sweep" ;;
  esac
  shift
done
[[ ${1:-} == -- && $# -ge 2 ]] || fail "which sweep? Give its name and options after --"
shift
[[ $shards =~ ^[1-9][0-9]*$ ]] || fail "--shards '$shards': allowed is a number of at least 1"
[[ $out == *.csv ]] || fail "--out '$out': allowed is a name that ends in .csv"
bench=$(realpath -m -- "$bench")
out=$(realpath -m -- "$out")
[[ -x $bench/sweep && -x $bench/merge ]] || fail "no programs sweep and merge in '$bench'; build them or give --bench DIR"
command -v sbatch > /dev/null || fail "no Slurm here: sbatch is not installed"
"$bench/sweep" "$@" --shard "1/$shards" --list > /dev/null  # what is wrong with the sweep is better said here than by every task

base=${out%.csv}
mkdir -p "$base.slurm"
common=(--parsable --export=ALL --open-mode=append)
array=$(sbatch "${common[@]}" --job-name="$(basename "$base")" --array="1-$shards" --output="$base.slurm/%a.log" \
  "${sbatch_options[@]}" "$root/scripts/slurm/shard.sbatch" "$bench/sweep" "$base" "$shards" "$@")
array=${array%%;*}  # a federation adds the cluster's name
parts=()
for ((i = 1; i <= shards; ++i)); do parts+=("$base.$i-of-$shards.csv"); done
# afterany: a merge that lacks points says which; afterok would wait for ever for a task that failed.
merged=$(sbatch "${common[@]}" --job-name="$(basename "$base")-merge" --dependency="afterany:$array" \
  --output="$base.slurm/merge.log" --wrap "$(printf '%q ' exec "$bench/merge" "${parts[@]}" --out "$out")")
echo "$shards shards: job $array; merge into $out: job ${merged%%;*}; output in $base.slurm/"
