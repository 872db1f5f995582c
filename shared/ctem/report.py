"""A scanner's report: its form and its outline, recognised from the beginning, and its records, read as a stream.

What a record holds is the normalisers' business. Compressed reports are refused unopened; entities in XML are refused.
"""

from __future__ import annotations

import codecs
import csv
import io
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import IO, Any, BinaryIO, Self, cast
from xml.etree.ElementTree import Element, ParseError

import ijson
import orjson
from defusedxml import DefusedXmlException
from defusedxml.ElementTree import iterparse

from shared.contracts.outside_text import read_json
from shared.ctem.finding import Refused
from shared.errors import InvalidInput

HEAD_BYTES = 65_536
OUTLINE_EVENTS = 20_000  # of JSON: no layout that we know hides its first record behind more
WHOLE_BYTES = 4_000_000  # a smaller document is read whole, which is quicker and knows more dialects
LINE_BYTES = 16_000_000
FIELD_CHARACTERS = 16_000_000  # of a cell; Wiz puts whole resources into one

_COMPRESSED = {b"PK\x03\x04": "zip", b"\x1f\x8b": "gzip", b"BZh": "bzip2", b"\xfd7zXZ": "xz", b"(\xb5/\xfd": "zstd"}
_WIDE = {codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}  # what a Windows shell writes into files
_DELIMITERS = ",;\t|"

csv.field_size_limit(FIELD_CHARACTERS)  # of the whole process; its default of 128 KiB is less than one resource


class Form(StrEnum):
    """How a report is written down."""

    CSV = "CSV"
    JSON = "JSON"
    LINES = "JSON lines"
    XML = "XML"
    HTML = "HTML"


@dataclass(frozen=True, slots=True)
class Report:
    """One report, from the beginning. ``names`` are its columns, the paths of its first values, or its root element.

    ``asset`` is what the sender says that the report is about, for layouts that do not.
    """

    stream: BinaryIO
    form: Form
    names: frozenset[str]
    asset: str = ""
    is_rewritten: bool = False  # in a temporary file of ours

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.is_rewritten:
            self.stream.close()

    def has(self, *names: str) -> bool:
        """Whether all of them are there."""
        return self.names.issuperset(names)

    def rows(self) -> Iterator[tuple[str, dict[str, str] | Refused]]:
        """Of a CSV report: each row by column. A header row that comes again begins another export."""
        self.stream.seek(0)
        text = io.TextIOWrapper(
            io.BufferedReader(_Unclosed(self.stream)), encoding="utf-8-sig", errors="replace", newline=""
        )
        delimiter = _delimiter(_first_line(self.stream))
        reader = csv.reader(text, delimiter=delimiter)
        columns: list[str] = []
        try:
            while (where := f"line {reader.line_num + 1}") and (cells := next(reader, None)) is not None:
                if not any(cells):
                    continue
                if not columns or _is_header(cells, columns):
                    columns = [cell.strip() for cell in cells]
                elif len(cells) > len(columns):
                    yield where, Refused(where, f"{len(cells)} cells, expected {len(columns)}: a quote is missing")
                else:
                    yield where, dict(zip(columns, cells, strict=False))
        except csv.Error as error:
            yield where, Refused(where, f"{error}; nothing behind it was read", ends=True)

    def lines(self) -> Iterator[tuple[str, Any]]:
        """Of JSON lines: each value; a line that is no JSON costs that line."""
        self.stream.seek(0)
        number = 0
        while raw := self.stream.readline(LINE_BYTES):
            number += 1
            where = f"line {number}"
            if len(raw) == LINE_BYTES and not raw.endswith(b"\n"):
                while (rest := self.stream.readline(LINE_BYTES)) and not rest.endswith(b"\n"):
                    pass
                yield where, Refused(where, f"more than {LINE_BYTES} bytes")
            elif raw := raw.removeprefix(codecs.BOM_UTF8).strip():
                try:
                    yield where, read_json(raw)
                except InvalidInput as error:
                    yield where, Refused(where, str(error))

    def records(self, path: str) -> Iterator[tuple[str, Any]]:
        """Of JSON: each value at ``path`` such as ``runs.item.results.item``; all documents of the file."""
        self.stream.seek(0)
        small = self.stream.read(WHOLE_BYTES)
        if len(small) < WHOLE_BYTES:
            try:
                found = _at(read_json(small), [part for part in path.split(".") if part])
            except InvalidInput:
                pass  # cut, or several documents: the stream gives what comes before the fault
            else:
                yield from ((f"record {number}", value) for number, value in enumerate(found, 1))
                return
        self.stream.seek(len(codecs.BOM_UTF8) if small.startswith(codecs.BOM_UTF8) else 0)
        number = 0
        try:
            for value in ijson.items(self.stream, path, use_float=True, multiple_values=True):
                number += 1
                yield f"record {number}", value
        except (ijson.JSONError, UnicodeDecodeError) as error:
            where = f"record {number + 1}"
            yield where, Refused(where, f"no JSON from here on: {error}"[:300], ends=True)

    def elements(self, name: str) -> Iterator[tuple[str, Element | Refused]]:
        """Of XML: each element of this name, which is emptied afterwards."""
        self.stream.seek(0)
        number, root = 0, None
        try:
            # Burp writes the document type into each report; an entity is in none.
            for event, element in iterparse(self.stream, events=("start", "end"), forbid_dtd=False):
                root = element if root is None else root
                if event == "end" and element.tag == name:
                    number += 1
                    yield f"{name} {number}", element
                    root.clear()
        except (ParseError, DefusedXmlException, ValueError) as error:
            where = f"{name} {number + 1}"
            yield where, Refused(where, f"no readable XML from here on: {error!r}"[:300], ends=True)


