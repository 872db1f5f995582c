import json
from typing import Any

import pytest
from anthropic.types import Message, TextBlock
from anthropic.types import Usage as AnthropicUsage
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.gateway.client import Reply, read_reply, wire_schema
from shared.gateway.output import strip_quarantined, validate_output

SCHEMA = {
    "type": "object",
    "properties": {
        "confidence": {"type": "number", "minimum": 0, "maximum": 1},
        "attack_techniques": {"type": "array", "items": {"type": "string"}},
        "summary": {"type": "string"},
    },
    "required": ["confidence"],
}


def answer(**fields: object) -> str:
    return json.dumps({"confidence": 0.5, **fields})


@pytest.mark.parametrize("text", ["", "not json", '{"confidence": NaN}', "[" * 100_000])
def test_validate_output_that_is_no_json_says_so(text: str) -> None:
    checked = validate_output(text, SCHEMA)
    assert checked.value is None
    assert checked.errors[0] == "not_json"


def test_validate_output_checks_numeric_ranges_itself() -> None:
    checked = validate_output('{"confidence": 1.5}', SCHEMA)
    assert checked.errors[0] == "schema_violation"
    assert "$.confidence" in checked.errors[1]


@pytest.mark.parametrize("known", ["T1059", "T1059.001", "AML.T0051"])
def test_validate_output_accepts_current_technique_ids(known: str) -> None:
    assert validate_output(answer(attack_techniques=[known]), SCHEMA).quarantined_ids == ()


@pytest.mark.parametrize("bad", ["T9999", "T1059.999", "AML.T9999", "T10599", "t1059", "T1086", "Phishing", "T1059.1"])
def test_validate_output_quarantines_unknown_malformed_and_withdrawn_ids(bad: str) -> None:
    assert validate_output(answer(attack_techniques=["T1059", bad]), SCHEMA).quarantined_ids == (bad,)


def test_strip_removes_whole_ids_from_lists_and_prose() -> None:
    value = {
        "attack_techniques": ["T9999", "T9999.001"],
        "summary": "Uses T9999 and T9999.001, then T9999.",
        "found": [{"technique_id": "T9999", "why": "x"}, {"technique_id": "T1059", "why": "y"}],
    }
    assert strip_quarantined(value, ["T9999"]) == {
        "attack_techniques": ["T9999.001"],
        "summary": "Uses and T9999.001, then .",
        "found": [{"technique_id": "T1059", "why": "y"}],
    }


def test_validate_output_without_a_schema_still_quarantines_ids_in_prose() -> None:
    assert validate_output("Seen T9999 and T1059.", None).quarantined_ids == ("T9999",)


GARBAGE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(categories=None)),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(categories=None)), inner),
    max_leaves=8,
)


@settings(max_examples=500)
@given(GARBAGE, st.booleans())
def test_every_answer_of_a_model_can_be_stored_and_encoded(value: Any, escaped: bool) -> None:
    text = json.dumps({"confidence": 0.5, "summary": value}, ensure_ascii=escaped)
    for schema in (None, {}, SCHEMA):
        found = validate_output(reply(text).text, schema)
        assert "\x00" not in json.loads(json.dumps(str(found.value)))
        json.dumps([found.value, *found.errors], ensure_ascii=False, allow_nan=False).encode()


def reply(text: str) -> Reply:
    """A message of the API with this text."""
    block = TextBlock.model_construct(type="text", text=text)
    usage = AnthropicUsage(input_tokens=1, output_tokens=1)
    message = Message.model_construct(
        id="m", model="claude", role="assistant", type="message", content=[block], stop_reason="end_turn", usage=usage
    )
    return read_reply(message, latency_ms=1.0, unanswered=0)


def test_wire_schema_closes_objects_and_leaves_limits_out() -> None:
    schema = {"type": "object", "properties": {"minimum": {"type": "array", "maxItems": 3, "items": SCHEMA}}}
    wired = wire_schema(schema)
    assert wired["additionalProperties"] is False
    inner = wired["properties"]["minimum"]
    assert "maxItems" not in inner
    assert inner["items"]["properties"]["confidence"] == {"type": "number"}
    assert inner["items"]["additionalProperties"] is False
