#!/usr/bin/env bash
# quickstart.sh: set-up, build, and the whole pipeline on the embedded base and tasks. Run again, it goes on where it was.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

usage() {
  cat <<'TEXT'
Usage: scripts/quickstart.sh [--out DIR] [EXPERT...]

Trains experts (default: all eight) with their gates, builds the routed model, evaluates the base, every single expert
and the routed model on the held-out tasks, prints a table, and shows which experts answered a question. Everything it
makes is under DIR (runs/quickstart).
TEXT
}

out=runs/quickstart
case ${1:-} in
  --help | -h) usage; exit 0 ;;
  --out) out=${2:?--out needs a directory}; shift 2 ;;
  -*) usage >&2; exit 2 ;;
esac
experts=("$@")
(($#)) || experts=(zoo market workshop station wardrobe orchestra opposite past)

readonly phatgoose=build/release/bin/phatgoose base=assets/base
say() { printf '\n== %s\n' "$*" >&2; }

# Steps 1 and 2, what each contributor does alone: an expert on the contributor's own data, then its gate.
contribute() {
  local tasks=assets/tasks/$1 expert=$out/experts/$1
  "$phatgoose" train-expert --preset small --threads 1 --model "$base" --name "$1" --out "$expert" \
    --data "$tasks/train.jsonl" --valid "$tasks/valid.jsonl"
  "$phatgoose" train-gate --preset small --threads 1 --model "$base" --expert "$expert" \
    --data "$tasks/train.jsonl" --valid "$tasks/valid.jsonl"
}

# Runs contribute for every expert, as many at a time as there are cores.
contribute_all() {
  local expert pid pids=()
  for expert in "${experts[@]}"; do
    while (($(jobs -rp | wc -l) >= $(nproc))); do sleep 0.2; done
    echo "   $expert (log: $out/logs/$expert.log)" >&2
    contribute "$expert" > "$out/logs/$expert.log" 2>&1 &
    pids+=("$!:$expert")
  done
  for pid in "${pids[@]}"; do
    wait "${pid%%:*}" || { tail -n 3 "$out/logs/${pid#*:}.log" >&2; exit 1; }
  done
}

say "Build"
scripts/build.sh release programs >&2
mkdir -p "$out/logs"

say "Experts and gates: ${experts[*]}"
contribute_all

say "Routed model: no data, nothing trained"
"$phatgoose" build --model "$base" --expert "${experts[@]/#/$out/experts/}" --out "$out/routed"

say "Evaluation on tasks that no expert was trained on"
"$phatgoose" eval --log quiet --model "$base" --base --expert "${experts[@]/#/$out/experts/}" --routed "$out/routed" \
  --suite assets/suites/held-out.yaml --out "$out/results" --compare-to routed

say "Which experts answered"
question=$(head -n 1 assets/tasks/excursion/test.jsonl)
echo "$question" >&2
"$phatgoose" predict --log quiet --model "$base" --routed "$out/routed" --explain <<< "$question"
