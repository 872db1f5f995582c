"""How much of the free text of one alert is looked at closely."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class Allowance:
    """What is left for the texts of one alert: with it, no megabyte takes over 50 ms, in one text or in thousands.

    Places that look like a URL, a path or a named host, and the microseconds, about, for the rest of the words.
    """

    urls: int = 600
    paths: int = 600
    hosts: int = 1_000
    words: int = 18_000
    judged: set[bytes] = field(default_factory=set)  # words that need no second look
