#!/usr/bin/env bash
# submit.sh: the whole experiment as Slurm jobs: experts, gates, routed model, evaluation.
set -euo pipefail

usage() {
  cat <<'TEXT'
Usage: scripts/slurm/submit.sh --model DIR --experts FILE --suite FILE --out DIR [-- SBATCH-OPTION...]

FILE of --experts has a line NAME TRAIN-FILE VALID-FILE for each expert. Jobs: an array that trains the experts; an array
that trains the gates, each after its own expert; then the routed model; then its evaluation. What follows -- is given
to sbatch for the computing jobs, for instance: -- --gres=gpu:1 --time=4:00:00
TEXT
}

model='' experts='' suite='' out=''
while (($#)); do
  case $1 in
    --model) model=${2:?}; shift 2 ;;
    --experts) experts=${2:?}; shift 2 ;;
    --suite) suite=${2:?}; shift 2 ;;
    --out) out=${2:?}; shift 2 ;;
    --) shift; break ;;
    --help | -h) usage; exit 0 ;;
    *) usage >&2; exit 2 ;;
  esac
done
[[ -n $model && -n $experts && -n $suite && -n $out ]] || { usage >&2; exit 2; }

here=$(dirname "${BASH_SOURCE[0]}")
count=$(wc -l < "$experts")
mapfile -t names < <(awk '{print $1}' "$experts")
mkdir -p "$out/logs"

submit() { sbatch --parsable --kill-on-invalid-dep=yes --output "$out/logs/%x-%A_%a.log" "$@"; }

train=$(PHATGOOSE_EXPERTS=$experts submit "$@" --job-name expert --array "1-$count" "$here/step.sh" \
  phatgoose train-expert --model "$model" --name '{name}' --out "$out/experts/{name}" --data '{train}' --valid '{valid}')
gates=$(PHATGOOSE_EXPERTS=$experts submit "$@" --job-name gate --array "1-$count" --dependency "aftercorr:$train" \
  "$here/step.sh" \
  phatgoose train-gate --model "$model" --expert "$out/experts/{name}" --data '{train}' --valid '{valid}')
build=$(submit --job-name build --dependency "afterok:$gates" "$here/step.sh" \
  phatgoose build --model "$model" --expert "${names[@]/#/$out/experts/}" --out "$out/routed")
submit "$@" --job-name eval --dependency "afterok:$build" "$here/step.sh" \
  phatgoose eval --model "$model" --routed "$out/routed" --suite "$suite" --out "$out/results"
