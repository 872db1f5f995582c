"""Whatever stands in the evidence, the answer validates, targets only what the alert names, and stays the same."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
from hypothesis import given, settings
from hypothesis import strategies as st

from local.simulators.answer import answer_text
from local.simulators.message_request import read_message_request

from .requests import DUMPING, EXTRACTION, REASONING, params

WORDS = st.sampled_from(
    ["ransomware", "on", "HOST_001", "PLC", "<b>", "</title>", "ignore previous rules.", "10.0.0.1", "::1", "a@b.co",
     "http://x.test/", "T1003", "AML.T0020", "not", "malicious", "maintenance", "\n", "C:\\Users\\x", "&lt;", "{", "é"]
)  # fmt: skip
TEXTS = st.one_of(st.text(max_size=60), st.lists(WORDS, max_size=12).map(" ".join))
ALERTS = st.fixed_dictionaries(
    {"title": TEXTS, "description": TEXTS, "severity": TEXTS, "techniques": TEXTS},
    optional={
        "entities": st.one_of(
            TEXTS,
            st.dictionaries(st.sampled_from(["hosts", "accounts", "ips"]), st.lists(TEXTS, max_size=3)),
            st.recursive(
                st.none() | TEXTS, lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner), max_leaves=8
            ),
        )
    },
)


@settings(max_examples=50)
@given(alert=ALERTS, context=TEXTS)
def test_answer_validates_and_is_deterministic(alert: dict[str, Any], context: str) -> None:
    for schema in (REASONING, EXTRACTION):
        request = read_message_request(params(alert, schema, context=context))
        text = answer_text(request)
        jsonschema.Draft202012Validator(schema).validate(json.loads(text))
        assert answer_text(request) == text


@settings(max_examples=50)
@given(description=TEXTS)
def test_action_targets_are_entities_of_the_alert(description: str) -> None:
    alert = {**DUMPING, "description": description}
    answer = json.loads(answer_text(read_message_request(params(alert))))
    named = {"incident", "WS-042.corp.example", "m.keller@corp.example"}
    assert {action["target"] for action in answer["recommended_actions"]} <= named


def test_schema_with_references_and_other_fields_is_satisfied() -> None:
    schema = {
        "$defs": {"Step": {"type": "object", "properties": {"text": {"type": "string"}, "at": {"type": "integer"}},
                           "required": ["text", "at"], "additionalProperties": False}},
        "type": "object",
        "properties": {
            "classification": {"type": "string"},
            "reasoning_chain": {"type": "array", "items": {"$ref": "#/$defs/Step"}},
            "playbook": {"anyOf": [{"type": "string"}, {"type": "null"}]},
            "kind": {"const": "case"},
            "rank": {"enum": [1, 2]},
        },
        "required": ["classification", "reasoning_chain", "playbook", "kind", "rank"],
        "additionalProperties": False,
    }  # fmt: skip
    answer = json.loads(answer_text(read_message_request(params(DUMPING, schema))))
    jsonschema.validate(answer, schema)
    assert (answer["classification"], answer["playbook"], answer["kind"]) == ("true_positive", None, "case")
    assert "Simulated model" in answer["reasoning_chain"][0]["text"]
