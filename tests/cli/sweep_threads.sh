#!/usr/bin/env bash
# How many threads a sweep has by default, and that a stack too small for them is an error.
source "$(dirname "$0")/common.bash"
one=(capacity --axis S=5 --axis kernel=elu "${tiny[@]}")

OMP_NUM_THREADS=1 "$sweep" "${one[@]}" --out one.csv > /dev/null
grep -qx "threads = 1" one.provenance.toml || fail "OMP_NUM_THREADS bounds the threads"
OMP_NUM_THREADS=1 "$sweep" "${one[@]}" --threads 3 --out three.csv > /dev/null
grep -qx "threads = 3" three.provenance.toml || fail "--threads wins"
taskset -c "$(taskset -cp $$ | sed 's/.*: *\([0-9]*\).*/\1/')" "$sweep" "${one[@]}" --out bound.csv > /dev/null
grep -qx "threads = 1" bound.provenance.toml || fail "processors that it may not run on don't count"

if ! grep -q __asan_init "$sweep"; then  # which needs more before it could say so
  export OMP_STACKSIZE=16k
  expect_error 2 "a thread's stack of 16 KiB: allowed is 512 KiB or more" \
    "$sweep" "${one[@]}" --threads 2 --out small.csv
  [[ ! -e small.csv || $(rows small.csv) -eq 0 ]] || fail "it ran"
  unset OMP_STACKSIZE
  expect_error 2 "'ulimit -s'" bash -c "ulimit -s 256; exec $(printf '%q ' "$sweep" "${one[@]}") --out small.csv"
  OMP_STACKSIZE=512k "$sweep" "${one[@]}" --threads 2 --out enough.csv > /dev/null
  cmp enough.csv one.csv || fail "the results differ"
fi
