#!/usr/bin/env bash
# modular.sh: modular multi-task adapters beside LoRA in miniature: accuracy and trainable parameters at equal data.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

usage() {
  cat <<'TEXT'
Usage: scripts/modular.sh [--out DIR] [--seeds N] [--limit N]

For every seed, each method trained on the rows of the 16 tasks together, at several sizes; then scored on the tasks that it was
trained on, without examples on held-out tasks, and adapted to six of these with 16 examples of each. Beside them the base,
experts that are put together, and a new LoRA. Everything is under DIR (runs/modular); the page is DIR/modular.md, with its
figure. Stopped and run again, it continues.

  --seeds N   seeds 0 ... N-1 (1)
  --limit N   only the first N rows of each task are scored
TEXT
}

out=runs/modular seeds=1 limit=()
while (($#)); do
  case $1 in
    --help | -h) usage; exit 0 ;;
    --out) out=${2:?--out needs a directory}; shift 2 ;;
    --seeds) seeds=${2:?--seeds needs a number}; shift 2 ;;
    --limit) limit=(--limit "${2:?--limit needs a number}"); shift 2 ;;
    *) usage >&2; exit 2 ;;
  esac
done

readonly phatgoose=build/release/bin/phatgoose base=assets/base
readonly held_out=(new-words several-skills two-hops)
declare -Ar few_shot=([new-words]='desk' [several-skills]='excursion,errand,parade,harvest,rewrite')
# METHOD[-s1]-rRANK, the first of each at the rank of the papers; s1: of one skill, for eight
readonly adapters=(lora-r16 poly-r1 mhr-r1 tlora-r16 tensorpoly-1-r16 tensorpoly-2-r16
  lora-r4 lora-r1 tlora-s1-r16 tensorpoly-1-r4)
say() { printf '\n== %s\n' "$*" >&2; }

mapfile -t tasks < <(sed -n 's/.*{name: \([a-z]*\),.*/\1/p' assets/suites/held-in.yaml | sort)
data=("${tasks[@]/#/assets/tasks/}")

# The best of 0.0003, 0.001, 0.003 and 0.01 on the validation rows of seed 0.
rate_of() { case $1 in tlora*) echo 0.0003 ;; tensorpoly*) echo 0.001 ;; *) echo 0.01 ;; esac; }
mixes_by_task() { [[ $1 != lora* && $1 != tlora* ]]; }

train() { # SEED NAME
  local method=${2%-r*} options=()
  [[ $method != *-s1 ]] || options=(--skills 1)
  "$phatgoose" train-multitask --log quiet --preset small --model "$base" --seed "$1" --method "${method%-s1}" \
    --rank "${2##*-r}" --steps 200 --lr "$(rate_of "$2")" "${options[@]}" --out "$out/seed-$1/$2" \
    --data "${data[@]/%//train.jsonl}" --valid "${data[@]/%//valid.jsonl}" > /dev/null
}

# The methods of a suite, as a methods file next to the directories that it names.
write_methods() { # SUITE
  local name rule
  echo "- {name: base, base: true}"
  for name in phatgoose merged-factors; do echo "- {name: $name, routed: $name}"; done
  for name in "${adapters[@]}"; do
    if [[ $name == lora* ]]; then
      echo "- {name: $name, expert: $name}"
    elif [[ $1 == held-in ]] || ! mixes_by_task "$name"; then
      echo "- {name: $name, modular: $name}"
    else
      for rule in uniform mean; do echo "- {name: $name-$rule, modular: $name, unknown-task: $rule}"; done
    fi
  done
}

evaluate() { # SEED SUITE
  write_methods "$2" > "$out/seed-$1/methods-$2.yaml"
  "$phatgoose" eval --log quiet --model "$base" --suite "$2" --methods "$out/seed-$1/methods-$2.yaml" \
    --compare-to "$([[ $2 == held-in ]] && echo lora-r16 || echo base)" "${limit[@]}" --out "$out/seed-$1/$2" \
    > "$out/seed-$1/$2.txt"
}

adapt() { # SEED NAME OPTION...
  local suite
  for suite in "${!few_shot[@]}"; do
    "$phatgoose" adapt --log quiet --preset small --steps 50 --model "$base" --seed "$1" --keep false --shots 16 \
      --suite "$suite" --tasks "${few_shot[$suite]}" --out "$out/seed-$1/few-shot/$2/$suite" "${@:3}" > /dev/null
  done
}

adapt_all() { # SEED
  local name rate
  adapt "$1" base-new-lora
  adapt "$1" merged-factors --from "$out/seed-$1/merged-factors"
  for name in "${adapters[@]}"; do
    rate=()
    [[ $name != t* ]] || rate=(--lr 0.0003)
    adapt "$1" "$name" --from "$out/seed-$1/$name" "${rate[@]}"
  done
  for name in poly-r1 mhr-r1 tensorpoly-1-r16; do
    adapt "$1" "$name-routing" --from "$out/seed-$1/$name" --train routing --routing-lr 0.3
  done
  adapt "$1" poly-r1-adapters --from "$out/seed-$1/poly-r1" --train adapters
}

say "Build"
scripts/build.sh release programs >&2
for ((seed = 0; seed < seeds; ++seed)); do
  mkdir -p "$out/seed-$seed"
  for router in phatgoose merged-factors; do
    [[ -f $out/seed-$seed/$router/manifest.json ]] || "$phatgoose" build --router "$router" --model "$base" \
      --library assets/experts --out "$out/seed-$seed/$router" >&2
  done
  for name in "${adapters[@]}"; do
    say "Seed $seed: $name"
    train "$seed" "$name"
    "$phatgoose" inspect --json "$out/seed-$seed/$name" > "$out/seed-$seed/$name.json"
  done
  for suite in held-in "${held_out[@]}"; do
    say "Seed $seed: $suite"
    evaluate "$seed" "$suite"
  done
  say "Seed $seed: 16 examples"
  adapt_all "$seed"
done

say "Page"
scripts/modular_page.py "$out" > "$out/modular.md"
scripts/plot.sh scripts/modular_figure.py "$out"
echo "$out/modular.md"
