#!/usr/bin/env bash
# contribute.sh: what contributors do, each alone on data of their own: an expert, then its gate. As many at a time as
# there are cores.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

usage() {
  cat <<'TEXT'
Usage: scripts/contribute.sh [--base DIR] [--seed N] [--joint] --out DIR TASK...

Trains the expert of every TASK below assets/tasks, and its gate, into DIR/TASK, with a log in DIR-logs and what it cost
in DIR-logs/costs.jsonl. What is finished already is left alone, what was stopped resumes.

  --base DIR   the base model (assets/base)
  --seed N     seed of the training (0)
  --joint      the gate is trained together with the expert, not afterwards
TEXT
}

base=assets/base seed=0 out='' joint=false
while (($#)); do
  case $1 in
    --help | -h) usage; exit 0 ;;
    --base) base=${2:?--base needs a directory}; shift 2 ;;
    --seed) seed=${2:?--seed needs a number}; shift 2 ;;
    --out) out=${2:?--out needs a directory}; shift 2 ;;
    --joint) joint=true; shift ;;
    -*) usage >&2; exit 2 ;;
    *) break ;;
  esac
done
if [[ -z $out ]] || (($# == 0)); then
  usage >&2
  exit 2
fi

readonly phatgoose=build/release/bin/phatgoose
cores=$(nproc)
threads=$((cores > $# ? cores / $# : 1)) # of each task; results do not depend on it
readonly cores threads

step() { scripts/cost.py "$out-logs/costs.jsonl" "$1" "$phatgoose" "${@:2}"; } # NAME COMMAND [OPTION...]

contribute() {
  local tasks=assets/tasks/$1
  local common=(--preset small --threads "$threads" --seed "$seed" --model "$base"
                --data "$tasks/train.jsonl" --valid "$tasks/valid.jsonl")
  if $joint; then
    step "expert with its gate" train-expert "${common[@]}" --joint-gate --name "$1" --out "$out/$1"
  else
    step expert train-expert "${common[@]}" --name "$1" --out "$out/$1"
    step gate train-gate "${common[@]}" --expert "$out/$1"
  fi
}

mkdir -p "$out-logs"
running=()
for task; do
  while (($(jobs -rp | wc -l) >= cores)); do sleep 0.2; done
  echo "   $task (log: $out-logs/$task.log)" >&2
  contribute "$task" > "$out-logs/$task.log" 2>&1 &
  running+=("$!:$task")
done
for job in "${running[@]}"; do
  wait "${job%%:*}" || { tail -n 3 "$out-logs/${job#*:}.log" >&2; exit 1; }
done
