#!/usr/bin/env bash
# submit.sh: the whole experiment as Slurm jobs: experts, gates, routed model, evaluation.
set -euo pipefail

usage() {
  cat <<'TEXT'
Usage: scripts/slurm/submit.sh --model DIR --experts FILE --suite FILE --out DIR [OPTION...] [-- SBATCH-OPTION...]

Jobs: an array that trains the experts; an array that trains the gates, each after its own expert; then the routed model;
then its evaluation, which may be an array, too. Everything that can be checked is checked before the first job is submitted.

  --model DIR          base model
  --experts FILE       a line NAME TRAIN-FILE VALID-FILE for each expert, separated by spaces or tabs; empty lines and lines
                       that begin with # are skipped
  --suite FILE         suite of tasks to evaluate on, or the name of one that comes with the program
  --out DIR            gets experts/NAME, routed, results and logs
  --base               also evaluate the base alone
  --each-expert        also evaluate each expert alone
  --compare-to NAME    method that the others' differences refer to: base, an expert's name, or routed (the default)
  --shards N           share the evaluation among the N tasks of an array, which a last job joins
  --common OPTION      one more option for train-expert, train-gate and eval, as one word: --common --device=cuda
  --train-expert OPTION, --train-gate OPTION, --build OPTION, --eval OPTION
                       one more option for this command: --train-expert --rank=8; may be repeated, like --common
  --dry-run            print the calls of sbatch, and submit nothing

What follows -- is given to sbatch for every job: -- --partition=gpu --gres=gpu:1 --cpus-per-task=8 --time=4:00:00
TEXT
}

die() { # STATUS TEXT
  echo "submit.sh: error: $2" >&2
  exit "$1"
}

model='' experts='' suite='' out='' compare_to='' shards='' with_base='' each_expert='' dry_run=''
expert_options=() gate_options=() build_options=() eval_options=()

value_of() { # OPTION VALUE...
  (($# > 1)) || die 2 "$1: missing its value (scripts/slurm/submit.sh --help)"
  printf '%s' "$2"
}

# An option for a command of phatgoose is one word, so that nothing has to be split.
word_of() { # OPTION VALUE...
  [[ ${2:-} =~ ^--[a-z0-9-]+(=.*)?$ ]] || die 2 "$1: \"${2:-}\"; expected one word such as --steps=200"
  printf '%s' "$2"
}

while (($#)); do
  case $1 in
    --model) model=$(value_of "$@"); shift 2 ;;
    --experts) experts=$(value_of "$@"); shift 2 ;;
    --suite) suite=$(value_of "$@"); shift 2 ;;
    --out) out=$(value_of "$@"); shift 2 ;;
    --shards) shards=$(value_of "$@"); shift 2 ;;
    --compare-to) compare_to=$(value_of "$@"); shift 2 ;;
    --base) with_base=yes; shift ;;
    --each-expert) each_expert=yes; shift ;;
    --common)
      word=$(word_of "$@")
      expert_options+=("$word") gate_options+=("$word") eval_options+=("$word")
      shift 2
      ;;
    --train-expert) word=$(word_of "$@"); expert_options+=("$word"); shift 2 ;;
    --train-gate) word=$(word_of "$@"); gate_options+=("$word"); shift 2 ;;
    --build) word=$(word_of "$@"); build_options+=("$word"); shift 2 ;;
    --eval) word=$(word_of "$@"); eval_options+=("$word"); shift 2 ;;
    --dry-run) dry_run=yes; shift ;;
    --) shift; break ;;
    --help | -h) usage; exit 0 ;;
    *) usage >&2; die 2 "$1: unknown option" ;;
  esac
done
sbatch_options=("$@")
for option in model experts suite out; do
  [[ -n ${!option} ]] || { usage >&2; die 2 "--$option: missing"; }
done
[[ -z $shards || $shards =~ ^[1-9][0-9]*$ ]] || die 2 "--shards: \"$shards\"; expected a number of tasks"
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

# The experts, one element of these for each: checked, in the order of the file.
names=() trains=() valids=()

