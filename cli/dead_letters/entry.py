"""One dead letter as a list shows it: where it is and what is known about it, without its content."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from shared.contracts.dead_letter import DeadLetter, ReplayMark
from shared.errors import InvalidInput

REASON_KEPT = 300  # characters; a list of thousands must fit into memory
POSITION = re.compile(r"(\d{1,5}):(\d{1,19})", re.ASCII)


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """Where a message is on its topic, written ``partition:offset``."""

    partition: int
    offset: int

    @classmethod
    def read(cls, text: str) -> Self:
        """Raises InvalidInput."""
        match = POSITION.fullmatch(text)
        if match is None:
            expected = "partition:offset as `aluskort dlq list` shows it, such as 0:42"
            raise InvalidInput("position", got=text, expected=expected)
        return cls(int(match[1]), int(match[2]))

    def __str__(self) -> str:
        return f"{self.partition}:{self.offset}"


@dataclass(slots=True)
class Entry:
    """A dead letter, or other bytes on its topic: then ``facts`` is None and ``foreign`` says why."""

    position: Position  # of the part that came first
    recorded_at: int  # milliseconds since the epoch, by Kafka
    facts: DeadLetter | None
    foreign: str = ""
    size: int = 0  # bytes of the value
    parts: dict[int, Position] = field(default_factory=dict)
    marks: list[ReplayMark] = field(default_factory=list)

    @property
    def missing(self) -> list[int]:
        """Numbers of the parts that are not on the topic."""
        part = self.facts.part if self.facts else None
        return [number for number in range(1, part.count + 1) if number not in self.parts] if part else []

    def take(self, message: DeadLetter, position: Position) -> None:
        """Note one part of this dead letter; a part that came twice counts once."""
        number, holds_value = (message.part.number, message.part.holds == "value") if message.part else (1, True)
        if number not in self.parts:
            self.parts[number] = position
            self.size += len(message.original) if holds_value else 0

    def as_json(self) -> Mapping[str, Any]:
        """For `--json`: names as in spec/data-model §7."""
        facts = self.facts.model_dump(exclude={"value_base64", "headers", "part"}) if self.facts else {}
        return {
            "position": str(self.position),
            **(facts or {"foreign": self.foreign}),
            "size": self.size,
            "missing_parts": self.missing,
            "replays": [mark.model_dump(exclude={"letter_id"}) for mark in self.marks],
        }


def without_content(message: DeadLetter) -> DeadLetter:
    """The facts that a list needs."""
    return message.model_copy(update={"value_base64": "", "headers": {}, "reason": message.reason[:REASON_KEPT]})
