"""Every layout, on a small made-up file with its awkward cases: what is kept, mended and dropped, under which name."""

import support
from support import DOWNLOADS, counts, lines

TASKS = DOWNLOADS / "BIG-bench" / "bigbench" / "benchmark_tasks"
HARD = DOWNLOADS / "BIG-Bench-Hard" / "bbh"
COPA = DOWNLOADS / "promptsource" / "promptsource" / "templates" / "super_glue" / "copa" / "templates.yaml"


class Rows(support.DataTest):
    def setUp(self):
        super().setUp()
        self.kept, self.report = self.rows("rows", DOWNLOADS / "rendered" / "awkward.jsonl")
        self.by_input = {row["input"]: row for row in self.kept}

    def test_every_awkward_row_is_accounted_for(self):
        self.assertEqual(counts(self.report), (27, 27, 14, {
            "answer_not_a_choice": 2, "empty_input": 1, "empty_target": 1, "no_input": 1, "no_target": 1,
            "not_an_object": 1, "not_json": 1, "not_text": 1, "not_unicode": 1, "not_utf8": 1, "token_ids": 1,
            "undecidable_choices": 1}))
        self.assertEqual(self.report["mended"], {
            "answer_spelled_as_choice": 2, "empty_choice": 1, "null_answer": 1, "number_as_text": 1,
            "repeated_answer": 1, "repeated_choice": 1, "space_around_answer": 1})
        self.assertTrue(self.report["first_dropped"]["not_json"][0].endswith("rendered/awkward.jsonl:21"))

    def test_a_good_row_is_kept_as_it_is(self):
        self.assertEqual(self.kept[0], {"input": "kept as it is", "target": "b", "choices": ["a", "b"], "id": "e/0",
                                        "template": "t1"})

    def test_choices_differ_by_case_but_not_by_white_space(self):
        self.assertEqual(self.by_input["case decides"]["choices"], ["a", "A"])
        self.assertEqual(self.by_input["spaces around"]["choices"], ["a", "b"])
        self.assertEqual(self.by_input["a choice twice"]["choices"], ["a", "b"])
        self.assertNotIn("a choice twice but for spaces", self.by_input)

    def test_a_target_is_spelled_like_the_one_choice_that_it_means(self):
        self.assertEqual(self.by_input["spelled with other spaces"]["target"], "New  York")
        self.assertEqual(self.by_input["spelled in another case"]["target"], "Rome")
        self.assertNotIn("two of another case", self.by_input)

    def test_several_answers(self):
        self.assertEqual(self.by_input["several answers"]["targets"], ["b", "c"])
        self.assertEqual(self.by_input["answers only"]["targets"], ["3", "three"])
        self.assertEqual(self.by_input["an answer is null"],
                         {"input": "an answer is null", "target": "x", "id": "e/11"})

    def test_numbers_become_text(self):
        self.assertEqual(self.by_input["numbers"], {"input": "numbers", "target": "3",
                                                    "choices": ["3", "4", "4.5", "True"], "id": "12"})

    def test_a_row_without_an_id_is_numbered_and_unused_keys_are_named(self):
        self.assertEqual(self.by_input["without an id"]["id"], "rows/23")
        self.assertIn("source", self.report["ignored_keys"])

    def test_choices_that_are_no_list(self):
        source = self.write("odd.jsonl", lines({"input": "x", "target": "y", "choices": "yes"},
                                               {"input": "x", "target": "y", "choices": {"text": ["y"]}},
                                               {"input": "x", "target": "y", "choices": []}))
        kept, report = self.rows("rows", source)
        self.assertEqual(counts(report), (3, 3, 1, {"choices_no_list": 2}))
        self.assertNotIn("choices", kept[0])

    def test_training_does_without_choices_that_lack_the_target(self):
        kept, report = self.rows("rows", DOWNLOADS / "rendered" / "awkward.jsonl", "--use", "training")
        self.assertEqual(report["mended"]["choices_removed"], 2)
        self.assertEqual(report["dropped"]["duplicate"], 1)
        self.assertIn({"input": "no choice", "target": "c", "id": "e/8"}, kept)


