"""The tables of a Burp DAST report in HTML: a heading for each site, a row for each kind of issue, then its paths."""

from __future__ import annotations

from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

from shared.ctem.fields import line
from shared.ctem.finding import Refused
from shared.ctem.report import HEAD_BYTES, Report

_SITE = "Issues found on "
_CELLS = 3  # path, severity, confidence; what follows is a link


class _Tables(HTMLParser):
    """Gathers the rows that have been read so far in ``rows``."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[dict[str, str]] = []
        self.found_table = False
        self._site = self._name = self._text = ""
        self._in_table = self._is_kind = False
        self._cells: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """See HTMLParser."""
        given = dict(attrs).get("class") or ""
        if tag == "table" and "issue-table" in given:
            self._in_table = self.found_table = True
        elif tag == "tr":
            self._is_kind, self._cells = "issue-type-row" in given, []
        if tag in {"td", "h1"}:
            self._text = ""

    def handle_data(self, data: str) -> None:
        """See HTMLParser."""
        self._text += data

    def handle_endtag(self, tag: str) -> None:
        """See HTMLParser."""
        said = line(self._text)
        if tag == "h1" and said.startswith(_SITE):
            self._site = said.removeprefix(_SITE).rstrip("/")
        elif tag == "table":
            self._in_table = False
        elif tag == "td" and self._in_table:
            self._cells.append(said)
        elif tag == "tr" and self._in_table and self._is_kind and self._cells:
            self._name = self._cells[0].rpartition(" [")[0] or self._cells[0]
        elif tag == "tr" and self._in_table and len(self._cells) >= _CELLS:
            parts = dict(zip(("path", "severity", "confidence"), self._cells, strict=False))
            self.rows.append({"origin": self._site, "name": self._name, **parts})


def issue_rows(report: Report) -> Iterator[tuple[str, Any]]:
    """Each row; one refusal when there is no table of issues."""
    report.stream.seek(0)
    tables, number = _Tables(), 0
    while chunk := report.stream.read(HEAD_BYTES):
        tables.feed(chunk.decode("utf-8", "replace"))
        for row in tables.rows:
            number += 1
            yield f"row {number}", row
        tables.rows.clear()
    if not tables.found_table:
        yield "report", Refused("report", "no table of issues in this HTML", ends=True)
