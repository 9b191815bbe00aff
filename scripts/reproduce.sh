#!/usr/bin/env bash
# reproduce.sh: the paper's comparison in miniature, from the base and the rows of the tasks to a page of results.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

usage() {
  cat <<'TEXT'
Usage: scripts/reproduce.sh [--out DIR] [--seeds N] [--encoder DIR] [--from-scratch]

For every seed: experts and gates, gates trained jointly with their experts, one multitask expert; then every way to put
the experts together, with all of them and with 4 and 8, on the held-in suite and three held-out ones. Everything is under DIR
(runs/reproduce); the page is DIR/results.md, and each of its numbers comes from a file there.
Stopped and run again, it continues.

  --seeds N       seeds 0 ... N-1 for experts and gates; the base is the same (1)
  --encoder DIR   a BERT sentence encoder for retrieval; default: the base's own encoder
  --from-scratch  make the base too (scripts/make_base.sh), and the experts of seed 0, instead of taking assets/base and
                  assets/experts
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

readonly phatgoose=build/release/bin/phatgoose suites=(held-in new-words several-skills two-hops)
readonly routers=(phatgoose average-activation arrow retrieval uniform merged-factors merged-product token-oracle)
say() { printf '\n== %s\n' "$*" >&2; }

mapfile -t tasks < <(sed -n 's/.*{name: \([a-z]*\),.*/\1/p' assets/suites/held-in.yaml)  # those with an expert each

step() { scripts/cost.py "$out/costs.jsonl" "$@"; } # NAME COMMAND [ARGUMENT...]

experts() {
  mkdir -p "$run"
  if [[ $base == assets/base && $1 == 0 ]]; then
    [[ -d $run/experts ]] || { cp -r assets/experts "$run/experts.new" && mv "$run/experts.new" "$run/experts"; }
  else
    scripts/contribute.sh --base "$base" --seed "$1" --out "$run/experts" "${tasks[@]}"
  fi
}

# One expert for all data sets, with as many steps as all the experts together.
multitask() {
  local of_expert steps data=("${tasks[@]/#/assets/tasks/}")
  of_expert=$(sed -n '/^train-expert:/,/^train-gate:/s/^  steps: //p' configs/presets/small.yaml)
  steps=$((of_expert * ${#tasks[@]}))
  step multitask "$phatgoose" train-expert --log quiet --preset small --threads "$(nproc)" --seed "$1" --model "$base" \
    --name multitask --steps "$steps" --eval-every "$((steps / 8))" --out "$run/multitask" --data-mix equal \
    --data "${data[@]/%//train.jsonl}" --valid "${data[@]/%//valid.jsonl}"
}

build() { # NAME ROUTER LIBRARY [OPTION...]
  "$phatgoose" build --router "$2" --model "$base" --library "$3" --out "$run/routed/$1" "${@:4}" >&2
}

# What each router needs of the experts.
prepare_all() {
  local task
  for task in "${tasks[@]}"; do
    local of_task=(--log quiet --model "$base" --expert "$run/experts/$task" --data "assets/tasks/$task/train.jsonl")
    step "mean inputs of an expert" "$phatgoose" prepare --router average-activation "${of_task[@]}" >&2
    step "embeddings of an expert" "$phatgoose" prepare --router retrieval "${of_task[@]}" "${encoder[@]}" >&2
  done
  step "directions of all experts" "$phatgoose" prepare --log quiet --router arrow --model "$base" \
    --expert "$run"/experts/* >&2
}

# All routed models: of all experts, and of the first 4, 8, ...
build_all() {
  local router count
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

# The methods of the page, as a methods file next to the directories that it names.
write_methods() { # SUITE
  local task router routed
  echo "- {name: base, base: true}"
  for task in "${tasks[@]}"; do echo "- {name: $task, expert: experts/$task}"; done
  for routed in "$run"/routed/*; do
    router=$(basename "$routed")
    if [[ $router == token-oracle ]]; then
      token_oracle "$1"
    elif [[ $router == retrieval* ]] && ((${#encoder[@]})); then
      echo "- {name: $router, routed: routed/$router, encoder: ${encoder[1]}}"
    else
      echo "- {name: $router, routed: routed/$router}"
    fi
  done
  for k in 1 3 "${#tasks[@]}"; do echo "- {name: phatgoose-k$k, routed: routed/phatgoose, k: $k}"; done
  echo "- {name: phatgoose-top-p, routed: routed/phatgoose, top-p: 0.9}"
}

# On held-out tasks with choices, whose rows say which expert is right for each token.
token_oracle() { # SUITE
  local choosing
  [[ $1 != held-in ]] || return 0
  choosing=$(sed -n '/rank_classification/s/.*{name: \([a-z]*\),.*/\1/p' "assets/suites/$1.yaml" | paste -sd ,)
  echo "- {name: token-oracle, routed: routed/token-oracle, tasks: [$choosing]}"
}

evaluate() { # SUITE
  write_methods "$1" > "$run/methods-$1.yaml"
  step "all methods, $1" "$phatgoose" eval --log quiet --model "$base" --methods "$run/methods-$1.yaml" \
    --compare-to phatgoose --suite "assets/suites/$1.yaml" --out "$run/$1" > "$run/$1.txt"
}

say "Build"
scripts/build.sh release programs >&2
mkdir -p "$out"
if [[ -z $base ]]; then
  say "Base"
  base=$out/base
  step base scripts/make_base.sh "$base" >&2
fi
for ((seed = 0; seed < seeds; ++seed)); do
  run=$out/seed-$seed
  say "Seed $seed: experts and gates"
  experts "$seed"
  say "Seed $seed: joint gates"
  scripts/contribute.sh --base "$base" --seed "$seed" --joint --out "$run/joint" "${tasks[@]}"
  say "Seed $seed: multitask"
  multitask "$seed" >&2
  say "Seed $seed: routed models"
  prepare_all
  build_all
  "$phatgoose" inspect --similarity --json "$run/routed/phatgoose" > "$run/similarity.json"
  for suite in "${suites[@]}"; do
    say "Seed $seed: $suite"
    evaluate "$suite"
  done
done

say "Page"
scripts/plot.sh scripts/results_figures.py "$out"
scripts/results_page.py "$out"
