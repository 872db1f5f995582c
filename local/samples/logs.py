"""Synthetic logs of the sample company: what the samples' attacks left in them (traces/), in the noise of a week.

A line of a trace is a row with its table, its time, and how often it is `Repeated`, one a second. All is invented.
"""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from local.samples.noise import noise

WORKSPACE = "5c1e6f0a-8d3b-4f57-9a42-7be0d1c9a311"  # the samples' tenant has the name of its workspace
TRACES = Path(__file__).with_name("traces")

Row = dict[str, Any]


@cache
def sample_logs() -> dict[str, list[Row]]:
    """All rows by table; the same at every call."""
    tables: dict[str, list[Row]] = defaultdict(list)
    for table, row in noise():
        tables[table].append(row)
    for path in sorted(TRACES.glob("*.jsonl")):
        for table, row in trace(path):
            tables[table].append(row)
    return dict(tables)


def trace(path: Path) -> list[tuple[str, Row]]:
    """The rows of one attack with their tables."""
    found = []
    for line in path.read_text().splitlines():
        row: Row = json.loads(line)
        table, times = row.pop("table"), row.pop("Repeated", 1)
        first = datetime.fromisoformat(row["TimeGenerated"])
        for number in range(times):
            found.append((table, {**row, "TimeGenerated": (first + timedelta(seconds=number)).isoformat()}))
    return found
