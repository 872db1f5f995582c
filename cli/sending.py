"""What the product will be able to read of a file, found out before it is sent."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError
from rich.console import Console
from rich.text import Text

from cli.visible import visible
from shared.contracts.alert import CanonicalAlert
from shared.contracts.alert_source import AlertSource
from shared.errors import InvalidInput
from shared.ingestion.adapter import Adapter, sentinel
from shared.ingestion.envelope import read_rows
from shared.ingestion.sources import adapter_of

SHOWN = 3  # refusals of one file

_Sources = TypeAdapter(dict[str, AlertSource])


@dataclass
class Reading:
    """One file: its alerts, how many rows are only counted, and why the others cannot be read."""

    path: Path
    alerts: list[CanonicalAlert] = field(default_factory=list)
    left_out: int = 0
    refused: list[str] = field(default_factory=list)

    @property
    def is_useless(self) -> bool:
        """Nothing in it can be read."""
        return not self.alerts and not self.left_out


def read_for_sending(path: Path, source: str, sources: str) -> Reading:
    """Read the file as intake will. ``sources`` is ALUSKORT_ALERT_SOURCES. Raises InvalidInput for a file that cannot
    be opened, and for a source that nobody configured.
    """
    adapter = _adapter(source, sources)
    try:
        body = path.read_bytes()
    except OSError as error:
        raise InvalidInput("file", got=str(path), expected="a readable file", hint=error.strerror or "") from error
    reading = Reading(path)
    for row in _rows(reading, body, adapter):
        try:
            if isinstance(row, InvalidInput):  # one of several lines, and not JSON
                raise row
            if adapter.left_out(row):
                reading.left_out += 1
            else:
                reading.alerts.append(adapter.to_canonical(row))
        except InvalidInput as error:
            reading.refused.append(str(error))
    return reading


def print_reading(console: Console, reading: Reading, *, anyway: bool) -> None:
    """Say what the product will read of the file, and what it will not."""
    counted = f"{len(reading.alerts)} alert(s)"
    counted += f", {reading.left_out} row(s) that are only counted" if reading.left_out else ""
    counted += f", {len(reading.refused)} that cannot be read" if reading.refused else ""
    console.print(Text(f"{reading.path}: {counted}"), soft_wrap=True)
    for why in reading.refused[:SHOWN]:
        console.print(Text("  ") + visible(why, limit=300), style="yellow", soft_wrap=True)
    if len(reading.refused) > SHOWN:
        console.print(f"  and {len(reading.refused) - SHOWN} more", style="yellow")
    if reading.is_useless and not anyway:
        console.print("  Not sent: no alert can be read in it. --anyway sends it, to the dead letters.", style="red")


def _rows(reading: Reading, body: bytes, adapter: Adapter) -> Iterator[Any]:
    try:
        if not body.strip():
            raise InvalidInput("file", got="nothing", expected="alerts as JSON")
        yield from read_rows(body, adapter.envelopes)
    except InvalidInput as error:
        reading.refused.append(str(error))


def _adapter(source: str, sources: str) -> Adapter:
    if not source:
        return sentinel("sentinel-alerts")
    try:
        configured = _Sources.validate_json(sources)
    except ValidationError as error:
        raise InvalidInput(
            "ALUSKORT_ALERT_SOURCES", got=sources, expected="sources by name", hint=str(error)
        ) from error
    if source not in configured:
        raise InvalidInput("--source", got=source, expected=f"one of {', '.join(configured) or 'none: there are none'}")
    return adapter_of(source, configured[source])
