"""``aluskort parse``: the entities of an alert, or of any text, as the product would find them."""

from __future__ import annotations

import codecs
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from cli.visible import visible
from shared.contracts.alert import CanonicalAlert
from shared.contracts.alert_source import AlertSource, Siem
from shared.contracts.entity import CATEGORIES, AlertEntities, NormalizedEntity
from shared.contracts.tenant import DEFAULT_TENANT
from shared.errors import InvalidInput
from shared.ingestion.adapter import Adapter, sentinel
from shared.ingestion.envelope import MAX_BODY_BYTES, read_rows
from shared.ingestion.sources import adapter_of
from shared.parsing import parse_alert_entities

STDIN = "-"
TITLE_SHOWN, VALUE_SHOWN, PROPERTIES_SHOWN, PROPERTY_SHOWN = 200, 100, 160, 60  # characters
MOST_UNPRINTABLE = 0.1  # share of a text's characters; above it the file is a binary one
BYTE_ORDER_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


@dataclass(frozen=True, slots=True)
class Parsed:
    """One alert or text with its entities; ``refusal`` says why a row is not an alert."""

    title: str
    entities: AlertEntities | None = None
    alert: CanonicalAlert | None = None
    refusal: str = ""

    def as_json(self) -> Mapping[str, Any]:
        """For `--json`."""
        if self.entities is None:
            return {"title": self.title, "refusal": self.refusal}
        known = self.alert.model_dump(include={"alert_id", "tenant_id", "severity"}) if self.alert else {}
        return {"title": self.title, **known, "entities": self.entities.model_dump(mode="json")}


def parse(file: Path, siem: str | None = None) -> list[Parsed]:
    """The entities of every alert in ``file``, ``-`` for standard input; of its text when it is not JSON. The alerts
    are Sentinel's and Defender's, in any of their shapes, unless ``siem`` names another.

    Raises InvalidInput when it cannot be read, is empty, too large or binary, or is JSON that holds no alerts.
    """
    name, body = ("standard input", _from_stdin()) if str(file) == STDIN else (str(file), _from_file(file))
    if len(body) > MAX_BODY_BYTES:
        raise InvalidInput(name, got=f"more than {MAX_BODY_BYTES:,} bytes", expected="no more than intake accepts")
    if not body.strip():
        raise InvalidInput(name, got="nothing", expected="an alert as JSON, or text")
    adapter = _adapter(siem)
    try:
        rows = read_rows(body, adapter.envelopes)
    except InvalidInput as error:
        text = _text(name, body)
        if _is_json(body):
            raise
        return [Parsed(name, parse_alert_entities("", {"Text": text}), refusal=_why_text(name, text, error))]
    if not rows:
        raise InvalidInput(name, got="an empty list", expected="an alert as JSON, or text")
    return [_of_row(row, number, adapter) for number, row in enumerate(rows, 1)]


def print_parsed(found: Sequence[Parsed], console: Console, *, as_json: bool) -> None:
    """Print a table for each alert with what was lost below it, or all as JSON."""
    if as_json:
        console.print(Text(json.dumps([parsed.as_json() for parsed in found], indent=2)), soft_wrap=True)
        return
    for parsed in found:
        console.print(visible(parsed.title, limit=TITLE_SHOWN), style="bold")
        for part in _described(parsed):
            console.print(part)
        console.print()


def _adapter(siem: str | None) -> Adapter:
    return (
        adapter_of("file", AlertSource(siem=Siem(siem), tenant=DEFAULT_TENANT)) if siem else sentinel("sentinel-alerts")
    )


def _of_row(row: Any, number: int, adapter: Adapter) -> Parsed:
    title = f"row {number}"
    try:
        if isinstance(row, InvalidInput):  # one of several lines, and not JSON
            raise row
        if reason := adapter.left_out(row):
            return Parsed(title, refusal=f"not an alert, intake only counts it: {reason}")
        alert = adapter.to_canonical(row)
    except InvalidInput as error:
        return Parsed(title, refusal=f"not an alert that intake accepts. {error}")
    return Parsed(alert.title, parse_alert_entities(alert.entities_raw, alert.raw_payload), alert)


def _described(parsed: Parsed) -> Iterator[RenderableType]:
    if parsed.refusal:
        yield visible(parsed.refusal)
    if parsed.alert is not None:
        heading = f"alert {parsed.alert.alert_id}, tenant {parsed.alert.tenant_id}, {parsed.alert.severity}"
        yield visible(heading, limit=300)
    if parsed.entities is None:
        return
    if any(parsed.entities.all()):
        yield _table(parsed.entities)
    else:
        yield Text("No entities.", style="yellow")
    if parsed.entities.losses:
        yield Text(f"What was lost ({parsed.entities.losses}):", style="yellow")
        for loss in parsed.entities.parse_errors:
            yield Text("  ") + visible(loss, limit=300)


def _table(entities: AlertEntities) -> Table:
    table = Table(box=None, header_style="bold", padding=(0, 2, 0, 0))
    table.add_column("category", no_wrap=True)
    table.add_column("value", overflow="fold")
    table.add_column("properties", overflow="fold")
    table.add_column("confidence", justify="right", no_wrap=True)
    table.add_column("source", overflow="fold")
    for category in CATEGORIES:
        for entity in getattr(entities, category):
            source = visible(entity.source_pointer or "/", limit=60)
            value = visible(entity.primary_value, limit=VALUE_SHOWN)
            table.add_row(_kind(category, entity), value, _properties(entity), f"{entity.confidence:.1f}", source)
    return table


def _kind(category: str, entity: NormalizedEntity) -> str:
    return f"{category} ({entity.entity_type})" if category == "other" else category.replace("_", " ")


def _properties(entity: NormalizedEntity) -> Text:
    line = Text()
    for name, value in entity.properties.items():
        if len(line) > PROPERTIES_SHOWN:
            line.append(f" … {len(entity.properties)} in all", style="dim")
            break
        shown = value if isinstance(value, str) else json.dumps(value)
        line += Text(" " if line else "") + visible(name, limit=40) + Text("=") + visible(shown, limit=PROPERTY_SHOWN)
    return line


def _from_stdin() -> bytes:
    return sys.stdin.buffer.read(MAX_BODY_BYTES + 1)


def _from_file(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MAX_BODY_BYTES + 1)
    except OSError as error:
        raise InvalidInput("file", got=str(path), expected="a readable file", hint=error.strerror or "") from error


def _is_json(body: bytes) -> bool:
    try:
        json.loads(body)
    except (ValueError, RecursionError):
        return False
    return True


def _text(name: str, body: bytes) -> str:
    encoding = next((encoding for mark, encoding in BYTE_ORDER_MARKS if body.startswith(mark)), "utf-8")
    text = body.decode(encoding, "replace")
    unprintable = sum(not (character.isprintable() or character.isspace()) for character in text)
    if unprintable + text.count("\ufffd") > MOST_UNPRINTABLE * len(text):
        raise InvalidInput(name, got="a binary file", expected="an alert as JSON, or text")
    return text


def _why_text(name: str, text: str, error: InvalidInput) -> str:
    """What to say when something that looks like JSON, or is called so, was read as text."""
    meant = name.endswith(".json") or text.lstrip()[:1] in ("{", "[")
    return f"This is not JSON, so it was read as text: {error.hint}" if meant else ""
