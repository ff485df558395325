#!/usr/bin/env bash
# Check and time tinygpt on a Linux machine with a GPU, in one call of at most eight minutes:
#
#   TINYGPT_CORPUS=tinyshakespeare.txt benchmarks/gpu.sh FOLDER
#
# FOLDER gets a log of each part, what each training run recorded, and summary.md. The status is 0 if every part went
# well. No network is needed, and no other packages than torch, numpy, numba, safetensors, tqdm, filelock, pytest and
# hypothesis. What is done depends on variables, here with their defaults:
#
#   PYTHON=python3   DEVICE=cuda   TESTS="tests/engines tests/training"   WEIGHTS=weights
#   DATA=            the text to train on, instead of Tiny Shakespeare
#   SIZES=           more flags of every training run
#   ROUNDS=          more flags of benchmarks.batch
#   PATIENCE=1       how many times as long everything may take
set -uo pipefail

: "${1:?name a folder for the results: benchmarks/gpu.sh FOLDER}"
for name in TINYGPT_CORPUS DATA WEIGHTS; do # may be relative to where the script was started
  [ -z "${!name:-}" ] || export "$name=$(realpath "${!name}")"
done
python=$(realpath --no-symlinks "$(command -v "${PYTHON:-python3}")")
mkdir -p "$1" && out=$(cd "$1" && pwd) && cd "$(dirname "$0")/.." || exit 1
device=${DEVICE:-cuda} weights=${WEIGHTS:-weights}
data=(${DATA:+--data "$DATA"})
read -ra tests <<<"${TESTS:-tests/engines tests/training}"
read -ra sizes <<<"${SIZES:-}"
read -ra rounds <<<"${ROUNDS:-}"
runs=$(mktemp -d)
trap 'rm -rf "$runs"' EXIT
export TORCHINDUCTOR_CACHE_DIR=$runs/compiled # empty, so that the time of compiling counts
patience=${PATIENCE:-1}
deadline=$((450 * patience)) # seconds from the start; what is stopped then has 10 more to save
status=0
: >"$out/rows"

# part NAME SECONDS PATTERN COMMAND...: run a command, with its output in NAME.log, and add a row to the summary: how it
# ended, how long it took, the most memory in use on the card, and the last lines of interest. A command that prints no
# line that matches the pattern has failed. When its time is over, it is asked to end, as train.py does after its step,
# saved.
part() {
  local name=$1 limit=$2 pattern=$3 left=$((deadline - SECONDS)) begun=$SECONDS result=ok code watch memory said
  shift 3
  limit=$((limit * patience < left ? limit * patience : left > 1 ? left : 1))
  watch_memory >"$out/memory" &
  watch=$!
  timeout --foreground --preserve-status --kill-after=10 $limit "$@" >"$runs/log" 2>&1 </dev/null
  code=$?
  kill "$watch" && wait "$watch" 2>/dev/null
  tr '\r' '\n' <"$runs/log" >"$out/$name.log" # a progress bar is many lines
  memory=$(sort -n "$out/memory" | tail -n 1)
  said=$(grep -E "$pattern|^step|^Training without" "$out/$name.log" | tail -n 9)
  if ((code)) || ! grep -qE "$pattern" "$out/$name.log"; then
    status=1 result="**failed**, status $code"
    ((SECONDS - begun < limit)) || result="**stopped**, its time was over"
    said+=$'\n'$(grep . "$out/$name.log" | tail -n 1)
  fi
  said=$(grep . <<<"$said" | tr -s ' |' ' /' | paste -sd '|' | sed 's/|/<br>/g')
  echo "| $name | $result | $((SECONDS - begun)) s | ${memory:--} | $said |" | tee -a "$out/rows"
}

# watch_memory: print the megabytes in use on the card twice a second, until killed.
watch_memory() {
  while nvidia-smi --query-gpu=memory.used --format=csv,noheader,nounits 2>/dev/null; do sleep 0.5; done
}

# train NAME SECONDS PATTERN FLAGS...: a training run, from the start of Python to its end.
train() {
  local name=$1 limit=$2 pattern=$3 record
  shift 3
  part "$name" "$limit" "$pattern" \
    "$python" train.py --device "$device" --out "$runs/$name" "$@" "${data[@]}" "${sizes[@]}"
  for record in metrics.jsonl config.json; do
    [ ! -e "$runs/$name/$record" ] || cp "$runs/$name/$record" "$out/$name.$record"
  done
}

! command -v nvidia-smi >/dev/null || nvidia-smi >"$out/nvidia-smi.log"
part environment 40 '^(machine|precision|cuda)' "$python" -c '
import sys
import torch
from tinygpt.engines.device import choose_device
from tinygpt.training.machine import describe_machine
from tinygpt.training.precision import choose_dtype

device = choose_device(sys.argv[1])
print("machine", describe_machine(device))
print("precision", choose_dtype(device))
print("cuda", torch.version.cuda)' "$device"
train default 120 '^Validation loss' --preset default
# The teachers are the run before it and an n-gram model; the shipped weights had eight runs, of 2,000 steps each.
train best 90 '^Validation loss' --preset best --max-iters 500 --teachers "$runs/default"
part batch 40 'characters per second|^memory' \
  "$python" -m benchmarks.batch --device "$device" --weights "$weights" "${rounds[@]}"
for folder in "${tests[@]}"; do
  part "$(basename "$folder")" 50 ' in [0-9.]+s|^(FAILED|ERROR)' \
    "$python" -m pytest -v --override-ini=addopts=--import-mode=importlib --device "$device" "$folder"
done
left=$((deadline - SECONDS - 25)) # in the rest, the loss is measured
train nanogpt $((left < 120 ? left : 120)) '^(Stopped|Validation loss)' --preset nanogpt
part nanogpt-loss 25 '^loss' "$python" -m benchmarks.loss --weights "$runs/nanogpt" "${data[@]}"

{
  echo "# tinygpt on $device, $(date -u +%Y-%m-%d)"
  echo
  echo "| part | result | time | MB in use on the card | it says |"
  echo "|---|---|---|---|---|"
  cat "$out/rows"
} >"$out/summary.md"
rm "$out/rows" "$out/memory"
echo "The results are in $out/summary.md"
exit "$status"
