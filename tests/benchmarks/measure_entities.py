"""The JSON path: entities of an alert, validated and written as the message that goes on, beside msticpy's
SentinelAlert.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.benchmarks.harness import Bench, Figure, faster
from tests.benchmarks.samples import alert_rows

LEAST = 10_000  # alerts a second on one core


def product(rows: list[dict[str, Any]]) -> Callable[[], Any]:
    """``parse_alert_entities`` and ``to_json``."""
    from shared.parsing import parse_alert_entities  # noqa: PLC0415 - each side imports what its environment has

    def work() -> None:
        for row in rows:
            parse_alert_entities(row["Entities"], row).to_json()

    return work


def sentinel_alert(rows: list[dict[str, Any]]) -> Callable[[], Any]:
    """``SentinelAlert``, which reads the same column into msticpy's entities; nothing is written out."""
    import msticpy.datamodel.entities  # noqa: F401, PLC0415 - first, or the next line meets a cycle
    import pandas as pd  # noqa: PLC0415
    from msticpy.datamodel.soc.sentinel_alert import SentinelAlert  # noqa: PLC0415

    events = [pd.Series(row) for row in rows]

    def work() -> None:
        for event in events:
            SentinelAlert(src_event=event)

    return work


def measure(bench: Bench) -> list[Figure]:
    """Alerts whose entities are JSON, and of types that msticpy can read: it raises KeyError at an `iot-device`."""
    rows = [row for row in alert_rows() if row.get("Entities") and "iot-device" not in row["Entities"]]
    ours, peer = bench.rates(product, sentinel_alert, rows, len(rows))
    return [
        faster("entities JSON", ours, peer, peer_name="msticpy SentinelAlert", unit="alerts/s", times=1, least=LEAST)
    ]
