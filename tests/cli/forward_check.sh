#!/usr/bin/env bash
# What --save-model and --save-episodes write is enough to compute every output again, in numpy, from whole tokens.
source "$(dirname "$0")/common.bash"

run() {  # run NAME OPTION…: trains a few points and checks them
  local name=$1
  shift
  "$sweep" points.toml --set max_steps=200 --save-model "$name/models" --save-episodes "$name/episodes" \
    --out "$name.csv" "$@" > /dev/null
  /usr/bin/python3 "$source_dir/tests/cli/forward_check.py" "$name.csv" "$name/models" "$name/episodes" ||
    fail "outputs of $name differ from numpy's"
}

cat > points.toml << 'END'
[baseline]
S = 20
L = 20
key_dim = 8
[axes]
kernel = ["elu", "dpfp:2", "favor:16"]
normalization = ["attention", "none"]
END
run published
run redrawn --axis kernel=favor:16,favor_onesided:16 --set redraw=every_step --set scale=d^-1/4
run overwriting --set replacement=true --set L=40
run delta --set rule=delta --set replacement=true --set L=40 --axis kernel=elu,hedgehog \
  --axis normalization=sum,attention,none
run softmax --set memory=softmax
run table --set model=table
run published_evaluation --set evaluation=published_2021
