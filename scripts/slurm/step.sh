#!/usr/bin/env bash
# step.sh: one command of the pipeline as a Slurm batch job that survives its time limit.
#SBATCH --signal=B:USR2@90
#SBATCH --requeue
#SBATCH --open-mode=append
set -euo pipefail

usage() {
  cat <<'TEXT'
Usage: sbatch [OPTION...] scripts/slurm/step.sh [--experts FILE] COMMAND [ARGUMENT...]

90 seconds before the time limit, Slurm sends USR2; it is passed on to the command, which saves and exits with status 75;
the job then goes back into the queue, and the same command continues. TERM is passed on, too, but a job that got it (by
scancel or preemption) is not put back into the queue from here.

In an array job the word {task} in arguments stands for the number of the task.

  --experts FILE   for an array job: FILE has lines NAME TRAIN-FILE VALID-FILE, separated by tabs, the first for task 1; the
                   words {name}, {train} and {valid} in arguments stand for the fields of the task's line
TEXT
}

experts=''
case ${1:-} in
  --help | -h) usage; exit 0 ;;
  --experts) experts=${2:?--experts needs a file}; shift 2 ;;
esac
case ${1:-} in
  '' | -*) usage >&2; exit 2 ;;
esac

command=("$@")
job=${SLURM_JOB_ID:-}
if [[ -n ${SLURM_ARRAY_TASK_ID:-} ]]; then
  job=${SLURM_ARRAY_JOB_ID}_$SLURM_ARRAY_TASK_ID
  command=("${command[@]//\{task\}/"$SLURM_ARRAY_TASK_ID"}")
fi
if [[ -n $experts ]]; then
  IFS=$'\t' read -r name train valid < <(sed -n "${SLURM_ARRAY_TASK_ID}p" "$experts") \
    || { echo "step.sh: $experts has no line $SLURM_ARRAY_TASK_ID" >&2; exit 3; }
  command=("${command[@]//\{name\}/"$name"}")
  command=("${command[@]//\{train\}/"$train"}")
  command=("${command[@]//\{valid\}/"$valid"}")
fi

"${command[@]}" &
child=$!
out_of_time='' terminated=''
trap 'out_of_time=yes; kill -USR2 "$child" 2> /dev/null || true' USR2
trap 'terminated=yes; kill -TERM "$child" 2> /dev/null || true' TERM

# A signal interrupts wait: wait again until the command itself has ended.
status=0
wait "$child" || status=$?
while kill -0 "$child" 2> /dev/null; do
  status=0
  wait "$child" || status=$?
done
if ((status == 75)) && [[ -n $out_of_time || -z $terminated ]]; then exec scontrol requeue "$job"; fi
exit "$status"
