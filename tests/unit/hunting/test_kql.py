"""The part of KQL that the simulated Log Analytics speaks: as the service means it, and a refusal of the rest."""

from typing import Any

import pytest

from local.simulators.kql import NotSpoken, answer

ROWS: list[dict[str, Any]] = [
    {"Name": "WS-1.corp.example", "Bytes": 7, "Kind": "a", "Detail": {"os": {"name": "Linux"}, "tags": ["x", "y"]}},
    {"Name": "ws-11", "Bytes": 30, "Kind": "b", "Detail": '{"os": {"name": "Windows"}}'},
    {"Name": "", "Bytes": None, "Kind": "a"},
]


def names(condition: str) -> list[str]:
    return [row["Name"] for row in answer(f"T\n| where {condition}", {"T": ROWS})]


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ('Name has "ws-1"', ["WS-1.corp.example"]),
        ('Name has "ws"', ["WS-1.corp.example", "ws-11"]),
        ('Name has_any ("zz", "corp")', ["WS-1.corp.example"]),
        ('Name == "ws-11"', ["ws-11"]),
        ('Name == "WS-11"', []),
        ('Name =~ "WS-11"', ["ws-11"]),
        ('Name in ("WS-11")', []),
        ('Name in~ ("WS-11", "")', ["ws-11", ""]),
        ('Name !in~ ("WS-11", "")', ["WS-1.corp.example"]),
        ('not(Name in~ ("WS-11", ""))', ["WS-1.corp.example"]),
        ("isnotempty(Name) and Bytes > 6", ["WS-1.corp.example", "ws-11"]),
        ('Kind == "b" or Kind == "a" and Bytes == 7', ["WS-1.corp.example", "ws-11"]),
        ("Bytes between (7 .. 29)", ["WS-1.corp.example"]),
        ('Missing == ""', ["WS-1.corp.example", "ws-11", ""]),
        ("Missing > 1", []),
        ('tostring(Detail.os.name) == "Windows"', ["ws-11"]),
        ('Detail.tags[1] == "y"', ["WS-1.corp.example"]),
        ('Name endswith ".EXAMPLE"', ["WS-1.corp.example"]),
        ('Name startswith "ws-11"', ["ws-11"]),
    ],
)
def test_condition_finds_what_the_service_would(condition: str, found: list[str]) -> None:
    assert names(condition) == found


def test_rows_are_counted_by_group_and_the_largest_come_first() -> None:
    query = """let Kinds = dynamic(["a", "b"]);
T
| where Kind in (Kinds)
| summarize Rows = count(), Large = countif(Bytes > 6), Names = make_set(Name, 5), Most = max(Bytes)
    by Kind
| extend Label = strcat(Kind, "!")
| project Kind, Rows, Large, Names, Most, Label
| top 1 by Rows desc"""
    assert answer(query, {"T": ROWS}) == [
        {"Kind": "a", "Rows": 2, "Large": 1, "Names": ["WS-1.corp.example"], "Most": 7, "Label": "a!"}
    ]


@pytest.mark.parametrize(
    "query",
    [
        "T\n| join kind=inner T on Name",
        "T\n| where Name matches regex 'x'",
        "T\n| where strlen(Name) > 3",
        "T\n| summarize percentile(Bytes, 95)",
        'T\n| where Name == "x" Name',
        'T\n| where Name == "x',
        "T; T",
        "T\n| take 5",
    ],
)
def test_other_kql_is_refused(query: str) -> None:
    with pytest.raises(NotSpoken):
        answer(query, {"T": ROWS})
