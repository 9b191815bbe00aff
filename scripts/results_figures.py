#!/usr/bin/env python3
"""Draws the figures of the page of scripts/reproduce.sh: DIR/SUITE.svg for every suite, DIR/experts.svg, and
DIR/base.svg where the base was made there.

    scripts/results_figures.py DIR

Needs matplotlib. The same numbers give the same bytes.
"""

import pathlib
import re
import sys

import matplotlib

matplotlib.use("svg")
matplotlib.rcParams["svg.hashsalt"] = "phatgoose"
import matplotlib.pyplot as plt  # noqa: E402

from results_data import SUITES, Suite, losses  # noqa: E402


def save(figure, path):
    figure.savefig(path, metadata={"Date": None}, bbox_inches="tight")
    plt.close(figure)


def plot_means(suite, path):
    whole = [method for method in suite.methods if all(suite.has(method, task) for task in suite.tasks)]
    methods = sorted(whole, key=suite.mean)
    figure, axes = plt.subplots(figsize=(6, 0.24 * len(methods) + 0.8))
    low = [suite.mean(m) - min(suite.first(m)["mean"]["interval"][0], suite.mean(m)) for m in methods]
    high = [max(suite.first(m)["mean"]["interval"][1], suite.mean(m)) - suite.mean(m) for m in methods]
    colours = ["tab:gray" if suite.first(m)["uses_labels"] else "tab:orange" if m == "phatgoose" else "tab:blue"
               for m in methods]
    axes.barh(methods, [suite.mean(m) for m in methods], xerr=[low, high], color=colours, ecolor="black")
    axes.set_xlabel("mean over tasks, percent")
    save(figure, path)


def plot_number_of_experts(suite, everything, path):
    figure, axes = plt.subplots(figsize=(5, 3))
    for router in ("phatgoose", "retrieval", "merged-product"):
        points = {everything: suite.mean(router)}
        for method in suite.methods:
            match = re.fullmatch(router + r"-of-(\d+)", method)
            if match:
                points[int(match[1])] = suite.mean(method)
        axes.plot(sorted(points), [points[count] for count in sorted(points)], marker="o", label=router)
    axes.set_xlabel("number of experts")
    axes.set_ylabel("mean over tasks, percent")
    axes.legend()
    save(figure, path)


def plot_losses(points, path):
    figure, axes = plt.subplots(figsize=(5, 3))
    axes.plot(*zip(*points))
    axes.set_xlabel("step")
    axes.set_ylabel("loss")
    axes.set_ylim(bottom=0)
    save(figure, path)


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: results_figures.py DIR")
    directory = pathlib.Path(sys.argv[1])
    suites = {name: Suite(directory, name) for name in SUITES}
    for name, suite in suites.items():
        plot_means(suite, directory / f"{name}.svg")
    plot_number_of_experts(suites["held-in"], len(suites["held-in"].tasks), directory / "experts.svg")
    if losses(directory):
        plot_losses(losses(directory), directory / "base.svg")


if __name__ == "__main__":
    main()
