"""Errors that end a command with one line and an exit code, those of the programs (docs/architecture.md)."""

USAGE, BAD_DATA = 2, 3


class DataError(Exception):
    """What is wrong with a file or a recipe: where, what was found, what was expected."""

    code = BAD_DATA


class UsageError(DataError):
    """What is wrong with the command line."""

    code = USAGE


class NotThere(DataError):
    """A source that was not downloaded; a suite goes on without it."""
