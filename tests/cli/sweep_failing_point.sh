#!/usr/bin/env bash
# A point that can't be run is named, and costs the others nothing: one too large for memory, one whose files can't be
# written, one that the system kills for its memory.
source "$(dirname "$0")/common.bash"

# expect_failed TEXT COMMAND…: exit 1, and one line about the failed point, which holds TEXT.
expect_failed() {
  local text=$1 got=0
  shift
  "$@" > stdout.txt 2> stderr.txt || got=$?
  [[ $got -eq 1 ]] || fail "exit $got, not 1: $* ($(cat stderr.txt))"
  [[ $(grep -c '^sweep: ' stderr.txt) -eq 1 ]] || fail "not one failed point: $(cat stderr.txt)"
  grep -qF -- "$text" stderr.txt || fail "'$text' is not in $(cat stderr.txt)"
  grep -qF ", 1 failed; " stdout.txt || fail "the summary: $(cat stdout.txt)"
}

# Two small points and one whose random features alone are 2 GB, for a process that may have 1 GB.
small=(capacity --axis S=4 --axis kernel=elu,dpfp:1 --threads 1 "${tiny[@]}")
with_large=(capacity --axis S=4 --axis kernel=elu,dpfp:1,favor:64000000 --threads 1 "${tiny[@]}")
"$sweep" "${small[@]}" --out small.csv > /dev/null
if ! grep -q __asan_init "$sweep"; then  # which needs far more address space
  limited=(bash -c "ulimit -v 1000000; exec $(printf '%q ' "$sweep" "${with_large[@]}") --out large.csv")
  expect_failed "kernel=favor" "${limited[@]}"
  grep -qF "does not fit in memory" stderr.txt || fail "the reason: $(cat stderr.txt)"
  cmp <(sort large.csv) <(sort small.csv) || fail "the other points have their rows"
  expect_failed "does not fit in memory" "${limited[@]}"
  grep -q "^note: points that failed or were killed are run last, one at a time: 1$" stderr.txt ||
    fail "the second run knows: $(cat stderr.txt)"
fi

# A file where a point's directory would be.
mkdir models
"$sweep" "${small[@]}" --out named.csv --save-model saved > /dev/null
name=$(basename "$(ls -d saved/*kernel=elu*)")
echo text > "models/$name"
expect_failed "kernel=elu" "$sweep" "${small[@]}" --out part.csv --save-model models
[[ $(rows part.csv) -eq 1 && -d $(ls -d models/*dpfp*) ]] || fail "the other point is saved"
rm "models/$name"
"$sweep" "${small[@]}" --out part.csv --save-model models > /dev/null 2>&1
cmp part.csv small.csv || fail "the results differ"
[[ -s models/$name/E.npy && ! -e part.checkpoints ]] || fail "left over: $(ls)"

# Killed in flight: what was in flight then comes after all others.
for ((steps = 1000; ; steps *= 2)); do  # until it takes a second, whatever the build
  slow=(capacity --axis S=10,20,40 --axis kernel=elu --set tolerance=0 --set patience=1000000 --set key_dim=8
    --set evaluation_every="$steps" --set max_steps="$steps" --threads 1 --set batch=2)
  start=$(date +%s%N)
  "$sweep" "${slow[@]}" --out whole.csv > /dev/null
  [[ $(($(date +%s%N) - start)) -lt 1000000000 ]] || break
  rm whole.*
done
"$sweep" "${slow[@]}" --out killed.csv > /dev/null 2>&1 &
child=$!
until [[ -n $(find killed.checkpoints -name '*.started' 2> /dev/null) ]] || ! kill -0 "$child" 2> /dev/null; do
  sleep 0.01
done
kill -9 "$child" 2> /dev/null || true
wait "$child" 2> /dev/null || true
if [[ $(rows killed.csv) -eq 0 ]]; then  # the dearest, S = 40, was in flight
  "$sweep" "${slow[@]}" --out killed.csv > /dev/null 2> stderr.txt &
  child=$!
  until [[ $(rows killed.csv) -ge 1 ]] || ! kill -0 "$child" 2> /dev/null; do sleep 0.01; done
  kill -9 "$child" 2> /dev/null || true  # before S = 40 ends, which takes longer than the others together
  wait "$child" 2> /dev/null || true
  grep -q "^note: points that failed or were killed are run last, one at a time: 1$" stderr.txt ||
    fail "the note: $(cat stderr.txt)"
  [[ $(rows killed.csv) -eq 3 || $(sed -n 2p killed.csv | cut -d, -f2) -eq 20 ]] ||
    fail "what was killed was not the last: $(cat killed.csv)"
fi
"$sweep" "${slow[@]}" --out killed.csv > /dev/null 2>&1
cmp killed.csv whole.csv || fail "the results differ after the kills"
[[ ! -e killed.checkpoints ]] || fail "left over: $(ls killed.checkpoints)"
