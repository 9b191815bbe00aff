#!/usr/bin/env bash
# quickstart.sh: set-up, build, and what a contributor lives through: a new expert, its gate, and its place among the
# experts of others. Run again, it resumes.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

usage() {
  cat <<'TEXT'
Usage: scripts/quickstart.sh [--out DIR]

Trains the expert "driver" and its gate, adds it to a routed model of the sixteen experts that come with the repository,
evaluates the base, the new expert, all experts merged, and the routed model without and with the newcomer on tasks that
no expert was trained on, prints a table, and shows which experts answered a question. Everything it makes is under DIR
(runs/quickstart).
TEXT
}

out=runs/quickstart
while (($#)); do
  case $1 in
    --help | -h) usage; exit 0 ;;
    --out) out=${2:?--out needs a directory}; shift 2 ;;
    *) usage >&2; exit 2 ;;
  esac
done

readonly phatgoose=build/release/bin/phatgoose base=assets/base library=assets/experts newcomer=driver
say() { printf '\n== %s\n' "$*" >&2; }

say "Build"
scripts/build.sh release programs >&2

say "A new expert and its gate: $newcomer"
scripts/contribute.sh --out "$out/experts" "$newcomer"

say "Routed models: no data, nothing trained"
if [[ ! -d $out/routed ]]; then
  "$phatgoose" build --model "$base" --library "$library" --out "$out/library" >&2
  "$phatgoose" build --model "$base" --library "$library" --router merged-product --expert "$out/experts/$newcomer" \
    --out "$out/merged" >&2
  rm -rf "$out/routed.new"
  "$phatgoose" build --model "$base" --library "$library" --out "$out/routed.new" >&2
  "$phatgoose" edit --routed "$out/routed.new" --model "$base" --add "$out/experts/$newcomer" >&2
  mv "$out/routed.new" "$out/routed"
fi

say "Evaluation on tasks that no expert was trained on"
"$phatgoose" eval --log quiet --model "$base" --base --expert "$out/experts/$newcomer" \
  --routed "$out/merged" "$out/library" "$out/routed" \
  --suite assets/suites/quickstart.yaml --out "$out/results" --compare-to routed

say "Which experts answered"
question=$(head -n 1 assets/tasks/commute/test.jsonl)
echo "$question" >&2
"$phatgoose" predict --log quiet --model "$base" --routed "$out/routed" --explain <<< "$question"
