#!/usr/bin/env bash
# task_moe.sh: task-level mixtures of experts in miniature: every router, selection and kind of vector beside plain training.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

usage() {
  cat <<'TEXT'
Usage: scripts/task_moe.sh [--out DIR] [--seeds N] [--encoder DIR] [--limit N]

For every seed, mixtures of three copies of each layer trained on the rows of the 16 tasks together, by every router, selection
and kind of task vector, beside the same training without copies; then scored on the tasks that they were trained on, without
examples on held-out tasks, and fine-tuned on 16 examples of some of these; and the routes compared with the tasks' categories.
Everything is under DIR (runs/task-moe); the page is DIR/task-moe.md, with the routes' figure. Stopped and run again, it
continues.

  --seeds N       seeds 0 ... N-1 (1)
  --encoder DIR   a sentence encoder: a mixture by its vectors, too
  --limit N       only the first N rows of each task are scored without examples
TEXT
}

out=runs/task-moe seeds=1 encoder='' limit=()
while (($#)); do
  case $1 in
    --help | -h) usage; exit 0 ;;
    --out) out=${2:?--out needs a directory}; shift 2 ;;
    --seeds) seeds=${2:?--seeds needs a number}; shift 2 ;;
    --encoder) encoder=$(realpath "${2:?--encoder needs a directory}"); shift 2 ;;
    --limit) limit=(--limit "${2:?--limit needs a number}"); shift 2 ;;
    *) usage >&2; exit 2 ;;
  esac
done

readonly phatgoose=build/release/bin/phatgoose base=assets/base steps=200
readonly held_out=(new-words several-skills two-hops)
readonly few_shot=desk,commute,excursion,errand,rewrite,round
# One thing of the first is changed in each of the others.
mixtures=(linear-per-layer linear lstm transformer softmax gumbel learned fisher two-stages
  average random-per-task random-per-instance multi-task)
routed=(linear-per-layer linear lstm transformer softmax gumbel learned fisher)
# The others have no route for a task that they were not trained on.
transferable=(multi-task average random-per-instance linear-per-layer linear lstm transformer softmax gumbel two-stages
  fisher)
if [[ -n $encoder ]]; then
  mixtures+=(encoder) routed+=(encoder) transferable+=(encoder)
fi
say() { printf '\n== %s\n' "$*" >&2; }

mapfile -t tasks < <(sed -n 's/.*{name: \([a-z]*\),.*/\1/p' assets/suites/held-in.yaml | sort)
data=("${tasks[@]/#/assets/tasks/}")

vectors() { # DIR OPTION...
  [[ -f $out/$1/manifest.json ]] || "$phatgoose" task-vectors --log quiet --model "$base" --out "$out/$1" "${@:2}" > /dev/null
}

# Of a task that is not trained on, 16 inputs without their answers make its vector.
make_vectors() {
  local rows
  mapfile -t rows < <(cd assets/suites && cat "${held_out[@]/%/.yaml}" quickstart-held-out.yaml \
    | sed -n 's|.*{name: \([a-z-]*\), data: \.\./\([^,]*\),.*|\1=assets/\2|p' | sort -u)
  vectors text --method text --data "${data[@]/%//train.jsonl}"
  vectors fisher --method fisher --data "${data[@]/%//train.jsonl}"
  vectors text-held-out --like "$out/text" --examples 16 --data "${rows[@]}"
  [[ -n $encoder ]] || return 0
  vectors encoder --method text --encoder "$encoder" --data "${data[@]/%//train.jsonl}"
  vectors encoder-held-out --like "$out/encoder" --encoder "$encoder" --examples 16 --data "${rows[@]}"
}

train() { # SEED NAME
  local preset=small options=() vectors=(--vectors "$out/text")
  case $2 in
    linear | lstm | transformer) options=(--router "$2") ;;
    softmax | gumbel) options=(--selection "$2") ;;
    learned) vectors=() ;;
    fisher | encoder) vectors=(--vectors "$out/$2") ;;
    two-stages) preset=small-second-stage vectors=(--route-from "$out/seed-$1/linear-per-layer") ;;
    average | random-per-*) vectors=() options=(--router "$2") ;;
    multi-task) vectors=() options=(--copies 1) ;;
  esac
  case $2 in linear* | lstm | transformer | softmax | gumbel | learned | fisher | encoder) options+=(--temperature-rate 0.01) ;; esac
  "$phatgoose" train-task-moe --log quiet --preset "$preset" --model "$base" --seed "$1" --steps "$steps" "${options[@]}" \
    "${vectors[@]}" --out "$out/seed-$1/$2" --data "${data[@]/%//train.jsonl}" --valid "${data[@]/%//valid.jsonl}" > /dev/null
}

