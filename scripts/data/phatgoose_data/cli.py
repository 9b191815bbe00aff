"""The two commands of scripts/data/make.sh."""

import argparse
import pathlib
import signal
import sys
import traceback

from phatgoose_data import recipes
from phatgoose_data.errors import BAD_DATA, DataError, UsageError
from phatgoose_data.layouts import MODULES, layout
from phatgoose_data.layouts.base import Source
from phatgoose_data.lengths import Tokens
from phatgoose_data.pipeline import USES, Choice, SetMaker
from phatgoose_data.report import report_path, table
from phatgoose_data.suite import SuiteMaker

COULD_NOT_FINISH, OUR_BUG = 1, 70
PROGRAM = "scripts/data/make.sh"


class Stopped(BaseException):
    """By a signal."""


class Parser(argparse.ArgumentParser):
    def error(self, message):
        raise UsageError(f"{message}; {self.prog} --help lists the options")


def say(text):
    print(f"data: {text}", file=sys.stderr, flush=True)


def main(arguments):
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _stop)
    try:
        command = arguments[0] if arguments else ""
        return _make_rows(arguments[1:]) if command == "rows" else _make_suite(command, arguments[1:])
    except DataError as error:
        say(error)
        return error.code
    except Stopped:
        say("stopped; nothing is left of the file that was being made")
        return COULD_NOT_FINISH
    except OSError as error:
        say(f"{error.filename or 'output'}: {error.strerror or error}")
        return COULD_NOT_FINISH
    except Exception as error:  # what nobody thought of
        traceback.print_exc()
        say(f"a mistake of this program: {type(error).__name__}: {error}")
        return OUR_BUG


def _stop(number, frame):
    raise Stopped


def _add_tokens(parser):
    parser.add_argument("--tokenizer", metavar="FILE", help="spiece.model: the report also counts tokens")
    parser.add_argument("--max-tokens", type=int, default=512, metavar="N", help="tokens that the model reads")


def _check_tokens(tokenizer, limit):
    """Before anything is read."""
    if limit < 1:
        raise UsageError(f"--max-tokens {limit}: expected a number of at least 1")
    if tokenizer:
        Tokens(tokenizer, limit)


def _make_suite(suite, arguments):
    parser = Parser(prog=f"{PROGRAM} {suite}", description="Makes the files of a suite out of what was downloaded.")
    parser.add_argument("--from", dest="downloads", required=True, metavar="DIR", help="where the downloads are")
    parser.add_argument("--data-dir", required=True, metavar="DIR", help="where the files go, for eval --data-dir")
    parser.add_argument("--use", choices=(*USES, "both"), default="evaluation", help="which files (evaluation)")
    parser.add_argument("--only", action="append", metavar="SET", help="only this set; may be repeated")
    parser.add_argument("--skip-existing", action="store_true", help="leave files that are there as they are")
    _add_tokens(parser)
    entries = recipes.load(suite)
    given = parser.parse_args(arguments)
    if not pathlib.Path(given.downloads).is_dir():
        raise UsageError(f"--from {given.downloads}: no such directory")
    _check_tokens(given.tokenizer, given.max_tokens)
    chosen = _chosen(entries, given)
    outcome = SuiteMaker(given.downloads, given.data_dir, given.tokenizer, given.max_tokens, say).make(chosen)
    if outcome.reports:
        print(table(outcome.reports), file=sys.stderr)
    say(f"{suite}: {len(outcome.reports)} of {len(chosen)} files made, {len(outcome.missing)} not downloaded, "
        f"{len(outcome.failed)} failed")
    return BAD_DATA if outcome.failed or (chosen and not outcome.reports) else 0


def _chosen(entries, given):
    known = {entry.set for entry in entries}
    unknown = set(given.only or ()) - known
    if unknown:
        raise UsageError(f"--only {', '.join(sorted(unknown))}: no such set; expected {', '.join(sorted(known))}")
    return [entry for entry in entries
            if given.use in ("both", entry.choice.use) and (not given.only or entry.set in given.only)
            and not (given.skip_existing and report_path(pathlib.Path(given.data_dir) / entry.file).is_file())]


