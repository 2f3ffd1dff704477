#!/usr/bin/env bash
# One long point, killed again and again before it could end: with checkpoints it gets there, to the same bytes. Each
# process lives a third of the time that the point takes, so that starting over would never end; longer only until its
# first checkpoint, should the machine be busy.
source "$(dirname "$0")/common.bash"

# The point takes two seconds or more, whatever the build: starting is a small part of that.
for (( steps = 500; ; steps *= 2)); do
  run=("$sweep" capacity --axis S=40 --axis kernel=favor:16 --set redraw=every_step --set key_dim=16 --set tolerance=0
    --set patience=1000000 --set evaluation_every="$((steps / 10))" --set max_steps="$steps" --checkpoint-every 0.05)
  start=$(date +%s%N)
  "${run[@]}" --out whole.csv > /dev/null
  time_ms=$((($(date +%s%N) - start) / 1000000))
  [[ $time_ms -lt 2000 ]] || break
  rm whole.*
done
[[ $(ls) == "$(printf 'whole.%s\n' csv provenance.toml timings.csv)" ]] || fail "left over: $(ls)"

# lives SIGNAL: runs with only a third of the time until the point ends; says how many runs it took.
lives() {
  local signal=$1 count=0 child status
  while [[ ! -e part.csv || $(rows part.csv) -eq 0 ]]; do
    count=$((count + 1))
    [[ $count -le 100 ]] || fail "no end after $count runs of $((time_ms / 3)) ms"
    touch born
    "${run[@]}" --out part.csv > /dev/null 2> stderr.txt &
    child=$!
    sleep "$((time_ms / 3000)).$(printf %03d $((time_ms / 3 % 1000)))"
    until [[ -n $(find part.checkpoints -type f ! -name '*.*' -newer born 2> /dev/null) ]] || ! kill -0 "$child" 2> /dev/null; do
      sleep 0.01
    done
    kill -s "$signal" "$child" 2> /dev/null || true
    status=0
    wait "$child" 2> /dev/null || status=$?
    [[ $status -eq 0 || $status -eq $((128 + $(kill -l "$signal"))) ]] || fail "exit $status: $(cat stderr.txt)"
    grep -q "^note: ignored" stderr.txt && fail "an intact checkpoint was ignored: $(cat stderr.txt)"
  done
  [[ $count -ge 2 ]] || fail "it ended in one run: nothing was interrupted"
  "${run[@]}" --out part.csv > /dev/null
  cmp part.csv whole.csv || fail "the results differ after $count runs"
  [[ ! -e part.checkpoints ]] || fail "left over: $(ls part.checkpoints)"
  echo "SIG$signal: $((count - 1)) times ended, $(wc -c < part.csv) bytes equal"
  rm part.*
}
lives KILL
lives TERM

# A damaged checkpoint, or one of another point, costs time and nothing else.
"${run[@]}" --out part.csv > /dev/null 2>&1 &
child=$!
until [[ -n $(find part.checkpoints -type f ! -name '*.*' 2> /dev/null) ]]; do sleep 0.01; done
kill -9 "$child"
wait "$child" 2> /dev/null || true
checkpoint=$(find part.checkpoints -type f ! -name '*.*')
cp "$checkpoint" intact
head -c 1000 intact > "$checkpoint"
"${run[@]}" --out part.csv > /dev/null 2> stderr.txt
grep -qF "note: ignored the checkpoint '$checkpoint': it is damaged" stderr.txt || fail "message: $(cat stderr.txt)"
cmp part.csv whole.csv || fail "a damaged checkpoint changed the results"
rm part.*
mkdir part.checkpoints
sed 's/ seed=1 / seed=2 /' intact > "$checkpoint"
"${run[@]}" --out part.csv > /dev/null 2> stderr.txt
grep -qF "note: ignored the checkpoint '$checkpoint': it is of another point" stderr.txt || fail "message: $(cat stderr.txt)"
cmp part.csv whole.csv || fail "another point's checkpoint changed the results"
