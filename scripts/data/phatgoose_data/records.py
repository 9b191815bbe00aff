"""Records of the files that people download: JSON Lines, JSON arrays, CSV, TSV, Parquet, Arrow; gzip where it is text.

Memory does not grow with a file: it is read record by record (Parquet and Arrow: a few hundred at a time).
"""

import contextlib
import csv
import gzip
import io
import json
import pathlib
import re
import zlib

from phatgoose_data import json_stream
from phatgoose_data.errors import DataError, NotThere
from phatgoose_data.row import Dropped

MAX_LINE = 1 << 24  # bytes: longer lines are not read by the programs either
BATCH = 256  # records of a Parquet file that are in memory at a time
EXTENSIONS = (".jsonl", ".json", ".csv", ".tsv", ".parquet", ".arrow")
NO_RECORDS = ("dataset_info.json", "dataset_infos.json", "state.json")  # what `datasets` keeps beside them
LFS_POINTER = b"version https://git-lfs"


def extension(path):
    """What decides how a file is read; `.gz` does not count."""
    path = pathlib.Path(path)
    return pathlib.Path(path.stem).suffix if path.suffix == ".gz" else path.suffix


def files_of(path, split=None):
    """The files of records at `path`: itself, or all below it, in order. `split` leaves those that have it as a part of
    their path, as in `validation-00000-of-00001.parquet`, `set-validation.json` and `validation/0000.parquet`."""
    path = pathlib.Path(path)
    if not path.exists():
        raise NotThere(f"{path}: no such file or directory")
    if not path.is_dir():
        return [path]
    found = sorted(each for each in path.rglob("*")
                   if extension(each) in EXTENSIONS and each.is_file() and not hidden(each.relative_to(path))
                   and each.name not in NO_RECORDS)
    if split is not None:
        part = re.compile(rf"(^|[-/]){re.escape(split)}([-./]|$)")
        found = [each for each in found if part.search(each.relative_to(path).as_posix())]
    kinds = sorted({extension(each) for each in found})
    if split is not None and len(kinds) > 1:
        raise DataError(f"{path}: the split {split} is there as {' and as '.join(kinds)}; name one of them")
    if not found:
        raise NotThere(f"{path}: no files of {f'the split {split}' if split else 'records'} ({', '.join(EXTENSIONS)})")
    return found


def variable(field):
    """The name that a field of a record has in templates, since jinja knows no hyphens."""
    return field.replace("-", "_")


def hidden(path):
    return any(part.startswith(".") for part in path.parts)


@contextlib.contextmanager
def open_bytes(path):
    """The bytes of a file; those that it holds where it is compressed."""
    try:
        with open(path, "rb") as stored:
            if stored.peek(len(LFS_POINTER)).startswith(LFS_POINTER):
                raise DataError(f"{path}: a Git LFS pointer, not the data; run: git lfs pull")
            yield gzip.GzipFile(fileobj=stored) if str(path).endswith(".gz") else stored
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataError(f"{path}: truncated or damaged gzip: {error}") from None
    except OSError as error:
        raise DataError(f"{path}: {error.strerror or error}") from None


@contextlib.contextmanager
def open_text(path):
    """The text of a UTF-8 file, without its byte-order mark, line ends as they are."""
    with open_bytes(path) as stream:
        try:
            yield io.TextIOWrapper(stream, encoding="utf-8-sig", newline="")
        except UnicodeDecodeError as error:
            raise DataError(f"{path}: not UTF-8: {error.reason}") from None


def read(path, columns=None):
    """(where, record) for each record of a file, in order; `where` goes on behind the file's name (`:LINE`). Dropped
    stands in place of a record that cannot be read. `columns` names those that are needed of a Parquet or Arrow file,
    which may lack some."""
    kind = extension(path)
    if kind == ".jsonl":
        return _json_lines(path)
    if kind == ".json":
        return _json_array(path) if _is_array(path) else _json_lines(path)
    if kind in (".csv", ".tsv"):
        return _separated(path, "," if kind == ".csv" else "\t")
    if kind == ".parquet":
        return _parquet(path, columns)
    if kind == ".arrow":
        return _arrow(path, columns)
    raise DataError(f"{path}: unknown kind of file, expected {', '.join(EXTENSIONS)}")


