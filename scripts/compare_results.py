#!/usr/bin/env python3
"""Prints one table of several evaluations of the same suite: a line for each, a column for each task.

    scripts/compare_results.py runs/quickstart/results/base runs/quickstart/results/routed

Reads the results.json of each directory. Scores are percentages. Python's standard library only.
"""

import argparse
import json
import pathlib


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("results", nargs="+", type=pathlib.Path, help="directories that `phatgoose eval` wrote")
    directories = parser.parse_args().results
    scores = {}
    for directory in directories:
        results = json.loads((directory / "results.json").read_text())
        scores[directory.name] = {task["name"]: task["score"] for task in results["tasks"]}
    tasks = list(next(iter(scores.values())))
    for name, row in scores.items():
        if list(row) != tasks:
            parser.error(f"{name} was evaluated on other tasks than {next(iter(scores))}")

    width = max(len(name) for name in ["model", *scores])
    header = f"{'model':<{width}}" + "".join(f"{task:>{max(len(task), 5) + 2}}" for task in [*tasks, "mean"])
    print(header)
    print("-" * len(header))
    for name, row in scores.items():
        values = [*row.values(), sum(row.values()) / len(row)]
        cells = (f"{value:>{max(len(task), 5) + 2}.1f}" for task, value in zip([*tasks, "mean"], values))
        print(f"{name:<{width}}" + "".join(cells))


if __name__ == "__main__":
    main()
