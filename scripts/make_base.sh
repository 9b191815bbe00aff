#!/usr/bin/env bash
# make_base.sh: remakes the embedded base model, assets/base: text, vocabulary, span corruption, LM adaptation.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

usage="Usage: scripts/make_base.sh [DIR]   makes the embedded base model in DIR (runs/base); on one core, an hour"
case ${1:-} in
  --help | -h) echo "$usage"; exit 0 ;;
  -*) echo "$usage" >&2; exit 2 ;;
esac
out=${1:-runs/base}

scripts/build.sh release programs
mkdir -p "$(dirname "$out")"
scripts/make_text.py --lines 400000 --seed 1 > "$out.txt"
build/release/bin/phatgoose pretrain --text "$out.txt" --out "$out" --make-vocab 720 --threads 1 --seed 1 \
  --layers 3 --d-model 320 --d-ff 448 --heads 5 --embedding-std 0.1 \
  --salient 0.5 --noise-density 0.2 --mean-span 1.5 --input-length 64 --batch 64 --steps 4800 --lm-steps 800
