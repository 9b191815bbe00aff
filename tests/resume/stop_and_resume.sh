#!/usr/bin/env bash
# stop_and_resume.sh PROGRAMS: every training command, stopped by each signal and killed outright in the middle, and then
# run again, must leave the same files as a run that nothing disturbed.
set -euo pipefail

programs=$1
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"

fail() {
  echo "FAILED: $*" >&2
  exit 1
}

lines_of() { # FILE
  if [[ -f $1 ]]; then wc -l < "$1"; else echo 0; fi
}

# Ends a command with SIGNAL once it has added two lines to FILE; the exit status is the command's. Lines of earlier runs
# do not count: a signal before the command has installed its handlers would kill it.
interrupt() { # SIGNAL FILE COMMAND...
  local signal=$1 file=$2 enough
  shift 2
  enough=$(($(lines_of "$file") + 2))
  "$@" > /dev/null 2> log &
  local process=$!
  while kill -0 "$process" 2> /dev/null; do
    if (($(lines_of "$file") >= enough)); then
      kill -s "$signal" "$process" 2> /dev/null || true
      break
    fi
    sleep 0.01
  done
  { wait "$process"; } 2> /dev/null # bash would report the kill
}

# Empties the state of the newest checkpoint, where there is one before it to continue from.
damage_newest() { # RUN
  local checkpoints
  mapfile -t checkpoints < <(find "$1/checkpoints" -name manifest.json | sort -V)
  ((${#checkpoints[@]} > 1)) || return 0
  : > "$(dirname "${checkpoints[-1]}")/state.safetensors"
}

# Runs COMMAND for OUT with five interruptions and a damaged checkpoint, then to its end, and compares OUT with EXPECTED.
check_resume() { # NAME RUN OUT EXPECTED COMMAND...
  local name=$1 run=$2 out=$3 expected=$4 status signal stopped=0
  shift 4
  for signal in XCPU INT USR2 KILL HUP; do
    status=0
    interrupt "$signal" "$run/metrics.jsonl" "$@" || status=$?
    case $signal:$status in
      KILL:137) ;;
      *:75) stopped=$((stopped + 1)) ;;
      *:0) ;; # it was faster than the signal
      *) fail "$name: exit status $status after SIG$signal: $(cat log)" ;;
    esac
  done
  ((stopped > 0)) || fail "$name: no signal came in time"
  damage_newest "$run"
  [[ $("$@" 2> log) == "$out" ]] || fail "$name: the finished directory is not on stdout: $(cat log)"
  # timing.jsonl tells of the clock
  diff -r -x timing.jsonl "$out" "$expected" || fail "$name: the resumed run differs"
  [[ $("$@" 2> log) == "$out" ]] || fail "$name: a finished command run again: $(cat log)"
  diff -r -x timing.jsonl "$out" "$expected" || fail "$name: a finished command run again changes its product"
}

words=(red green blue cold warm old new small large round)
for ((i = 0; i < 400; ++i)); do
  echo "the ${words[i % 10]} stone and the ${words[(i * 7 + 3) % 10]} bird see a ${words[(i / 10) % 10]} house ."
done > text.txt
for ((i = 0; i < 60; ++i)); do
  echo "{\"input\": \"the ${words[i % 10]} stone is ${words[i * 3 % 10]}\", \"target\": \"${words[i % 10]}\"," \
    "\"choices\": [\"${words[i % 10]}\", \"${words[(i + 1) % 10]}\"]}"
done > rows.jsonl
head -n 12 rows.jsonl > valid.jsonl

common=(--threads 2 --log quiet --save-every 4)
pretrain=("$programs/phatgoose-pretrain" --text text.txt:2 --make-vocab 30 --layers 2 --d-model 32 --d-ff 48 --heads 2
  --d-kv 16 --input-length 24 --batch 4 --steps 16 --lm-steps 8 "${common[@]}")
"${pretrain[@]}" --out base.expected > /dev/null 2> log || fail "pretrain: $(cat log)"
check_resume pretrain base base base.expected "${pretrain[@]}" --out base

train=("$programs/phatgoose-train-expert" --model base --data rows.jsonl --valid valid.jsonl --name stones --rank 4
  --steps 24 --batch 8 --eval-every 6 --keep-checkpoints 2 "${common[@]}")
