"""Templates as promptsource has them: jinja with a few helpers, and `|||` between input and target.

Templates are text from elsewhere: they run in jinja's sandbox, and tags of a YAML file become plain values.
"""

import collections
import hashlib
import random

try:
    import jinja2
    import jinja2.meta
    import jinja2.sandbox
    import yaml
except ImportError as missing:
    from phatgoose_data.errors import DataError

    raise DataError(f"templates need the Python package {missing.name}; scripts/data/make.sh has it") from None

from phatgoose_data.errors import DataError
from phatgoose_data.records import variable
from phatgoose_data.row import Refused

SEPARATOR = "|||"
STAND_IN = "\x1f3ba1c7f0\x1f"  # for a separator within the data, while a rendering is split
MAX_VARIABLE = 2048  # promptsource cuts every variable to so many characters


class Environment(jinja2.sandbox.ImmutableSandboxedEnvironment):
    """What templates may use besides jinja itself."""

    def __init__(self):
        super().__init__(loader=None)
        self.draw = random.Random()
        self.globals["zip"] = zip
        self.filters.update(choice=lambda items: self.draw.choice(items), most_frequent=most_frequent,
                            highlight=lambda text: f"<span style='color: #F08080'>{text}</span>")

    def seed(self, *texts):
        """What `choice` draws depends on these only, so that the same file is made every time."""
        digest = hashlib.blake2b("\0".join(texts).encode("utf-8", "replace"), digest_size=8).digest()
        self.draw.seed(int.from_bytes(digest, "big"))


def most_frequent(items):
    """Those that occur most often, in the order of their first occurrence."""
    if not items:
        return None
    counts = collections.Counter(items)
    most = max(counts.values())
    return [item for item, count in counts.items() if count == most]


class Template:
    """One template: what it makes of an example."""

    def __init__(self, environment, name, text, answer_choices=None, max_variable=MAX_VARIABLE):
        self.environment, self.name = environment, name
        try:
            named = set().union(*(jinja2.meta.find_undeclared_variables(environment.parse(each))
                                  for each in (text, answer_choices or "")))
            self.variables = named - environment.globals.keys() - {"answer_choices"}
            cut = text.replace("}}", f" | string | truncate({max_variable}) }}}}") if max_variable else text
            self.body = environment.from_string(cut)
            self.choices = environment.from_string(answer_choices) if answer_choices is not None else None
        except jinja2.TemplateError as error:
            raise DataError(f"template {name!r}: {error}") from None

    def render(self, example, example_id):
        """(input, target, choices or None). Raises Refused."""
        variables = _variables(example)
        try:
            self.environment.seed(self.name, example_id)
            choices = None if self.choices is None else _split(self.choices.render(**variables))
            parts = _split(self.body.render(**variables, answer_choices=choices))
        except Exception as error:  # whatever a template may do to values that it was not written for
            raise Refused("template_failed") from error
        if parts == [""]:
            raise Refused("empty_rendering")
        if len(parts) != 2:
            raise Refused("separator_not_once")
        return parts[0], parts[1], choices


def _variables(example):
    if "answer_choices" in example:
        raise Refused("template_failed")
    return {variable(name): value.replace(SEPARATOR, STAND_IN) if isinstance(value, str) else value
            for name, value in example.items()}


def _split(rendering):
    return [part.replace(STAND_IN, SEPARATOR).strip() for part in rendering.split(SEPARATOR)]


class _Loader(yaml.SafeLoader):
    """Plain values only. promptsource's two tags say nothing that the keys below them do not."""


for _tag in ("!Template", "!TemplateMetadata"):
    _Loader.add_constructor(_tag, lambda loader, node: loader.construct_mapping(node, deep=True))


def load_templates(path, max_variable=MAX_VARIABLE):
    """The templates of one of promptsource's templates.yaml, in the order of their names."""
    try:
        with open(path, encoding="utf-8") as stream:
            found = yaml.load(stream, Loader=_Loader)
        described = sorted(found["templates"].values(), key=lambda each: each["name"])
        environment = Environment()
        return [Template(environment, each["name"], each["jinja"], each.get("answer_choices"), max_variable)
                for each in described]
    except OSError as error:
        raise DataError(f"{path}: {error.strerror}") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: not YAML: {' '.join(str(error).split())}") from None
    except (KeyError, TypeError, AttributeError):
        raise DataError(f"{path}: no templates of promptsource's: expected `templates`, each with `name` and `jinja`") \
            from None
