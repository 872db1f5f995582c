"""The catalogue as a whole, and each question on its own fixtures (design §7.16, §8.18)."""

import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from shared.errors import InvalidInput
from shared.gateway.evidence import Evidence
from shared.gateway.pii_names import find_names
from shared.gateway.redaction import Redactor
from shared.hunting.catalogue import QUESTIONS, catalogue, read_catalogue
from shared.hunting.question import PROVIDERS, Parameter, Question
from tests.unit.hunting.asking import asked

COLUMNS: dict[str, list[str]] = json.loads(Path(__file__).with_name("columns.json").read_text())
# The issue's tables: the catalogue asks each of them.
TABLES = {
    *("SigninLogs", "AuditLogs", "DeviceProcessEvents", "DeviceNetworkEvents", "DeviceLogonEvents", "DeviceFileEvents"),
    *("EmailEvents", "UrlClickEvents", "OfficeActivity", "CloudAppEvents", "AzureActivity", "SecurityEvent"),
    *("IdentityLogonEvents", "SecurityAlert", "AmlModelsEvent", "AmlDataLabelEvent"),
}
LANGUAGE = {
    *(
        "where",
        "extend",
        "summarize",
        "project",
        "top",
        "by",
        "asc",
        "desc",
        "and",
        "or",
        "not",
        "in",
        "has",
        "has_any",
    ),
    *("endswith", "between", "tostring", "true", "count", "countif", "dcount", "make_set", "min", "max"),
    *("ipv4_is_private", "From", "To"),
}
OTHERS = "somebody.else"

EACH = pytest.mark.parametrize("question", catalogue().values(), ids=lambda question: question.name)


def text_of(rows: list[dict[str, Any]]) -> str:
    return json.dumps(rows).replace("\\\\", "\\")


def test_catalogue_has_at_least_thirty_questions_and_asks_every_table_of_the_issue() -> None:
    assert len(catalogue()) >= 30
    assert {question.table for question in catalogue().values()} >= TABLES


def test_every_kind_of_value_is_bound_by_some_question() -> None:
    assert {parameter for question in catalogue().values() for parameter in question.parameters} == set(Parameter)


def test_purposes_and_texts_are_told_once() -> None:
    questions = catalogue().values()
    for told in ([q.text for q in questions], [q.purpose for q in questions]):
        assert len(set(told)) == len(told)


@EACH
def test_question_finds_each_of_its_hits(question: Question) -> None:
    for row in question.fixtures.hit:
        found = text_of(asked(question, [row]))
        assert [wanted for wanted in question.fixtures.finds if wanted.casefold() not in found.casefold()] == []


@EACH
def test_question_is_silent_on_its_near_misses(question: Question) -> None:
    assert asked(question, question.fixtures.silent) == []


@EACH
def test_question_is_silent_on_hits_outside_its_window_and_on_those_of_others(question: Question) -> None:
    too_early = timedelta(hours=question.window.before_hours, minutes=1)
    too_late = -timedelta(hours=question.window.after_hours, minutes=1)
    assert asked(question, question.fixtures.hit, before=too_early) == []
    assert asked(question, question.fixtures.hit, before=too_late) == []
    others = {name: [OTHERS] for name in question.parameters if PROVIDERS[name]} | {
        name: question.fixtures.values[name] for name in question.parameters if not PROVIDERS[name]
    }
    assert asked(question, question.fixtures.hit, values=others) == []


@EACH
def test_answer_has_no_more_rows_than_declared(question: Question) -> None:
    # Each row in a group of its own, whatever the question groups by.
    grouped = re.findall(r"\w+", question.text.rpartition(" by ")[0].rpartition("by ")[2])
    many = [
        {**row, **{name: f"{row[name]} {n}" for name in grouped if isinstance(row.get(name), str)}}
        for row in question.fixtures.hit
        for n in range(60)
    ]
    assert len(asked(question, [*question.fixtures.hit, *many])) <= question.rows


