"""Makes the files of a suite out of what was downloaded."""

import contextlib
import dataclasses
import itertools
import pathlib

from phatgoose_data.errors import DataError, NotThere
from phatgoose_data.layouts import layout
from phatgoose_data.layouts.base import Source
from phatgoose_data.pipeline import SetMaker


NAMED_MISSING = 10


class Outcome:
    """What was made, what was not there, and what was wrong."""

    def __init__(self, say):
        self.say = say
        self.reports, self.missing, self.failed = [], [], []

    def made(self, report):
        self.reports.append(report)
        self.say(f"{report['file']}: {report['kept']:,} of {report['read']:,} rows, from {report['layout']}")

    def lacks(self, entry, why):
        self.missing.append(entry)
        if len(self.missing) <= NAMED_MISSING:
            self.say(f"{entry.file}: not made: {why}")

    def say_how_many_lack(self):
        if len(self.missing) > NAMED_MISSING:
            more = len(self.missing) - NAMED_MISSING
            self.say(f"{more} more were not made; --only SET says what a set needs")

    def fails(self, entries, error):
        self.failed += entries
        self.say(str(error))


class SuiteMaker:
    """Makes entries of recipes, each of the first of its origins that is there."""

    def __init__(self, downloads, data_dir, tokenizer=None, max_tokens=512, say=print):
        self.downloads, self.data_dir = pathlib.Path(downloads), pathlib.Path(data_dir)
        self.tokens = {"tokenizer": tokenizer, "max_tokens": max_tokens}
        self.outcome = Outcome(say)

    def make(self, entries):
        """Goes through all entries, whatever is wrong with one of them. Entries that one pass over a source can serve
        come last, together."""
        together = {}
        for entry in entries:
            shared = self._shared_pass(entry)
            if shared is None:
                self._guard([entry], lambda entry=entry: self._make_one(entry))
            else:
                together.setdefault(shared, []).append(entry)
        for group in together.values():
            self._guard(group, lambda group=group: self._make_group(group))
        self.outcome.say_how_many_lack()
        return self.outcome

    def _guard(self, entries, work):
        try:
            work()
        except DataError as error:
            self.outcome.fails(entries, error)

    def _first_there(self, entry):
        for origin in entry.origins:
            try:
                return origin, origin.paths(self.downloads)
            except NotThere:
                pass
        return None, []

    def _shared_pass(self, entry):
        """What the entries of one pass have in common; None for an entry that has a pass of its own."""
        origin, paths = self._first_there(entry)
        set_option = origin and layout(origin.layout).many_sets
        if not set_option or set_option not in origin.options:
            return None
        others = sorted((key, str(value)) for key, value in origin.options.items() if key != set_option)
        return origin.layout, tuple(paths), tuple(others)

    def _maker(self, entry, origin):
        choice = dataclasses.replace(entry.choice, **origin.choice)
        return SetMaker(self.data_dir / entry.file, choice, entry.file, **self.tokens)

    def _make_one(self, entry):
        tried = []
        for origin in entry.origins:
            try:
                paths = origin.paths(self.downloads)
                options = origin.resolved(self.downloads, f"{entry.set}/{origin.options.get('split', 'all')}")
                source = Source(origin.layout, self.downloads)
                candidates = layout(origin.layout).read(paths, options, source)
                first = list(itertools.islice(candidates, 1))  # what is not there is found here
            except NotThere as missing:
                tried.append(self._shorter(missing))
                continue
            with self._maker(entry, origin) as maker:
                for candidate in itertools.chain(first, candidates):
                    maker.add(candidate)
                self.outcome.made(maker.finish(source.summary()))
            return
        self.outcome.lacks(entry, f"not in {self.downloads}: {'; '.join(tried)}")

    def _shorter(self, message):
        return str(message).replace(f"{self.downloads}/", "")

    def _make_group(self, entries):
        """One pass; each row goes to the entries of its set."""
        origin, paths = self._first_there(entries[0])
        chosen = layout(origin.layout)
        source = Source(origin.layout, self.downloads)
        makers = {}  # of each set: its entries with their makers
        with contextlib.ExitStack() as stack:
            for entry in entries:
                own = self._first_there(entry)[0]
                maker = stack.enter_context(self._maker(entry, own))
                makers.setdefault(own.options[chosen.many_sets], []).append((entry, maker))
            options = {**origin.resolved(self.downloads, entries[0].set), chosen.many_sets: sorted(makers)}
            for candidate in chosen.read(paths, options, source):
                for _, maker in makers[candidate.set]:
                    maker.add(dataclasses.replace(candidate))
            for set_name, served in makers.items():
                for entry, maker in served:
                    self._guard([entry], lambda: self._finish(entry, maker, source, set_name))

    def _finish(self, entry, maker, source, set_name):
        if maker.report.read == 0:
            self.outcome.lacks(entry, f"nothing of '{set_name}' among the {source.layout} records")
        else:
            self.outcome.made(maker.finish(source.summary(set_name)))
