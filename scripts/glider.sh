#!/usr/bin/env bash
# glider.sh: what descriptions add to the gates, in miniature: every alpha, per task and per row, for each source of texts.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

usage() {
  cat <<'TEXT'
Usage: scripts/glider.sh [--out DIR] [--experts DIR]... [--encoder DIR] [--limit N]

For every library of experts (each of a seed of its own): descriptions by the rule, and those by a language model that are
in docs/results/glider, embedded by the base; GLIDER with each; and what it is compared with: the consensus of the gates,
and descriptions beside the scores of average-activation and Arrow. Every alpha on the held-in suite and the three held-out
ones. Everything is under DIR (runs/glider); the page is DIR/glider.md. Stopped and run again, it continues.

  --experts DIR   a library of experts with gates (assets/experts); may be repeated
  --encoder DIR   a sentence encoder: GLIDER with its embeddings of the same texts, besides those by the base
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
readonly suites=(held-in new-words several-skills two-hops) alphas=(0 1 3 10 30 100 auto) writers=(rule model)
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

# The texts of the experts, by the rule or, as they are in the repository, by a language model; then their embeddings.
describe_experts() { # WRITER SOURCE LIBRARY [OPTION...]
  experts_of "$2" "$3"
  local from=(--texts "$texts/experts.yaml")
  [[ $1 == model ]] || from=(--source rule --data 'assets/tasks/{name}/train.jsonl')
  describe "$2 experts" "${from[@]}" --model "$base" --library "$run/$2/experts" "${@:4}"
}

describe_tasks() { # WRITER
  local suite
  for suite in "${suites[@]}"; do
    if [[ $1 == model ]]; then
      cp "$texts/$suite".{task,query}.jsonl "$run/model/"
    else
      describe "rule tasks" --source rule --suite "$suite" --out "$run/rule/$suite.task.jsonl"
      describe "rule rows" --source rule --suite "$suite" --per query --out "$run/rule/$suite.query.jsonl" "${limit[@]}"
    fi
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
  local writer per router
  echo "- {name: phatgoose, routed: phatgoose}"
  for writer in "${writers[@]}"; do
    for per in task query; do
      methods_of "$writer-$per" "routed: $writer/routed, descriptions: $writer/$1.$per.jsonl"
      has_encoder || continue
      methods_of "$writer-encoder-$per" \
        "routed: $writer-encoder/routed, descriptions: $writer/$1.$per.jsonl, encoder: $encoder"
    done
  done
  methods_of consensus "routed: consensus" | grep -v -- -auto
  for router in average-activation arrow; do methods_of "$router" "routed: $router, descriptions: rule/$1.task.jsonl"; done
}

say "Build"
scripts/build.sh release programs >&2
for number in "${!libraries[@]}"; do
  run=$out/library-$number library=${libraries[number]}
  mkdir -p "$run"
  say "Library $number: descriptions"
  for writer in "${writers[@]}"; do
    describe_experts "$writer" "$writer" "$library"
    describe_tasks "$writer"
    build "$writer/routed" glider "$run/$writer/experts"
    has_encoder || continue
    describe_experts "$writer" "$writer-encoder" "$library" --encoder "$encoder"
    build "$writer-encoder/routed" glider "$run/$writer-encoder/experts"
  done
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
