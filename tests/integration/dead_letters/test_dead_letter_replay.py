"""How dead letters go back to where they came from."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from azure.eventhub import EventData
from azure.eventhub.aio import EventHubConsumerClient, PartitionContext

from shared.bus.dead_letters import PART_BYTES
from shared.bus.producer import MemoryProducer, Message
from shared.bus.replay_history import ATTEMPTS, FIRST_FAILED_AT, REPLAYED_FROM
from shared.contracts.dead_letter import DeadLetter
from shared.ingestion import SentinelConnector
from tests.integration.bus.reading import messages_of
from tests.integration.dead_letters.conftest import Operator

TOPIC, SOURCE = "jobs.llm.priority.high.dlq", "jobs.llm.priority.high"
WHOLE_TOPIC = "jobs.llm.priority.critical.dlq"  # no other test uses it
HUB = "sentinel-alerts"
DEADLINE_SECONDS = 30


def arrived(operator: Operator, topic: str = SOURCE) -> list[Message]:
    return asyncio.run(messages_of(operator.brokers, topic, operator.key))


async def on_hub(connection_string: str, body: bytes) -> Mapping[str, str]:
    """The properties of the event with this body."""
    found: asyncio.Future[Mapping[str, str]] = asyncio.get_running_loop().create_future()

    async def look(_: PartitionContext, event: EventData | None) -> None:
        if event is not None and event.body_as_str().encode() == body and not found.done():
            properties: dict[Any, Any] = event.properties  # bytes, as they came over the wire
            found.set_result({name.decode(): value.decode() for name, value in properties.items()})

    client = EventHubConsumerClient.from_connection_string(connection_string, "$Default", eventhub_name=HUB)
    async with client, asyncio.timeout(DEADLINE_SECONDS):
        receiving = asyncio.create_task(client.receive(look, starting_position="-1"))
        properties = await found
        receiving.cancel()
    return properties


def test_dead_letter_goes_back_to_its_topic_with_key_headers_and_history(operator: Operator) -> None:
    value = b"\x00\xff" + b"x" * PART_BYTES  # two parts
    position = operator.put(TOPIC, value, source=SOURCE, headers={"h": b"\xff"})
    (before,) = operator.listed(TOPIC)
    done = operator.run("replay", TOPIC, position, "--yes")
    assert done.exit_code == 0, done.output
    assert f"{position}  sent to topic {SOURCE}" in done.stdout
    history = {
        REPLAYED_FROM: f"{TOPIC}/{position.replace(':', '/')}".encode(),
        ATTEMPTS: b"1",
        FIRST_FAILED_AT: before["first_failed_at"].encode(),
    }
    assert arrived(operator) == [Message(SOURCE, operator.key, value, {"h": b"\xff", **history})]
    (after,) = operator.listed(TOPIC)
    (mark,) = after["replays"]
    assert mark["destination"] == f"topic {SOURCE}"


def test_dead_letter_is_sent_twice_only_with_again(operator: Operator) -> None:
    position = operator.put(TOPIC, b"once", source=SOURCE)
    assert operator.run("replay", TOPIC, position, "--yes").exit_code == 0
    refused = operator.run("replay", TOPIC, position, "--yes")
    assert refused.exit_code == 1
    assert "--again sends it once more" in refused.stdout
    assert len(arrived(operator)) == 1
    assert operator.run("replay", TOPIC, position, "--again", "--yes").exit_code == 0
    assert len(arrived(operator)) == 2
    assert len(operator.listed(TOPIC)[0]["replays"]) == 2


@pytest.mark.parametrize(("options", "answer"), [(["--dry-run"], ""), ([], "n\n"), ([], "")])
def test_nothing_is_sent_without_consent(operator: Operator, options: list[str], answer: str) -> None:
    position = operator.put(TOPIC, b"stays", source=SOURCE)
    said = operator.run("replay", TOPIC, position, *options, answer=answer)
    assert f"{position}  to topic {SOURCE}, 5 bytes" in said.stdout
    assert said.exit_code == (0 if options else 1)
    assert arrived(operator) == []
    assert operator.listed(TOPIC)[0]["replays"] == []


def test_all_sends_oldest_first_what_can_go_and_was_not_sent_yet(operator: Operator) -> None:
    foreign = operator.put_bytes(WHOLE_TOPIC, b"foreign")
    first = operator.put(WHOLE_TOPIC, b"1", source=SOURCE)
    assert operator.run("replay", WHOLE_TOPIC, first, answer="y\n").exit_code == 0
    for value in (b"2", b"3"):
        operator.put(WHOLE_TOPIC, value, source=SOURCE)
    done = operator.run("replay", WHOLE_TOPIC, "--all", "--yes")
    assert done.exit_code == 0, done.output
    assert f"{foreign}  cannot be sent back. These bytes are not a dead letter" in done.stdout
    assert [message.value for message in arrived(operator)] == [b"1", b"2", b"3"]
    assert "There is nothing to send." in operator.run("replay", WHOLE_TOPIC, "--all", "--yes").stdout


def test_dead_letter_of_an_event_hub_goes_back_there_and_a_second_failure_carries_its_history(
    operator: Operator,
) -> None:
    body = b'{"records": [{"cut": "%s"' % operator.key.encode()
    position = operator.put("alerts.raw.dlq", body, source=HUB, headers={"origin": "é".encode()})
    assert operator.run("replay", "alerts.raw.dlq", position, "--yes").exit_code == 0
    properties = asyncio.run(on_hub(operator.event_hubs, body))
    assert properties["origin"] == "é"
    bus = MemoryProducer()
    headers = {name: value.encode() for name, value in properties.items()}
    asyncio.run(SentinelConnector(bus).ingest(body, headers=headers))
    dead_letter = DeadLetter.from_json(bus.messages[0].value)
    assert (dead_letter.attempts, dead_letter.replayed_from) == (2, f"alerts.raw.dlq/{position.replace(':', '/')}")
    assert set(dead_letter.headers) == {"origin"}


@pytest.mark.parametrize("source", [SOURCE, HUB])
def test_dead_letter_too_large_for_its_source_is_refused_and_not_marked(operator: Operator, source: str) -> None:
    position = operator.put(TOPIC, b"x" * 1_200_000, source=source)
    refused = operator.run("replay", TOPIC, position, "--yes")
    assert refused.exit_code == 1
    assert "got '1200000 bytes', expected at most" in refused.stdout
    assert operator.listed(TOPIC)[0]["replays"] == []


@pytest.mark.parametrize("source", [TOPIC, "no hub of ours!", ""])
def test_dead_letter_whose_source_takes_no_messages_is_refused(operator: Operator, source: str) -> None:
    position = operator.put(TOPIC, b"lost", source=source)
    refused = operator.run("replay", TOPIC, position, "--yes")
    assert refused.exit_code == 1
    assert "neither a topic that the product consumes nor an event hub" in refused.stdout


def test_incomplete_dead_letter_is_refused(operator: Operator) -> None:
    _, second = operator.messages_of_dead_letter(b"x" * (PART_BYTES + 1), source=SOURCE)
    position = operator.put_bytes(TOPIC, second.value)
    refused = operator.run("replay", TOPIC, position, "--yes")
    assert refused.exit_code == 1
    assert "1 parts of this dead letter are missing" in refused.stdout


def test_unavailable_hub_is_reported_in_a_sentence_and_nothing_is_marked(operator: Operator) -> None:
    position = operator.put(TOPIC, b"waits", source="no-such-hub")
    refused = operator.run("replay", TOPIC, position, "--yes")
    assert refused.exit_code == 1
    assert "The event hub 'no-such-hub' did not take the event" in refused.stderr
    assert operator.listed(TOPIC)[0]["replays"] == []


@pytest.mark.parametrize("arguments", [(), ("0:0", "--all")])
def test_replay_wants_positions_or_all(operator: Operator, arguments: tuple[str, ...]) -> None:
    refused = operator.run("replay", TOPIC, *arguments)
    assert refused.exit_code == 2
    assert "name the positions" in refused.stderr


def test_file_that_cannot_be_written_is_reported(operator: Operator, tmp_path: Path) -> None:
    position = operator.put(TOPIC, b"v", source=SOURCE)
    refused = operator.run("show", TOPIC, position, "--output", str(tmp_path))
    assert refused.exit_code == 1
    assert "expected a writable file" in refused.stderr
