#!/usr/bin/env bash
# compare_methods.sh: every way to put the quickstart's experts together, on one suite, in one table.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

usage() {
  cat <<'TEXT'
Usage: scripts/compare_methods.sh [--runs DIR] [--suite FILE] [--encoder DIR] [--compare-to METHOD]

Takes the experts that scripts/quickstart.sh left under DIR (runs/quickstart), computes what each router needs of them,
builds all routed models under DIR/methods, and evaluates these, the base and every single expert. What is there already is
not computed again.

  --suite FILE         default: assets/suites/held-out.yaml
  --encoder DIR        a BERT sentence encoder for retrieval; default: the base's own encoder
  --compare-to METHOD  the method that differences refer to; default: phatgoose
TEXT
}

runs=runs/quickstart suite=assets/suites/held-out.yaml compare_to=phatgoose
encoder=()
while (($#)); do
  case $1 in
    --help | -h) usage; exit 0 ;;
    --runs) runs=${2:?--runs needs a directory}; shift 2 ;;
    --suite) suite=${2:?--suite needs a file}; shift 2 ;;
    --encoder) encoder=(--encoder "${2:?--encoder needs a directory}"); shift 2 ;;
    --compare-to) compare_to=${2:?--compare-to needs a method}; shift 2 ;;
    *) usage >&2; exit 2 ;;
  esac
done
[[ -d $runs/experts ]] || { echo "compare_methods: no experts under $runs; run scripts/quickstart.sh first" >&2; exit 1; }

readonly phatgoose=build/release/bin/phatgoose base=assets/base
scripts/build.sh release programs >&2
for expert in "$runs"/experts/*; do
  data=assets/tasks/$(basename "$expert")/train.jsonl
  "$phatgoose" prepare --log quiet --router average-activation --model "$base" --expert "$expert" --data "$data" >&2
  "$phatgoose" prepare --log quiet --router retrieval --model "$base" --expert "$expert" --data "$data" "${encoder[@]}" >&2
done
"$phatgoose" prepare --log quiet --router arrow --model "$base" --expert "$runs"/experts/* >&2
routers=(phatgoose average-activation arrow retrieval uniform merged-factors merged-product)
for router in "${routers[@]}"; do
  "$phatgoose" build --router "$router" --model "$base" --library "$runs/experts" --out "$runs/methods/$router" >&2
done
"$phatgoose" eval --log quiet --model "$base" --base --library "$runs/experts" --routed "${routers[@]/#/$runs/methods/}" \
  "${encoder[@]}" --suite "$suite" --compare-to "$compare_to" --out "$runs/compared"
