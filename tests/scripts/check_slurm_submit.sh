#!/usr/bin/env bash
# check_slurm_submit.sh PROGRAMS: scripts/slurm/submit.sh with a stand-in for sbatch that writes down what it is asked
# for and runs every task at once: lists that are refused, the dry run, and a whole experiment of two experts.
set -euo pipefail
root=$PWD
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"
fail() { echo "FAILED: $*"; exit 1; }

mkdir bin
cat > bin/sbatch <<'END'
#!/usr/bin/env bash
# Options of sbatch, then a script and its arguments.
printf '%s\n' "$*" >> "$STAND_IN/calls"
id=$(wc -l < "$STAND_IN/calls") tasks=''
while [[ $1 == -* ]]; do
  case $1 in
    --array) tasks=$2; shift 2 ;;
    --output | --job-name | --dependency) shift 2 ;;
    *) shift ;;
  esac
done
for ((task = 1; task <= ${tasks#1-} + 0 || task == 1; ++task)); do
  SLURM_JOB_ID=$id SLURM_ARRAY_JOB_ID=$id SLURM_ARRAY_TASK_ID=$task bash "$@" >> "$STAND_IN/log" 2>&1 || exit 1
done
echo "$id;cluster"
END
chmod +x bin/sbatch
export PATH=$scratch/bin:$1:$PATH STAND_IN=$scratch

base=$root/assets/base tasks=$root/assets/tasks
for name in food fare; do
  for part in train valid; do head -n 6 "$tasks/$name/$part.jsonl" > "$name.$part"; done
done
head -n 3 "$tasks/food/test.jsonl" > test.jsonl
printf 'name: s\ntasks:\n  - {name: food, data: test.jsonl, kind: rank_classification}\n' > suite.yaml

submit() { "$root/scripts/slurm/submit.sh" --model "$base" --experts list --suite suite.yaml --out 'my run' "$@"; }

# Each list of experts is refused with this text, before anything is submitted or written.
refused() { # TEXT LINES
  local status=0
  printf '%b' "$2" > list
  submit > out 2> err || status=$?
  [[ $status == 3 ]] || fail "a bad list gave status $status: $2"
  grep -qF -- "$1" err || fail "a bad list said: $(cat err)"
  [[ ! -e calls && ! -e 'my run' ]] || fail "something was done with a bad list: $2"
}
food='food food.train food.valid'
refused 'list:1: "food food.train"; expected NAME TRAIN-FILE VALID-FILE' 'food food.train\n'
refused 'list:2: "food food.train food.valid more"' "# comment\n$food more\n"
refused 'list:3: the name "food" again; line 1 has it' "$food\n\n$food\n"
refused 'list:1: none: no such file' 'food food.train none\n'
refused 'list:1: "a/b"' 'a/b food.train food.valid\n'
refused 'list: no expert' '# comment\n\n'

# Comments, blank lines, CR LF, tabs, and no end of the last line.
printf '# experts\r\n\r\n%s\r\n  \nfare\tfare.train\tfare.valid' "$food" > list

status=0
submit --train-expert --no-such-option=1 > out 2> err || status=$?
[[ $status == 2 && ! -e calls ]] || fail "an unknown option gave status $status: $(cat err)"
grep -q 'no-such-option: unknown option' err || fail "an unknown option said: $(cat err)"
status=0
submit --common '--steps 2' > out 2> err || status=$?
[[ $status == 2 && ! -e calls ]] || fail "two words gave status $status: $(cat err)"
grep -q 'expected one word' err || fail "two words said: $(cat err)"

submit --dry-run -- --gres=gpu:1 > out 2> err || fail "the dry run: $(cat err)"
[[ ! -e calls && ! -e 'my run' ]] || fail "a dry run did something"
[[ $(grep -c '^sbatch .* --gres=gpu:1 .*step.sh ' out) == 4 ]] || fail "the dry run said: $(cat out)"

submit --base --each-expert --common --seed=3 --train-expert --steps=2 --train-expert --batch=4 \
  --train-gate --steps=1 --train-gate --batch=4 --build --k=1 --eval --limit=2 -- --time=1:00:00 > out 2> err \
  || fail "the experiment: $(cat err log)"
grep -q '^2 experts of list' out || fail "submit.sh said: $(cat out)"
[[ $(grep -c '^job [1-4]' out) == 4 ]] || fail "submit.sh said: $(cat out)"
[[ $(grep -c -- '--time=1:00:00' calls) == 4 ]] || fail "calls of sbatch: $(cat calls)"
for words in '--job-name expert --array 1-2' '--job-name gate --array 1-2 --dependency aftercorr:1' \
  '--job-name build --dependency afterok:2' '--job-name eval --dependency afterok:3'; do
  grep -qF -- "$words" calls || fail "no \"$words\" in the calls of sbatch: $(cat calls)"
done
for name in food fare; do
  grep -q '"steps": 2' "my run/experts/$name/run.json" || fail "train-expert lacks its option"
  grep -q '"seed": 3' "my run/experts/$name/run.json" || fail "train-expert lacks the common option"
  grep -q '"steps": 1' "my run/experts/$name/gate-run/run.json" || fail "train-gate lacks its option"
done
results=$(cd 'my run/results' && echo *)
[[ $results == "base comparison.json fare food routed" ]] || fail "results: $results"
grep -q '"reference": "routed"' 'my run/results/comparison.json' || fail "the methods are not compared to routed"

# The evaluation in shards: an array, and a job that joins them.
rm calls
submit --base --shards 2 --eval --limit=2 --eval --pass-tokens=20 --train-expert --steps=2 --train-expert --batch=4 \
  --common --seed=3 --train-gate --steps=1 --train-gate --batch=4 --build --k=1 --dry-run > out 2> err || fail "$(cat err)"
grep -qF -- '--shard {task}/2' out || grep -qF -- '--shard \{task\}/2' out || fail "the dry run said: $(cat out)"
mv 'my run/results' whole
rm -rf 'my run/shards'
submit --base --each-expert --shards 2 --common --seed=3 --train-expert --steps=2 --train-expert --batch=4 \
  --train-gate --steps=1 --train-gate --batch=4 --build --k=1 --eval --limit=2 > out 2> err \
  || fail "the experiment in shards: $(cat err log)"
for words in '--job-name eval --array 1-2 --dependency afterok:3' '--job-name join --dependency afterok:4'; do
  grep -qF -- "$words" calls || fail "no \"$words\" in the calls of sbatch: $(cat calls)"
done
cmp 'my run/results/comparison.json' whole/comparison.json || fail "the joined results differ from those of one job"
