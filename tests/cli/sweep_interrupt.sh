#!/usr/bin/env bash
# Ctrl-C, and every polite kill, keeps the finished rows and says how to go on; the same command then gives the bytes of
# an undisturbed run.
source "$(dirname "$0")/common.bash"
disturbable_sweep

for signal in INT TERM HUP USR1 XCPU; do
  for (( status = 0; status == 0; )); do  # again, if it was faster than the signal
    rm -f part.*
    "${run[@]}" --out part.csv > /dev/null 2> stderr.txt &
    child=$!
    until [[ -e part.csv && $(rows part.csv) -ge 3 ]] || ! kill -0 "$child" 2> /dev/null; do sleep 0.01; done
    kill -s "$signal" "$child" 2> /dev/null || true
    wait "$child" || status=$?
  done
  [[ $status -eq $((128 + $(kill -l "$signal"))) ]] || fail "exit $status after SIG$signal"
  grep -q "^sweep: \(interrupted\|told to end\): [0-9]* of 72 points are in 'part.csv'; the same command again continues" stderr.txt ||
    fail "message: $(cat stderr.txt)"
  [[ $(rows part.csv) -ge 3 && $(rows part.csv) -lt 72 ]] || fail "$(rows part.csv) rows"
  "${run[@]}" --out part.csv > /dev/null
  cmp part.csv whole.csv || fail "SIG$signal changed the results"
  rm part.*
done

# Under nohup a closed terminal is nothing to end for.
(trap "" HUP; exec "${run[@]}" --out part.csv) > /dev/null 2> stderr.txt &
child=$!
until [[ -e part.csv && $(rows part.csv) -ge 3 ]] || ! kill -0 "$child" 2> /dev/null; do sleep 0.01; done
kill -s HUP "$child" 2> /dev/null || true
wait "$child" || fail "an ignored SIGHUP ended it: $(cat stderr.txt)"
cmp part.csv whole.csv || fail "an ignored SIGHUP changed the results"
