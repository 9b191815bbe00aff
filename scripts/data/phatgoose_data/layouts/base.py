"""What a layout is: a way in which public files hold rows."""

import collections
import dataclasses
import pathlib
from collections.abc import Callable

from phatgoose_data import records
from phatgoose_data.row import Dropped


@dataclasses.dataclass(frozen=True)
class Option:
    """An option of a layout, on the command line (`--some-option`) and in recipes (`some_option`)."""

    name: str
    help: str
    kind: type = str  #: str, int, list (of texts) or dict (of texts; NAME=VALUE on the command line)
    default: object = None
    required: bool = False


@dataclasses.dataclass(frozen=True)
class Layout:
    name: str
    about: str
    read: Callable  #: (paths, options, source) -> Candidate or Dropped, for each row in order
    options: tuple = ()
    suffix: str = ""  #: what follows every input, unless the option `suffix` says otherwise
    many_sets: str | None = None  #: the option that names a set, where one pass over a source can serve several


class Source:
    """What was read of a source: its files, the number of records, and keys that nothing uses. Files and records of
    several sets are kept apart."""

    def __init__(self, layout, root=None):
        self.layout, self.root = layout, root
        self.ignored, self.lacking, self.notes = set(), set(), {}
        self.files, self.counts = collections.defaultdict(list), collections.Counter()

    def shown(self, path):
        """The name of a file in reports: below the downloads, where it stands there."""
        path = pathlib.Path(path)
        below = self.root is not None and path.is_relative_to(self.root)
        return (path.relative_to(self.root) if below else path).as_posix()

    def note_file(self, path, set_name=None):
        self.files[set_name].append(self.shown(path))

    def count(self, set_name=None):
        self.counts[set_name] += 1

    def ignore(self, keys):
        self.ignored.update(keys)

    def note_fields(self, record, variables):
        """Of records for templates: fields that no template uses, and `variables` of templates that are no field."""
        fields = {records.variable(name): name for name in record}
        self.ignore(name for field, name in fields.items() if field not in variables)
        self.lacking.update(variables - fields.keys())

    def read(self, path, known=None, columns=None):
        """(place, record) of each record of a file that is an object, Dropped in place of any other. Keys that are not
        `known` are noted."""
        self.note_file(path)
        name = self.shown(path)
        for where, record in records.read(path, columns):
            place = f"{name}{where}"
            if isinstance(record, Dropped):
                record.place = place
            if known is not None and isinstance(record, dict):
                self.ignore(record.keys() - known)
            elif not isinstance(record, dict | Dropped):
                record = Dropped(place, "not_an_object")
            yield place, record

    def summary(self, set_name=None):
        files = self.files.get(set_name, self.files[None])
        return {"layout": self.layout, "sources": files, "records": self.counts[set_name],
                "ignored_keys": sorted(self.ignored), "missing_fields": sorted(self.lacking), **self.notes}