"${train[@]}" --out expert.expected > /dev/null 2> log || fail "train-expert: $(cat log)"
check_resume train-expert expert expert expert.expected "${train[@]}" --out expert

# LoRA and gate together, on two data sets in equal shares.
tail -n 9 rows.jsonl > more.jsonl
joint=("$programs/phatgoose-train-expert" --model base --data rows.jsonl more.jsonl --data-mix equal --joint-gate
  --valid valid.jsonl --name joint --rank 2 --steps 16 --batch 6 --eval-every 8 "${common[@]}")
"${joint[@]}" --out joint.expected > /dev/null 2> log || fail "train-expert --joint-gate: $(cat log)"
check_resume "train-expert --joint-gate" joint joint joint.expected "${joint[@]}" --out joint

# Adafactor, tasks with weights of their own, and noise.
multitask=("$programs/phatgoose-train-multitask" --model base --data stones=rows.jsonl more=more.jsonl --method poly
  --rank 2 --skills 3 --noise --valid more=valid.jsonl --steps 16 --batch 6 --eval-every 8 "${common[@]}")
"${multitask[@]}" --out poly.expected --name poly > /dev/null 2> log || fail "train-multitask: $(cat log)"
check_resume train-multitask poly poly poly.expected "${multitask[@]}" --out poly --name poly

# From that adapter to a new task; the run is in the directory of its task.
adapt=("$programs/phatgoose-adapt" --model base --from poly.expected --data new=rows.jsonl --valid new=valid.jsonl
  --shots 12 --steps 24 --batch 6 --eval-every 6 "${common[@]}")
"${adapt[@]}" --out adapted.expected > /dev/null 2> log || fail "adapt: $(cat log)"
check_resume adapt adapted/new/shots-12/sample-0/seed-0/adapted adapted adapted.expected "${adapt[@]}" --out adapted

# Copies of layers, a router with dropout of its own, and noise; the temperature of validation follows the updates.
mixture=("$programs/phatgoose-train-task-moe" --model base --data stones=rows.jsonl more=more.jsonl --copies 2
  --router transformer --vector-size 8 --selection gumbel-st --temperature-rate 0.1 --lr 0.001 --valid more=valid.jsonl
  --steps 16 --batch 6 --eval-every 8 "${common[@]}")
"${mixture[@]}" --out mixture.expected --name mixture > /dev/null 2> log || fail "train-task-moe: $(cat log)"
check_resume train-task-moe mixture mixture mixture.expected "${mixture[@]}" --out mixture --name mixture

# From the model of one of its tasks, all weights of which are trained.
whole=("$programs/phatgoose-adapt" --model base --from mixture.expected --data stones=rows.jsonl --valid stones=valid.jsonl
  --shots 12 --steps 24 --batch 6 --eval-every 6 "${common[@]}")
"${whole[@]}" --out whole.expected > /dev/null 2> log || fail "adapt --from a mixture: $(cat log)"
check_resume "adapt --from a mixture" whole/stones/shots-12/sample-0/seed-0/adapted whole whole.expected "${whole[@]}" \
  --out whole

gate=("$programs/phatgoose-train-gate" --model base --data rows.jsonl --steps 24 --batch 8 "${common[@]}")
"${gate[@]}" --expert expert.expected > /dev/null 2> log || fail "train-gate: $(cat log)"
cmp expert/adapter_model.safetensors expert.expected/adapter_model.safetensors || fail "train-gate: the adapter changed"
check_resume train-gate expert/gate-run expert expert.expected "${gate[@]}" --expert expert

regate=("${gate[@]}" --retrain --lr 0.02)
"${regate[@]}" --expert expert.expected > /dev/null 2> log || fail "train-gate --retrain: $(cat log)"
! cmp -s expert/gate.safetensors expert.expected/gate.safetensors || fail "train-gate --retrain: the same gate"
check_resume "train-gate --retrain" expert/gate-run.new expert expert.expected "${regate[@]}" --expert expert

status=0
"${train[@]}" --out expert --lr 0.1 > /dev/null 2> log || status=$?
[[ $status == 2 ]] || fail "another setting: exit status $status"
grep -q -- "--lr" log || fail "another setting: $(cat log)"
