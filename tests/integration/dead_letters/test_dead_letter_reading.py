"""What an operator sees of dead letters."""

import json
from pathlib import Path

import pytest

from shared.bus.dead_letters import PART_BYTES
from shared.contracts.dead_letter import MARK, ReplayMark
from tests.integration.dead_letters.conftest import REFUSED, Operator

TOPIC = "jobs.llm.priority.low.dlq"
HOSTILE = "\x1b[2J\x1b]0;owned\x07 \u202egnp.exe [red]not markup[/] :bomb: \x00".encode()
LARGE = bytes(number % 251 for number in range(2 * PART_BYTES + 1))


def test_dead_letter_is_listed_with_where_it_came_from_and_why(operator: Operator) -> None:
    operator.put(TOPIC, b"older", source="alerts.raw")
    position = operator.put(TOPIC, b"newer", source="jobs.llm.priority.low", headers={"h": b"v"})
    older, newer = operator.listed(TOPIC)
    assert (older["source_topic"], newer["source_topic"]) == ("alerts.raw", "jobs.llm.priority.low")
    assert (newer["error_type"], newer["reason"], newer["size"]) == ("InvalidInput", str(REFUSED), 5)
    assert (newer["attempts"], newer["replays"], newer["missing_parts"]) == (1, [], [])
    table = operator.run("list", TOPIC).stdout
    assert position in table
    assert "InvalidInput" in table


def test_list_is_limited_to_the_newest_and_says_how_many_there_are(operator: Operator) -> None:
    for number in range(3):
        operator.put(TOPIC, b"%d" % number, source="alerts.raw")
    last = operator.listed(TOPIC)[-1]
    newest = operator.run("list", TOPIC, "--limit", "1", "--json")
    assert [dead_letter["position"] for dead_letter in json.loads(newest.stdout)] == [last["position"]]
    assert "older ones are not shown" in operator.run("list", TOPIC, "--limit", "1").stdout


def test_overview_counts_every_topic(operator: Operator) -> None:
    before = json.loads(operator.run("list", "--json").stdout)
    operator.put(TOPIC, LARGE, source="alerts.raw")
    after = json.loads(operator.run("list", "--json").stdout)
    assert after[TOPIC] == before[TOPIC] + 1
    assert len(after) == 6
    assert TOPIC in operator.run("list").stdout


def test_shown_dead_letter_has_every_field_and_cannot_command_the_terminal(operator: Operator) -> None:
    position = operator.put(TOPIC, HOSTILE, source="sentinel-alerts", headers={"[b]h": b"\x1b[31m"})
    shown = operator.run("show", TOPIC, position).stdout
    assert not {"\x1b", "\x07", "\x00", "\u202e"} & set(shown)
    for visible in (
        "\\x1b[2J\\x1b]0;owned\\x07 \\u202egnp.exe [red]not markup[/] :bomb: \\x00",
        "[b]h = \\x1b[31m",
        "event hub sentinel-alerts",
        operator.key,
        "InvalidInput",
        str(REFUSED),
    ):
        assert visible in shown


def test_binary_content_is_shown_as_hex(operator: Operator) -> None:
    position = operator.put(TOPIC, bytes(range(128, 160)), source="alerts.raw")
    assert "00000010  90 91 92" in operator.run("show", TOPIC, position).stdout


@pytest.mark.parametrize("value", [HOSTILE, LARGE, b""], ids=["hostile", "in parts", "empty"])
def test_original_bytes_are_given_exactly(operator: Operator, value: bytes, tmp_path: Path) -> None:
    position = operator.put(TOPIC, value, source="alerts.raw")
    assert operator.run("show", TOPIC, position, "--raw").stdout_bytes == value
    file = tmp_path / "dead_letter"
    assert operator.run("show", TOPIC, position, "--output", str(file)).exit_code == 0
    assert file.read_bytes() == value


