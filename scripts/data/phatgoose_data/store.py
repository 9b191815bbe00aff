"""What must be remembered of all rows of a set, on disk, so that memory does not grow with the set."""

import hashlib
import sqlite3
import struct
import tempfile

from phatgoose_data.row import MENDS

CACHE_KIB = 256  # of a table in memory; the FLAN pool has two hundred of them at a time


def key(purpose, *texts):
    """A number below 2^63 that depends on the texts only, the same on every machine; `purpose` keeps uses apart."""
    digest = hashlib.blake2b(digest_size=8, person=purpose.encode())
    for text in texts:
        data = text.encode("utf-8", "surrogatepass")
        digest.update(len(data).to_bytes(8, "big"))
        digest.update(data)
    return int.from_bytes(digest.digest(), "big") >> 1


class Keys:
    """A set of keys, on disk once it is large."""

    def __init__(self):
        self.table = None

    def _open(self):
        self.table = sqlite3.connect("", isolation_level=None)  # a temporary file that no name leads to
        for setting in (f"cache_size=-{CACHE_KIB}", "journal_mode=OFF", "synchronous=OFF", "locking_mode=EXCLUSIVE"):
            self.table.execute(f"PRAGMA {setting}")
        self.table.execute("CREATE TABLE keys (key INTEGER PRIMARY KEY)")
        self.table.execute("BEGIN")

    def add(self, number):
        """Whether it is new."""
        if self.table is None:
            self._open()
        return self.table.execute("INSERT OR IGNORE INTO keys VALUES (?)", (number,)).rowcount == 1

    def count(self):
        return 0 if self.table is None else self.table.execute("SELECT count(*) FROM keys").fetchone()[0]

    def threshold(self, limit):
        """The largest of the `limit` smallest keys; None where there are no more than that. Keys are as good as random:
        those up to it are a fair sample, and the same one every time."""
        if self.count() <= limit:
            return None
        return self.table.execute("SELECT key FROM keys ORDER BY key LIMIT 1 OFFSET ?", (limit - 1,)).fetchone()[0]

    def close(self):
        if self.table is not None:
            self.table.close()


class Spool:
    """Rows in their order, each with two keys and the MENDS that it took, until it is known which of them are kept."""

    HEADER = struct.Struct("<QQII")
    MENDS = tuple(MENDS)

    def __init__(self):
        self.file = tempfile.TemporaryFile()  # as those of Keys: without a name, so that nothing is ever left of it

    def add(self, row_key, example_key, mends, line):
        bits = sum(1 << place for place, mend in enumerate(self.MENDS) if mend in mends)
        self.file.write(self.HEADER.pack(row_key, example_key, bits, len(line)))
        self.file.write(line)

    def __iter__(self):
        self.file.seek(0)
        while header := self.file.read(self.HEADER.size):
            row_key, example_key, bits, size = self.HEADER.unpack(header)
            mends = [mend for place, mend in enumerate(self.MENDS) if bits >> place & 1]
            yield row_key, example_key, mends, self.file.read(size)

    def close(self):
        self.file.close()
