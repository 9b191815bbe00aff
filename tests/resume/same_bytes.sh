#!/usr/bin/env bash
# same_bytes.sh PROGRAMS ASSETS [RUNS]: the same command gives the same bytes, on two threads and with the cores busy:
# predict, eval, train-expert, train-gate and task-vectors, each run RUNS times (3). A race shows only now and then: a hundred runs say
# more, and take an hour on two cores.
# shellcheck disable=SC2317  # the commands are called by name
set -euo pipefail

programs=$1 assets=$2 runs=${3:-3}
scratch=$(mktemp -d)
cd "$scratch"

busy=()
for ((core = 0; core < $(nproc); ++core)); do
  while :; do :; done &
  busy+=($!)
done
trap 'kill "${busy[@]}" 2> /dev/null; rm -rf "$scratch"' EXIT

common=(--log quiet --threads 2 --model "$assets/base")
rows=$assets/tasks/food/train.jsonl
head -n 6 "$assets/tasks/food/test.jsonl" > test.jsonl
head -n 48 "$rows" > train.jsonl
printf 'name: s\ntasks:\n  - {name: food, data: test.jsonl, kind: rank_classification}\n' > suite.yaml
"$programs/phatgoose-build" --model "$assets/base" --library "$assets/experts" --out routed > /dev/null 2>&1

predict() { "$programs/phatgoose-predict" "${common[@]}" --routed routed --json test.jsonl > "$1"; }
evaluate() {
  "$programs/phatgoose-eval" "${common[@]}" --routed routed --suite suite.yaml --out "$1.out" > "$1"
  cat "$1.out/samples.jsonl" "$1.out/routing.safetensors" >> "$1"
}
train_expert() {
  "$programs/phatgoose-train-expert" "${common[@]}" --data train.jsonl --name food --out "$1.out" --rank 4 --steps 4 \
    --batch 16 > /dev/null
  cat "$1.out"/{adapter_model.safetensors,metrics.jsonl} > "$1"
}
train_gate() {
  "$programs/phatgoose-train-gate" "${common[@]}" --data train.jsonl --expert "$assets/experts/food" --out "$1.out" \
    --steps 4 --batch 16 > /dev/null
  cat "$1.out"/{gate.safetensors,gate-run/metrics.jsonl} > "$1"
}
task_vectors() {
  "$programs/phatgoose-task-vectors" "${common[@]}" --method fisher --examples 12 --out "$1.out" \
    --data "$assets"/tasks/{food,past,sort}/train.jsonl > /dev/null
  cat "$1.out"/{vectors,reduction}.safetensors > "$1"
}

status=0
for command in predict evaluate train_expert train_gate task_vectors; do
  for ((run = 1; run <= runs; ++run)); do
    "$command" product
    sha256sum < product
    rm -rf product product.out
  done > hashes
  distinct=$(sort -u hashes | wc -l)
  echo "$command: $runs runs, $distinct different results"
  ((distinct == 1)) || status=1
done
exit $status