class P3(support.DataTest):
    def test_templates_of_an_example_share_its_id_as_far_as_that_is_certain(self):
        kept, report = self.rows("p3", "--configs", "super_glue_rte_*", "--split", "validation", DOWNLOADS / "P3",
                                 "--name", "rte")
        self.assertEqual(counts(report), (8, 8, 6, {"answer_not_a_choice": 1, "empty_target": 1}))
        self.assertEqual([(row["id"], row["template"]) for row in kept], [
            ("rte/0", "GPT_3_style"), ("rte/ask_back/0", "ask_back"), ("rte/0", "must_be_true"),
            ("rte/1", "GPT_3_style"), ("rte/2", "GPT_3_style"), ("rte/2", "must_be_true")])
        self.assertEqual(report["unaligned"], ["ask_back"])
        of_one = [row["target"] for row in kept if row["template"] == "GPT_3_style"]
        self.assertEqual(of_one, ["False", "False", "True"])
        self.assertEqual(kept[5]["choices"], ["Yes", "No"])
        self.assertNotIn("choices", kept[1])

    def test_records_of_choices_are_folded_into_rows(self):
        kept, report = self.rows("p3", "--configs", "super_glue_cb_*", "--split", "validation", DOWNLOADS / "P3",
                                 "--name", "cb")
        self.assertEqual(counts(report), (8, 4, 2, {"bad_index": 1, "no_right_choice": 1}))
        self.assertEqual(kept, [
            {"input": "The gate is shut. Is it open? Yes, no, or maybe?", "target": "No",
             "choices": ["Yes", "No", "Maybe"], "id": "cb/0", "template": "GPT_3_style"},
            {"input": "It rains. Is it wet? Yes, no, or maybe?", "target": "Yes", "choices": ["Yes", "No"],
             "id": "cb/1", "template": "GPT_3_style"}])

    def test_whole_rows_are_preferred_to_records_of_choices(self):
        record = {"inputs_pretokenized": "Is it?", "targets_pretokenized": "No", "answer_choices": ["Yes", "No"]}
        self.write("P3/set_ask/test.jsonl", lines(record))
        self.write("P3/set_ask_score_eval/test.jsonl", lines({**record, "idx": [0, 0], "is_correct": True}))
        kept, report = self.rows("p3", "--configs", "set_*", "--split", "test", self.scratch / "P3")
        self.assertEqual((len(kept), report["records"]), (1, 1))

    def test_what_is_not_there(self):
        self.assertIn("no configuration super_glue_wic_*",
                      self.refused("p3", "--configs", "super_glue_wic_*", "--split", "validation", DOWNLOADS / "P3"))
        self.refused("p3", "--configs", "super_glue_cb_*", "--split", "train", DOWNLOADS / "P3")