@EACH
def test_question_reads_only_columns_of_its_table(question: Question) -> None:
    bare = re.sub(r'"(?:[^"\\]|\\.)*"', "", question.text)
    made = set(re.findall(r"(\w+) = ", bare))
    inside = set(re.findall(r"(?:\.|\]\.)(\w+)", bare))
    words = set(re.findall(r"[A-Za-z_]\w*", bare)) - made - inside - LANGUAGE - set(Parameter) - {question.table}
    assert words - set(COLUMNS[question.table]) - {"TimeGenerated"} == set()
    rows = [*question.fixtures.hit, *question.fixtures.silent]
    assert {name for row in rows for name in row} - set(COLUMNS[question.table]) - {
        "TimeGenerated",
        "Repeated",
    } == set()


# Accounts and devices of the fixtures, which no form gives away (shared/gateway/pii_names).
PEOPLE = re.compile(r"(?i)\b(?:[abt]\.(?:person|other)|(?:ws|app|fs|web|dc|jump)-\d+)\b")


@EACH
def test_people_and_devices_of_an_answer_are_hidden_from_the_model(question: Question) -> None:
    rows = asked(question, question.fixtures.hit)
    evidence = Evidence({"title": "x"}, {"logs": {question.name: rows}})
    redactor = Redactor(find_names(evidence))
    shown = json.dumps(evidence.map(redactor.redact).context)
    assert PEOPLE.findall(shown) == []


BROKEN = {
    "another table": ("SigninLogs\n", "AuditLogs\n"),
    "no window": ("| where TimeGenerated between (From .. To)\n", ""),
    "another operator": ("| top", "| join kind=inner AuditLogs on IPAddress\n| top"),
    "two steps in a line": ("| summarize", '| where Location == "x" | summarize'),
    "a comment": ("| summarize", "// where\n| summarize"),
    "a second statement": ("| top 15 by FirstSeen desc", "| top 15 by FirstSeen desc; AuditLogs"),
    "more rows than declared": ("| top 15", "| top 500"),
    "a value without a kind": ("UserPrincipalName in~ (UserPrincipalNames)", "IPAddress in (Addresses)"),
    "no value": ("UserPrincipalName in~ (UserPrincipalNames)", 'IPAddress != ""'),
}


@pytest.mark.parametrize("change", BROKEN.values(), ids=BROKEN.keys())
def test_question_that_breaks_a_rule_is_refused_with_its_file(tmp_path: Path, change: tuple[str, str]) -> None:
    text, told = ((QUESTIONS / f"sign_ins_of_account.{kind}").read_text() for kind in ("kql", "yml"))
    (tmp_path / "sign_ins_of_account.yml").write_text(told)
    (tmp_path / "sign_ins_of_account.kql").write_text(text)
    assert len(read_catalogue(tmp_path)) == 1
    assert change[0] in text
    (tmp_path / "sign_ins_of_account.kql").write_text(text.replace(*change))
    with pytest.raises(InvalidInput, match="sign_ins_of_account"):
        read_catalogue(tmp_path)


@pytest.mark.parametrize(
    "change",
    [
        ("rows: 15", "rows: 5000"),
        ("before_hours: 168", "before_hours: 9999"),
        ("seconds: 10", "seconds: 600"),
        ("T1078", "T9999"),
        ("initial-access", "Initial Access"),
        ("purpose:", "aim:"),
        ("entities: [account, mailbox]", "entities: [ip]"),
    ],
)
def test_description_that_breaks_a_rule_is_refused_with_its_file(tmp_path: Path, change: tuple[str, str]) -> None:
    text, told = ((QUESTIONS / f"sign_ins_of_account.{kind}").read_text() for kind in ("kql", "yml"))
    assert change[0] in told
    (tmp_path / "sign_ins_of_account.kql").write_text(text)
    (tmp_path / "sign_ins_of_account.yml").write_text(told.replace(*change))
    with pytest.raises(InvalidInput, match="sign_ins_of_account"):
        read_catalogue(tmp_path)


def test_question_without_its_other_half_is_refused(tmp_path: Path) -> None:
    (tmp_path / "lonely.kql").write_text("SigninLogs")
    with pytest.raises(InvalidInput, match="lonely"):
        read_catalogue(tmp_path)
