"""A row on its way from a public file to ours: what a layout found, and what is kept of it.

Everything that a reader of rows would refuse, or that a score could not use, is decided here, in one place for all
layouts. A row is kept as it is, mended, or dropped; MENDS and REASONS are the names under which that is counted.
"""

import dataclasses
import math

#: Why a row is dropped. The first part is found in settle(), the second by layouts, the third by the pipeline.
REASONS = {
    "no_input": "the input is missing, null or NaN",
    "empty_input": "the input is white space",
    "no_target": "the target is missing, null or NaN",
    "empty_target": "the target is white space",
    "not_text": "a list or an object where text belongs",
    "choices_no_list": "choices that are not a list",
    "not_unicode": "half of a surrogate pair, which is no character",
    "answer_not_a_choice": "to be evaluated, and the right answer is none of the choices",
    "undecidable_choices": "a right and a wrong choice that differ in white space only",

    "not_json": "a line that is no JSON",
    "not_utf8": "a line that is not UTF-8",
    "not_an_object": "a record that is no object",
    "wrong_columns": "a line with more or fewer fields than the header",
    "token_ids": "token ids instead of text",
    "no_right_choice": "no choice has a higher score than the others",
    "bad_scores": "scores that are no numbers, or not as many as choices",
    "no_id": "the field that names the example is empty",
    "bad_index": "an `idx` without an example and a choice",
    "template_failed": "the template cannot be rendered for this example",
    "empty_rendering": "the template has nothing to say about this example",
    "separator_not_once": "the rendering does not have exactly one `|||`",

    "too_long": "a line of more than 16 MiB",
    "template_left_out": "of a template that was to be left out",
    "other_share": "the example belongs to another share of the set",
    "duplicate": "the same input and answers as a row before",
    "over_max_examples": "the example was not drawn for `max_examples`",
    "over_max_rows": "the row was not drawn for `max_rows`",
}

#: What is done to a row that is kept.
MENDS = {
    "number_as_text": "a number or a truth value where text belongs, now its text",
    "space_around_answer": "white space around a target or a choice, removed",
    "null_answer": "a null, NaN or blank among several targets, removed",
    "repeated_answer": "the same target twice, now once",
    "empty_choice": "a null, NaN or blank choice, removed",
    "repeated_choice": "a choice that differs from one before in white space only, removed",
    "answer_spelled_as_choice": "a target like one choice but for white space or case, now spelled like it",
    "choices_removed": "to be trained on, and the right answer was none of the choices",
}


class Refused(Exception):
    """A row that is dropped, for one of REASONS."""

    def __init__(self, reason):
        super().__init__(REASONS[reason])
        self.reason = reason


@dataclasses.dataclass
class Candidate:
    """A row as a layout found it. The values may be of any type: nothing is checked yet."""

    place: str  #: for messages: FILE:LINE, or FILE and the number of the record
    id: str  #: the same for all templates of one example
    input: object
    answers: list  #: all right answers; the first is the target
    choices: list | None = None
    template: str | None = None
    duplicate_key: str | None = None  #: rows of the same key are one, whatever is done about duplicates elsewhere
    set: str | None = None  #: where a source has several sets, the name of this row's


@dataclasses.dataclass
class Dropped:
    """What a layout could not make a row of, or what it read and dropped."""

    place: str
    reason: str
    set: str | None = None


def is_missing(value):
    """Null, or the NaN that stands for it in tables."""
    return value is None or (isinstance(value, float) and math.isnan(value))


def squeezed(text):
    """Without the white space that the model's tokenizer does not see."""
    return " ".join(text.split())


class Settler:
    """Makes candidates into rows."""

    def __init__(self, for_evaluation):
        self.for_evaluation = for_evaluation
        self.mends = set()

    def settle(self, candidate):
        """The row as a dictionary, and the MENDS that it took; its id and template are text already. Raises Refused."""
        self.mends = set()
        row = {"input": self._input(candidate.input)}
        answers = self._answers(candidate.answers)
        choices = self._choices(candidate.choices, answers)
        row["target"] = answers[0]
        if choices:
            row["choices"] = choices
        if len(answers) > 1:
            row["targets"] = answers
        row["id"] = candidate.id
        if candidate.template is not None:
            row["template"] = candidate.template
        return row, self.mends

    def text(self, value):
        """None where it is missing. Raises Refused."""
        if is_missing(value):
            return None
        if isinstance(value, (bool, int, float)):
            self.mends.add("number_as_text")
            return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
        if not isinstance(value, str):
            raise Refused("not_text")
        try:
            value.encode()
        except UnicodeEncodeError:
            raise Refused("not_unicode") from None
        return value

    def _input(self, value):
        text = self.text(value)
        if text is None:
            raise Refused("no_input")
        if not text.strip():
            raise Refused("empty_input")
        return text

    def _stripped(self, value):
        text = self.text(value)
        if text is not None and text != text.strip():
            self.mends.add("space_around_answer")
            text = text.strip()
        return text

    def _answers(self, values):
        texts = [self._stripped(value) for value in values]
        if all(text is None for text in texts):
            raise Refused("no_target")
        found = [text for text in texts if text]
        if not found:
            raise Refused("empty_target")
        if len(found) < len(texts):
            self.mends.add("null_answer")
        distinct = list(dict.fromkeys(found))
        if len(distinct) < len(found):
            self.mends.add("repeated_answer")
        return distinct

    def _choices(self, values, answers):
        """The choices, none of them twice; spells the answers like them. None where the row has no choices."""
        if is_missing(values) or values == []:
            return None
        if not isinstance(values, list):
            raise Refused("choices_no_list")
        texts = [self._stripped(value) for value in values]
        if not all(texts):
            self.mends.add("empty_choice")
        choices = self._spell(answers, [text for text in texts if text])
        if choices is None:
            if self.for_evaluation:
                raise Refused("answer_not_a_choice")
            self.mends.add("choices_removed")
            return None
        right = {squeezed(answer) for answer in answers}
        kept = {}
        for choice in choices:
            first = kept.setdefault(squeezed(choice), choice)
            if (choice in answers) != (first in answers) and squeezed(choice) in right:
                raise Refused("undecidable_choices")
        if len(kept) < len(choices):
            self.mends.add("repeated_choice")
            answers[:] = dict.fromkeys(kept.get(squeezed(answer), answer) for answer in answers)
        return list(kept.values())

    def _spell(self, answers, choices):
        """The choices, or None where no answer is one of them, whatever white space and case."""
        if any(answer in choices for answer in answers):
            return choices
        for alike in (squeezed, lambda text: squeezed(text).casefold()):
            for place, answer in enumerate(answers):
                same = list(dict.fromkeys(choice for choice in choices if alike(choice) == alike(answer)))
                if same and len({squeezed(choice) for choice in same}) == 1:
                    answers[place] = same[0]
                    self.mends.add("answer_spelled_as_choice")
                    return choices
        return None
