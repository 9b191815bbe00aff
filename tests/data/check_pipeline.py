"""What happens to rows behind the layouts: duplicates, limits, shares, reports, bytes, memory, damaged files."""

import gzip
import json
import os
import subprocess
import sys

import support
from support import counts, lines, read_report

MANY = 2000


def examples(number, templates=3):
    return [{"input": f"Question {example}, asked in way {way}", "target": str(example % 7), "id": f"e/{example}",
             "template": f"way {way}"} for example in range(number) for way in range(templates)]


class Choosing(support.DataTest):
    def setUp(self):
        super().setUp()
        self.source = self.write("source.jsonl", lines(*examples(MANY)))

    def kept(self, *arguments):
        return self.rows("rows", self.source, *arguments)

    def test_everything_is_kept_in_order(self):
        kept, report = self.kept()
        self.assertEqual(kept, examples(MANY))
        self.assertEqual((report["examples"], report["templates"]), (MANY, {f"way {way}": MANY for way in range(3)}))

    def test_rows_are_drawn_evenly_and_stay_in_order(self):
        kept, report = self.kept("--max-rows", "600")
        self.assertEqual(counts(report), (3 * MANY, 3 * MANY, 600, {"over_max_rows": 3 * MANY - 600}))
        places = [examples(MANY).index(row) for row in kept[::60]]
        self.assertEqual(places, sorted(places))
        for way in range(3):
            self.assertAlmostEqual(report["templates"][f"way {way}"], 200, delta=50)
        again, _ = self.kept("--max-rows", "300")
        self.assertLess({row["input"] for row in again}, {row["input"] for row in kept})

    def test_examples_are_drawn_with_all_their_templates(self):
        kept, report = self.kept("--max-examples", "50")
        self.assertEqual((len(kept), report["examples"]), (150, 50))
        self.assertEqual(report["dropped"], {"over_max_examples": 3 * (MANY - 50)})

    def test_shares_are_a_split_of_the_examples(self):
        first, report = self.kept("--share", "0", "0.1")
        second, _ = self.kept("--share", "0.1", "1")
        self.assertEqual(len(first) + len(second), 3 * MANY)
        self.assertFalse({row["id"] for row in first} & {row["id"] for row in second})
        self.assertAlmostEqual(report["examples"], MANY / 10, delta=50)
        self.assertEqual(report["dropped"], {"other_share": len(second)})

    def test_a_share_does_not_depend_on_the_other_rows(self):
        before = {row["id"] for row in self.kept("--share", "0", "0.1")[0]}
        self.source = self.write("half.jsonl", lines(*examples(MANY // 2)))
        after = {row["id"] for row in self.kept("--share", "0", "0.1")[0]}
        self.assertEqual(after, {own_id for own_id in before if int(own_id[2:]) < MANY // 2})

    def test_duplicates(self):
        self.source = self.write("twice.jsonl", lines(*examples(20, 1), *examples(20, 1)))
        self.assertEqual(len(self.kept()[0]), 40)
        kept, report = self.kept("--duplicates", "drop")
        self.assertEqual((kept, report["dropped"]), (examples(20, 1), {"duplicate": 20}))
        self.assertEqual(self.kept("--use", "training")[1]["dropped"], {"duplicate": 20})
        self.assertEqual(len(self.kept("--use", "training", "--duplicates", "keep")[0]), 40)

    def test_duplicates_and_a_limit(self):
        self.source = self.write("twice.jsonl", lines(*examples(50, 1), *examples(50, 1)))
        kept, report = self.kept("--max-rows", "30")
        self.assertEqual((len(kept), report["dropped"]), (30, {"over_max_rows": 70}))

    def test_templates_left_out(self):
        kept, report = self.kept("--without-template", "way 1", "--without-template", "way_2")
        self.assertEqual({row["template"] for row in kept}, {"way 0"})
        self.assertEqual(report["dropped"], {"template_left_out": 2 * MANY})

    def test_limits_that_make_no_sense(self):
        for arguments in (("--max-rows", "-1"), ("--share", "0.5", "0.5"), ("--share", "0", "2"), ("--use", "testing"),
                          ("--max-rows", "many")):
            self.refused("rows", self.source, *arguments, code=2)


class Reports(support.DataTest):
    def test_lengths(self):
        source = self.write("s.jsonl", lines({"input": "x" * 10, "target": "ab", "choices": ["ab", "abcd"]},
                                             {"input": "x" * 30, "target": "abcd"},
                                             {"input": "x" * 9000, "target": "a"}))
        characters = self.rows("rows", source)[1]["characters"]
        self.assertEqual(characters["input"], {"mean": 3013.3, "median": 30, "percentile_95": 8192, "max": 9000})
        self.assertEqual(characters["choice"], {"mean": 3.0, "median": 2, "percentile_95": 4, "max": 4})

    def test_the_table(self):
        source = self.write("s.jsonl", lines(*examples(4), {"input": "x", "target": None}))
        said = self.make("rows", "--layout", "rows", source, "--out", self.scratch / "out.jsonl")
        self.assertEqual([line.split() for line in said.splitlines()[2:]], [
            ["out.jsonl", "rows", "13", "13", "12", "1", "4", "3", "26"], ["dropped", "1", "no_target"]])


class Files(support.DataTest):
    def test_the_same_bytes_every_time(self):
        source = self.write("source.jsonl", lines(*examples(300)))
        made = []
        for out in ("a", "b"):
            self.make("rows", "--layout", "rows", source, "--max-rows", "200", "--name", "x",
                      "--out", self.scratch / out / "rows.jsonl.gz")
            made.append([(self.scratch / out / name).read_bytes() for name in ("rows.jsonl.gz", "rows.report.json")])
        self.assertEqual(*made)
        self.assertEqual(made[0][0][3:8], bytes(5))  # gzip: neither a name nor a time

    def test_nothing_is_left_where_nothing_could_be_kept(self):
        message = self.refused("rows", self.write("s.jsonl", lines({"input": "x"}, {"input": ""})))
        self.assertIn("no row could be kept", message)
        self.assertIn("1 no_target, 1 empty_input; the first at ", message)

    def test_a_file_that_was_there_stays_when_the_new_one_fails(self):
        out = self.write("refused.jsonl", "old\n")
        self.make("rows", "--layout", "rows", self.write("s.jsonl", lines({"input": "x"})), "--out", out, code=3)
        self.assertEqual(out.read_text(), "old\n")

    def test_damaged_files(self):
        whole = gzip.compress(lines(*examples(1000)).encode())
        self.assertIn("truncated or damaged gzip", self.refused("rows", self.write("t.jsonl.gz", whole[:-2000])))
        self.assertIn("truncated or damaged gzip", self.refused("rows", self.write("t.jsonl.gz", b"no gzip at all")))
        self.assertIn("git lfs pull", self.refused("rows", self.write("t.jsonl",
                                                                      "version https://git-lfs.github.com/spec/v1\n")))
        self.assertIn("character 2: not JSON", self.refused("rows", self.write("t.json", "[oops]")))
        self.assertIn("the file ends", self.refused("rows", self.write("t.json", '[{"input": "x", "target": "y"}')))
        self.assertIn("more text behind", self.refused("rows", self.write("t.json", "[{}] {}")))
        self.assertIn("not UTF-8", self.refused("rows", self.write("t.json", b'[{"input": "\xff"}]')))
        self.assertIn("unknown kind of file", self.refused("rows", self.write("t.txt", "x")))
        self.assertIn("no such file", self.refused("rows", self.scratch / "none.jsonl"))

    def test_the_files_of_a_split(self):
        folder = self.scratch / "set"
        for name in ("default/test/0000.jsonl", "test-00000-of-00002.jsonl", "set-test.jsonl", "train.jsonl",
                     "test_r1.jsonl", ".cache/test.jsonl", "contest.jsonl", "dataset_infos.json"):
            self.write(f"set/{name}", lines({"input": name, "target": "x"}))
        kept, _ = self.rows("rows", folder, "--split", "test")
        self.assertEqual([row["input"] for row in kept],
                         ["default/test/0000.jsonl", "set-test.jsonl", "test-00000-of-00002.jsonl"])
        self.assertIn("no files of the split dev", self.refused("rows", folder, "--split", "dev"))
        self.write("set/test.csv", "input,target\nx,y\n")
        self.assertIn("as .csv and as .jsonl", self.refused("rows", folder, "--split", "test"))

    def test_a_line_that_is_too_long_is_dropped(self):
        long = json.dumps({"input": "x" * (17 << 20), "target": "y"})
        _, report = self.rows("rows", self.write("s.jsonl", f"{long}\n" + lines(*examples(2))))
        self.assertEqual(counts(report), (7, 7, 6, {"too_long": 1}))

    def test_a_large_document_is_read_in_pieces(self):
        many = ", ".join(json.dumps({"input": f"{number} é" * 20, "target": number}) for number in range(5000))
        source = self.write("d.json", '{"canary": "x", "examples": [' + many + '], "after": {"a": [1]}}')
        kept, _ = self.rows("bbh", source)
        self.assertEqual([int(row["target"]) for row in kept], list(range(5000)))
        kept, _ = self.rows("rows", self.write("a.json", f"[{many}]"))
        self.assertEqual(len(kept), 5000)


MEASURE = """
import resource, sys
from phatgoose_data import cli
code = cli.main(sys.argv[1:])
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
sys.exit(code)
"""


class Memory(support.DataTest):
    LENGTH = 400  # characters of a row: the larger file has 80 MB

    def peak(self, rows):
        """The most memory that a run takes, in KiB, with all that remembers rows turned on."""
        source = self.scratch / f"{rows}.jsonl"
        with open(source, "w") as stream:
            for number in range(rows):
                text = f"{number} ".ljust(self.LENGTH, "x")
                stream.write(json.dumps({"input": text, "target": "y", "id": f"e/{number // 2}"}) + "\n")
        environment = {**os.environ, "PYTHONPATH": str(support.ROOT / "scripts" / "data")}
        out = self.scratch / f"{rows}.out.jsonl.gz"
        result = subprocess.run([sys.executable, "-B", "-c", MEASURE, "rows", "--layout", "rows", source, "--use",
                                 "training", "--max-examples", "5000", "--max-rows", "8000", "--out", out], text=True,
                                env=environment, capture_output=True)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(read_report(out)["read"], rows)
        return int(result.stdout)

    def test_memory_does_not_grow_with_the_file(self):
        small, large = self.peak(20_000), self.peak(200_000)
        self.assertLess(large - small, 4096, f"{small} and {large} KiB")


if __name__ == "__main__":
    support.main()
