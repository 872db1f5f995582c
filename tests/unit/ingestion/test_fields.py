"""How a reader asks one object for what it holds."""

from __future__ import annotations

import math
from typing import Any

import pytest

from shared.contracts.outside_text import storable
from shared.errors import InvalidInput
from shared.ingestion.fields import MAX_OBJECTS, MAX_PARTS, Fields


@pytest.mark.parametrize(
    "held", [{"a.b.c": 1}, {"a": {"b": {"c": 1}}}, {"a.b": {"c": 1}}, {"A": {"b.c": 1}}, {"a.b": {}, "a": {"b.c": 1}}]
)
def test_dotted_name_is_found_however_it_is_parted(held: dict[str, Any]) -> None:
    assert Fields("x", held).get("a.b.c") == 1


def test_first_name_that_holds_something_counts() -> None:
    fields = Fields("x", {"none": None, "blank": " ", "list": [None, 7, " text "], "ZERO": 0})
    assert fields.text("none", "blank", "list") == "text"
    assert fields.scalar("none", "zero") == 0
    assert fields.get("absent") is None


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ("2026-11-20T08:14:22.1234567Z", "2026-11-20T08:14:22.1234567Z"),
        (" 2026-11-20T08:14:22+01:00 ", "2026-11-20T08:14:22+01:00"),
        (1795163381, "2026-11-20T08:29:41+00:00"),
        ("1795163381.500", "2026-11-20T08:29:41.500000+00:00"),
        (1795163381500, "2026-11-20T08:29:41.500000+00:00"),
        (["2026-11-20T08:14:22Z"], "2026-11-20T08:14:22Z"),
    ],
)
def test_time_is_read_from_iso_seconds_and_milliseconds(given: Any, read: str) -> None:
    assert Fields("x", {"time": given}).time("absent", "time") == read


@pytest.mark.parametrize("given", ["soon", "", None, "nan", "inf", "1e999", 1e300, -1e18, True, [], {}, "9" * 5_000])
def test_invalid_time_is_refused_by_name(given: Any) -> None:
    with pytest.raises(InvalidInput, match=r"x\.time"):
        Fields("x", {"time": given}).time("time")


def test_no_store_gets_a_value_that_it_refuses() -> None:
    given = [math.nan, math.inf, 2**63, -(2**63) - 1, 2**5_000, "\ud800x\x00", True, 2**63 - 1, 0.5]
    stored = [None, None, float(2**63), -float(2**63), None, "\ufffdx\ufffd", True, 2**63 - 1, 0.5]
    assert storable({"a\x00": given}) == {"a\ufffd": stored}


def test_lists_in_lists_are_read_up_to_a_bound_that_all_share() -> None:
    fields = Fields("x", {"outer": [{"inner": [{"a": 1}] * 300}] * 900})
    read = [part.scalar("a") for outer in fields.parts("outer") for part in outer.parts("inner")]
    assert len(read) == MAX_OBJECTS - 900
    assert fields.cuts() == ("list_cut:inner",)


def test_list_that_is_too_long_is_cut_and_flagged() -> None:
    fields = Fields("x", {"many": [str(number) for number in range(MAX_PARTS + 1)], "lines": "a\n" * (MAX_PARTS + 1)})
    assert len(fields.texts("many")) == MAX_PARTS
    assert fields.lines("lines") == ["a"]
    assert fields.cuts() == ("list_cut:many", "list_cut:lines")
