#!/usr/bin/env bash
# One small sweep under valgrind: reads of what was never written, accesses out of bounds, leaks. Its results must be those
# of a run without.
# Usage: scripts/valgrind.sh
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

case "${1:-}" in
  "") ;;
  -h | --help) sed -n '2,4s/^# //p' scripts/valgrind.sh; exit 0 ;;
  *) echo "valgrind.sh: unknown argument '$1'; it takes none but --help" >&2; exit 2 ;;
esac

scripts/setup.sh valgrind
# Not `release`: valgrind doesn't know every instruction of this machine.
cmake --preset portable --log-level=WARNING > /dev/null
cmake --build --preset portable --target sweep --parallel "$(nproc)"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# Every kind of memory, random features redrawn, checkpoints; two threads, so that locks are used.
run=(build/portable/bench/sweep capacity --axis S=5:9:4 --axis kernel=elu,dpfp:2,favor:4 --set key_dim=5 --set batch=3
  --set max_steps=30 --set evaluation_every=7 --set evaluation_sequences=2 --threads 2 --checkpoint-every 0.001)
softmax=("${run[@]/kernel=*/memory=softmax}")
delta=("${run[@]}" --axis rule=delta,gated_delta --set normalization=l2)
for case in run softmax delta; do
  declare -n command=$case
  "${command[@]}" --out "$work/$case.plain.csv" > /dev/null
  valgrind --quiet --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite,indirect \
    --show-leak-kinds=definite,indirect \
    "${command[@]}" --out "$work/$case.csv" --save-model "$work/models" --save-episodes "$work/episodes"
  cmp "$work/$case.plain.csv" "$work/$case.csv"
done
