"""The part of KQL that the catalogue of questions uses, on rows in memory; anything else is refused.

Definitions (`let`) of datetimes and dynamic lists; one table; where, extend, project, summarize, top. Expressions: and,
or, not(), comparison, in, in~, !in~, has, has_any, startswith, endswith, between, paths into dynamic columns, and the
functions and aggregates in FUNCTIONS and AGGREGATES. Times are texts with seven decimals, which sort like the times.
"""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

Row = dict[str, Any]
Value = Callable[[Row], Any]
_TOKEN = re.compile(
    r'\s+|(?P<string>"(?:[^"\\\n]|\\.)*")|(?P<number>\d+)|(?P<word>[A-Za-z_]\w*)'
    r"|(?P<mark>\.\.|==|!=|=~|!~|<=|>=|[<>=.,()\[\]|;~!-])"
)
_TIME = re.compile(r"datetime\(([0-9T:.Z-]+)\)")


class NotSpoken(ValueError):
    """Text that is no KQL, or KQL that this simulator does not speak."""


def answer(query: str, tables: Mapping[str, Iterable[Row]]) -> list[Row]:
    """The rows that a query gives. Raises NotSpoken; KeyError for a table that is not there."""
    return _Parser(query).run(tables)


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return value if isinstance(value, str) else json.dumps(value) if isinstance(value, dict | list) else str(value)


def _has(value: Any, term: str) -> bool:
    """Whether the text has the term with no letter or digit at its ends."""
    if not term:
        return True
    ends = r"(?<![^\W_])" if term[0].isalnum() else "", r"(?![^\W_])" if term[-1].isalnum() else ""
    return bool(re.search(f"{ends[0]}{re.escape(term)}{ends[1]}", _text(value), re.IGNORECASE))


def _is_private(value: Any) -> bool:
    try:
        address = ipaddress.IPv4Address(_text(value))
    except ValueError:
        return False
    return any(address in network for network in PRIVATE)


