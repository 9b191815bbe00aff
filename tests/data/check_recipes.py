"""The recipes: what they name, what the suites name, and that a suite is made of whichever copy was downloaded."""

import gzip
import json
import re
import shutil
import unittest

import yaml

import support
from phatgoose_data import recipes
from phatgoose_data.layouts import layout
from support import DOWNLOADS, lines, read_report, read_rows

SUITES = support.ROOT / "configs" / "suites"
FILES = {"t0-held-in": 36, "t0-held-out": 11, "bbh": 22, "bbl": 17, "flan": 166}
TRAINING_FILES = {"t0-held-in": 36, "flan": 166}


def of_use(suite, use):
    return [entry for entry in recipes.load(suite) if entry.choice.use == use]


class Recipes(unittest.TestCase):
    def test_every_suite_has_its_files(self):
        self.assertEqual(recipes.suites(), sorted(FILES))
        for suite, number in FILES.items():
            for use, expected in (("evaluation", number), ("training", TRAINING_FILES.get(suite, 0))):
                files = [entry.file for entry in of_use(suite, use)]
                self.assertEqual((len(files), len(set(files))), (expected, expected), (suite, use))

    @unittest.skipUnless((SUITES / "bbh.yaml").exists(), "no suites of public data here")
    def test_recipes_and_suites_name_the_same_files(self):
        for suite in FILES:
            asked = [task["data"] for task in yaml.safe_load((SUITES / f"{suite}.yaml").read_text())["tasks"]]
            self.assertEqual(sorted(entry.file for entry in of_use(suite, "evaluation")), sorted(asked), suite)

    @unittest.skipUnless((SUITES / "bbh.yaml").exists(), "no suites of public data here")
    def test_rows_that_a_suite_ranks_may_have_choices(self):
        """Sets of BIG-bench Hard whose inputs list no options need them from the recipe."""
        kinds = {task["name"]: task["kind"] for task in yaml.safe_load((SUITES / "bbh.yaml").read_text())["tasks"]}
        with_choices = {entry.set for entry in of_use("bbh", "evaluation")
                        if any("choices" in origin.options for origin in entry.origins)}
        self.assertEqual({kinds[name] for name in with_choices}, {"rank_classification"})
        self.assertLess({"boolean_expressions", "sports_understanding", "web_of_lies"}, with_choices)

    def test_every_origin_has_the_options_of_its_layout(self):
        for suite in FILES:
            for entry in recipes.load(suite):
                self.assertTrue(entry.origins, entry.file)
                for origin in entry.origins:
                    recipes.complete_options(layout(origin.layout), origin.options, entry.set)
                    self.assertNotRegex(f"{origin.patterns}{origin.options}", "[{}][a-z]+[?]?[}]")

    def test_training_and_evaluation_share_no_example_where_a_set_has_one_split(self):
        for suite in ("t0-held-in", "flan"):
            shares = {(entry.set, entry.choice.use): entry.choice.share for entry in recipes.load(suite)}
            cut = {name for (name, _), share in shares.items() if share != (0.0, 1.0)}
            self.assertIn("app_reviews", cut)
            for name in cut:
                held_out, trained = shares[name, "evaluation"], shares[name, "training"]
                self.assertEqual((held_out[0], held_out[1], trained[1]), (0, trained[0], 1), name)

    def test_training_sets_are_capped(self):
        for entry in of_use("flan", "training"):
            self.assertEqual((entry.choice.max_rows, entry.choice.max_examples), (500_000, None), entry.file)


