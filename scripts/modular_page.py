#!/usr/bin/env python3
"""modular_page.py DIR: the tables of what scripts/modular.sh has computed, on stdout."""

import statistics
import sys

from modular_data import runs_of
from seed_runs import SUITES, number, paired_difference_cell

REFERENCE = "lora-r16"


def difference(runs, suite, name, reference):
    return "" if name == reference else runs.difference_cell(suite, name)


def sizes_and_held_in(runs):
    print("\n## Trained together\n")
    print("| adapter | parameters | of LoRA | numbers a task | held-in | against LoRA of rank 16, 95 % |")
    print("|---|---:|---:|---:|---:|---|")
    sizes = runs.adapters()
    for name, (parameters, routing) in sizes.items():
        share = parameters / sizes[REFERENCE][0]
        print(f"| {name} | {parameters:,} | {share:.3f} | {routing or ''} | {number(runs.score('held-in', name))} |"
              f" {difference(runs, 'held-in', name, REFERENCE)} |")
    others = [name for name in runs.methods("held-in")[0] if name not in sizes]
    print("\nBeside them: " + ", ".join(f"{name} {number(runs.score('held-in', name))}" for name in others) + ".")


def held_out(runs):
    suites = {suite: title for suite, title in SUITES.items() if suite != "held-in"}
    print("\n## Held-out tasks, without examples\n")
    print("| method | " + " | ".join(f"{title} | against the base, 95 %" for title in suites.values()) + " |")
    print("|---|" + "---:|---|" * len(suites))
    for name in runs.methods("new-words")[0]:
        cells = [cell for suite in suites
                 for cell in (number(runs.score(suite, name)), difference(runs, suite, name, "base"))]
        print(f"| {name} | " + " | ".join(cells) + " |")


def few_shot(runs):
    reference = runs.few_shot(REFERENCE)
    tasks = sorted({task for task, _ in reference})
    print("\n## Held-out tasks, with 16 examples of each\n")
    print("| what is adapted | mean | " + " | ".join(tasks) + " | against LoRA of rank 16, 95 % |")
    print("|---|---:|" + "---:|" * len(tasks) + "---|")
    names = sorted(runs.few_shot_names(), key=lambda name: -statistics.mean(runs.few_shot(name).values()))
    for name in names:
        scores = runs.few_shot(name)
        by_task = [number(statistics.mean(score for (task, _), score in scores.items() if task == wanted)) for wanted in tasks]
        against = "" if name == REFERENCE else paired_difference_cell(scores, reference)
        print(f"| {name} | {number(statistics.mean(scores.values()))} | " + " | ".join(by_task) + f" | {against} |")


def main():
    runs = runs_of(sys.argv[1])
    print(f"Means over {len(runs.seeds)} seeds, in per cent.")
    sizes_and_held_in(runs)
    held_out(runs)
    few_shot(runs)


if __name__ == "__main__":
    main()
