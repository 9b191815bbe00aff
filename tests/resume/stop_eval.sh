#!/usr/bin/env bash
# stop_eval.sh PROGRAMS ASSETS: an evaluation that is stopped by each signal, and killed outright, in the middle of its
# tasks, must end with the files of one that nothing disturbed; and so must its shards when they are joined.
set -euo pipefail

programs=$1 assets=$2
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"

fail() {
  echo "FAILED: $*" >&2
  exit 1
}

"$programs/phatgoose-build" --model "$assets/base" --library "$assets/experts" --out routed > /dev/null 2>&1
cat > suite.yaml <<YAML
name: two
tasks:
  - {name: choose, data: $assets/tasks/food/test.jsonl, kind: rank_classification}
  - {name: write, data: $assets/tasks/past/test.jsonl, kind: generation, max_new_tokens: 6}
YAML
eval=("$programs/phatgoose-eval" --model "$assets/base" --routed routed --suite suite.yaml --pass-tokens 100 --log quiet)

# results.json without what depends on the clock, and on the name of --out.
timeless() { # DIRECTORY
  python3 -c '
import json, sys
results = json.load(open(sys.argv[1] + "/results.json"))
del results["timing"], results["settings"]["out"]
print(json.dumps(results))' "$1"
}

check_same() { # FOUND EXPECTED
  local file
  for file in samples.jsonl routing.safetensors run.json; do
    cmp "$1/$file" "$2/$file" || fail "$1 differs in $file"
  done
  [[ $(timeless "$1") == "$(timeless "$2")" ]] || fail "$1 differs in results.json"
  [[ ! -e $1/partial ]] || fail "$1 keeps the parts that it was made from"
}

"${eval[@]}" --out expected > table 2> log || fail "$(cat log)"

stopped=0
for signal in TERM INT USR1 KILL HUP XCPU; do
  rm -f interrupted/run.lock # a killed run leaves it
  "${eval[@]}" --out interrupted > /dev/null 2> log &
  process=$!
  # Its handlers are installed before it takes the lock.
  while kill -0 "$process" 2> /dev/null && [[ ! -e interrupted/run.lock ]]; do sleep 0.01; done
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
"${eval[@]}" --out interrupted > again 2> log || fail "$(cat log)"
cmp table again || fail "another table"
check_same interrupted expected

for shard in 1 2 3; do
  [[ $("${eval[@]}" --out "shard-$shard" --shard "$shard/3" 2> log) == "shard-$shard" ]] || fail "$(cat log)"
done
"$programs/phatgoose-score" --join --out joined shard-* > again 2> log || fail "$(cat log)"
cmp table again || fail "another table of shards"
check_same joined expected
echo "stopped $stopped times"
