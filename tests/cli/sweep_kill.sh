#!/usr/bin/env bash
# kill -9 at 50 random moments loses no finished point: the file never shrinks, and ends as an undisturbed run's.
# A second process on the same file is refused while the first lives, and only then.
source "$(dirname "$0")/common.bash"
RANDOM=1
run=("$sweep" capacity --axis S=10:60:10 --axis kernel=elu,dpfp:1,favor:16 --seeds 6 --set tolerance=0
  --set max_steps=500 --threads 2)

"${run[@]}" --out whole.csv > /dev/null
kills=0 before=0
for ((i = 0; i < 50; ++i)); do
  "${run[@]}" --out part.csv > /dev/null 2> stderr.txt &
  child=$!
  sleep "0.$(printf %03d $((RANDOM % 150)))"
  if [[ $i -eq 25 ]]; then
    until [[ $(wc -l < part.provenance.toml) -gt 0 ]]; do sleep 0.01; done
    kill -s STOP "$child"
    expect_error 1 "is being written by another process" "${run[@]}" --out part.csv
  fi
  if kill -9 "$child" 2> /dev/null; then kills=$((kills + 1)); fi
  wait "$child" 2> /dev/null || true
  [[ ! -e part.csv ]] || now=$(wc -l < part.csv)
  [[ ${now:-0} -ge $before ]] || fail "$before rows became $now"
  before=${now:-0}
done
"${run[@]}" --out part.csv > /dev/null
cmp part.csv whole.csv || fail "the results differ after $kills kills"
[[ $(cut -d, -f1-21 part.timings.csv | sort) == $(cut -d, -f1-21 whole.timings.csv | sort) ]] || fail "timings differ"
echo "$kills kills survived, $(wc -c < part.csv) bytes equal"