class Suites(support.DataTest):
    def suite(self, suite, *arguments, downloads=DOWNLOADS, code=0):
        said = self.make(suite, "--from", downloads, "--data-dir", self.scratch / "data", *arguments, code=code)
        made = sorted(path for path in (self.scratch / "data").rglob("*.jsonl.gz"))
        for file in made:
            self.check_accepted(file)
        return {path.relative_to(self.scratch / "data").as_posix(): path for path in made}, said

    def test_held_out_of_three_layouts(self):
        made, said = self.suite("t0-held-out")
        self.assertEqual(list(made), ["p3/cb.validation.jsonl.gz", "p3/copa.validation.jsonl.gz",
                                      "p3/rte.validation.jsonl.gz"])
        reports = {name: read_report(path) for name, path in made.items()}
        self.assertEqual([report["layout"] for report in reports.values()], ["p3", "promptsource", "p3"])
        copa = reports["p3/copa.validation.jsonl.gz"]
        self.assertEqual(copa["sources"], ["raw/super_glue/copa/validation-00000-of-00001.jsonl"])
        self.assertEqual(copa["template_file"], "promptsource/promptsource/templates/super_glue/copa/templates.yaml")
        self.assertEqual(copa["first_dropped"]["empty_target"],
                         ["raw/super_glue/copa/validation-00000-of-00001.jsonl:3, template pick one"])
        self.assertIn("p3/wic.validation.jsonl.gz: not made: not in ", said)
        self.assertIn("3 of 11 files made, 8 not downloaded, 0 failed", said)
        self.assertEqual(read_rows(made["p3/rte.validation.jsonl.gz"])[0]["id"], "rte/validation/0")

    def test_big_bench_hard_of_three_downloads(self):
        made, _ = self.suite("bbh")
        found = {name: read_report(path) for name, path in made.items()}
        self.assertEqual({name.split("/")[1].split(".")[0]: report["sources"][0].split("/")[0]
                          for name, report in found.items()},
                         {"logical_deduction": "BIG-Bench-Hard", "multistep_arithmetic_two": "BIG-Bench-Hard",
                          "navigate": "BIG-Bench-Hard", "object_counting": "bigbench", "snarks": "BIG-Bench-Hard",
                          "web_of_lies": "bbh"})
        rows = read_rows(made["bbh/logical_deduction.jsonl.gz"])
        self.assertEqual([(row["id"], row["input"][-8:]) for row in rows],
                         [("logical_deduction/all/0", "\nAnswer:"), ("logical_deduction/all/1", "\nAnswer:")])

    def test_big_bench_lite_of_two_downloads(self):
        made, _ = self.suite("bbl")
        self.assertEqual([name.split("/")[1].split(".")[0] for name in made],
                         ["conlang_translation", "hindu_knowledge", "novel_concepts", "strategyqa"])

    def test_flan_in_one_pass_and_without_a_shared_example(self):
        made, _ = self.suite("flan", "--use", "both")
        self.assertEqual(len(made), 11)
        for name in ("ai2_arc_easy", "bool_q", "niv2_mathematics"):
            held_out, trained = (read_rows(made[f"flan/{name}.{split}.jsonl.gz"]) for split in ("validation", "train"))
            self.assertFalse({row["id"] for row in held_out} & {row["id"] for row in trained})
            self.assertGreater(len(trained), 5 * len(held_out))
        report = read_report(made["flan/niv2_mathematics.train.jsonl.gz"])
        self.assertEqual(report["sources"], ["natural-instructions/tasks/task9002_made_up_mathematics.json"])
        self.assertEqual((report["records"], report["read"]), (40, 40))

    def test_rows_that_were_rendered_before(self):
        downloads = self.scratch / "downloads"
        (downloads / "p3" / "heldin").mkdir(parents=True)
        rows = [{"input": f"{number}?", "target": "a", "id": str(number // 2)} for number in range(10)]
        for part in ("train", "test"):
            (downloads / "p3" / "heldin" / f"app_reviews.{part}.jsonl.gz").write_bytes(
                gzip.compress(lines(*rows).encode()))
        made, _ = self.suite("t0-held-in", "--use", "both", downloads=downloads)
        self.assertEqual({name: len(read_rows(file)) for name, file in made.items()},
                         {"p3/app_reviews.train.jsonl.gz": 10, "p3/app_reviews.validation.jsonl.gz": 10})

    def test_the_first_copy_that_is_there_is_taken(self):
        downloads = self.scratch / "downloads"
        shutil.copytree(DOWNLOADS, downloads)
        hub = downloads / "bigbench" / "snarks"
        hub.mkdir()
        (hub / "train-0.jsonl").write_text(lines({"inputs": "Which?", "targets": ["a"],
                                                  "multiple_choice_targets": ["a", "b"],
                                                  "multiple_choice_scores": [1, 0]}))
        made, _ = self.suite("bbh", "--only", "snarks", downloads=downloads)
        self.assertEqual(read_report(made["bbh/snarks.jsonl.gz"])["layout"], "bigbench")

    def test_one_damaged_set_does_not_stop_the_others(self):
        downloads = self.scratch / "downloads"
        shutil.copytree(DOWNLOADS, downloads)
        (downloads / "BIG-Bench-Hard" / "bbh" / "navigate.json").write_text('{"examples": [')
        made, said = self.suite("bbh", downloads=downloads, code=3)
        self.assertEqual(len(made), 5)
        self.assertIn("navigate.json: character 15: not JSON", said)
        self.assertIn("1 failed", said)

    def test_existing_files_can_be_left_alone(self):
        self.suite("bbl", "--only", "strategyqa")
        file = self.scratch / "data" / "bbl" / "strategyqa.jsonl.gz"
        before = file.stat().st_mtime_ns
        self.suite("bbl", "--only", "strategyqa", "--skip-existing")
        self.assertEqual(file.stat().st_mtime_ns, before)
        self.suite("bbl", "--only", "strategyqa")
        self.assertNotEqual(file.stat().st_mtime_ns, before)

    def test_what_a_user_may_get_wrong(self):
        for arguments, message in (
                (("bbh", "--from", self.scratch / "none", "--data-dir", "x"), "no such directory"),
                (("bbx", "--from", DOWNLOADS, "--data-dir", "x"), "no recipe for a suite 'bbx'"),
                (("bbh", "--from", DOWNLOADS, "--data-dir", "x", "--only", "snark"), "--only snark: no such set"),
                (("bbh", "--from", DOWNLOADS), "required: --data-dir"),
                (("bbh", "--from", DOWNLOADS, "--data-dir", "x", "--usage", "y"), "unrecognized arguments")):
            said = self.make(*arguments, code=2)
            self.assertIn(message, said)
            self.assertEqual(said.count("\n"), 1)
        self.assertIn("0 of 22 files made", self.make("bbh", "--from", self.scratch, "--data-dir", "x", code=3))


class Mistakes(support.DataTest):
    """In a recipe."""

    def load(self, text):
        recipes.FOLDER, before = self.scratch, recipes.FOLDER
        self.addCleanup(setattr, recipes, "FOLDER", before)
        self.write("mine.yaml", text)
        return recipes.load("mine")

    def test_are_named(self):
        good = {"suite": "mine", "files": [{"file": "{name}.jsonl", "use": "evaluation"}],
                "sources": [{"layout": "rows", "data": "{name}"}], "sets": [{"name": "a"}]}
        self.assertEqual([entry.file for entry in self.load(json.dumps(good))], ["a.jsonl"])
        for change, message in (({"set": []}, "unknown key set"),
                                ({"sources": [{"layout": "row", "data": "x"}]}, "layout 'row'"),
                                ({"files": [{"file": "{nam}", "use": "evaluation"}]}, "names a key that the set"),
                                ({"files": [{"file": "x", "use": "test"}]}, "use: found 'test'"),
                                ({"sets": [{"name": "a", "max_row": 5}]}, "unknown key max_row")):
            with self.assertRaisesRegex(Exception, re.escape(message)):
                self.load(json.dumps({**good, **change}))
        with self.assertRaisesRegex(Exception, "not YAML"):
            self.load("{")


if __name__ == "__main__":
    support.main()