class Promptsource(support.DataTest):
    def render(self, *arguments):
        return self.rows("promptsource", "--templates", COPA, "--split", "validation", *arguments,
                         DOWNLOADS / "raw" / "super_glue" / "copa", "--name", "copa")

    def test_each_example_with_each_template(self):
        kept, report = self.render()
        self.assertEqual(counts(report), (5, 15, 3, {
            "empty_rendering": 2, "empty_target": 1, "not_json": 3, "separator_not_once": 5, "undecidable_choices": 1}))
        self.assertEqual(kept[0], {
            "input": "The candle went out.  This was because... \nPick one:\n- A draught came in.\n"
                     "- The candle was red.",
            "target": "A draught came in.", "choices": ["A draught came in.", "The candle was red."], "id": "copa/0",
            "template": "pick one"})
        self.assertEqual([(row["id"], row["template"]) for row in kept],
                         [("copa/0", "pick one"), ("copa/0", "\u2026why? C1 or C2"), ("copa/2", "\u2026why? C1 or C2")])
        self.assertEqual(report["ignored_keys"], ["idx"])
        self.assertEqual(report["missing_fields"], ["most_frequent_word_is"])

    def test_templates_can_be_left_out_under_either_spelling(self):
        for name in ("\u2026why? C1 or C2", "_why_C1_or_C2"):
            kept, report = self.render("--without-template", name)
            self.assertEqual({row["template"] for row in kept}, {"pick one"})
            self.assertEqual(report["dropped"]["template_left_out"], 2)

    def test_values_are_cut_where_promptsource_cuts_them(self):
        source = self.write("long.jsonl", lines({"premise": "word " * 1000, "choice1": "a", "choice2": "b",
                                                 "question": "effect", "label": 0}))
        lengths = []
        for limit in ("2048", "0"):
            kept, _ = self.rows("promptsource", "--templates", COPA, "--max-variable", limit, source)
            lengths.append(len(kept[0]["input"]))
        self.assertLess(lengths[0], 2100)
        self.assertGreater(lengths[1], 5000)

    def one_template(self, jinja, record, *arguments, choices=None):
        file = self.write("templates.yaml", "templates:\n  1: !Template\n    name: one\n"
                          f"    jinja: '{jinja}'\n" + (f"    answer_choices: '{choices}'\n" if choices else ""))
        return self.rows("promptsource", "--templates", file, self.write("one.jsonl", lines(record)), *arguments)

    def test_helpers_of_promptsource(self):
        kept, _ = self.one_template("{% for a, b in zip(x, y) %}{{ a }}{{ b }} {% endfor %}"
                                    "{{ z | most_frequent | join }}{{ [3, 3] | choice }} {{ w | highlight }} ||| t",
                                    {"x": [1, 2], "y": ["a", "b"], "z": ["q", "p", "p"], "w": "W"})
        self.assertEqual(kept[0]["input"], "1a 2b p3 <span style='color: #F08080'>W</span>")

    def test_names_with_hyphens_and_separators_in_the_data(self):
        kept, _ = self.one_template("{{ a_name }} ||| {{ y }}", {"a-name": "one ||| two", "y": "z"})
        self.assertEqual((kept[0]["input"], kept[0]["target"]), ("one ||| two", "z"))

    def test_fields_under_other_names(self):
        kept, _ = self.one_template("{{ new }} ||| {{ [1, 2][number - 1] }}", {"Old": "x", "Number": "2"},
                                    "--fields", "new=Old", "--fields", "number=Number:int")
        self.assertEqual((kept[0]["input"], kept[0]["target"]), ("x", "2"))

    def test_all_right_answers_where_the_template_asks_for_them(self):
        record = {"q": "Who?", "answers": {"text": ["Ann", "Bob", "Ann"]}}
        kept, _ = self.one_template("{{ q }} ||| {{ answers.text[1] }}", record, "--references", "answers.text")
        self.assertEqual((kept[0]["target"], kept[0]["targets"]), ("Bob", ["Bob", "Ann"]))
        kept, _ = self.one_template("{{ answers.text[0] }} ||| {{ q }}", record, "--references", "answers.text")
        self.assertNotIn("targets", kept[0])

    def test_templates_stay_in_their_sandbox(self):
        for attack in ('{{ "".__class__.__mro__ }} ||| x', '{{ cycler.__init__.__globals__ }} ||| x'):
            file = self.write("t.yaml", f"templates:\n  1: !Template\n    name: one\n    jinja: '{attack}'\n")
            message = self.refused("promptsource", "--templates", file, self.write("one.jsonl", lines({"a": 1})))
            self.assertIn("template_failed", message)
        file = self.write("t.yaml", "templates: !!python/object/apply:os.system ['touch pwned']\n")
        self.assertIn("not YAML", self.refused("promptsource", "--templates", file, self.write("one.jsonl", "{}\n")))

    def test_files_that_hold_no_templates(self):
        one = self.write("one.jsonl", "{}\n")
        self.assertIn("no templates", self.refused("promptsource", "--templates", self.write("t.yaml", "a: 1\n"), one))
        broken = self.write("t.yaml", "templates:\n  1: !Template\n    name: one\n    jinja: '{% if %}'\n")
        self.assertIn("template 'one'", self.refused("promptsource", "--templates", broken, one))
        self.assertIn("no such file", self.refused("promptsource", "--templates", self.scratch / "none.yaml", one))


