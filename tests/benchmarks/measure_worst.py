"""The worst that a megabyte can do to either path: the goal is an absolute 50 ms. The floor beside it is what it
costs to look at each byte once, with str.count for text and orjson for JSON; no library of the peers has a bound.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from statistics import median
from typing import Any

from tests.benchmarks import hostile
from tests.benchmarks.harness import Bench, Figure

GOAL = 50.0  # ms
ROUNDS = 5


def text_path(_: Any) -> Callable[[], Any]:
    """Each hostile text through the fallback."""
    from shared.parsing.collection import Collection  # noqa: PLC0415 - a worker imports what it works with
    from shared.parsing.indicators import find_indicators  # noqa: PLC0415

    def one(text: str) -> None:
        found = Collection()
        find_indicators(text, found, where="text")
        found.build()

    return lambda: _timed(hostile.texts(), one)


def text_floor(_: Any) -> Callable[[], Any]:
    """Each hostile text through str.count."""
    return lambda: _timed(hostile.texts(), lambda text: text.count("."))


def json_path(_: Any) -> Callable[[], Any]:
    """Each hostile document through parse_alert_entities."""
    from shared.parsing import parse_alert_entities  # noqa: PLC0415

    return lambda: _timed(hostile.documents(), lambda text: parse_alert_entities(text, {}).to_json())


def json_floor(_: Any) -> Callable[[], Any]:
    """Each hostile document through orjson."""
    import orjson  # noqa: PLC0415

    def one(text: str) -> None:
        with suppress(orjson.JSONDecodeError):
            orjson.loads(text)

    return lambda: _timed(hostile.documents(), one)


def payload_path(_: Any) -> Callable[[], Any]:
    """Each hostile alert without entities through parse_alert_entities."""
    from shared.parsing import parse_alert_entities  # noqa: PLC0415

    return lambda: _timed(hostile.payloads(), lambda row: parse_alert_entities("", row).to_json())


def payload_floor(_: Any) -> Callable[[], Any]:
    """The texts of each through str.count."""
    return lambda: _timed(hostile.payloads(), lambda row: [text.count(".") for text in row.values()])


def _timed(inputs: dict[str, Any], one: Callable[[Any], Any]) -> dict[str, float]:
    """Milliseconds of each input, the median of ROUNDS."""
    taken: dict[str, list[float]] = {name: [] for name in inputs}
    for _ in range(ROUNDS):
        for name, text in inputs.items():
            start = time.perf_counter()
            one(text)
            taken[name].append((time.perf_counter() - start) * 1_000)
    return {name: median(times) for name, times in taken.items()}


def measure(bench: Bench) -> list[Figure]:
    """The slowest input of each path."""
    figures = []
    for path, work, floor, reader in (
        ("text", text_path, text_floor, "str.count"),
        ("payload without entities", payload_path, payload_floor, "str.count"),
        ("entities JSON", json_path, json_floor, "orjson"),
    ):
        taken, least = bench.result("ours", work, None), bench.result("ours", floor, None)
        worst = max(taken, key=taken.__getitem__)
        figures.append(
            Figure(
                name=f"worst megabyte, {path} ({len(taken)} inputs): {worst}",
                ours=taken[worst],
                peer=least[worst],
                peer_name=f"floor: {reader}",
                unit="ms",
                ratio=least[worst] / taken[worst],
                spread=None,
                goal=f"at most {GOAL:g} ms",
                met=taken[worst] <= GOAL,
            )
        )
    return figures
