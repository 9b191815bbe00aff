"""Compares phatgoose with transformers and peft on the same work, in one run, and prints a Markdown table.

For every work the two sides alternate, so that whatever else the machine does hits both, and each keeps its best time.
The model is a random T5 v1.1 of the small shape, fp32, one thread; dropout is 0 on both sides.
Run it through scripts/bench_peers.sh.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
import warnings

import peft
import torch
import transformers

ROWS, INPUT, TARGET = 8, 256, 32
SINGLE_INPUT, SINGLE_TARGET = 32, 4
CHOICES, CHOICE_LENGTH = 4, 8
RANK = 16
LINEARS = ["q", "k", "v", "o", "wi_0", "wi_1", "wo"]
IGNORED_LABEL = -100

SMALL = dict(vocab_size=32128, d_model=512, d_kv=64, d_ff=1024, num_layers=8, num_decoder_layers=8, num_heads=6,
             feed_forward_proj="gated-gelu", tie_word_embeddings=False, dropout_rate=0.0, decoder_start_token_id=0)


def spread(shortest, longest, count):
    """`count` lengths evenly spread from shortest to longest; `phatgoose bench` takes the same."""
    return [shortest + (longest - shortest) * i // (count - 1) for i in range(count)]


class Batch:
    """Padded rows of random ids."""

    def __init__(self, input_lengths, target_lengths):
        self.tokens = sum(input_lengths) + sum(target_lengths)
        self.input_ids, self.attention_mask = self._pad(input_lengths, 0)
        self.labels, _ = self._pad(target_lengths, IGNORED_LABEL)
        starts = torch.zeros(len(target_lengths), 1, dtype=torch.long)
        self.decoder_input_ids = torch.cat([starts, self.labels[:, :-1].clamp(min=0)], 1)

    @staticmethod
    def _pad(lengths, pad):
        ids = torch.full((len(lengths), max(lengths)), pad)
        mask = torch.zeros_like(ids)
        for row, length in enumerate(lengths):
            ids[row, :length] = torch.randint(3, 32000, (length,))
            mask[row, :length] = 1
        return ids, mask


def full_batch():
    return Batch([INPUT] * ROWS, [TARGET] * ROWS)


def mixed_batch():
    return Batch(spread(INPUT // 16, INPUT, ROWS), spread(TARGET // 16, TARGET, ROWS))


class Peers:
    """The same work with transformers and peft. Every method returns a function that does the work once, and the
    amount that one call does, in the unit of the measurement."""

    def __init__(self, directory):
        self.directory = directory

    def _base(self, attention):
        return transformers.T5ForConditionalGeneration.from_pretrained(self.directory, attn_implementation=attention,
                                                                       dtype=torch.float32)

    def _lora(self, attention):
        settings = peft.LoraConfig(r=RANK, lora_alpha=1, target_modules=LINEARS, lora_dropout=0.0)
        return peft.get_peft_model(self._base(attention), settings)

    def forward(self, attention, batch, amount):
        model = self._base(attention).eval()

        def work():
            with torch.inference_mode():
                model(input_ids=batch.input_ids, attention_mask=batch.attention_mask,
                      decoder_input_ids=batch.decoder_input_ids, use_cache=False)
        return work, amount

    def lora_step(self, attention, batch):
        model = self._lora(attention).train()
        trained = [p for p in model.parameters() if p.requires_grad]
        optimizer = torch.optim.AdamW(trained, lr=5e-3, weight_decay=0.0, fused=True)

        def work():
            optimizer.zero_grad()
            model(input_ids=batch.input_ids, attention_mask=batch.attention_mask, labels=batch.labels).loss.backward()
            torch.nn.utils.clip_grad_norm_(trained, 1.0)
            optimizer.step()
        return work, batch.tokens

    def rank(self, attention, lora):
        """Every choice is a row of its own, as the common evaluation loops do."""
        model = (self._lora if lora else self._base)(attention).eval()
        batch = Batch([INPUT] * ROWS, [CHOICE_LENGTH] * ROWS)
        rows = {name: getattr(batch, name).repeat_interleave(CHOICES, 0)
                for name in ("input_ids", "attention_mask", "decoder_input_ids")}
        targets = batch.labels.repeat_interleave(CHOICES, 0).unsqueeze(-1)

        def work():
            with torch.inference_mode():
                logits = model(**rows, use_cache=False).logits
                scores = torch.log_softmax(logits, -1).gather(-1, targets).squeeze(-1).mean(-1)
                scores.view(ROWS, CHOICES).argmax(-1)
        return work, ROWS

    def cold_start(self, attention):
        program = f"""
import torch, transformers
torch.set_num_threads(1)
model = transformers.T5ForConditionalGeneration.from_pretrained({self.directory!r}, attn_implementation={attention!r})
with torch.inference_mode():
    model.eval()(input_ids=torch.ones(1, {SINGLE_INPUT}, dtype=torch.long),
                 decoder_input_ids=torch.zeros(1, {SINGLE_TARGET}, dtype=torch.long))