def opened(stream: BinaryIO, *, asset: str = "") -> Report:
    """Look at the beginning of a report; use it in a `with`.

    Raises InvalidInput for what is empty, compressed or none of the forms.
    """
    narrow = _narrow(stream)
    try:
        return replace(_recognised(narrow, asset), is_rewritten=narrow is not stream)
    except InvalidInput:
        if narrow is not stream:
            narrow.close()
        raise


def _recognised(stream: BinaryIO, asset: str) -> Report:
    head = stream.read(HEAD_BYTES)
    stream.seek(0)
    for magic, name in _COMPRESSED.items():
        if head.startswith(magic):
            raise InvalidInput("report", got=f"a {name} file", expected="the report itself", hint="Unpack it first.")
    begin = head.removeprefix(codecs.BOM_UTF8).lstrip()
    if not begin:
        raise InvalidInput("report", got="an empty file", expected="a scanner's report")
    if begin[:1] == b"<":
        html = begin[:200].lower().startswith((b"<!doctype html", b"<html"))
        return Report(stream, Form.HTML if html else Form.XML, frozenset({_root(stream)} if not html else ()), asset)
    if begin[:1] in (b"{", b"["):
        form = Form.LINES if _is_lines(begin) else Form.JSON
        return Report(stream, form, _outline(stream, head), asset)
    line = _first_line(stream)
    try:
        cells = next(csv.reader([line], delimiter=_delimiter(line)), [])
    except csv.Error as error:
        raise InvalidInput("report", got=line, expected="XML, JSON or CSV", hint=str(error)) from error
    return Report(stream, Form.CSV, frozenset(cell.strip() for cell in cells), asset)


def _narrow(stream: BinaryIO) -> BinaryIO:
    """The stream in UTF-8; one in UTF-16 is rewritten into a temporary file."""
    encoding = _WIDE.get(stream.read(2))
    stream.seek(0)
    if encoding is None:
        return stream
    recoded = cast("BinaryIO", tempfile.TemporaryFile())  # noqa: SIM115 - the report keeps it open
    reader = codecs.getreader(encoding)(cast("IO[bytes]", stream), "replace")
    while text := reader.read(HEAD_BYTES):
        recoded.write(text.encode("utf-8", "replace"))
    recoded.seek(0)
    return recoded


def _is_lines(begin: bytes) -> bool:
    """Whether the first line is an object of its own and another one follows."""
    first, _, rest = begin.partition(b"\n")
    if not (first.startswith(b"{") and rest.strip().startswith(b"{")):
        return False
    try:
        orjson.loads(first)
    except orjson.JSONDecodeError:
        return False
    return True


def _outline(stream: BinaryIO, head: bytes) -> frozenset[str]:
    names: set[str] = set()
    stream.seek(len(codecs.BOM_UTF8) if head.startswith(codecs.BOM_UTF8) else 0)
    try:
        for number, (prefix, event, value) in enumerate(ijson.parse(stream, use_float=True, multiple_values=True)):
            if event == "map_key":
                names.add(f"{prefix}.{value}" if prefix else value)
            if number > OUTLINE_EVENTS:
                break
    except (ijson.JSONError, UnicodeDecodeError):
        pass  # what came before the fault may say enough
    stream.seek(0)
    return frozenset(names)


def _at(value: Any, path: list[str]) -> Iterator[Any]:
    if not path:
        yield value
    elif path[0] == "item" and isinstance(value, list):
        for item in value:
            yield from _at(item, path[1:])
    elif isinstance(value, dict) and path[0] in value:
        yield from _at(value[path[0]], path[1:])


def _root(stream: BinaryIO) -> str:
    """The name of the root element; "" when there is none that may be read."""
    try:
        for _, element in iterparse(stream, events=("start",), forbid_dtd=False):
            return str(element.tag)
    except (ParseError, DefusedXmlException, ValueError):
        pass
    finally:
        stream.seek(0)
    return ""


def _first_line(stream: BinaryIO) -> str:
    place = stream.tell()
    stream.seek(0)
    line = stream.readline(HEAD_BYTES).decode("utf-8-sig", "replace").strip("\r\n")
    stream.seek(place)
    return line


def _delimiter(line: str) -> str:
    """The one that makes most columns of the header: a spreadsheet writes what its language uses."""
    return max(_DELIMITERS, key=line.count)


def _is_header(cells: list[str], columns: list[str]) -> bool:
    """Whether a row is a header: the same one again, or another export's that shares columns in their places."""
    return cells[0].strip() == columns[0] and sum(cell.strip() in columns for cell in cells) > len(columns) // 2


class _Unclosed(io.RawIOBase):
    """Keeps a text reader from closing the stream that it reads."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def readable(self) -> bool:
        """Always."""
        return True

    def readinto(self, buffer: Any) -> int:
        """See RawIOBase."""
        data = self._stream.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)
