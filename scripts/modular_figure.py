#!/usr/bin/env python3
"""modular_figure.py DIR: draws DIR/modular.svg, accuracy over trained parameters, of what scripts/modular.sh has computed.

Needs matplotlib. The same numbers give the same bytes.
"""

import pathlib
import re
import statistics
import sys

import matplotlib

matplotlib.use("svg")
matplotlib.rcParams["svg.hashsalt"] = "phatgoose"
import matplotlib.pyplot as plt  # noqa: E402

from modular_data import runs_of  # noqa: E402

MARKERS = {"lora": "o", "poly": "s", "mhr": "D", "tlora": "^", "tensorpoly-1": "v", "tensorpoly-2": "P"}


def few_shot_mean(runs, name):
    return statistics.mean(runs.few_shot(name).values())


def plot(axes, runs, title, score):
    """A line for each method, through its sizes."""
    sizes = runs.adapters()
    for method, marker in MARKERS.items():
        points = sorted((parameters, score(name)) for name, (parameters, _) in sizes.items()
                        if re.fullmatch(re.escape(method) + r"(-s1)?-r\d+", name))
        axes.plot(*zip(*points), marker=marker, label=method)
    axes.set_xscale("log")
    axes.set_xlabel("trained parameters of the adapter")
    axes.set_title(title)


def main():
    runs = runs_of(sys.argv[1])
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.6))
    plot(left, runs, "held-in, per cent", lambda name: runs.score("held-in", name))
    plot(right, runs, "held-out, 16 examples a task, per cent", lambda name: few_shot_mean(runs, name))
    right.legend()
    figure.savefig(pathlib.Path(sys.argv[1]) / "modular.svg", metadata={"Date": None}, bbox_inches="tight")


if __name__ == "__main__":
    main()
