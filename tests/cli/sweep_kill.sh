#!/usr/bin/env bash
# kill -9 at 50 random moments loses no finished point: the file never shrinks, and ends as an undisturbed run's.
# A second process on the same file is refused while the first lives, and only then.
source "$(dirname "$0")/common.bash"
RANDOM=1
disturbable_sweep

kills=0 before=0 finished=0
while [[ $kills -lt 50 ]]; do
  "${run[@]}" --out part.csv > /dev/null 2> stderr.txt &
  child=$!
  sleep "0.$(printf %03d $((RANDOM % 200)))"
  kill -9 "$child" 2> /dev/null || true
  status=0
  wait "$child" 2> /dev/null || status=$?
  if [[ $status -eq 0 ]]; then  # it was faster than the kill: from the start again
    cmp part.csv whole.csv || fail "the results differ after $kills kills"
    rm part.*
    before=0 finished=$((finished + 1))
    continue
  fi
  [[ $status -eq 137 ]] || fail "exit $status: $(cat stderr.txt)"
  kills=$((kills + 1)) now=0
  [[ ! -e part.csv ]] || now=$(wc -l < part.csv)
  [[ $now -ge $before ]] || fail "$before lines became $now"
  before=$now
done
"${run[@]}" --out part.csv > /dev/null
cmp part.csv whole.csv || fail "the results differ after $kills kills"
# Timings are of the same points: all columns but the time, which is the last.
[[ $(head -1 whole.timings.csv) == *,seed,*,seconds ]] || fail "columns: $(head -1 whole.timings.csv)"
cmp <(sed 's/,[^,]*$//' part.timings.csv) <(sed 's/,[^,]*$//' whole.timings.csv) || fail "the timings' points differ"
echo "$kills kills survived, $((finished + 1)) times $(wc -c < part.csv) bytes equal"

"${run[@]}" --out locked.csv > /dev/null 2>&1 &
child=$!
until [[ -s locked.csv ]]; do sleep 0.01; done  # the header comes after the lock
kill -s STOP "$child"
expect_error 1 "is being written by another process" "${run[@]}" --out locked.csv
kill -9 "$child"
wait "$child" 2> /dev/null || true
"${run[@]}" --out locked.csv > /dev/null
cmp locked.csv whole.csv || fail "the results differ after the lock's holder died"
