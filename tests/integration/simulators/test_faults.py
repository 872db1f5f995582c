"""Each fault as the unmodified anthropic client sees it."""

from __future__ import annotations

import json

import anthropic
import httpx
import pytest

from .requests import DUMPING, HAIKU, params, text_of


def switch_on(control: httpx.Client, fault: str, **options: object) -> None:
    control.post("/faults", json={"fault": fault, **options}).raise_for_status()


@pytest.mark.parametrize(
    ("fault", "error", "type_"),
    [
        ("rate_limit", anthropic.RateLimitError, "rate_limit_error"),
        ("usage_limit", anthropic.BadRequestError, "invalid_request_error"),
        ("server_error", anthropic.InternalServerError, "api_error"),
        ("overloaded", anthropic.OverloadedError, "overloaded_error"),
    ],
)
def test_error_fault_hits_once_and_is_gone(
    client: anthropic.Anthropic,
    control: httpx.Client,
    fault: str,
    error: type[anthropic.APIStatusError],
    type_: str,
) -> None:
    switch_on(control, fault, times=1, retry_after=7)
    with pytest.raises(error) as caught:
        client.messages.create(**params(DUMPING))
    assert caught.value.type == type_
    assert isinstance(caught.value.body, dict)
    assert caught.value.body["request_id"] == caught.value.request_id
    assert caught.value.response.headers.get("retry-after") == ("7" if fault == "rate_limit" else None)
    assert caught.value.response.headers["x-aluskort-simulated"] == "true"
    assert client.messages.create(**params(DUMPING)).stop_reason == "end_turn"


def test_timeout_fault_outlasts_the_client(client: anthropic.Anthropic, control: httpx.Client) -> None:
    switch_on(control, "timeout")
    with pytest.raises(anthropic.APITimeoutError):
        client.with_options(timeout=0.3).messages.create(**params(DUMPING))
    assert client.messages.create(**params(DUMPING)).stop_reason == "end_turn"


def test_cut_connection_fault_is_a_connection_error(client: anthropic.Anthropic, control: httpx.Client) -> None:
    switch_on(control, "cut_connection")
    with pytest.raises(anthropic.APIConnectionError):
        client.messages.create(**params(DUMPING))


def test_truncated_fault_cuts_the_text_and_says_so(client: anthropic.Anthropic, control: httpx.Client) -> None:
    switch_on(control, "truncated")
    message = client.messages.create(**params(DUMPING))
    assert message.stop_reason == "max_tokens"
    with pytest.raises(json.JSONDecodeError):
        json.loads(text_of(message))


def test_malformed_fault_gives_no_json(client: anthropic.Anthropic, control: httpx.Client) -> None:
    switch_on(control, "malformed")
    message = client.messages.create(**params(DUMPING))
    assert message.stop_reason == "end_turn"
    with pytest.raises(json.JSONDecodeError):
        json.loads(text_of(message))


def test_wrong_technique_ids_fault_adds_unknown_ids(client: anthropic.Anthropic, control: httpx.Client) -> None:
    switch_on(control, "wrong_technique_ids")
    answer = json.loads(text_of(client.messages.create(**params(DUMPING))))
    assert answer["attack_techniques"] == ["T1003.001", "T9999", "T0000.999"]
    assert answer["atlas_techniques"] == ["AML.T9999"]


def test_fault_without_end_stays_until_cleared(client: anthropic.Anthropic, control: httpx.Client) -> None:
    switch_on(control, "overloaded", times=None)
    for _ in range(3):
        with pytest.raises(anthropic.OverloadedError):
            client.messages.create(**params(DUMPING))
    control.delete("/faults")
    assert client.messages.create(**params(DUMPING)).stop_reason == "end_turn"


def test_fault_of_one_model_leaves_the_others(client: anthropic.Anthropic, control: httpx.Client) -> None:
    switch_on(control, "overloaded", times=None, models=[HAIKU])
    assert client.messages.create(**params(DUMPING)).stop_reason == "end_turn"
    with pytest.raises(anthropic.OverloadedError):
        client.messages.create(**params(DUMPING, model=HAIKU))


@pytest.mark.parametrize(
    "body", [{"fault": "flood"}, {"fault": "timeout", "times": 0}, {"fault": "timeout", "x": 1}, []]
)
def test_wrong_switch_is_refused(control: httpx.Client, body: object) -> None:
    answer = control.post("/faults", json=body)
    assert answer.status_code == 400
    assert "expected" in answer.json()["error"]
    assert control.get("/faults").json() == {"faults": []}


def test_requests_show_what_was_sent_without_the_key(client: anthropic.Anthropic, control: httpx.Client) -> None:
    before = control.get("/requests").json()["total"]
    switch_on(control, "server_error")
    with pytest.raises(anthropic.InternalServerError):
        client.messages.create(**params(DUMPING))
    seen = control.get("/requests").json()
    assert seen["total"] == before + 1
    assert seen["requests"][-1]["path"] == "/v1/messages"
    assert seen["requests"][-1]["fault"] == "server_error"
    assert seen["requests"][-1]["body"]["model"] == params(DUMPING)["model"]
    assert "test-key" not in json.dumps(seen)