# How a mixture takes tasks that it was not trained on; without one-hot routes their model is the mean of the copies.
options_for_new_tasks() { # NAME VECTORS
  case $1 in
    multi-task) ;;
    average | random-per-instance) echo --route softmax ;;
    softmax | gumbel | two-stages) echo --route softmax --vectors "$2" ;;
    *) echo --vectors "$2" ;;
  esac
}

vectors_of_new_tasks() { # SEED NAME
  case $2 in
    fisher) echo "seed-$1/fisher-few-shot" ;;
    encoder) echo encoder-held-out ;;
    *) echo text-held-out ;;
  esac
}

# The methods of a suite, as a methods file next to the directories that it names.
write_methods() { # SUITE
  local name vectors
  echo "- {name: base, base: true}"
  if [[ $1 == held-in ]]; then
    for name in "${mixtures[@]}"; do echo "- {name: $name, task-moe: $name}"; done
    return
  fi
  for name in "${transferable[@]}"; do
    [[ $name != fisher ]] || continue  # vectors of answers, of which there are none here
    vectors=$(vectors_of_new_tasks "" "$name")
    case $(options_for_new_tasks "$name" DIR) in
      *--vectors*) echo "- {name: $name, task-moe: $name, vectors: ../$vectors}" ;;
      *) echo "- {name: $name, task-moe: $name}" ;;
    esac
  done
}

evaluate() { # SEED SUITE
  write_methods "$2" > "$out/seed-$1/methods-$2.yaml"
  "$phatgoose" eval --log quiet --model "$base" --suite "$2" --methods "$out/seed-$1/methods-$2.yaml" \
    --compare-to multi-task "${limit[@]}" --out "$out/seed-$1/$2" > "$out/seed-$1/$2.txt"
}

# On 16 examples of each task, by the best of four settings on 8 more; two draws of them.
adapt() { # SEED NAME OPTION...
  "$phatgoose" adapt --log quiet --preset small --model "$base" --seed "$1" --train model --loss plain --steps 40 \
    --shots 16 --valid-shots 8 --samples 2 --try-lr 0.0003,0.001 --try-batch 4,8 --keep false \
    --suite quickstart-held-out --tasks "$few_shot" --out "$out/seed-$1/few-shot/$2" "${@:3}" > /dev/null
}

# Fisher vectors need answers: those of the first draw.
make_few_shot_vectors() { # SEED
  local task rows=()
  for task in ${few_shot//,/ }; do
    rows+=("$task=$out/seed-$1/few-shot/base/$task/shots-16/sample-0/seed-$1/train.jsonl")
  done
  vectors "seed-$1/fisher-few-shot" --like "$out/fisher" --data "${rows[@]}"
}

adapt_mixture() { # SEED NAME
  local options
  read -ra options <<< "$(options_for_new_tasks "$2" "$out/$(vectors_of_new_tasks "$1" "$2")")"
  adapt "$1" "$2" --from "$out/seed-$1/$2" "${options[@]}" --reference "$out/seed-$1/few-shot/base"
}

routes() { # SEED NAME
  local vectors=() figure=()
  case $2 in
    fisher | encoder) vectors=(--vectors "$out/$2") ;;
    learned) ;;
    *) vectors=(--vectors "$out/text") ;;
  esac
  [[ $1-$2 != 0-linear-per-layer ]] || figure=(--heat-map "$out/task-moe.svg")
  "$phatgoose" routes "$out/seed-$1/$2" --categories assets/categories/held-in.yaml "${vectors[@]}" "${figure[@]}" --json \
    > "$out/seed-$1/$2.json"
}

say "Build"
scripts/build.sh release programs >&2
make_vectors
for ((seed = 0; seed < seeds; ++seed)); do
  for name in "${mixtures[@]}"; do
    say "Seed $seed: $name"
    train "$seed" "$name"
  done
  for name in "${routed[@]}"; do routes "$seed" "$name"; done
  for suite in held-in "${held_out[@]}"; do
    say "Seed $seed: $suite"
    evaluate "$seed" "$suite"
  done
  say "Seed $seed: 16 examples"
  adapt "$seed" base
  make_few_shot_vectors "$seed"
  for name in "${transferable[@]}"; do adapt_mixture "$seed" "$name"; done
done

say "Page"
scripts/task_moe_page.py "$out" > "$out/task-moe.md"
echo "$out/task-moe.md"