PRIVATE = tuple(map(ipaddress.IPv4Network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")))  # as ipv4_is_private
FUNCTIONS: dict[str, Callable[..., Any]] = {
    "tostring": _text,
    "tolower": lambda value: _text(value).lower(),
    "isempty": lambda value: _text(value) == "",
    "isnotempty": lambda value: _text(value) != "",
    "strcat": lambda *values: "".join(map(_text, values)),
    "not": lambda value: not value,
    "ipv4_is_private": _is_private,
}


def _distinct(values: Iterable[Any]) -> list[Any]:
    return list({_text(value): value for value in values if _text(value)}.values())


AGGREGATES: dict[str, Callable[..., Any]] = {
    "count": len,
    "countif": lambda rows, value: sum(bool(value(row)) for row in rows),
    "dcount": lambda rows, value: len(_distinct(map(value, rows))),
    "make_set": lambda rows, value, most: _distinct(map(value, rows))[: most(rows[0])],
    "min": lambda rows, value: min((v for v in map(value, rows) if v is not None), default=None),
    "max": lambda rows, value: max((v for v in map(value, rows) if v is not None), default=None),
    "sum": lambda rows, value: sum(v for v in map(value, rows) if isinstance(v, int | float)),
    "take_any": lambda rows, value: value(rows[0]),
}


@dataclass
class _Parser:
    """Reads from left to right; what it reads becomes functions of a row."""

    query: str

    def __post_init__(self) -> None:
        self._tokens: list[tuple[str, str]] = []
        self._lets: dict[str, Any] = {}
        place = 0
        while place < len(self.query):
            found = _TIME.match(self.query, place) or _TOKEN.match(self.query, place)
            if found is None:
                raise NotSpoken(f"no KQL at {self.query[place : place + 20]!r}")
            place = found.end()
            if found.re is _TIME:
                self._tokens.append(("time", found[1]))
            elif found.lastgroup:
                self._tokens.append((found.lastgroup, found[0]))
        self._tokens.append(("end", ""))
        self._at = 0

    def run(self, tables: Mapping[str, Iterable[Row]]) -> list[Row]:
        while self._takes("let"):
            name = self._word()
            self._must("=")
            self._lets[name] = self._expression()({})
            self._must(";")
        rows = list(tables[self._word()])
        steps = {"where": self._where, "extend": self._extend, "project": self._project,
                 "summarize": self._summarize, "top": self._top}  # fmt: skip
        while self._takes("|"):
            name = self._word()
            if name not in steps:
                raise NotSpoken(f"the operator {name}")
            rows = steps[name](rows)
        self._must("")
        return rows

    def _where(self, rows: list[Row]) -> list[Row]:
        condition = self._expression()
        return [row for row in rows if condition(row)]

    def _extend(self, rows: list[Row]) -> list[Row]:
        columns = self._columns(self._expression)
        return [{**row, **{name: value(row) for name, value in columns}} for row in rows]

    def _project(self, rows: list[Row]) -> list[Row]:
        columns = self._columns(self._expression)
        return [{name: value(row) for name, value in columns} for row in rows]

    def _summarize(self, rows: list[Row]) -> list[Row]:
        aggregates = self._columns(self._aggregate)
        keys = self._columns(self._expression) if self._takes("by") else []
        groups: dict[str, tuple[Row, list[Row]]] = {}
        for row in rows:
            key = {name: value(row) for name, value in keys}
            groups.setdefault(json.dumps(key, sort_keys=True, default=str), (key, []))[1].append(row)
        return [{**key, **{name: value(group) for name, value in aggregates}} for key, group in groups.values()]

    def _top(self, rows: list[Row]) -> list[Row]:
        most = int(self._take("number"))
        self._must("by")
        value = self._expression()
        descending = not self._takes("asc")
        self._takes("desc")
        known = [row for row in rows if value(row) is not None]
        rest = [row for row in rows if value(row) is None]
        return [*sorted(known, key=value, reverse=descending), *rest][:most]

    def _columns(self, read: Callable[[], Any]) -> list[tuple[str, Any]]:
        """`Name = expression` or a bare column, by commas."""
        columns = []
        while True:
            name = self._peek()
            if self._tokens[self._at + 1] == ("mark", "="):
                self._at += 2
            columns.append((name, read()))
            if not self._takes(","):
                return columns

    def _aggregate(self) -> Callable[[list[Row]], Any]:
        name = self._word()
        if name not in AGGREGATES:
            raise NotSpoken(f"the aggregate {name}")
        arguments, function = self._arguments(), AGGREGATES[name]
        return lambda rows: function(rows, *arguments)

    def _expression(self) -> Value:
        left = self._conjunction()
        while self._takes("or"):
            left = _either(left, self._conjunction())
        return left

    def _conjunction(self) -> Value:
        left = self._comparison()
        while self._takes("and"):
            left = _both(left, self._comparison())
        return left

    def _comparison(self) -> Value:
        left = self._path()
        name = ("!" if self._takes("!") else "") + self._peek()
        simple = COMPARISONS.get(name)
        if simple:
            self._at += 1
            right = self._path()
            return lambda row: simple(left(row), right(row))
        if name in {"in", "!in", "has_any"}:
            self._at += 1
            folded = name == "has_any" or self._takes("~")
            among = self._arguments()
            one = _has if name == "has_any" else lambda a, b: _fold(a, folded) == _fold(b, folded)
            return lambda row: any(one(left(row), item) for item in _flat(among, row)) is not name.startswith("!")
        if name == "between":
            self._at += 1
            self._must("(")
            low = self._path()
            self._must("..")
            high = self._path()
            self._must(")")
            return lambda row: left(row) is not None and low(row) <= left(row) <= high(row)
        return left

    def _path(self) -> Value:
        value = self._atom()
        while True:
            if self._takes("."):
                value = _inside(value, self._word())
            elif self._takes("["):
                value = _inside(value, int(self._take("number")))
                self._must("]")
            else:
                return value

    def _atom(self) -> Value:
        kind, text = self._tokens[self._at]
        self._at += 1
        literals: dict[str, Callable[[str], Any]] = {"string": json.loads, "number": int, "time": seven_decimals}
        if kind in literals:
            literal = literals[kind](text)
            return lambda _: literal
        if text == "(":
            inside = self._expression()
            self._must(")")
            return inside
        if kind != "word":
            raise NotSpoken(f"{text!r} where a value should stand")
        return self._call(text) if self._peek() == "(" else self._named(text)

    def _named(self, name: str) -> Value:
        if name in {"true", "false"}:
            return lambda _: name == "true"
        if name in self._lets:
            return lambda _: self._lets[name]
        return lambda row: row.get(name)

    def _call(self, name: str) -> Value:
        if name == "dynamic":
            self._must("(")
            self._must("[")
            items = self._list_until("]")
            self._must(")")
            return lambda row: [item(row) for item in items]
        if name not in FUNCTIONS:
            raise NotSpoken(f"the function {name}")
        arguments, function = self._arguments(), FUNCTIONS[name]
        return lambda row: function(*(argument(row) for argument in arguments))

    def _arguments(self) -> list[Value]:
        self._must("(")
        return self._list_until(")")

    def _list_until(self, end: str) -> list[Value]:
        items: list[Value] = []
        while not self._takes(end):
            if items:
                self._must(",")
            items.append(self._expression())
        return items

    def _peek(self) -> str:
        return self._tokens[self._at][1]

    def _takes(self, text: str) -> bool:
        """Whether this word or mark comes next, and then it is read. A string literal is none."""
        kind, found = self._tokens[self._at]
        taken = found == text and kind in {"word", "mark"}
        self._at += taken
        return taken

    def _must(self, text: str) -> None:
        if self._tokens[self._at][1] != text:
            raise NotSpoken(f"{self._peek()!r} where {text or 'the end'!r} should stand")
        self._at += 1

    def _take(self, kind: str) -> str:
        found, text = self._tokens[self._at]
        if found != kind:
            raise NotSpoken(f"{text!r} where a {kind} should stand")
        self._at += 1
        return text

    def _word(self) -> str:
        return self._take("word")


COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "==": lambda a, b: _fold(a, False) == _fold(b, False),
    "!=": lambda a, b: _fold(a, False) != _fold(b, False),
    "=~": lambda a, b: _text(a).casefold() == _text(b).casefold(),
    ">=": lambda a, b: a is not None and a >= b,
    "<=": lambda a, b: a is not None and a <= b,
    ">": lambda a, b: a is not None and a > b,
    "<": lambda a, b: a is not None and a < b,
    "has": lambda a, b: _has(a, _text(b)),
    "!has": lambda a, b: not _has(a, _text(b)),
    "startswith": lambda a, b: _text(a).casefold().startswith(_text(b).casefold()),
    "endswith": lambda a, b: _text(a).casefold().endswith(_text(b).casefold()),
}


def _either(left: Value, right: Value) -> Value:
    return lambda row: left(row) or right(row)


def _both(left: Value, right: Value) -> Value:
    return lambda row: left(row) and right(row)


def _inside(value: Value, key: str | int) -> Value:
    return lambda row: _get(value(row), key)


def _fold(value: Any, folded: bool) -> Any:
    """Nothing and the empty text are the same, as in a string column."""
    value = "" if value is None else value
    return value.casefold() if folded and isinstance(value, str) else value


def _flat(items: Iterable[Value], row: Row) -> Iterable[Any]:
    for item in items:
        value = item(row)
        yield from value if isinstance(value, list) else [value]


def _get(value: Any, key: str | int) -> Any:
    if isinstance(value, str) and value[:1] in {"{", "["}:
        value = json.loads(value)
    if isinstance(key, int):
        return value[key] if isinstance(value, list) and key < len(value) else None
    return value.get(key) if isinstance(value, dict) else None


def seven_decimals(text: str) -> str:
    """A time in ISO 8601 as the service counts, in UTC. Raises ValueError."""
    time = datetime.fromisoformat(text)
    decimals = re.search(r"\.(\d+)", text)
    whole = time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{whole}.{(decimals[1] if decimals else '').ljust(7, '0')[:7]}Z"
