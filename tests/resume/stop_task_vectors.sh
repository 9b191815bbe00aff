#!/usr/bin/env bash
# stop_task_vectors.sh PROGRAMS ASSETS: vectors of tasks that are stopped by each signal, and killed outright, after some of
# the tasks must end with the files of a run that nothing disturbed.
set -euo pipefail

programs=$1 assets=$2
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"

fail() {
  echo "FAILED: $*" >&2
  exit 1
}

vectors=("$programs/phatgoose-task-vectors" --model "$assets/base" --method fisher --examples 40 --pass-tokens 200
  --log quiet --data "$assets"/tasks/{keeper,food,home,paint,fare,past,plural}/train.jsonl)

"${vectors[@]}" --out expected > /dev/null 2> log || fail "$(cat log)"

parts() {
  local files=(interrupted/partial/*.safetensors)
  if [[ -e ${files[0]} ]]; then echo "${#files[@]}"; else echo 0; fi
}

stopped=0
for signal in TERM INT KILL USR2 HUP; do
  rm -f interrupted/run.lock # a killed run leaves it
  enough=$(($(parts) + 1))
  "${vectors[@]}" --out interrupted > /dev/null 2> log &
  process=$!
  while kill -0 "$process" 2> /dev/null && (($(parts) < enough)); do sleep 0.01; done
  kill -s "$signal" "$process" 2> /dev/null || true
  status=0
  { wait "$process"; } 2> /dev/null || status=$?
  case $signal:$status in
    KILL:137) ;;
    *:75) stopped=$((stopped + 1)) ;;
    *:0) ;; # it was faster than the signal
    *) fail "exit status $status after SIG$signal: $(cat log)" ;;
  esac
done
((stopped > 0)) || fail "no signal came in time"
[[ $("${vectors[@]}" --out interrupted 2> log) == interrupted ]] || fail "the finished directory is not on stdout: $(cat log)"
diff -r interrupted expected || fail "the resumed vectors differ"
echo "stopped $stopped times"
