"""The topic catalogue, read from topics.json: the one place that knows names, partitions, retention and keys."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

from shared.contracts.contract import Contract

CATALOGUE = Path(__file__).with_name("topics.json")
MAX_MESSAGE_BYTES = 1_000_000  # Event Hubs takes 1 MB; a larger message never reaches a topic


class Topic(Contract):
    """One topic. ``key`` names the field that its messages are partitioned by.

    ``dead_letters`` is the topic for those that its consumers can never handle; "" where these are kept elsewhere, or
    only people read the topic.
    """

    name: str
    partitions: int
    retention_days: int
    key: str
    producers: list[str]
    consumers: list[str]
    dead_letters: str = ""


@cache
def topics() -> dict[str, Topic]:
    """Every topic by name."""
    entries = json.loads(CATALOGUE.read_text())["topics"]
    return {entry["name"]: Topic.model_validate(entry) for entry in entries}
