#!/usr/bin/env bash
# What --save-model and --save-episodes write is enough to compute every output again, in numpy, from whole tokens.
source "$(dirname "$0")/common.bash"

run() {  # run NAME OPTION…: trains a few points and checks them
  local name=$1
  shift
  "$sweep" points.toml --set max_steps=200 --save-model "$name/models" --save-episodes "$name/episodes" \
    --out "$name.csv" "$@" > /dev/null
  /usr/bin/python3 "$source_dir/tests/cli/forward_check.py" "$name.csv" "$name/models" "$name/episodes" > "$name.txt" ||
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
# Every rule with its gates decoded, from both kinds of model.
gates=(--set replacement=true --set L=40 --axis kernel=elu)
run rules "${gates[@]}" --axis rule=decay,gated_delta,longhorn,delta_product:2 --axis normalization=sum+attention,centered_l2
run tables "${gates[@]}" --axis rule=gated_delta,delta_product:2 --axis normalization=l2 --axis model=table,table_shared
run fixed "${gates[@]}" --set rule=gated_delta --set beta=0.5 --set alpha=0.9 --axis normalization=sum_of_squares
run more_gates "${gates[@]}" --axis rule=gla,kda,comba,gated_delta2,momentum_delta --axis normalization=sum,l2+attention
run more_tables "${gates[@]}" --axis rule=kda,rwkv7,mesa,comba --axis normalization=l2 --axis model=table
run alone "${gates[@]}" --axis rule=rwkv7,mesa --axis normalization=sum_of_squares
run ridge "${gates[@]}" --axis rule=mesa --set ridge=0.5 --axis normalization=l2
run reflections "${gates[@]}" --axis rule=delta,kda --axis normalization=l2 --set largest_beta=2
run least_squares "${gates[@]}" --set rule=rls --axis normalization=sum
run clamped "${gates[@]}" --set rule=fwm2021 --axis normalization=sum
# A query without features answers 0 everywhere: a tie, which counts as wrong.
run ties --set key_dim=1 --axis kernel=relu --axis normalization=none --set model=table
grep -q ' [1-9][0-9]* queries tied' ties.txt || fail "no query was tied: $(cat ties.txt)"
run softmax --set memory=softmax
run window --set memory=window:7 --set replacement=true --set L=40
run table --set model=table
run published_evaluation --set evaluation=published_2021
