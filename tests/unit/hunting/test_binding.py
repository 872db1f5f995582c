"""What an alert says becomes values and never KQL."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.simulators.kql import answer
from shared.contracts.entity import AlertEntities, EntityType, NormalizedEntity
from shared.hunting.binding import bound, is_askable, text_literal
from shared.hunting.catalogue import catalogue
from shared.hunting.question import Parameter
from shared.hunting.subject import LONGEST_VALUE, MOST_VALUES, Subject, subject_of
from tests.unit.hunting.asking import AT, asked, subject

QUESTION = catalogue()["files_dropped_by_file"]
HOSTILE = [
    'x"]); DeviceFileEvents | take 100000 //',
    "x\\",
    'x\\"',
    "'; drop",
    "| union *",
    "x`y",
    "a\u00e9\u4e2d\U0001f600",
    "]) ) ) let From = datetime(2000-01-01);",
    "%{From}",
]


def of(*entities: NormalizedEntity) -> Subject:
    kinds: dict[str, list[NormalizedEntity]] = {}
    for entity in entities:
        kinds.setdefault("files" if entity.entity_type is EntityType.FILE else "other", []).append(entity)
    return subject_of(
        AlertEntities(**kinds), alert_id="a", timestamp=AT.isoformat(), tactics=(), techniques=(), product=""
    )


def file(name: str) -> NormalizedEntity:
    return NormalizedEntity(entity_type=EntityType.FILE, primary_value=name)


@pytest.mark.parametrize("value", HOSTILE)
def test_hostile_value_finds_its_own_row_and_no_other(value: str) -> None:
    row = {**QUESTION.fixtures.hit[0], "InitiatingProcessFileName": value}
    other = {**QUESTION.fixtures.hit[0], "InitiatingProcessFileName": "other.exe", "FileName": "not-asked-for"}
    values = {**QUESTION.fixtures.values, Parameter.FILE_NAMES: [value]}
    found = asked(QUESTION, [row, other], values=values)
    assert [line["InitiatingProcessFileName"] for line in found] == [value]


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=LONGEST_VALUE + 5))
def test_value_is_bound_as_one_literal_or_not_at_all(value: str) -> None:
    if not value.isprintable() or len(value) > LONGEST_VALUE:
        with pytest.raises(ValueError, match="cannot be bound"):
            text_literal(value)
        return
    literal = text_literal(value)
    assert json.loads(literal) == value
    # What is left without escapes has the two quotes at the ends only, so nothing inside ends the text.
    assert re.sub(r"\\.", "", literal).count('"') == 2
    assert not re.search(r"[\r\n\u2028\u2029]", literal)
    text = f"let FileNames = dynamic([{literal}]);\nT\n| where Name in (FileNames)"
    assert answer(text, {"T": [{"Name": value}, {"Name": f"{value}?"}]}) == [{"Name": value}]


@given(st.lists(st.text(max_size=40), max_size=30))
def test_question_itself_is_the_same_whatever_is_bound(names: list[str]) -> None:
    asked_about = of(*map(file, names))
    if Parameter.FILE_NAMES not in asked_about.values:
        return
    values = {**asked_about.values, Parameter.DEVICE_NAMES: ("ws-1",)}
    definitions, _, rest = bound(QUESTION, subject(values)).partition(QUESTION.text)
    assert rest == ""
    assert len(definitions.strip().split("\n")) == 2 + len(QUESTION.parameters)


@pytest.mark.parametrize("value", ["a\nb", "a\x00b", "a\u202eb", "a\u2028b", "a\ud800b", "", "x" * (LONGEST_VALUE + 1)])
def test_value_that_no_log_would_hold_is_left_out(value: str) -> None:
    assert of(file(value)).values.keys() == {Parameter.ALERT_IDS}
    assert of(file(value), file("b.exe")).values[Parameter.FILE_NAMES] == ("b.exe",)


def test_values_are_told_once_and_are_not_without_end() -> None:
    named = of(*(file(f"f{n}.exe") for n in range(50)), file("F0.EXE")).values[Parameter.FILE_NAMES]
    assert len(named) == MOST_VALUES
    assert [name for name in named if name.casefold() == "f0.exe"] == ["f0.exe"]


@pytest.mark.parametrize("time", ["", "yesterday", "9999-12-31T23:59:59+00:00", "0001-01-01T00:00:00+00:00"])
def test_time_of_any_alert_gives_a_window(time: str) -> None:
    about = subject_of(AlertEntities(), alert_id="", timestamp=time, tactics=(), techniques=(), product="")
    assert "let From = datetime(" in bound(
        QUESTION, Subject(about.at, (), (), "", subject(QUESTION.fixtures.values).values)
    )


def test_question_without_a_value_for_each_parameter_cannot_be_asked() -> None:
    assert is_askable(QUESTION, subject(QUESTION.fixtures.values))
    assert not is_askable(QUESTION, subject({Parameter.DEVICE_NAMES: ["ws-1"]}))