"""
        return lambda: subprocess.run([sys.executable, "-c", program], check=True), 1


def measurements(peers):
    """(work of `phatgoose bench`, title, unit, higher is better, target ratio, peer's work by kind of attention)"""
    full, mixed = full_batch(), mixed_batch()
    single = Batch([SINGLE_INPUT], [SINGLE_TARGET])
    return [
        ("forward_full", f"forward, {ROWS} x ({INPUT} + {TARGET}) tokens", "tokens/s", 1.1,
         lambda a: peers.forward(a, full, full.tokens)),
        ("forward_mixed", f"forward, {ROWS} rows of {INPUT // 16} to {INPUT} tokens (real tokens)", "tokens/s", 2.0,
         lambda a: peers.forward(a, mixed, mixed.tokens)),
        ("forward_single", f"forward, 1 x ({SINGLE_INPUT} + {SINGLE_TARGET}) tokens", "s", 2.5,
         lambda a: peers.forward(a, single, 1)),
        ("lora_step_full", "LoRA training step, full rows", "tokens/s", 1.2, lambda a: peers.lora_step(a, full)),
        ("lora_step_mixed", "LoRA training step, mixed rows (real tokens)", "tokens/s", 2.2,
         lambda a: peers.lora_step(a, mixed)),
        ("rank_base", f"rank classification, {CHOICES} choices, base", "examples/s", 3.3,
         lambda a: peers.rank(a, lora=False)),
        ("rank_lora", f"rank classification, {CHOICES} choices, LoRA", "examples/s", 3.3,
         lambda a: peers.rank(a, lora=True)),
        ("cold_start", "cold start to the first forward", "s", None, peers.cold_start),
    ]


# Measurements of ours that compare with another of ours: (work, title, unit, limit).
RATIOS = [
    ("routed_8", "routed forward over base forward, E = 8", 1.2),
    ("routed_64", "routed forward over base forward, E = 64", 1.35),
    ("routed_256", "routed forward over base forward, E = 256", 2.0),
]
COLD_START_LIMIT = 1.5


def seconds(work):
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def run_ours(options, works):
    """One process of `phatgoose bench`: {work: line}."""
    command = [options.bench, "--model", options.model, "--threads", "1", "--dtype", "fp32", "--repeats", "3",
               "--log", "quiet", "--work", *works]
    output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    return {line["work"]: line for line in map(json.loads, output.splitlines())}


class Best:
    """The best of repeated runs of ours, by work; and the highest GEMM rate seen."""

    def __init__(self):
        self.lines, self.peak = {}, 0.0

    def add(self, lines):
        self.peak = max(self.peak, lines["gemm_peak"]["value"])
        for work, line in lines.items():
            known = self.lines.get(work)
            higher_is_better = line["unit"].endswith("/s")
            if known is None or (line["value"] > known["value"]) == higher_is_better:
                self.lines[work] = line


def compare(options, peers):
    """Rows of the table: (title, ours, peer, unit, ratio, target, share of the GEMM peak)."""
    best = Best()
    rows = []
    for work, title, unit, target, peer in measurements(peers):
        print(f"measuring {work}", file=sys.stderr)
        calls = [peer(attention) for attention in ("sdpa", "eager")]
        for call, _ in calls:
            call()
        peer_seconds = float("inf")
        for _ in range(options.rounds):
            best.add(run_ours(options, [work]))
            peer_seconds = min([peer_seconds] + [seconds(call) for call, _ in calls])
        amount = calls[0][1]
        ours = best.lines[work]
        theirs = peer_seconds if unit == "s" else amount / peer_seconds
        ratio = theirs / ours["value"] if unit == "s" else ours["value"] / theirs
        rows.append((title, ours["value"], theirs, unit, ratio, target, ours.get("share_of_gemm_peak")))
    for _ in range(options.rounds):
        best.add(run_ours(options, ["gate_step_full", "lora_step_full", *(work for work, _, _ in RATIOS)]))
    return rows, best


def number(value):
    return f"{value:.3g}" if value < 100 else f"{value:.0f}"


def verdict(met):
    return "yes" if met else "**no**"


def print_tables(rows, best):
    print("| work | phatgoose | transformers / peft | unit | ratio | target | met | share of GEMM peak |")
    print("|---|---:|---:|---|---:|---:|---|---:|")
    for title, ours, theirs, unit, ratio, target, share in rows:
        goal, met = f"{target}x" if target else f"{COLD_START_LIMIT} s", ratio >= target if target else None
        if target is None:
            met = ours <= COLD_START_LIMIT
        share_text = f"{share:.2f}" if share else ""
        print(f"| {title} | {number(ours)} | {number(theirs)} | {unit} | {ratio:.2f}x | {goal} | {verdict(met)} | "
              f"{share_text} |")
    print()
    print("| work | phatgoose | limit | met |")
    print("|---|---:|---:|---|")
    lines = best.lines
    gate = lines["lora_step_full"]["value"] / lines["gate_step_full"]["value"]
    print(f"| gate training step over LoRA training step, full rows | {gate:.2f} | 1 | {verdict(gate <= 1)} |")
    for work, title, limit in RATIOS:
        value = lines[work]["value"]
        print(f"| {title} | {value:.2f} | {limit} | {verdict(value <= limit)} |")
    print()
    print(f"GEMM peak of the run: {best.peak:.1f} GF/s.")


def cpu_name():
    with open("/proc/cpuinfo") as info:
        return next((line.split(":", 1)[1].strip() for line in info if line.startswith("model name")),
                    platform.processor())


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bench", required=True, help="the phatgoose-bench program")
    parser.add_argument("--rounds", type=int, default=5, help="alternations per work")
    options = parser.parse_args()

    torch.set_num_threads(1)
    torch.manual_seed(0)
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    warnings.filterwarnings("ignore", category=FutureWarning)
    with tempfile.TemporaryDirectory() as directory:
        model = transformers.T5ForConditionalGeneration(transformers.T5Config(**SMALL))
        model.save_pretrained(directory)
        del model
        options.model = directory
        rows, best = compare(options, Peers(directory))
    print(f"{cpu_name()}, one core, fp32; torch {torch.__version__}, transformers {transformers.__version__}, "
          f"peft {peft.__version__}; best of {options.rounds} alternations; load average {os.getloadavg()[0]:.1f}.\n")
    print_tables(rows, best)


if __name__ == "__main__":
    main()
