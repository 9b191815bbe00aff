"""Recipes: for every file of a suite, where its rows come from and what is kept of them (docs/data.md)."""

import dataclasses
import pathlib
import string

from phatgoose_data import pipeline
from phatgoose_data.errors import DataError, NotThere, UsageError
from phatgoose_data.layouts import MODULES, layout

FOLDER = pathlib.Path(__file__).resolve().parents[1] / "recipes"
TOP_KEYS = {"suite", "include", "files", "sources", "sets"}
CHOICE_KEYS = {field.name for field in dataclasses.fields(pipeline.Choice)} - {"use"}
NO_VALUE = object()


@dataclasses.dataclass
class Origin:
    """One place that a file's rows may come from."""

    layout: str
    patterns: list  #: of paths below the downloads; the first that anything matches counts
    options: dict
    choice: dict  #: what is chosen differently of this copy

    def paths(self, downloads):
        """Those that are there. Raises NotThere."""
        for pattern in self.patterns:
            found = sorted(downloads.glob(pattern))
            if found:
                return found
        raise NotThere(" or ".join(self.patterns))

    def resolved(self, downloads, name):
        """All options of the layout, paths among them below the downloads."""
        options = complete_options(layout(self.layout), self.options, name)
        if "templates" in options:
            found = sorted(downloads.glob(options["templates"]))
            if not found:
                raise NotThere(options["templates"])
            options["templates"] = found[0]
        return options


@dataclasses.dataclass
class Entry:
    """A file of a suite."""

    file: str  #: below the data directory
    set: str  #: the name of its set
    choice: pipeline.Choice
    origins: list


def complete_options(chosen, given, name):
    """The options of a layout, with its defaults where they are not given; others are refused."""
    options = {each.name: each.default for each in chosen.options}
    options |= {"name": name, "split": None, "suffix": chosen.suffix}
    unknown = given.keys() - options.keys()
    if unknown:
        raise UsageError(f"layout {chosen.name}: unknown option {', '.join(sorted(unknown))}; "
                         f"expected {', '.join(sorted(options))}")
    missing = [each.name for each in chosen.options if each.required and given.get(each.name) is None]
    if missing:
        raise UsageError(f"layout {chosen.name}: needs the option {', '.join(missing)}")
    return {**options, **given}


def suites():
    return sorted(path.stem for path in FOLDER.glob("*.yaml"))


def load(suite):
    """The entries of a suite, those of the recipes that it includes first."""
    if suite not in suites():
        raise UsageError(f"no recipe for a suite '{suite}'; expected {', '.join(suites())}, or rows")
    path = FOLDER / f"{suite}.yaml"
    recipe = _parse(path)
    entries = [entry for included in recipe.get("include", []) for entry in load(included)]
    for described in recipe["sets"]:
        origins = described.get("sources", recipe.get("sources", []))
        files = described.get("files", recipe["files"])
        _check_keys(f"{path}: set {described.get('name')}", described, files, [origins, recipe])
        entries += [_entry(path, file, origins, described) for file in files]
    return entries


def _check_keys(where, described, files, texts):
    """Every key of a set and of its files means something: here, or because a text of the recipe has it in braces."""
    named = CHOICE_KEYS | set(_names([files, texts]))
    unknown = described.keys() - named - {"name", "files", "sources"}
    for file in files:
        unknown |= file.keys() - named - {"file", "use", "split"}
    if unknown:
        raise DataError(f"{where}: unknown key {', '.join(sorted(unknown))}")


def _names(value):
    """The keys that stand in braces in a text, or in the texts of a list or dictionary."""
    if isinstance(value, str):
        return [name.removesuffix("?") for _, name, _, _ in string.Formatter().parse(value) if name is not None]
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [name for part in parts for name in _names(part)]


def _parse(path):
    try:
        import yaml
    except ImportError:
        raise DataError("recipes need the Python package yaml; scripts/data/make.sh has it") from None
    try:
        recipe = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise DataError(f"{path}: not YAML: {' '.join(str(error).split())}") from None
    unknown = recipe.keys() - TOP_KEYS
    if unknown:
        raise DataError(f"{path}: unknown key {', '.join(sorted(unknown))}; expected {', '.join(sorted(TOP_KEYS))}")
    return recipe


def _entry(path, file, origins, described):
    """`file` has a name, a use and a split in which a set's keys stand in braces; so do the origins."""
    where = f"{path}: set {described.get('name')}"
    own = {key: value for key, value in described.items() if key not in ("files", "sources")}
    variables = {**own, **{key: value for key, value in file.items() if isinstance(value, str)}}
    variables["split"] = _filled(file.get("split"), variables)
    choice = {key: value for key, value in {**own, **file}.items() if key in CHOICE_KEYS}
    if file["use"] != "evaluation":
        choice = {key: value for key, value in choice.items() if key in file or key == "without_templates"}
    filled = [_origin(each, variables, where) for each in origins]
    name = _filled(file["file"], variables)
    if name is None:
        raise DataError(f"{where}: '{file['file']}' names a key that the set does not have")
    return Entry(name, described["name"], pipeline.Choice(use=file["use"], **choice),
                 [origin for origin in filled if origin is not None])


def _origin(described, variables, where):
    """None where the set lacks a key that the origin names: that copy of the data does not have the set."""
    if described.get("layout") not in MODULES:
        raise DataError(f"{where}: layout {described.get('layout')!r}; expected {', '.join(MODULES)}")
    patterns = described["data"] if isinstance(described["data"], list) else [described["data"]]
    options = {"split": variables["split"], **described}
    del options["layout"], options["data"]
    filled = {key: _filled(value, variables) for key, value in options.items() if value is not None}
    choice = {key: filled.pop(key) for key in CHOICE_KEYS & filled.keys()}
    filled = {key: value for key, value in filled.items() if value is not NO_VALUE}
    patterns = [_filled(pattern, variables) for pattern in patterns]
    if None in filled.values() or None in patterns:
        return None
    return Origin(described["layout"], patterns, filled, choice)


def _filled(value, variables):
    """A text with the keys in it replaced; None where there is no such key. A text that is one key alone may become a
    value of another type, and `{key?}` stands for NO_VALUE where there is no such key."""
    if not isinstance(value, str):
        return value
    if value.startswith("{") and value.endswith("?}"):
        return variables.get(value[1:-2], NO_VALUE)
    names = _names(value)
    if any(name not in variables for name in names):
        return None
    return variables[names[0]] if names and value == f"{{{names[0]}}}" else value.format_map(variables)
