"""The life of a message batch through the unmodified anthropic client."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import anthropic
import httpx
import pytest
from anthropic.types.messages import MessageBatch

from .conftest import running_simulators
from .requests import DUMPING, params, text_of

DEADLINE = 20  # seconds


def requests(*custom_ids: str) -> Any:
    return [{"custom_id": custom_id, "params": params(DUMPING)} for custom_id in custom_ids]


def wait_for_end(client: anthropic.Anthropic, batch_id: str) -> MessageBatch:
    deadline = time.monotonic() + DEADLINE
    while (batch := client.messages.batches.retrieve(batch_id)).processing_status != "ended":
        assert time.monotonic() < deadline, f"{batch_id} is still {batch.processing_status}"
    return batch


def test_batch_ends_with_a_result_for_each_request(client: anthropic.Anthropic) -> None:
    wrong: Any = {"custom_id": "wrong", "params": {**params(DUMPING), "model": "claude-unknown"}}
    created = client.messages.batches.create(requests=[*requests("one", "two"), wrong])
    assert (created.processing_status, created.request_counts.processing) == ("in_progress", 3)
    ended = wait_for_end(client, created.id)
    assert (ended.request_counts.succeeded, ended.request_counts.errored) == (2, 1)
    results = {line.custom_id: line.result for line in client.messages.batches.results(created.id)}
    assert results.keys() == {"one", "two", "wrong"}
    assert results["one"].type == "succeeded"
    assert json.loads(text_of(results["one"].message))["classification"] == "true_positive"
    assert results["one"].message.usage.service_tier == "batch"
    assert results["wrong"].type == "errored"
    assert results["wrong"].error.error.type == "not_found_error"


def test_cancelled_batch_ends_with_every_request_cancelled(client: anthropic.Anthropic) -> None:
    created = client.messages.batches.create(requests=requests("one", "two"))
    assert client.messages.batches.cancel(created.id).processing_status == "canceling"
    assert wait_for_end(client, created.id).request_counts.canceled == 2
    assert {line.result.type for line in client.messages.batches.results(created.id)} == {"canceled"}
    with pytest.raises(anthropic.BadRequestError):
        client.messages.batches.cancel(created.id)


def test_list_pages_through_all_batches_newest_first(client: anthropic.Anthropic) -> None:
    made = [client.messages.batches.create(requests=requests("one")).id for _ in range(3)]
    listed = [batch.id for batch in client.messages.batches.list(limit=2)]
    assert listed[:3] == made[::-1]
    assert len(listed) == len(set(listed))


def test_batch_whose_answer_was_lost_is_found_by_listing(client: anthropic.Anthropic, control: httpx.Client) -> None:
    control.post("/faults", json={"fault": "cut_connection"}).raise_for_status()
    with pytest.raises(anthropic.APIConnectionError):
        client.messages.batches.create(requests=requests("lost-answer"))
    newest = client.messages.batches.list(limit=1).data[0]
    wait_for_end(client, newest.id)
    assert [line.custom_id for line in client.messages.batches.results(newest.id)] == ["lost-answer"]


def test_rate_limited_creation_makes_no_batch(client: anthropic.Anthropic, control: httpx.Client) -> None:
    before = [batch.id for batch in client.messages.batches.list(limit=1000)]
    control.post("/faults", json={"fault": "rate_limit"}).raise_for_status()
    with pytest.raises(anthropic.RateLimitError):
        client.messages.batches.create(requests=requests("one"))
    assert [batch.id for batch in client.messages.batches.list(limit=1000)] == before


def test_duplicate_custom_id_is_refused(client: anthropic.Anthropic) -> None:
    with pytest.raises(anthropic.BadRequestError, match="custom_id"):
        client.messages.batches.create(requests=requests("same", "same"))


def test_unknown_batch_is_not_found(client: anthropic.Anthropic) -> None:
    with pytest.raises(anthropic.NotFoundError):
        client.messages.batches.retrieve("msgbatch_..")


def test_batch_outlives_the_process(tmp_path: Path) -> None:
    with running_simulators(tmp_path) as (url, _), anthropic.Anthropic(api_key="k", base_url=f"{url}/claude") as client:
        batch_id = client.messages.batches.create(requests=requests("one")).id
    again = running_simulators(tmp_path, "--batch-seconds", "0")
    with again as (url, _), anthropic.Anthropic(api_key="k", base_url=f"{url}/claude") as client:
        assert wait_for_end(client, batch_id).request_counts.succeeded == 1