class BigBench(support.DataTest):
    def test_hub_records_with_choices(self):
        kept, report = self.rows("bigbench", DOWNLOADS / "bigbench" / "novel_concepts", "--name", "b")
        self.assertEqual(counts(report), (6, 6, 3, {"bad_scores": 2, "no_right_choice": 1}))
        self.assertEqual(kept[0], {
            "input": "What do a kite and a leaf have in common?\nAnswer:", "target": "They fly.",
            "choices": ["They fly.", "They swim.", "They move in wind."],
            "targets": ["They fly.", "They move in wind."], "id": "b/0"})
        self.assertEqual((kept[2]["id"], kept[2]["target"], kept[2]["choices"]), ("b/3", "5", ["2", "3", "5"]))

    def test_hub_records_without_choices(self):
        kept, report = self.rows("bigbench", DOWNLOADS / "bigbench" / "object_counting")
        self.assertEqual([row.get("targets") for row in kept], [["three", "3"], ["zero", "0"]])
        self.assertEqual(report["mended"], {"null_answer": 1, "number_as_text": 1, "repeated_answer": 1})

    def test_an_explanation_is_no_answer_where_there_are_choices(self):
        kept, _ = self.rows("bigbench", DOWNLOADS / "bigbench" / "strategyqa")
        self.assertEqual((kept[0]["target"], kept[0]["choices"]), ("No", ["Yes", "No"]))

    def test_a_task_with_choices(self):
        kept, report = self.rows("bigbench", TASKS / "hindu_knowledge", "--name", "b")
        self.assertEqual(counts(report), (6, 6, 3, {"duplicate": 1, "no_input": 1, "not_an_object": 1}))
        self.assertEqual(kept[0], {
            "input": "Hills of a land that is not there.\n\nQ: Which hill is green?\n  hill: the far one\n"
                     "  hill: the high one\n  hill: the near one\nA:\nAnswer:",
            "target": "the near one", "choices": ["the far one", "the near one", "the high one"], "id": "b/0"})
        self.assertEqual(kept[2]["targets"], ["all", "none"])
        self.assertEqual(report["ignored_keys"], ["comment"])

    def test_the_examples_of_subtasks_are_one_set(self):
        kept, report = self.rows("bigbench", TASKS / "conlang_translation", "--name", "b", "--suffix", r"\nSay:")
        self.assertEqual(counts(report), (4, 4, 3, {"empty_target": 1}))
        self.assertEqual([(row["id"], row["input"]) for row in kept], [
            ("b/0", "One: balu\nEnglish:\nSay:"), ("b/1", "One: balu ti\nEnglish:\nSay:"),
            ("b/2", "Q: the bread\nA:\nSay:")])
        self.assertEqual(kept[1]["targets"], ["the breads", "the loaves"])
        self.assertEqual([file.split("/")[-2] for file in report["sources"]], ["from_one", "to_one"])

    def test_choices_are_shown_in_the_order_of_numpy(self):
        """np.random.RandomState(42).permutation(n), for n from 1 to 8."""
        from phatgoose_data.layouts.shuffle import permuted
        self.assertEqual([permuted(range(number), 42) for number in range(1, 9)], [
            [0], [1, 0], [0, 1, 2], [1, 3, 0, 2], [1, 4, 2, 0, 3], [0, 1, 5, 2, 4, 3], [0, 1, 5, 2, 4, 3, 6],
            [1, 5, 0, 7, 2, 4, 3, 6]])


class Hard(support.DataTest):
    def test_options_are_choices_by_their_labels(self):
        kept, report = self.rows("bbh", HARD / "snarks.json", "--name", "b")
        self.assertEqual(counts(report), (3, 3, 2, {"answer_not_a_choice": 1}))
        self.assertEqual(kept[0], {
            "input": "Which statement is sarcastic?\nOptions:\n(A) What a fine puddle\n(B) What a fine day\nAnswer:",
            "target": "(A)", "choices": ["(A)", "(B)"], "id": "b/0"})
        self.assertEqual(kept[1]["target"], "(A)")

    def test_or_by_their_texts(self):
        kept, _ = self.rows("bbh", HARD / "snarks.json", "--answers", "texts")
        self.assertEqual([row["target"] for row in kept], ["What a fine puddle", "I love rain"])
        self.assertIn("labels or texts", self.refused("bbh", HARD / "snarks.json", "--answers", "both", code=2))

    def test_bullets_and_choices_that_are_given(self):
        kept, _ = self.rows("bbh", HARD / "navigate.json")
        self.assertEqual(kept[0]["choices"], ["Yes", "No"])
        kept, report = self.rows("bbh", DOWNLOADS / "bbh" / "web_of_lies", "--choices", "No", "--choices", "Yes")
        self.assertEqual((kept[0]["choices"], report["dropped"]), (["No", "Yes"], {"answer_not_a_choice": 1}))

    def test_answers_that_are_text(self):
        kept, report = self.rows("bbh", HARD / "multistep_arithmetic_two.json")
        self.assertEqual([row["target"] for row in kept], ["9", "0"])
        self.assertEqual(report["dropped"], {"no_target": 1})
        self.assertNotIn("choices", kept[0])

    def test_several_files_are_one_set(self):
        kept, _ = self.rows("bbh", *sorted(HARD.glob("logical_deduction_*.json")), "--name", "b")
        self.assertEqual([(row["id"], len(row["choices"])) for row in kept], [("b/0", 5), ("b/1", 3)])