def _make_rows(arguments):
    first = Parser(prog=f"{PROGRAM} rows", add_help=False)
    first.add_argument("--layout", choices=MODULES)
    name = first.parse_known_args(arguments)[0].layout
    chosen = layout(name) if name else None
    given = vars(_rows_parser(chosen).parse_args(arguments))
    own = {each.name: given[each.name] for each in chosen.options if given[each.name] is not None}
    if given["suffix"] is not None:
        own["suffix"] = given["suffix"].replace("\\n", "\n")
    options = recipes.complete_options(chosen, {**own, "split": given["split"]}, given["name"] or _stem(given["out"]))
    choice = Choice(given["use"], given["max_rows"], given["max_examples"], tuple(given["share"]),
                    tuple(given["without_template"]), {"keep": True, "drop": False}.get(given["duplicates"]))
    _check_tokens(given["tokenizer"], given["max_tokens"])
    if pathlib.Path(given["out"]).resolve() in [pathlib.Path(path).resolve() for path in given["source"]]:
        raise UsageError(f"--out {given['out']}: is a source, too")
    source = Source(name)
    with SetMaker(given["out"], choice, None, given["tokenizer"], given["max_tokens"]) as maker:
        for candidate in chosen.read(given["source"], options, source):
            maker.add(candidate)
        report = maker.finish(source.summary(options.get(chosen.many_sets)))
    print(table([report]), file=sys.stderr)
    return 0


def _stem(out):
    return report_path(out).name.removesuffix(".report.json")


def _rows_parser(chosen):
    described = "\n".join(f"  {name:<22}{layout(name).about}" for name in MODULES) if chosen is None else \
        f"  {chosen.name:<22}{chosen.about}"
    parser = Parser(prog=f"{PROGRAM} rows", formatter_class=argparse.RawDescriptionHelpFormatter,
                    description="Makes one file of rows.",
                    epilog=f"layouts (--layout LAYOUT --help lists its options):\n{described}")
    parser.add_argument("source", nargs="+", metavar="SOURCE", help="files, or directories of files")
    parser.add_argument("--layout", choices=MODULES, required=True, metavar="LAYOUT")
    parser.add_argument("--out", required=True, metavar="FILE", help="the rows; compressed where it ends in .gz")
    parser.add_argument("--name", help="what ids begin with, where the source has none; default: the name of FILE")
    parser.add_argument("--split", help="of a directory, the files that have this in their path")
    parser.add_argument("--suffix", metavar="TEXT", help=r"what follows every input; \n is a line break")
    parser.add_argument("--use", choices=USES, default="evaluation",
                        help="training: no duplicates, 500,000 rows, no choices without the target (evaluation)")
    parser.add_argument("--max-rows", type=int, metavar="N", help="draw so many rows; 0: all")
    parser.add_argument("--max-examples", type=int, metavar="N", help="draw so many examples, with all their templates")
    parser.add_argument("--share", type=float, nargs=2, default=(0.0, 1.0), metavar=("FROM", "TO"),
                        help="examples whose hash is from here up to there, between 0 and 1: parts for a split")
    parser.add_argument("--without-template", action="append", default=[], metavar="NAME", help="may be repeated")
    parser.add_argument("--duplicates", choices=("keep", "drop"), help="whether equal rows are kept")
    _add_tokens(parser)
    if chosen is not None and chosen.options:
        group = parser.add_argument_group(f"options of {chosen.name}")
        for each in chosen.options:
            _add_option(group, each)
    return parser


def _add_option(group, option):
    flag = f"--{option.name.replace('_', '-')}"
    if option.kind is list:
        group.add_argument(flag, action="append", help=f"{option.help}; may be repeated")
    elif option.kind is dict:
        group.add_argument(flag, action=_Pairs, metavar="NAME=VALUE", help=f"{option.help}; may be repeated")
    else:
        group.add_argument(flag, type=option.kind, required=option.required, help=option.help)


class _Pairs(argparse.Action):
    def __call__(self, parser, given, value, option_string=None):
        name, separator, text = value.partition("=")
        if not separator:
            parser.error(f"{option_string}: found {value!r}, expected NAME=VALUE")
        setattr(given, self.dest, {**(getattr(given, self.dest) or {}), name: text})
