"""Files that appear complete or not at all, with the same bytes every time."""

import contextlib
import gzip
import os
import pathlib


@contextlib.contextmanager
def complete_file(path):
    """A stream of bytes that becomes the file `path` at the end, compressed where its name ends in `.gz`."""
    path = pathlib.Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with open(unfinished, "wb") as file:
            if path.suffix == ".gz":  # neither a name nor a time in the header
                with gzip.GzipFile(filename="", mode="wb", compresslevel=6, fileobj=file, mtime=0) as stream:
                    yield stream
            else:
                yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)
