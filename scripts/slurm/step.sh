#!/usr/bin/env bash
# step.sh: one command of the pipeline as a Slurm batch job that survives its time limit.
#SBATCH --signal=B:USR2@90
#SBATCH --requeue
#SBATCH --open-mode=append
set -euo pipefail

usage() {
  cat <<'TEXT'
Usage: sbatch [OPTIONS] scripts/slurm/step.sh COMMAND [ARGUMENT...]

90 seconds before the time limit, Slurm sends USR2; it is passed on to the command, which saves and exits with status 75;
the job then goes back into the queue, and the same command continues.
In an array job with PHATGOOSE_EXPERTS set (a file with lines NAME TRAIN-FILE VALID-FILE), the words {name}, {train} and
{valid} in arguments stand for the fields of the task's line; the first line is task 1.
TEXT
}

case ${1:-} in
  --help | -h) usage; exit 0 ;;
  '' | -*) usage >&2; exit 2 ;;
esac

command=("$@")
job=${SLURM_JOB_ID:-}
if [[ -n ${PHATGOOSE_EXPERTS:-} ]]; then
  job=${SLURM_ARRAY_JOB_ID}_$SLURM_ARRAY_TASK_ID
  read -r name train valid < <(sed -n "${SLURM_ARRAY_TASK_ID}p" "$PHATGOOSE_EXPERTS")
  command=("${command[@]//\{name\}/$name}")
  command=("${command[@]//\{train\}/$train}")
  command=("${command[@]//\{valid\}/$valid}")
fi

"${command[@]}" &
child=$!
trap 'kill -USR2 "$child"' USR2

# A signal interrupts wait: wait again until the command itself has ended.
status=0
wait "$child" || status=$?
while kill -0 "$child" 2> /dev/null; do
  status=0
  wait "$child" || status=$?
done
((status != 75)) || exec scontrol requeue "$job"
exit "$status"
