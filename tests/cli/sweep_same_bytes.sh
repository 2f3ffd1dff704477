#!/usr/bin/env bash
# One, two and four threads, and three shards merged, give the same bytes; what a merge lacks is named.
source "$(dirname "$0")/common.bash"
run=("$sweep" capacity --axis S=10:60:10 --axis kernel=elu,dpfp:1 --seeds 2 "${tiny[@]}")

"${run[@]}" --threads 1 --out whole.csv > /dev/null
for threads in 2 4; do
  "${run[@]}" --threads "$threads" --out threads.csv > /dev/null
  cmp threads.csv whole.csv || fail "$threads threads give other results"
  rm threads.*
done
for i in 1 2 3; do "${run[@]}" --shard "$i/3" --out "part$i.csv" > /dev/null; done
status=0
"$merge" part1.csv part3.csv --out merged.csv 2> stderr.txt || status=$?
[[ $status -eq 1 && ! -e merged.csv ]] || fail "an incomplete merge writes nothing"
grep -q "^merge: $(rows part2.csv) of 24 points are missing" stderr.txt || fail "message: $(cat stderr.txt)"
"$merge" part1.csv part2.csv part3.csv --out merged.csv > /dev/null
cmp merged.csv whole.csv || fail "the merged results differ"
"${run[@]}" --out merged.csv | grep -q '^24 points' || fail "a merged file is a finished one"
expect_error 2 "cannot read" "$merge" part1.csv nope.csv --out x.csv
