"""Parquet and Arrow files, and lengths in tokens: what needs pyarrow and sentencepiece."""

import pyarrow
import pyarrow.parquet

import support
from support import DOWNLOADS, counts, lines


class Parquet(support.DataTest):
    def table(self, name, *records, **options):
        path = self.scratch / name
        path.parent.mkdir(parents=True, exist_ok=True)
        pyarrow.parquet.write_table(pyarrow.Table.from_pylist(list(records)), path, **options)
        return path

    def test_the_layouts_read_it_like_json(self):
        """Each file of records among the downloads, as Parquet: the same rows."""
        from phatgoose_data import records
        for layout, folder, arguments in (
                ("p3", "P3", ("--configs", "super_glue_rte_*", "--split", "validation")),
                ("p3", "P3", ("--configs", "super_glue_cb_*", "--split", "validation")),
                ("bigbench", "bigbench/object_counting", ()), ("bbh", "bbh/web_of_lies", ("--choices", "Yes")),
                ("flan", "FLAN", ("--task-name", "bool_q:1.0.0"))):
            for file in records.files_of(DOWNLOADS / folder):
                found = [self.plain(record) for _, record in records.read(file)]
                self.table(f"{file.relative_to(DOWNLOADS).parent}/{file.stem}.parquet", *found)
            expected, _ = self.rows(layout, *arguments, DOWNLOADS / folder)
            self.assertEqual(self.rows(layout, *arguments, self.scratch / folder)[0], expected, folder)

    @staticmethod
    def plain(record):
        """A column of Parquet has values of one type."""
        texts = {"targets"} if isinstance(record.get("targets"), list) and "inputs_pretokenized" not in record else ()
        return {key: [None if each is None else str(each) for each in value] if key in texts else
                [int(each) for part in value for each in (part if isinstance(part, list) else [part])]
                if key == "idx" and isinstance(value, list) else value for key, value in record.items()}

    def test_nulls_and_nan(self):
        nan = float("nan")
        source = self.table("s.parquet", {"input": "a", "target": 1.0, "choices": None}, {"input": "b", "target": nan},
                            {"input": None, "target": 2.0}, {"input": "c", "target": 2.5, "choices": [2.5, nan, None]})
        kept, report = self.rows("rows", source)
        self.assertEqual(counts(report), (4, 4, 2, {"no_input": 1, "no_target": 1}))
        self.assertEqual([row["target"] for row in kept], ["1", "2.5"])
        self.assertEqual(kept[1]["choices"], ["2.5"])
        self.assertIn(": record 1", report["first_dropped"]["no_target"][0])

    def test_raw_sets_with_nested_fields(self):
        source = self.table("raw/set/test-00000-of-00001.parquet", {"q": "Who?", "answers": {"text": ["Ann", "Bob"]}})
        template = self.write("t.yaml", "templates:\n  1: !Template\n    name: one\n"
                              "    jinja: '{{ q }} ||| {{ answers.text[0] }}'\n")
        kept, _ = self.rows("promptsource", "--templates", template, "--references", "answers.text", "--split", "test",
                            self.scratch / "raw" / "set")
        self.assertEqual(kept[0]["targets"], ["Ann", "Bob"])
        self.assertEqual(source.parent, self.scratch / "raw" / "set")

    def test_what_datasets_saves(self):
        table = pyarrow.Table.from_pylist([{"input": f"{number}?", "target": "x"} for number in range(600)])
        for kind, opened in (("stream", pyarrow.ipc.new_stream), ("file", pyarrow.ipc.new_file)):
            folder = self.scratch / kind
            folder.mkdir()
            with opened(folder / "data-00000-of-00001.arrow", table.schema) as sink:
                sink.write_table(table, max_chunksize=100)
            (folder / "state.json").write_text("{}")
            (folder / "dataset_info.json").write_text("{}")
            self.assertEqual(len(self.rows("rows", folder)[0]), 600, kind)

    def test_damaged_files(self):
        whole = self.table("s.parquet", {"input": "a", "target": "b"}).read_bytes()
        for content in (whole[:-20], b"no Parquet"):
            self.assertIn("t.parquet: ", self.refused("rows", self.write("t.parquet", content)))
        self.assertIn("t.arrow: ", self.refused("rows", self.write("t.arrow", b"no Arrow")))
        pointer = self.write("t.parquet", "version https://git-lfs.github.com/spec/v1\n")
        self.assertIn("git lfs pull", self.refused("rows", pointer))


class Tokens(support.DataTest):
    MODEL = support.ROOT / "assets" / "base" / "spiece.model"

    def test_lengths_in_tokens_and_what_is_cut(self):
        source = self.write("s.jsonl", lines({"input": "the lion", "target": "Tom"},
                                             {"input": "the lion " * 40, "target": "Tom"}))
        _, report = self.rows("rows", source, "--tokenizer", self.MODEL, "--max-tokens", "20")
        tokens = report["tokens"]
        self.assertEqual((tokens["limit"], tokens["input"]["cut"], tokens["target"]["cut"]), (20, 1, 0))
        self.assertEqual((tokens["input"]["median"], tokens["input"]["max"]), (3, 81))

    def test_a_file_that_is_no_model(self):
        source = self.write("s.jsonl", lines({"input": "x", "target": "y"}))
        self.assertIn("no such file", self.refused("rows", source, "--tokenizer", self.scratch / "none"))
        self.assertIn("no sentencepiece model", self.refused("rows", source, "--tokenizer", self.write("m", "x")))


if __name__ == "__main__":
    support.main()
