#!/usr/bin/env bash
# A file-size limit stands for a full disk: a clear error, whole rows only, and the run goes on once there is room.
source "$(dirname "$0")/common.bash"
run=("$sweep" capacity --axis S=10:60:10 --axis kernel=elu,dpfp:1 "${tiny[@]}" --threads 2)

"${run[@]}" --out whole.csv > /dev/null
expect_error 1 "cannot write" bash -c "ulimit -f 2; exec $(printf '%q ' "${run[@]}") --out part.csv"
grep -qF "File too large" stderr.txt || fail "message: $(cat stderr.txt)"
[[ $(rows part.csv) -ge 3 ]] || fail "the finished rows are kept"
[[ -z $(tail -c 1 part.csv) ]] || fail "no part of a row is left"
"${run[@]}" --out part.csv > /dev/null
cmp part.csv whole.csv || fail "the results differ"
