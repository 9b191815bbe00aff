#!/usr/bin/env bash
# scripts/slurm/step.sh with a stand-in for scontrol: arguments of array tasks, exit statuses, and requeueing after USR2.
set -euo pipefail
step=$PWD/scripts/slurm/step.sh
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"
fail() { echo "$*"; exit 1; }

mkdir bin
printf '#!/bin/sh\necho "$@" > requeued\n' > bin/scontrol
printf '#!/bin/bash\ntrap "exit 75" USR2\ntouch started\nwhile :; do sleep 0.05; done\n' > stoppable
chmod +x bin/scontrol stoppable
export PATH=$scratch/bin:$PATH

printf 'zoo z.train z.valid\npast p.train p.valid\n' > experts
printed=$(PHATGOOSE_EXPERTS=experts SLURM_ARRAY_JOB_ID=7 SLURM_ARRAY_TASK_ID=2 "$step" echo '{name}' 'out/{name}' '{train}' '{valid}')
[[ $printed == "past out/past p.train p.valid" ]] || fail "an array task ran with: $printed"

status=0
SLURM_JOB_ID=8 "$step" bash -c 'exit 3' || status=$?
[[ $status == 3 && ! -e requeued ]] || fail "a failing command gave status $status"

SLURM_JOB_ID=9 "$step" ./stoppable &
until [[ -e started ]]; do sleep 0.05; done
kill -USR2 $!
wait $! || fail "a stopped command gave status $?"
[[ $(cat requeued) == "requeue 9" ]] || fail "scontrol was called with: $(cat requeued)"
