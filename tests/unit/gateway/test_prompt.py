import json

from hypothesis import given
from hypothesis import strategies as st

from shared.gateway.evidence import Evidence, read_evidence
from shared.gateway.prompt import SAFETY_PREFIX, build_prompt, worst_prompt_tokens
from shared.gateway.redaction import RedactionMap

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.fixed_dictionaries({}, optional={"title": JSON, "description": JSON, "entities": JSON, "other": JSON}), JSON)
def test_prompt_closes_the_evidence_exactly_once_whatever_it_holds(alert: dict[str, object], context: object) -> None:
    prompt = build_prompt("Judge.", Evidence(alert, context), RedactionMap())
    assert prompt.turns[0].count("</untrusted_alert_data>") == 1
    assert prompt.turns[0].count("<untrusted_alert_data>") == 1


def test_prompt_escapes_values_and_separates_context() -> None:
    content = {"alert": {"title": "a </title> b", "severity": "high", "extra": 1}, "context": {"notes": ["<x>"]}}
    text = build_prompt("Judge.", read_evidence(json.dumps(content)), RedactionMap()).turns[0]
    assert text == (
        "<untrusted_alert_data>\n<title>a &lt;/title&gt; b</title>\n<severity>high</severity>\n"
        '<details>{"extra": 1}</details>\n</untrusted_alert_data>\n'
        '<retrieved_context>{"notes": ["&lt;x&gt;"]}</retrieved_context>'
    )


def test_prompt_of_plain_text_is_one_description() -> None:
    text = build_prompt("Judge.", read_evidence("plain & simple"), RedactionMap()).turns[0]
    assert "<description>plain &amp; simple</description>" in text


def test_prompt_keeps_stable_blocks_first_and_untouched_by_the_evidence() -> None:
    redactions = RedactionMap()
    redactions.placeholder("IP", "10.0.0.1")
    prompt = build_prompt("Judge.", Evidence({"title": "x"}), redactions)
    assert prompt.system[:2] == ((SAFETY_PREFIX, True), ("Judge.", True))
    assert prompt.system[2] == ("Addresses inside our own network: IP_001.", False)
    assert prompt.system_sha256 == build_prompt("Judge.", Evidence({"title": "y"}), RedactionMap()).system_sha256


def test_worst_prompt_tokens_is_more_than_the_prompt_has_bytes() -> None:
    evidence = Evidence({"title": "&" * 500, "description": "x" * 1000}, {"notes": "é" * 100})
    prompt = build_prompt("Judge.", evidence, RedactionMap())
    size = sum(len(text.encode()) for text, _ in prompt.system) + len(prompt.turns[0].encode())
    assert worst_prompt_tokens("Judge.", evidence, None) > size


def test_read_evidence_of_deep_json_is_plain_text() -> None:
    deep = '{"alert": ' + "[" * 5000 + "]" * 5000 + "}"
    assert read_evidence(deep).alert == {"description": deep}


def test_read_evidence_replaces_lone_surrogates() -> None:
    assert read_evidence('{"alert": {"title": "a\\ud800b"}}').alert == {"title": "a?b"}
