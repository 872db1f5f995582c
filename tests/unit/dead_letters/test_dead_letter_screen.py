"""Letters that somebody else put on the topic cannot break the screen."""

from io import StringIO

import pytest
from rich.console import Console, RenderableType

from cli.dead_letters import screen
from cli.dead_letters.entry import Entry, Position
from shared.bus.dead_letters import Original
from shared.contracts.dead_letter import DeadLetter, DeadLetterPart, ReplayMark
from shared.errors import InvalidInput

HOSTILE = "\x1b[2J\u202e[red]\x07"


def printed(shown: RenderableType) -> str:
    file = StringIO()
    Console(file=file, width=200, highlight=False).print(shown)
    return file.getvalue()


def forged() -> Entry:
    facts = DeadLetter(
        letter_id=HOSTILE,
        error_type=HOSTILE,
        reason=HOSTILE,
        value_base64="",
        key=HOSTILE,
        source_topic=HOSTILE,
        offset=-1,
        attempts=10**30,
        first_failed_at=HOSTILE,
        replayed_from=HOSTILE,
        part=DeadLetterPart(number=1_000, count=1_000, holds="value"),
    )
    mark = ReplayMark(letter_id="l", replayed_at=HOSTILE, replayed_by=HOSTILE, destination=HOSTILE)
    return Entry(Position(0, 7), 2**62, facts, parts={1_000: Position(0, 7)}, marks=[mark])


def test_forged_dead_letter_is_shown_harmless_and_short() -> None:
    entry = forged()
    original = Original(b"", {HOSTILE: HOSTILE.encode()}, entry.missing)
    for shown in (screen.entries([entry]), screen.details(entry, entry.facts, original)):
        text = printed(shown)
        assert all(character.isprintable() or character == "\n" for character in text)
        assert "[red]" in text
        assert "1, 2, 3, 4, 5 and 994 more" in text


@pytest.mark.parametrize("recorded_at", [2**62, -(2**62)])
def test_impossible_time_of_foreign_bytes_is_left_open(recorded_at: int) -> None:
    assert "?" in printed(screen.entries([Entry(Position(0, 7), recorded_at, None, foreign=HOSTILE)]))


@pytest.mark.parametrize("text", ["", "1", "a:b", "1:2:3", "-1:2", "1:-2", "\u0661:2", "1:" + "9" * 20, " 1:2"])
def test_malformed_position_is_invalid_input(text: str) -> None:
    with pytest.raises(InvalidInput, match="partition:offset"):
        Position.read(text)


def test_position_is_read_as_it_is_written() -> None:
    assert str(Position.read("1:42")) == "1:42"
