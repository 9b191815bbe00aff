#!/usr/bin/env bash
# glider.sh: what descriptions add to the gates, in miniature: every alpha, per task and per row, for each source of texts.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

usage() {
  cat <<'TEXT'
Usage: scripts/glider.sh [--out DIR] [--experts DIR]... [--encoder DIR] [--limit N]

For every library of experts (each of a seed of its own): descriptions by the rule, embedded by the base; GLIDER with them;
and what it is compared with: the consensus of the gates, and descriptions beside the scores of average-activation and
Arrow. Every alpha on the held-in suite and the three held-out ones. Everything is under DIR (runs/glider); the page is
DIR/glider.md. Stopped and run again, it continues.

  --experts DIR   a library of experts with gates (assets/experts); may be repeated
  --encoder DIR   a sentence encoder: GLIDER with its embeddings too, of the same texts and of those by a language model
                  that are in docs/results/glider (the small base does not have their words)
  --limit N       only the first N rows of each task
TEXT
}

out=runs/glider libraries=() encoder='' limit=()
while (($#)); do
  case $1 in
    --help | -h) usage; exit 0 ;;
    --out) out=${2:?--out needs a directory}; shift 2 ;;
    --experts) libraries+=("${2:?--experts needs a directory}"); shift 2 ;;
    --encoder) encoder=$(realpath "${2:?--encoder needs a directory}"); shift 2 ;;
    --limit) limit=(--limit "${2:?--limit needs a number}"); shift 2 ;;
    *) usage >&2; exit 2 ;;
  esac
done
((${#libraries[@]})) || libraries=(assets/experts)

readonly phatgoose=build/release/bin/phatgoose base=assets/base texts=docs/results/glider
readonly suites=(held-in new-words several-skills two-hops) alphas=(0 1 3 10 30 100 auto)
readonly by_rule=(--source rule --data 'assets/tasks/{name}/train.jsonl')
say() { printf '\n== %s\n' "$*" >&2; }
# The first argument is what it counts as in costs.jsonl.
describe() { scripts/cost.py "$run/costs.jsonl" "$1" "$phatgoose" describe --log quiet "${@:2}" > /dev/null; }
has_encoder() { [[ -n $encoder ]]; }

# Copies of the library, since a description lies in the expert's directory.
experts_of() { # SOURCE LIBRARY
  [[ -d $run/$1/experts ]] && return
  mkdir -p "$run/$1"
  cp -r "$2" "$run/$1/experts.new"
  mv "$run/$1/experts.new" "$run/$1/experts"
}

# Texts of the experts and their embeddings.
describe_experts() { # SOURCE LIBRARY OPTION...
  experts_of "$1" "$2"
  describe "$1: experts" --model "$base" --library "$run/$1/experts" "${@:3}"
}

# Texts of the tasks, and of their rows.
describe_tasks() {
  local suite per
  for suite in "${suites[@]}"; do
    describe "rule: tasks" --source rule --suite "$suite" --out "$run/$suite.rule-task.jsonl"
    describe "rule: rows" --source rule --suite "$suite" --per query --out "$run/$suite.rule-query.jsonl" "${limit[@]}"
    has_encoder || continue
    for per in task query; do
      [[ ! -f $texts/$suite.$per.jsonl.gz ]] || gzip -dc "$texts/$suite.$per.jsonl.gz" > "$run/$suite.model-$per.jsonl"
    done
  done
}

build() { # NAME ROUTER LIBRARY
  [[ -f $run/$1/manifest.json ]] || "$phatgoose" build --router "$2" --model "$base" --library "$3" --out "$run/$1" >&2
}

# A method for every alpha.
methods_of() { # NAME KEY: VALUE[, KEY: VALUE...]
  local alpha
  for alpha in "${alphas[@]}"; do echo "- {name: $1-$alpha, global-alpha: $alpha, $2}"; done
}

# The methods of a suite, as a methods file next to the directories that it names.
write_methods() { # SUITE
  local per writer router
  echo "- {name: phatgoose, routed: phatgoose}"
  for per in task query; do
    methods_of "rule-$per" "routed: rule/routed, descriptions: $1.rule-$per.jsonl"
    has_encoder || continue
    for writer in rule model; do
      [[ -f $run/$1.$writer-$per.jsonl ]] || continue
      methods_of "$writer-encoder-$per" \
        "routed: $writer-encoder/routed, descriptions: $1.$writer-$per.jsonl, encoder: $encoder"
    done
  done
  methods_of consensus "routed: consensus" | grep -v -- -auto
  for router in average-activation arrow; do methods_of "$router" "routed: $router, descriptions: $1.rule-task.jsonl"; done
}

say "Build"
scripts/build.sh release programs >&2
for number in "${!libraries[@]}"; do
  run=$out/library-$number library=${libraries[number]}
  mkdir -p "$run"
  say "Library $number: descriptions"
  describe_experts rule "$library" "${by_rule[@]}"
  build rule/routed glider "$run/rule/experts"
  if has_encoder; then
    describe_experts rule-encoder "$library" "${by_rule[@]}" --encoder "$encoder"
    describe_experts model-encoder "$library" --texts "$texts/experts.yaml" --encoder "$encoder"
    for source in rule-encoder model-encoder; do build "$source/routed" glider "$run/$source/experts"; done
  fi
  describe_tasks
  for expert in "$run"/rule/experts/*; do
    "$phatgoose" prepare --log quiet --router average-activation --model "$base" --expert "$expert" \
      --data "assets/tasks/${expert##*/}/train.jsonl" > /dev/null
  done
  "$phatgoose" prepare --log quiet --router arrow --model "$base" --library "$run/rule/experts" > /dev/null
  build phatgoose phatgoose "$run/rule/experts"
  for router in consensus average-activation arrow; do
    build "$router" "${router/#a/glider-a}" "$run/rule/experts"
  done
  for suite in "${suites[@]}"; do
    say "Library $number: $suite"
    write_methods "$suite" > "$run/methods-$suite.yaml"
    "$phatgoose" eval --log quiet --model "$base" --methods "$run/methods-$suite.yaml" --compare-to phatgoose \
      --suite "$suite" "${limit[@]}" --out "$run/$suite" > "$run/$suite.txt"
  done
done

say "Page"
scripts/glider_page.py "$out" > "$out/glider.md"
echo "$out/glider.md"