read_experts() {
  local -A line_of=()
  local line number=0 name train valid rest file where
  while IFS= read -r line || [[ -n $line ]]; do
    number=$((number + 1)) where="$experts:$number"
    line=${line#$'\xef\xbb\xbf'} line=${line%$'\r'}
    read -r name train valid rest <<< "$line"
    [[ -n $name && $name != \#* ]] || continue
    [[ -n $valid && -z $rest ]] || die 3 "$where: \"$line\"; expected NAME TRAIN-FILE VALID-FILE"
    [[ $name != */* && $name != *,* && $name != -* && $name != . && $name != .. ]] \
      || die 3 "$where: \"$name\"; expected a name without slash and comma that does not begin with -"
    [[ -z ${line_of[$name]:-} ]] || die 3 "$where: the name \"$name\" again; line ${line_of[$name]} has it"
    for file in "$train" "$valid"; do
      [[ -f $file && -r $file ]] || die 3 "$where: $file: no such file, seen from $PWD"
    done
    line_of[$name]=$number
    names+=("$name") trains+=("$train") valids+=("$valid")
  done < "$experts"
  ((${#names[@]})) || die 3 "$experts: no expert; expected lines NAME TRAIN-FILE VALID-FILE"
}

[[ -f $experts && -r $experts ]] || die 3 "$experts: no such file"
[[ $suite != *[/.]* || -f $suite && -r $suite ]] || die 3 "$suite: no such file" # without / and . it is a name
[[ -f $model/config.json ]] || die 3 "$model: no config.json in it; expected a base model directory"
read_experts

# What the array tasks read is theirs alone: a later submission of another list does not change it.
list_text=$(for i in "${!names[@]}"; do printf '%s\t%s\t%s\n' "${names[i]}" "${trains[i]}" "${valids[i]}"; done)
list=$out/logs/experts-$(cksum <<< "$list_text" | cut -d ' ' -f 1).tsv

directories=("${names[@]/#/$out/experts/}")
data=(--data '{train}' --valid '{valid}')
train=(phatgoose train-expert --model "$model" --name '{name}' --out "$out/experts/{name}" "${data[@]}"
  "${expert_options[@]}")
gate=(phatgoose train-gate --model "$model" --expert "$out/experts/{name}" "${data[@]}" "${gate_options[@]}")
build=(phatgoose build --model "$model" --expert "${directories[@]}" --out "$out/routed" "${build_options[@]}")
evaluate=(phatgoose eval --model "$model" --routed "$out/routed" --suite "$suite")
[[ -z $with_base ]] || evaluate+=(--base)
[[ -z $each_expert ]] || evaluate+=(--expert "${directories[@]}")
[[ -n $compare_to || -z $with_base$each_expert ]] || compare_to=routed
[[ -z $compare_to ]] || evaluate+=(--compare-to "$compare_to")
evaluate+=("${eval_options[@]}")
steps=(train gate build evaluate)
if [[ -z $shards ]]; then
  evaluate+=(--out "$out/results")
else
  parts=()
  for ((task = 1; task <= shards; ++task)); do parts+=("$out/shards/$task"); done
  join=(phatgoose score --join "${parts[@]}" --out "$out/results")
  # What each task is asked for is checked with the number of the first.
  # shellcheck disable=SC2034  # by name, below
  first_shard=("${evaluate[@]}" --shard "1/$shards" --out "${parts[0]}")
  evaluate+=(--shard "{task}/$shards" --out "$out/shards/{task}")
  steps=(train gate build first_shard join)
fi

command -v phatgoose > /dev/null || die 1 "phatgoose is not on PATH, which the jobs inherit"
for step in "${steps[@]}"; do
  declare -n words=$step
  "${words[@]}" --dump-config > /dev/null || die 2 "${words[1]} refuses its options, nothing was submitted"
done

# "", or what has to be typed for these words.
quoted() {
  local text
  printf -v text ' %q' "$@"
  printf '%s' "${text:1}"
}

submitted=()
id=''
submit() { # NAME ARRAY DEPENDENCY COMMAND...: sets id
  local name=$1 array=$2 dependency=$3 log=%x-%j.log words=(sbatch --parsable --kill-on-invalid-dep=yes)
  shift 3
  [[ -z $array ]] || log=%x-%A_%a.log
  words+=(--output "$out/logs/$log" "${sbatch_options[@]}" --job-name "$name")
  [[ -z $array ]] || words+=(--array "$array")
  [[ -z $dependency ]] || words+=(--dependency "$dependency")
  words+=("$here/step.sh")
  [[ $* != *'{name}'* ]] || words+=(--experts "$list")
  words+=("$@")
  if [[ -n $dry_run ]]; then
    quoted "${words[@]}"
    echo
    id=ID_OF_${name^^}
    return
  fi
  id=$("${words[@]}") \
    || die 1 "sbatch failed for ${name}${submitted[*]:+; to withdraw the others: scancel ${submitted[*]}}"
  id=${id%%;*} # a federation adds the cluster
  submitted+=("$id")
  echo "job $id${array:+ ($array)}, $name: $(quoted "$@")"
}

if [[ -z $dry_run ]]; then
  mkdir -p "$out/logs"
  printf '%s\n' "$list_text" > "$list"
fi
echo "${#names[@]} experts of $experts on the base $model; all output goes to $out, logs to $out/logs"
echo "sbatch options of every job: $(if (($#)); then quoted "$@"; else echo "none, so the cluster's defaults"; fi)"
[[ " ${sbatch_options[*]}" == *' --cpus-per-task'* || " ${sbatch_options[*]}" == *' -c'* ]] \
  || echo "CPUs of every task: the default of the cluster, often one; -- --cpus-per-task=N asks for more"

submit expert "1-${#names[@]}" '' "${train[@]}"
submit gate "1-${#names[@]}" "aftercorr:$id" "${gate[@]}"
submit build '' "afterok:$id" "${build[@]}"
submit eval "${shards:+1-$shards}" "afterok:$id" "${evaluate[@]}"
[[ -z $shards ]] || submit join '' "afterok:$id" "${join[@]}"
