#!/usr/bin/env bash
# scripts/slurm/step.sh with a stand-in for scontrol: arguments of array tasks, exit statuses, and requeueing.
set -euo pipefail
step=$PWD/scripts/slurm/step.sh
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"
fail() { echo "$*"; exit 1; }

mkdir bin
printf '#!/bin/sh\necho "$@" > requeued\n' > bin/scontrol
printf '#!/bin/bash\ntrap "exit 75" USR2 TERM\ntouch started\nwhile :; do sleep 0.05; done\n' > stoppable
chmod +x bin/scontrol stoppable
export PATH=$scratch/bin:$PATH

printf 'zoo\tz.train\tz.valid\npast\tp & q.train\tp.valid\n' > experts
words=('{name}' 'out/{name}' '{train}' '{valid}')
printed=$(SLURM_ARRAY_JOB_ID=7 SLURM_ARRAY_TASK_ID=2 "$step" --experts experts echo "${words[@]}")
[[ $printed == "past out/past p & q.train p.valid" ]] || fail "an array task ran with: $printed"
printed=$(SLURM_ARRAY_JOB_ID=7 SLURM_ARRAY_TASK_ID=2 "$step" echo '{task}/8' 'out/{task}')
[[ $printed == "2/8 out/2" ]] || fail "an array task without a list ran with: $printed"
status=0
SLURM_ARRAY_JOB_ID=7 SLURM_ARRAY_TASK_ID=3 "$step" --experts experts echo '{name}' 2> err || status=$?
[[ $status == 3 ]] || fail "a missing line gave status $status: $(cat err)"
grep -q 'experts has no line 3' err || fail "a missing line said: $(cat err)"

status=0
SLURM_JOB_ID=8 "$step" bash -c 'exit 3' || status=$?
[[ $status == 3 && ! -e requeued ]] || fail "a failing command gave status $status"

# Sends SIGNAL to a step whose command stops with 75.
stop_with() {
  rm -f started
  status=0
  SLURM_JOB_ID=9 "$step" ./stoppable &
  until [[ -e started ]]; do sleep 0.05; done
  kill "-$1" $!
  wait $! || status=$?
}
stop_with TERM
[[ $status == 75 && ! -e requeued ]] || fail "a cancelled command gave status $status, requeued: $(cat requeued)"
stop_with USR2
[[ $status == 0 && $(cat requeued) == "requeue 9" ]] || fail "status $status, scontrol was called with: $(cat requeued)"
