#!/usr/bin/env python3
"""Holds docs/suites.md to configs/suites: every table says what the suites say, row by row.

    check_suites.py REPOSITORY
"""

import json
import pathlib
import re
import sys
import unittest

REPOSITORY = pathlib.Path(sys.argv.pop(1) if len(sys.argv) > 1 else __file__).resolve()
MIXTURES = ["Flan2021", "NIV2", "Dialog"]


def flow_list(text):
    """The items of [a, "b, c"]."""
    items = re.findall(r'\s*("(?:[^"\\]|\\.)*"|[^",\[\]]+)(?:,|$)', text.strip()[1:-1])
    return [json.loads(item) if item.startswith('"') else item.strip() for item in items]


def value(text):
    if text.startswith("["):
        return flow_list(text)
    return {"true": True, "false": False}.get(text, text)


class Suite:
    """A suite in the layout that all of configs/suites have: one key a line, lists in brackets."""

    def __init__(self, path):
        self.name, self.source, self.tasks = "", "", []
        lines = [line for line in path.read_text().splitlines() if not line.startswith("#")]
        while lines:
            self.take(lines.pop(0), lines)

    def take(self, line, lines):
        match = re.fullmatch(r"(  - |    |)(\w+):(?: (.+))?", line)
        if not match:
            raise ValueError(f"not in the layout of the suites: {line}")
        start, key, text = match.groups()
        deeper = " " * (len(start) + 2)
        if text in (None, ">-"):
            text = ""
            while start + key != "tasks" and lines and lines[0].startswith(deeper):
                text += " " + lines.pop(0).strip()
        if start == "  - ":
            self.tasks.append({})
        if start:
            self.tasks[-1][key] = value(text.strip())
        elif key != "tasks":
            setattr(self, key, text.strip())


def suite(name):
    return Suite(REPOSITORY / "configs" / "suites" / f"{name}.yaml")


def by_choice(task):
    return task["kind"] == "rank_classification"


def templates(task):
    count = "all"
    if "templates" in task:
        count = str(len(task["templates"]))
    elif "without_templates" in task:
        count = f"all but {len(task['without_templates'])}"
    return count + (", in turn" if task.get("in_turn") else "")


COLUMNS = {
    "task": lambda task: f"`{task['name']}`",
    "source": lambda task: task["source"],
    "scored by": lambda task: "accuracy" if by_choice(task) else ", ".join(task["metrics"]),
    "new tokens": lambda task: task.get("max_new_tokens", ""),
    "templates": templates,
    "may be missing": lambda task: "yes" if task.get("may_be_missing") else "no",
}


class Page:
    """Tables by the heading that they stand under."""

    def __init__(self):
        self.tables = {}
        heading = ""
        for line in (REPOSITORY / "docs" / "suites.md").read_text().splitlines():
            if line.startswith("#"):
                heading = line.lstrip("# ")
            elif line.startswith("|") and not line.startswith("|---"):
                self.tables.setdefault(heading, []).append([cell.strip() for cell in line[1:-1].split("|")])


class Suites(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.tables = Page().tables

    def check_table(self, heading, tasks):
        columns, *rows = self.tables.pop(heading)
        self.assertEqual([[COLUMNS[column](task) for column in columns] for task in tasks], rows, heading)

    def test_the_layout_is_read_as_yaml_reads_it(self):
        self.assertEqual(flow_list('[a b, "c, d:", "…e"]'), ["a b", "c, d:", "…e"])
        task = suite("t0-held-out").tasks[5]
        self.assertEqual(task["name"], "copa")
        self.assertEqual(task["without_templates"][0], "…As a result, C1 or C2?")
        self.assertEqual(len(task["without_templates"]), 4)
        with self.assertRaises(ValueError):
            Suite.take(suite("bbh"), "    - name: x", [])

    def test_every_table_says_what_the_suites_say(self):
        held_out, held_in, flan = suite("t0-held-out"), suite("t0-held-in"), suite("flan")
        for one in (held_out, held_in, suite("bbh"), suite("bbl")):
            self.check_table(one.name, one.tasks)
        held_in_names = {task["name"] for task in held_in.tasks}
        self.check_table("P3", [task for task in flan.tasks
                                if task["mixture"] == "P3" and task["name"] not in held_in_names])
        for mixture in MIXTURES:
            self.check_table(mixture, [task for task in flan.tasks if task["mixture"] == mixture])
        self.check_published(self.tables.pop("A check against published figures"))
        self.check_overview(self.tables.pop("Suites of public data"))
        self.assertEqual(self.tables, {}, "tables that nothing is compared with")

    def check_published(self, tables):
        count = len(suite("bbh").tasks)
        columns, *rows = tables[: count + 2]
        self.assertEqual(columns, ["task", "score"])
        self.assertEqual([row[0] for row in rows], [f"`{task['name']}`" for task in suite("bbh").tasks] + ["mean"])
        *scores, mean = (float(row[1]) for row in rows)
        self.assertAlmostEqual(mean, sum(scores) / count, delta=0.05)

    def check_overview(self, table):
        names = sorted(path.stem for path in (REPOSITORY / "configs" / "suites").glob("*.yaml"))
        self.assertEqual(names, sorted(row[0].strip("`") for row in table[1:]))
        for name, _, *counts in table[1:]:
            tasks = suite(name.strip("`")).tasks
            chosen = sum(map(by_choice, tasks))
            missing = sum(bool(task.get("may_be_missing")) for task in tasks)
            self.assertEqual([len(tasks), chosen, len(tasks) - chosen, missing], [int(count) for count in counts], name)

    def test_the_flan_pool_has_the_held_in_tasks(self):
        flan = {task["name"]: task for task in suite("flan").tasks}
        for task in suite("t0-held-in").tasks:
            self.assertEqual({**task, "mixture": "P3"}, flan[task["name"]])
        for task in suite("t0-held-out").tasks:
            self.assertEqual(flan.get(task["name"], task)["data"], task["data"])

    def test_what_the_page_says_of_all_suites(self):
        for path in (REPOSITORY / "configs" / "suites").glob("*.yaml"):
            one = suite(path.stem)
            self.assertEqual(one.name, path.stem)
            self.assertIn(f"scripts/data/make.sh {one.name} --from DOWNLOADS --data-dir DIR", one.source)
            for task in one.tasks:
                self.assertRegex(task["data"], r"^(p3|flan)/\w+\.\w+\.jsonl\.gz$|^(bbh|bbl)/\w+\.jsonl\.gz$")
                self.assertRegex(task["data"], rf"/{task['name']}\.")
                for key in ("max_input", "length_normalise"):
                    self.assertNotIn(key, task)


if __name__ == "__main__":
    unittest.main()
