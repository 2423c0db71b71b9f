#!/bin/sh
# A study on a real Slurm of one node: six cells are submitted, one is cancelled, one is put back into the queue, and what
# there is is aggregated. Needs root and apt; `cargo xtask ci` says so where it is skipped.
#
# usage: tests/slurm/run.sh path/to/lem
set -eu

lem=$(readlink -f "$1")
if [ "$(id -u)" != 0 ] || ! command -v apt-get > /dev/null; then
    echo "skipped: it installs Slurm, which needs root and apt"
    exit 0
fi
if ! command -v slurmctld > /dev/null || ! command -v munged > /dev/null; then
    if ! { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends slurm-wlm munge; } > /dev/null 2>&1; then
        echo "skipped: slurm-wlm and munge cannot be installed here"
        exit 0
    fi
fi

place=$(mktemp -d)
node=$(hostname -s)
export SLURM_CONF="$place/slurm.conf"
mkdir "$place/munge" "$place/state" "$place/spool"
chmod 700 "$place/munge"

stop() {
    for daemon in slurmd slurmctld munged; do
        [ ! -f "$place/$daemon.pid" ] || kill "$(cat "$place/$daemon.pid")" 2> /dev/null || true
    done
    sleep 1
    rm -rf "$place"
}
trap stop EXIT

head -c 1024 /dev/urandom > "$place/munge/munge.key"
chmod 400 "$place/munge/munge.key"
munged --key-file="$place/munge/munge.key" --socket="$place/munge/munge.sock" --pid-file="$place/munged.pid" \
    --log-file="$place/munge/munged.log" --seed-file="$place/munge/munged.seed" --force

# slurm.conf(5). `cred_expire` is how long a task that was put back waits.
cat > "$SLURM_CONF" << CONF
ClusterName=lem
SlurmctldHost=$node(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=$place/munge/munge.sock,cred_expire=5
SlurmctldPort=16817
SlurmdPort=16818
StateSaveLocation=$place/state
SlurmdSpoolDir=$place/spool
SlurmctldPidFile=$place/slurmctld.pid
SlurmdPidFile=$place/slurmd.pid
SlurmctldLogFile=$place/slurmctld.log
SlurmdLogFile=$place/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerType=sched/backfill
SchedulerParameters=sched_interval=1,batch_sched_delay=0,bf_interval=1
MpiDefault=none
ReturnToService=2
JobRequeue=1
MinJobAge=600
KillWait=10
NodeName=$node NodeAddr=127.0.0.1 CPUs=2 Boards=1 SocketsPerBoard=1 CoresPerSocket=2 ThreadsPerCore=1 RealMemory=1000 State=UNKNOWN
PartitionName=debug Nodes=$node Default=YES MaxTime=INFINITE State=UP OverSubscribe=NO
CONF
slurmctld -f "$SLURM_CONF" -c
slurmd -f "$SLURM_CONF" -N "$node"

# Waits until a command succeeds, a minute at most.
await() {
    for _ in $(seq 120); do
        ! "$@" > /dev/null 2>&1 || return 0
        sleep 0.5
    done
    echo "timed out: $*" >&2
    squeue >&2 || true
    tail -n 20 "$place"/*.log "$place"/work/studies/sweep/*.log >&2 || true
    exit 1
}
is_idle() { sinfo -h -o %T | grep -q idle; }
await is_idle

mkdir "$place/work"
cd "$place/work"
export LEM_DATA_DIR="$place/data" LEM_RUNTIME_DIR="$place/locks"
echo "one two three" > prompts.txt
# In real time and about two seconds a cycle, so that there is something to be cancelled.
cat > base.yaml << BASE
model_name: virtual
backend: virtual
prompts: { source: file, path: prompts.txt, sample_size: all }
energy: { interval: 5ms, baseline: { duration: 0s } }
warmup: { requests: 0 }
virtual: { ttft: 100ms, itl: 20ms, clock: real }
BASE
cat > sweep.yaml << STUDY
base: base.yaml
vary: ["max_output_tokens=80,81,82,83,84,85"]
cycles: 2
STUDY

cells() { "$lem" study status studies/sweep --json | grep -c "\"status\": \"$1\"" || true; }
has() { [ "$(cells "$1")" = "$2" ]; }
queue_is_empty() { [ -z "$(squeue -h)" ]; }

job=$("$lem" study submit sweep.yaml --executor slurm --partition debug)
case $job in '' | *[!0-9]*) echo "no job: $job" >&2; exit 1 ;; esac
"$lem" study status studies/sweep --json | grep -q '"task": "PENDING"'

# The first one that runs is put back into the queue, and the last one is cancelled before its turn.
first_runs() { squeue -h -t RUNNING -j "${job}_0" | grep -q .; }
await first_runs
await test -f studies/sweep/cells/base_max_output_tokens-80.json
scontrol requeue "${job}_0"
"$lem" study cancel studies/sweep base_max_output_tokens-85

await queue_is_empty
await has completed 5
has skipped 1
"$lem" results list -o studies/sweep/results --json > listed.json
[ "$(grep -c '"has_aggregate": true' listed.json)" -ge 5 ]

# What was cancelled is run after all, by a second array.
"$lem" study retry studies/sweep base_max_output_tokens-85
"$lem" study submit studies/sweep --executor slurm --partition debug > /dev/null
await queue_is_empty
await has completed 6
"$lem" study status studies/sweep
echo "ok: six cells on Slurm, one of them cancelled and run again, one put back into the queue"