def test_dead_letter_in_parts_is_one_dead_letter_at_each_of_its_positions(operator: Operator) -> None:
    position = operator.put(TOPIC, LARGE, source="alerts.raw")
    (dead_letter,) = operator.listed(TOPIC)
    assert dead_letter["size"] == len(LARGE)
    partition, _, offset = position.partition(":")
    shown = operator.run("show", TOPIC, f"{partition}:{int(offset) + 2}").stdout
    assert f"{position} of {TOPIC}" in shown
    assert "3 of 3" in shown


def test_missing_parts_are_named_and_the_rest_can_be_saved(operator: Operator, tmp_path: Path) -> None:
    first, _, last = operator.messages_of_dead_letter(LARGE, source="alerts.raw")
    position = operator.put_bytes(TOPIC, first.value)
    operator.put_bytes(TOPIC, last.value)
    assert operator.listed(TOPIC)[0]["missing_parts"] == [2]
    assert "parts 2 missing" in operator.run("list", TOPIC).stdout
    assert "missing: 2" in operator.run("show", TOPIC, position).stdout
    file = tmp_path / "rest"
    saved = operator.run("show", TOPIC, position, "--output", str(file))
    assert (saved.exit_code, file.read_bytes()) == (1, LARGE[:PART_BYTES] + LARGE[2 * PART_BYTES :])
    assert "1 parts are missing (2)" in saved.stderr


@pytest.mark.parametrize("value", [b"\x00\xff foreign", b"{}", b"[" * 50_000, b'{"letter_id": "x"}'])
def test_foreign_bytes_are_shown_as_such(operator: Operator, value: bytes) -> None:
    position = operator.put_bytes(TOPIC, value)
    shown = json.loads(operator.run("list", TOPIC, "--json", "--limit", "10000").stdout)
    (dead_letter,) = (dead_letter for dead_letter in shown if dead_letter["position"] == position)
    assert dead_letter["foreign"].startswith("DeadLetter")
    assert "not a dead letter" in operator.run("show", TOPIC, position).stdout
    assert operator.run("show", TOPIC, position, "--raw").stdout_bytes == value


def test_note_of_a_replay_is_not_a_dead_letter_and_outlives_its_own(operator: Operator) -> None:
    mark = ReplayMark(letter_id="gone", replayed_at="2026-11-20T08:00:00Z", replayed_by="ann", destination="topic t")
    before = json.loads(operator.run("list", "--json").stdout)[TOPIC]
    position = operator.put_bytes(TOPIC, mark.to_json(), header=MARK)
    assert json.loads(operator.run("list", "--json").stdout)[TOPIC] == before
    for command in (("show", TOPIC, position), ("replay", TOPIC, position, "--yes")):
        refused = operator.run(*command)
        assert refused.exit_code == 1
        assert "only says that a dead letter was sent back, which itself is gone." in refused.stderr


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("list", "alerts.raw"), "There is no dead-letter topic 'alerts.raw'; there are alerts.raw.dlq, ctem"),
        (("show", TOPIC, "first"), "position: got 'first', expected partition:offset"),
        (("show", TOPIC, "9:0"), "has no position 9:0: its partitions are 0 to 1."),
        (("show", TOPIC, "0:99999999"), "has no position 0:99999999: partition 0"),
        (("replay", TOPIC, "0:99999999", "--yes"), "has no position 0:99999999: partition 0"),
    ],
)
def test_missing_topic_or_position_is_reported_in_a_sentence(
    operator: Operator, arguments: tuple[str, ...], sentence: str
) -> None:
    refused = operator.run(*arguments)
    assert refused.exit_code == 1
    assert sentence in refused.stderr
    assert "Traceback" not in refused.output


@pytest.mark.parametrize(
    ("brokers", "sentence"), [("127.0.0.1:1", "Kafka at 127.0.0.1:1 cannot be read"), ("a:b", "expected host:port")]
)
def test_unavailable_kafka_is_reported_in_a_sentence(event_hubs: str, brokers: str, sentence: str) -> None:
    refused = Operator(brokers, event_hubs, "k").run("list", TOPIC)
    assert refused.exit_code == 1
    assert sentence in refused.stderr
