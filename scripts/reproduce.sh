#!/usr/bin/env bash
# reproduce.sh: the paper's comparison in miniature, from the base and the rows of the tasks to a page of results.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

usage() {
  cat <<'TEXT'
Usage: scripts/reproduce.sh [--out DIR] [--seeds N] [--encoder DIR] [--from-scratch]

For every seed: experts and gates, gates trained jointly with their experts, one multitask expert; then every way to put
the experts together, on the held-in and the held-out suite, with 4, 8, ... experts. Everything is under DIR
(runs/reproduce); the page is DIR/results.md, and each of its numbers comes from a results.json or comparison.json there.
Stop it and run it again, and it goes on where it was.

  --seeds N       seeds 0 ... N-1 for experts and gates; the base is the same (1)
  --encoder DIR   a BERT sentence encoder for retrieval; default: the base's own encoder
  --from-scratch  make the base too (scripts/make_base.sh), instead of using assets/base
TEXT
}

out=runs/reproduce seeds=1 base=assets/base
encoder=()
while (($#)); do
  case $1 in
    --help | -h) usage; exit 0 ;;
    --out) out=${2:?--out needs a directory}; shift 2 ;;
    --seeds) seeds=${2:?--seeds needs a number}; shift 2 ;;
    --encoder) encoder=(--encoder "$(realpath "${2:?--encoder needs a directory}")"); shift 2 ;;
    --from-scratch) base=''; shift ;;
    *) usage >&2; exit 2 ;;
  esac
done

readonly phatgoose=build/release/bin/phatgoose suites=(held-in held-out)
readonly routers=(phatgoose average-activation arrow retrieval uniform merged-factors merged-product)
say() { printf '\n== %s\n' "$*" >&2; }

tasks=()  # those with an expert each
for file in assets/tasks/*/train.jsonl; do tasks+=("$(basename "$(dirname "$file")")"); done

# One expert for all data sets, with as many steps as all the experts together.
multitask() {
  local steps=$((320 * ${#tasks[@]})) data=("${tasks[@]/#/assets/tasks/}")
  "$phatgoose" train-expert --log quiet --preset small --threads "$(nproc)" --seed "$1" --model "$base" --name multitask \
    --steps "$steps" --eval-every "$((steps / 8))" --out "$run/multitask" --data-mix equal \
    --data "${data[@]/%//train.jsonl}" --valid "${data[@]/%//valid.jsonl}"
}

build() { # NAME ROUTER LIBRARY [OPTION...]
  "$phatgoose" build --router "$2" --model "$base" --library "$3" --out "$run/routed/$1" "${@:4}" >&2
}

# What each router needs of the experts, then all routed models: of all experts, and of the first 4, 8, ...
build_all() {
  local task router count
  for task in "${tasks[@]}"; do
    local of_task=(--log quiet --model "$base" --expert "$run/experts/$task" --data "assets/tasks/$task/train.jsonl")
    "$phatgoose" prepare --router average-activation "${of_task[@]}" >&2
    "$phatgoose" prepare --router retrieval "${of_task[@]}" "${encoder[@]}" >&2
  done
  "$phatgoose" prepare --log quiet --router arrow --model "$base" --expert "$run"/experts/* >&2
  for router in "${routers[@]}"; do build "$router" "$router" "$run/experts"; done
  build joint-gate phatgoose "$run/joint"
  # A routed model of one expert, so that no reference row takes it for one of the contributed experts.
  "$phatgoose" build --router single --model "$base" --expert "$run/multitask" --out "$run/routed/multitask" >&2
  for ((count = 4; count < ${#tasks[@]}; count *= 2)); do
    for router in phatgoose retrieval merged-product; do
      build "$router-of-$count" "$router" "$run/experts" --enabled "$(IFS=,; echo "${tasks[*]:0:count}")"
    done
  done
}

# The methods of the page, as a methods file beside the directories that it names.
write_methods() {
  local task router routed
  echo "- {name: base, base: true}"
  for task in "${tasks[@]}"; do echo "- {name: $task, expert: experts/$task}"; done
  for routed in "$run"/routed/*; do
    router=$(basename "$routed")
    if [[ $router == retrieval* ]] && ((${#encoder[@]})); then
      echo "- {name: $router, routed: routed/$router, encoder: ${encoder[1]}}"
    else
      echo "- {name: $router, routed: routed/$router}"
    fi
  done
  for k in 1 3 "${#tasks[@]}"; do echo "- {name: phatgoose-k$k, routed: routed/phatgoose, k: $k}"; done
  echo "- {name: phatgoose-top-p, routed: routed/phatgoose, top-p: 0.9}"
}

say "Build"
scripts/build.sh release programs >&2
if [[ -z $base ]]; then
  say "Base"
  base=$out/base
  scripts/make_base.sh "$base" >&2
fi
for ((seed = 0; seed < seeds; ++seed)); do
  run=$out/seed-$seed
  say "Seed $seed: experts and gates"
  scripts/contribute.sh --base "$base" --seed "$seed" --out "$run/experts" "${tasks[@]}"
  say "Seed $seed: joint gates"
  scripts/contribute.sh --base "$base" --seed "$seed" --joint --out "$run/joint" "${tasks[@]}"
  say "Seed $seed: multitask"
  multitask "$seed" >&2
  say "Seed $seed: routed models"
  build_all
  write_methods > "$run/methods.yaml"
  for suite in "${suites[@]}"; do
    say "Seed $seed: $suite"
    "$phatgoose" eval --log quiet --model "$base" --methods "$run/methods.yaml" --compare-to phatgoose \
      --suite "assets/suites/$suite.yaml" --out "$run/$suite" > "$run/$suite.txt"
  done
done

say "Page"
if [[ ! -x .deps/plots/bin/python ]]; then
  python3 -m venv .deps/plots
  .deps/plots/bin/python -m pip install --quiet matplotlib==3.10.0
fi
.deps/plots/bin/python scripts/results_figures.py "$out"
scripts/results_page.py "$out"
