#!/usr/bin/env bash
# Bad input gives one line that names the value, a non-zero exit, and leaves every file as it was.
source "$(dirname "$0")/common.bash"

bad() { expect_error 2 "$1" "$sweep" "${@:2}" --out new.csv; }
declared() { printf '%b' "$1" > bad.toml; bad "$2" bad.toml; }

bad "which sweep" --set S=20
bad "unknown sweep 'nope'" nope
bad "'no/such.toml'" no/such.toml
bad "unknown parameter 'kernal'" capacity --set kernal=elu
bad "unknown parameter 'kernal'" capacity --axis kernal=elu
bad "unknown kernel 'eluu'" capacity --axis kernel=eluu
bad "unknown rule 'summ'" capacity --set rule=summ
bad "unknown normalization 'l3'" capacity --set normalization=l3
bad "unknown memory 'none'" capacity --set memory=none
bad "unknown model 'none'" capacity --set model=none
bad "unknown task 'none'" capacity --set task=none
bad "unknown evaluation 'none'" capacity --set evaluation=none
bad "unknown redraw 'never'" capacity --set redraw=never
bad "unknown scale 'half'" capacity --set scale=half
bad "S '0'" capacity --set S=0
bad "S '0'" capacity --axis S=0:20:10
bad "S 'x'" capacity --axis S=x
bad "dpfp:0" capacity --set kernel=dpfp:0
bad "dpfp:x" capacity --set kernel=dpfp:x
bad "favor:0" capacity --set kernel=favor:0
bad "'elu' takes no argument" capacity --set kernel=elu:2
bad "21" capacity --set S=20 --set L=21
bad "seed '-1'" capacity --set seed=-1
bad "seed '9223372036854775808'" capacity --set seed=9223372036854775808
bad "--seeds" capacity --seeds=-1
bad "--seeds" capacity --seeds 18446744073709551617
bad "kernel applies to no point" capacity --axis memory=softmax --axis kernel=elu
bad "S is given twice" capacity --set S=20 --axis S=20,40
bad "write NAME=VALUE" capacity --set S
bad "shard '3/2'" capacity --shard 3/2
bad "--seeds" capacity --seeds 0
bad "--threads" capacity --threads 0
bad "--thread" capacity --threadz 1
declared '[axes\nS = 1' "bad.toml:1:6: "
declared '\n[baseline]\nkernal = "elu"' "bad.toml:3: unknown parameter 'kernal'"
declared '[baseline]\nS = 2.5' "bad.toml:2: S must be of type integer"
declared '[axes]\nS = [20,\n0]' "bad.toml:3: S '0'"
declared '[[groups]]\nS = 20' "bad.toml:1: unknown key 'groups'"
mkdir unreadable.toml
bad "unreadable.toml" ./unreadable.toml
[[ ! -e new.csv && ! -e results ]] || fail "nothing is written"

one=(capacity --axis S=20 --axis kernel=dpfp:1 "${tiny[@]}")
echo "some text" > text.csv
expect_error 2 "column 1 is 'some text'" "$sweep" "${one[@]}" --out text.csv
[[ $(cat text.csv) == "some text" ]] || fail "a foreign file stays"
echo "S,L" > other.csv
expect_error 2 "column 1 is 'S', where this version writes 'task'" "$sweep" "${one[@]}" --out other.csv
"$sweep" "${one[@]}" --out one.csv > /dev/null
cp one.csv before.csv
expect_error 2 "the nearest has seed=2" "$sweep" "${one[@]}" --set seed=2 --out one.csv
sed 's/,20,20,/,20,x,/' before.csv > one.csv
expect_error 2 "one.csv:2: L 'x' is not of type integer" "$sweep" "${one[@]}" --out one.csv

expect_error 1 "text.csv" "$sweep" "${one[@]}" --out text.csv/new.csv
ln -s /dev/null null.csv
expect_error 1 "no regular file" "$sweep" "${one[@]}" --out null.csv
mkdir directory.csv
expect_error 1 "directory" "$sweep" "${one[@]}" --out directory.csv
expect_error 2 "--out 'one': results need a name that ends in '.csv'" "$sweep" "${one[@]}" --out one
expect_error 2 "--out 'one': results need a name that ends in '.csv'" "$merge" before.csv --out one
expect_error 1 "text.csv" "$sweep" "${one[@]}" --save-model text.csv/models --out new.csv