class NaturalInstructions(support.DataTest):
    def test_a_definition_and_several_outputs(self):
        kept, report = self.rows("natural-instructions", DOWNLOADS / "natural-instructions" / "tasks")
        self.assertEqual(counts(report), (80, 80, 78, {"empty_input": 1, "no_target": 1}))
        self.assertEqual(kept[1], {
            "input": "Say it in the language of the hills.\n\nstar", "target": "sta", "targets": ["sta", "sti"],
            "id": "task9001-b", "template": "task9001_made_up_translation"})
        self.assertEqual([row["id"] for row in kept[:5]],
                         ["task9001-a", "task9001-b", "task9001_made_up_translation/4", "6", "task9001-0"])

    def test_one_category(self):
        kept, report = self.rows("natural-instructions", DOWNLOADS / "natural-instructions" / "tasks", "--category",
                                 "Mathematics")
        self.assertEqual(kept[2], {"input": "Add the numbers.\n\n2 3", "target": "5", "id": "task9002-2",
                                   "template": "task9002_made_up_mathematics"})
        self.assertEqual((report["records"], len(report["sources"])), (40, 1))

    def test_a_file_that_is_no_task(self):
        self.assertIn("no text under `Definition`",
                      self.refused("natural-instructions", self.write("a.json", '{"Instances": []}')))


class Flan(support.DataTest):
    def test_zero_shot_records_of_one_task(self):
        kept, report = self.rows("flan", "--task-name", "ai2_arc/ARC-Easy:1.0.0", DOWNLOADS / "FLAN")
        self.assertEqual(counts(report), (42, 42, 40, {"empty_input": 1, "template_left_out": 1}))
        self.assertEqual(kept[4], {"input": "Question 4: what is 4 and 4?", "target": "8",
                                   "id": "ai2_arc/ARC-Easy:1.0.0/4", "template": "zs_opt_1"})

    def test_other_spellings_of_the_keys_and_other_kinds(self):
        source = self.write("f.jsonl", lines({"inputs": "a", "targets": ["b", "c"], "task_name": "t",
                                              "template_type": "fs_opt"}, {"inputs": "d", "targets": "e", "task": "u"}))
        kept, _ = self.rows("flan", source, "--template-types", "fs_opt")
        self.assertEqual([(row["id"], row.get("template"), row.get("targets")) for row in kept],
                         [("t/0", "fs_opt", ["b", "c"]), ("u/0", None, None)])


class Csv(support.DataTest):
    def test_a_template_of_ones_own(self):
        kept, report = self.rows(
            "csv", "--template", "What is the capital of {{land}}? ||| {{capital}}", "--answer-choices",
            "{{capital}} ||| {{others.split('|') | join(' ||| ')}}", "--id-field", "code",
            DOWNLOADS / "tables" / "capitals.csv")
        self.assertEqual(counts(report), (5, 5, 3, {"empty_target": 1, "wrong_columns": 1}))
        self.assertEqual(kept[0], {"input": "What is the capital of Hilland?", "target": "Upper, Town",
                                   "choices": ["Upper, Town", "Low Town", "Mid Town"], "id": "1"})
        self.assertEqual(kept[2]["choices"], ["Line", "two\nlines"])

    def test_tabs_and_a_template_from_a_file(self):
        template = self.write("template.txt", "{{land}}? ||| {{capital}}")
        kept, _ = self.rows("csv", "--template", f"@{template}", DOWNLOADS / "tables" / "capitals.tsv", "--name", "c")
        self.assertEqual(kept, [{"input": "Hilland?", "target": "Upper Town", "id": "c/0"},
                                {"input": "Seamark?", "target": "Old Port", "id": "c/1"}])

    def test_a_row_whose_id_is_missing(self):
        table = self.write("t.csv", "a,b,c\nx,y,1\nz,w,\n")
        _, report = self.rows("csv", "--template", "{{a}} ||| {{b}}", "--id-field", "c", table)
        self.assertEqual(report["dropped"], {"no_id": 1})

    def test_a_field_that_is_not_there(self):
        table = self.write("t.csv", "land,capital\nHilland,Upper Town\n")
        self.assertIn("t.csv:2: no field captial, which the template uses; found land, capital",
                      self.refused("csv", "--template", "{{land}} ||| {{captial}}", table))

    def test_tables_that_are_none(self):
        ask = ("--template", "{{a}} ||| {{b}}")
        self.assertIn("no header", self.refused("csv", *ask, self.write("t.csv", "")))
        self.assertIn("two columns", self.refused("csv", *ask, self.write("t.csv", "a,a\n1,2\n")))
        self.assertIn("template 'template'", self.refused("csv", "--template", "{{a", self.write("t.csv", "a\n1\n")))


if __name__ == "__main__":
    support.main()
