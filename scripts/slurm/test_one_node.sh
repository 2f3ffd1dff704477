#!/usr/bin/env bash
# Proves submit.sh on a Slurm of one node, made here and gone afterwards: a sweep as an array of 3 shards, in which one
# task's sweep is killed and another's time is up, is queued again, merged, and compared with a local run to the byte.
# Usage: scripts/slurm/test_one_node.sh      (as root on Debian 12; needs build/release; takes about two minutes)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

case "${1:-}" in
  "") ;;
  -h | --help) sed -n '2,4s/^# //p' scripts/slurm/test_one_node.sh; exit 0 ;;
  *) echo "test_one_node.sh: unknown argument '$1'; it takes none but --help" >&2; exit 2 ;;
esac
[[ $(id -u) -eq 0 ]] || { echo "test_one_node.sh: slurmd must run as root" >&2; exit 2; }
[[ -x build/release/bench/sweep && -x build/release/bench/merge ]] ||
  { echo "test_one_node.sh: no build/release/bench/{sweep,merge}: build the preset 'release' first" >&2; exit 2; }

if ! command -v slurmctld slurmd munged > /dev/null; then
  apt-get -qq update
  DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends install slurm-wlm munge > /dev/null
fi

work=$(mktemp -d)
daemons=()
stop() {
  local status=$?
  if [[ $status -ne 0 ]]; then
    echo "FAILED; the logs:" >&2
    tail -n 20 "$work"/*.log "$work"/sweep.slurm/*.log >&2 || true
  fi
  scancel --user=root > /dev/null 2>&1 || true
  for pid in "${daemons[@]}"; do kill "$pid" 2> /dev/null || true; done
  for pid in "${daemons[@]}"; do wait "$pid" 2> /dev/null || true; done
  rm -rf "$work"
}
trap stop EXIT

say() { echo "$(date -u +%T) $*"; }
fail() { echo "test_one_node.sh: $*" >&2; exit 1; }
# until_true SECONDS WHAT COMMAND…: polls.
until_true() {
  local end=$((SECONDS + $1)) what=$2
  shift 2
  until "$@" > /dev/null 2>&1; do
    [[ $SECONDS -lt $end ]] || fail "no $what"
    sleep 0.2
  done
}

# Everything is in $work, so that a Slurm of the machine's own stays as it is.
host=$(hostname -s)
port=$((20000 + RANDOM % 10000))
mkdir "$work"/{state,spool}
dd if=/dev/urandom of="$work/munge.key" bs=1024 count=1 status=none
chmod 600 "$work/munge.key"
cat > "$work/slurm.conf" << END
ClusterName=one
SlurmctldHost=$host(127.0.0.1)
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket=$work/munge.socket
SlurmctldPort=$port
SlurmdPort=$((port + 1))
StateSaveLocation=$work/state
SlurmdSpoolDir=$work/spool
SlurmctldPidFile=$work/slurmctld.pid
SlurmdPidFile=$work/slurmd.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
ReturnToService=2
MpiDefault=none
NodeName=$host NodeAddr=127.0.0.1 CPUs=2 State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
END
export SLURM_CONF=$work/slurm.conf
munged --foreground --force --key-file="$work/munge.key" --socket="$work/munge.socket" --pid-file="$work/munge.pid" \
  --seed-file="$work/munge.seed" --log-file="$work/munged.log" --num-threads=2 2> "$work/munged.log" &
daemons+=($!)
until_true 20 "munge socket" test -S "$work/munge.socket"
slurmctld -D > "$work/slurmctld.log" 2>&1 &
daemons+=($!)
slurmd -D -N "$host" > "$work/slurmd.log" 2>&1 &
daemons+=($!)
idle() { [[ $(sinfo -h -o %T) == idle ]]; }
until_true 60 "idle node" idle
say "$(scontrol --version), one node, 2 processors"

# 6 points of a few seconds each, two of them a shard.
sweep=(capacity --axis S=40:80:40 --axis kernel=elu,dpfp:1,favor:32 --set tolerance=0 --set patience=1000000
  --set evaluation_every=500 --set max_steps=20000 --checkpoint-every 0.5)
say "a local run"
build/release/bench/sweep "${sweep[@]}" --out "$work/local.csv" > /dev/null 2>&1
say "$(tail -n +2 "$work/local.csv" | wc -l) points"

scripts/slurm/submit.sh --shards 3 --out "$work/sweep.csv" --cpus-per-task=1 -- "${sweep[@]}" | tee "$work/submitted"
array=$(sed -n 's/.* shards: job \([0-9]*\);.*/\1/p' "$work/submitted")
merge=$(sed -n 's/.*: job \([0-9]*\); output.*/\1/p' "$work/submitted")

has_checkpoint() { [[ -n $(find "$work/sweep.$1-of-3.checkpoints" -type f ! -name '*.*' 2> /dev/null) ]]; }
logged() { grep -qF -- "$2" "$work/sweep.slurm/$1.log"; }

until_true 120 "checkpoint of shard 1" has_checkpoint 1
kill -9 "$(pgrep -f -- "--shard 1/3 .*--out $work/sweep.1-of-3.csv")"
until_true 30 "requeue of shard 1" logged 1 "sweep ended with status 137; queued again"
say "shard 1: kill -9 while it trained; Slurm: $(squeue -h -r -o '%i %T %r' -j "$array" | sed -n "s/^${array}_1 //p")"

until_true 120 "checkpoint of shard 2" has_checkpoint 2
scancel --signal=USR1 --batch "${array}_2"
until_true 30 "requeue of shard 2" logged 2 "its time is up; queued again"
say "shard 2: its time is up; Slurm: $(squeue -h -r -o '%i %T %r' -j "$array" | sed -n "s/^${array}_2 //p")"

# Slurm lets a requeued task wait for two minutes; a test need not.
for task in 1 2; do
  until_true 30 "pending shard $task" test "$(squeue -h -t PENDING -o %T -j "${array}_$task")" = PENDING
  scontrol update jobid="${array}_$task" StartTime=now
done
merged() { ! squeue -h -j "$merge" 2> /dev/null | grep -q .; }
until_true 300 "end of the merge" merged

for task in 1 2; do
  logged "$task" "start 2" || fail "shard $task was not started again"
  logged "$task" "goes on from its checkpoint" || fail "shard $task started over"
done
for task in 1 2 3; do logged "$task" ": done" || fail "shard $task did not end"; done
say "$(cat "$work/sweep.slurm/merge.log")"
cmp "$work/local.csv" "$work/sweep.csv" || fail "the results differ from the local run's"
say "$(wc -c < "$work/sweep.csv") bytes equal to the local run's"
[[ -z $(find "$work" -name '*.checkpoints') ]] || fail "checkpoints are left over"
sed 's/^/  /' "$work"/sweep.slurm/[123].log
