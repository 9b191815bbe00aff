"""JSON documents of any size, one element of their long array at a time."""

import json

from phatgoose_data.errors import DataError

CHUNK = 1 << 16
MAX_VALUE = 1 << 26  # characters of one value; a document is read in pieces, an element of it is not
WHITE_SPACE = " \t\n\r"


class _Scanner:
    """Reads values from text of which only a part is in memory."""

    def __init__(self, name, stream):
        self.name, self.stream = name, stream
        self.buffer, self.position, self.before, self.ended = "", 0, 0, False
        self.decoder = json.JSONDecoder()

    def fault(self, found, place=None):
        """`place` counts from the start of the document, from 0; where reading stands, by default."""
        place = self.before + self.position if place is None else place
        return DataError(f"{self.name}: character {place + 1}: {found}")

    def fill(self):
        """Reads more; false at the end."""
        if self.ended:
            return False
        self.before += self.position
        chunk = self.stream.read(max(CHUNK, len(self.buffer) - self.position))
        self.buffer = self.buffer[self.position:] + chunk
        self.position = 0
        self.ended = not chunk
        return not self.ended

    def peek(self):
        """The next character that is no white space; empty at the end."""
        while True:
            while self.position < len(self.buffer):
                if self.buffer[self.position] not in WHITE_SPACE:
                    return self.buffer[self.position]
                self.position += 1
            if not self.fill():
                return ""

    def take(self, expected):
        found = self.peek()
        if found == "" or found not in expected:
            what = f"found '{found}'" if found else "the file ends"
            raise self.fault(f"{what}, expected {' or '.join(expected)}")
        self.position += 1
        return found

    def value(self):
        self.peek()
        while True:
            try:
                value, end = self.decoder.raw_decode(self.buffer, self.position)
                if end < len(self.buffer) or not self.fill():  # a number may go on behind the buffer
                    self.position = end if end < len(self.buffer) else len(self.buffer)
                    return value
            except json.JSONDecodeError as error:
                place = self.before + error.pos
                if len(self.buffer) - self.position > MAX_VALUE or not self.fill():
                    raise self.fault(f"not JSON: {error.msg}", place) from None
            except RecursionError:
                raise self.fault("too many brackets within each other") from None
            except ValueError:
                raise self.fault("a number of too many digits") from None

    def elements(self):
        """Of an array, from its opening bracket on."""
        self.take("[")
        if self.peek() == "]":
            self.take("]")
            return
        while True:
            yield self.value()
            if self.take(",]") == "]":
                return


def elements(name, stream):
    """The elements of a document that is an array."""
    scanner = _Scanner(name, stream)
    yield from scanner.elements()
    _expect_end(scanner)


def members(name, stream, array):
    """(key, value) of a document that is an object; of its member `array`, (array, element) for each element."""
    scanner = _Scanner(name, stream)
    for key in _keys(scanner):
        if key == array and scanner.peek() == "[":
            for element in scanner.elements():
                yield key, element
        else:
            yield key, scanner.value()
    _expect_end(scanner)


def has_array(name, stream, array):
    """Whether the text begins with an object that has such a member, rather than with a record of JSON Lines."""
    scanner = _Scanner(name, stream)
    if scanner.peek() != "{":
        return False
    for key in _keys(scanner):
        if key == array and scanner.peek() == "[":
            return True
        scanner.value()
    return False


def _keys(scanner):
    """The keys of an object; the caller takes the value behind each."""
    scanner.take("{")
    if scanner.peek() == "}":
        scanner.take("}")
        return
    while True:
        if scanner.peek() != '"':
            scanner.take('"')
        key = scanner.value()
        scanner.take(":")
        yield key
        if scanner.take(",}") == "}":
            return


def _expect_end(scanner):
    if scanner.peek():
        raise scanner.fault("more text behind the document")