def count(path):
    """How many records a file has."""
    if extension(path) == ".parquet":
        with _pyarrow(path) as pyarrow:
            return pyarrow.parquet.ParquetFile(path).metadata.num_rows
    return sum(1 for _ in read(path, columns=[]))


def _json_lines(path):
    with open_bytes(path) as stream:
        number = 0
        while line := stream.readline(MAX_LINE + 1):
            number += 1
            where = f":{number}"
            if len(line) > MAX_LINE:
                while line and not line.endswith(b"\n"):
                    line = stream.readline(MAX_LINE)
                yield where, Dropped(where, "too_long")
                continue
            try:
                text = line.decode("utf-8-sig").strip()
                if text:
                    yield where, json.loads(text)
            except UnicodeDecodeError:
                yield where, Dropped(where, "not_utf8")
            except (ValueError, RecursionError):  # ValueError: no JSON, or a number of thousands of digits
                yield where, Dropped(where, "not_json")


def _is_array(path):
    with open_text(path) as stream:
        while (character := stream.read(1)) and character.isspace():
            pass
        return character == "["


def _json_array(path):
    with open_text(path) as stream:
        for number, record in enumerate(json_stream.elements(path, stream)):
            yield f": record {number}", record


def _separated(path, delimiter):
    csv.field_size_limit(MAX_LINE)
    with open_text(path) as stream:
        reader = csv.reader(stream, delimiter=delimiter)
        try:
            header = next(reader, None)
            if not header:
                raise DataError(f"{path}: no header line with the names of the columns")
            if len(set(header)) < len(header):
                raise DataError(f"{path}:1: two columns of the same name")
            for fields in reader:
                where = f":{reader.line_num}"
                if not fields:
                    continue
                wrong = len(fields) != len(header)
                yield where, Dropped(where, "wrong_columns") if wrong else dict(zip(header, fields))
        except csv.Error as error:
            raise DataError(f"{path}:{reader.line_num}: {error}") from None


@contextlib.contextmanager
def _pyarrow(path):
    """pyarrow, which only Parquet and Arrow files need; what it cannot read becomes our error."""
    try:
        import pyarrow.parquet
    except ImportError:
        raise DataError(f"{path}: needs the Python package pyarrow; scripts/data/make.sh has it") from None
    try:
        yield pyarrow
    except (pyarrow.ArrowException, OSError) as error:
        raise DataError(f"{path}: no such file of pyarrow's: {str(error).splitlines()[0]}") from None


def _parquet(path, columns):
    with open_bytes(path), _pyarrow(path) as pyarrow:
        file = pyarrow.parquet.ParquetFile(path, memory_map=False, pre_buffer=False, buffer_size=1 << 20)
        names = file.schema_arrow.names if columns is None else [name for name in file.schema_arrow.names
                                                                 if name in columns]
        number = 0
        for batch in file.iter_batches(batch_size=BATCH, columns=names, use_threads=False):
            for record in batch.to_pylist():
                yield f": record {number}", record
                number += 1


def _arrow(path, columns):
    """What `datasets` keeps: a stream of Arrow, or a file of it."""
    with _pyarrow(path) as pyarrow, open_bytes(path) as stream:
        try:
            batches = pyarrow.ipc.open_stream(stream)
        except pyarrow.ArrowInvalid:
            file = pyarrow.ipc.open_file(path)
            batches = (file.get_batch(number) for number in range(file.num_record_batches))
        number = 0
        for batch in batches:
            if columns is not None:
                batch = batch.select([name for name in batch.schema.names if name in columns])
            for first in range(0, batch.num_rows, BATCH):
                for record in batch.slice(first, BATCH).to_pylist():
                    yield f": record {number}", record
                    number += 1
