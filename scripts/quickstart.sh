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

say "Build"
scripts/build.sh release programs >&2

say "Experts and gates: ${experts[*]}"
scripts/contribute.sh --out "$out/experts" "${experts[@]}"

say "Routed model: no data, nothing trained"
"$phatgoose" build --model "$base" --expert "${experts[@]/#/$out/experts/}" --out "$out/routed"

say "Evaluation on tasks that no expert was trained on"
"$phatgoose" eval --log quiet --model "$base" --base --expert "${experts[@]/#/$out/experts/}" --routed "$out/routed" \
  --suite assets/suites/held-out.yaml --out "$out/results" --compare-to routed

say "Which experts answered"
question=$(head -n 1 assets/tasks/excursion/test.jsonl)
echo "$question" >&2
"$phatgoose" predict --log quiet --model "$base" --routed "$out/routed" --explain <<< "$question"
