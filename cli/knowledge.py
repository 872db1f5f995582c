"""``aluskort load``, ``playbooks``, ``patterns`` and ``indicators``: what the SOC knows, and what of it is used."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.api import HOME, OPERATOR, AsJson, Tenant, as_operator, deployment, say_json
from cli.screen import console
from cli.stack import local_stack
from shared.errors import InvalidInput, NotFound

if TYPE_CHECKING:
    from local.demo.api import Person

NEXT = "Next: `aluskort playbooks list`, `aluskort patterns list`, `aluskort indicators list`."
LONGEST_ID = 100  # characters that a list shows, so that it can be retired
MOST_AT_ONCE = 500  # indicators and assets of one request
# The keys of a file, in the order of loading, with what one item is called by.
KEYS = {"playbooks": "playbook_id", "fp_patterns": "pattern_id", "threat_intel_iocs": "value", "assets": "entity_name"}

playbooks = typer.Typer(no_args_is_help=True, help="Playbooks: which actions may be proposed for which alerts.")
patterns = typer.Typer(no_args_is_help=True, help="False-positive patterns: which alerts close without a model.")
indicators = typer.Typer(no_args_is_help=True, help="Indicators: what threat intelligence knows.")

FileArgument = Annotated[Path, typer.Argument(metavar="FILE", help="JSON: one item, a list, or keys as load takes.")]
Id = Annotated[str, typer.Argument(metavar="ID", help="As `list` shows it.")]
Reason = Annotated[str, typer.Option("--reason", help="Why; kept in the audit chain.")]
As = Annotated[str, typer.Option("--as", metavar="NAME", help="Who loads; only for the local stack.")]


def load(file: FileArgument) -> None:
    """Load what a SOC knows from one file, such as local/demo/knowledge.json: playbooks, patterns, indicators, assets.

    On the local stack all of it is taken as it stands, approvals, incidents and exposures too. In a deployment a
    pattern is in force once a second person has loaded it, and what comes through topics is left out.
    """
    known = _read(file)
    if not isinstance(known, dict) or not set(known) & set(KEYS):
        raise InvalidInput("FILE", got=str(file), expected=f"an object with some of the keys {', '.join(KEYS)}")
    if not deployment()[0]:
        import asyncio

        from local.demo.knowledge import load_knowledge

        counted = asyncio.run(load_knowledge(local_stack(os.environ).environment(), known))
        console().print(f"Loaded as it stands, on this machine only: {counted}.", markup=False)
        console().print(NEXT, style="dim")
        return
    for key in KEYS:
        if known.get(key):
            _load(key, _items(known[key], key), OPERATOR, HOME)
    if others := sorted(key for key, value in known.items() if key not in KEYS and isinstance(value, list)):
        console().print(f"Left out: {', '.join(others)}, which come through their topics.", style="yellow")
    console().print(
        "Next: `aluskort playbooks list`, `aluskort patterns list`, `aluskort indicators list`.", style="dim"
    )


@playbooks.command("list")
def list_playbooks(as_json: AsJson = False, tenant: Tenant = HOME) -> None:
    """List the playbooks, retired ones too."""
    _list("/playbooks", ("playbook_id", "title", "actions", "review_status", "approved_by"), as_json, tenant)


@playbooks.command("show")
def show_playbook(playbook_id: Id, tenant: Tenant = HOME) -> None:
    """Show one playbook as JSON, which `load` takes."""
    _show("/playbooks", playbook_id, tenant)


@playbooks.command("load")
def load_playbooks(file: FileArgument, name: As = OPERATOR, tenant: Tenant = HOME) -> None:
    """Insert or replace playbooks, approved by you. Which may act alone is a setting of the deployment."""
    _load("playbooks", _items(_read(file), "playbooks"), name, tenant)


@playbooks.command("retire")
def retire_playbook(playbook_id: Id, reason: Reason, tenant: Tenant = HOME) -> None:
    """Select a playbook no more."""
    _retire("/playbooks", playbook_id, reason, tenant)


@patterns.command("list")
def list_patterns(as_json: AsJson = False, tenant: Tenant = HOME) -> None:
    """List the tenant's patterns in whatever status."""
    columns = ("pattern_id", "alert_name", "status", "confidence", "approved_by_1", "approved_by_2", "expiry_date")
    _list("/patterns", columns, as_json, tenant)


@patterns.command("show")
def show_pattern(pattern_id: Id, tenant: Tenant = HOME) -> None:
    """Show one pattern as JSON, which `load` takes."""
    _show("/patterns", pattern_id, tenant)


@patterns.command("load")
def load_patterns(file: FileArgument, name: As = OPERATOR, tenant: Tenant = HOME) -> None:
    """Load patterns, which approves them; each is in force once a second person has approved or loaded it too."""
    _load("fp_patterns", _items(_read(file), "fp_patterns"), name, tenant)


@indicators.command("list")
def list_indicators(as_json: AsJson = False, tenant: Tenant = HOME) -> None:
    """List the known indicators."""
    _list("/indicators", ("value", "type", "confidence", "severity", "campaigns", "sources"), as_json, tenant)


@indicators.command("show")
def show_indicator(value: Id, tenant: Tenant = HOME) -> None:
    """Show one indicator as JSON, which `load` takes."""
    found = [one for one in as_operator(lambda person: _all(person, "/indicators"), tenant) if one["value"] == value]
    if not found:
        raise NotFound(f"there is no indicator {value!r}; `aluskort indicators list` lists them")
    say_json(found)


@indicators.command("load")
def load_indicators(file: FileArgument, name: As = OPERATOR, tenant: Tenant = HOME) -> None:
    """Know indicators from now on; the newest word about one wins."""
    _load("threat_intel_iocs", _items(_read(file), "threat_intel_iocs"), name, tenant)


@indicators.command("retire")
def retire_indicator(value: Id, reason: Reason, tenant: Tenant = HOME) -> None:
    """Forget an indicator."""
    as_operator(lambda person: person.post("/indicators/retire", {"value": value, "reason": reason}), tenant)
    console().print(f"{value} is known no more. Next: `aluskort indicators list`.", markup=False)


def _list(path: str, columns: Iterable[str], as_json: bool, tenant: str) -> None:
    from rich.table import Table

    from cli.case_screen import shown

    found = as_operator(lambda person: _all(person, path), tenant)
    if as_json:
        say_json(found)
        return
    name = path.removeprefix("/")
    if not found:
        console().print(f"There are no {name}. Next: `aluskort {name} load FILE`.")
        return
    table = Table(*(column.replace("_", " ") for column in columns), box=None, header_style="bold")
    for one in found:
        cells = [_cell(one[column]) for column in columns]
        table.add_row(*(shown(cell, limit=LONGEST_ID if cell == cells[0] else 60) for cell in cells))
    console().print(table)
    end = "revoke" if name == "patterns" else "retire"
    console().print(f"{len(found)} {name}. Next: `aluskort {name} show ID`, `load FILE`, `{end} ID`.", style="dim")


def _cell(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else "" if value is None else str(value)


def _show(path: str, name: str, tenant: str) -> None:
    from urllib.parse import quote

    say_json(as_operator(lambda person: person.get(f"{path}/{quote(name, safe='')}"), tenant))


def _retire(path: str, name: str, reason: str, tenant: str) -> None:
    from urllib.parse import quote

    as_operator(lambda person: person.post(f"{path}/{quote(name, safe='')}/retire", {"reason": reason}), tenant)
    console().print(f"{name} is retired. Next: `aluskort {path.removeprefix('/')} list`.", markup=False)


async def _all(person: Person, path: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    query: dict[str, Any] = {"limit": 100}
    while True:
        page = await person.get(path, **query)
        found += page["items"]
        if page["next_cursor"] is None:
            return found
        query["cursor"] = page["next_cursor"]


def _load(key: str, items: list[dict[str, Any]], name: str, tenant: str) -> None:
    said = as_operator(lambda person: LOADERS[key](person, items), tenant, name=name)
    console().print(said, markup=False, soft_wrap=True)


async def _load_playbooks(person: Person, items: list[dict[str, Any]]) -> str:
    for item in items:
        await person.post("/playbooks", item)
    return f"{len(items)} playbooks are loaded."


async def _load_patterns(person: Person, items: list[dict[str, Any]]) -> str:
    """A pattern that cannot be loaded stops no other."""
    from local.demo.api import ApiRefused

    lines = []
    for item in items:
        try:
            after = await person.post("/patterns", item)
        except ApiRefused as refused:
            lines.append(f"{item.get('pattern_id')}: not loaded. {refused}")
        else:
            waits = after["status"] == "pending_review"
            lines.append(
                f"{after['pattern_id']}: "
                + ("waits for a second person to load it too" if waits else f"in force until {after['expiry_date']}")
            )
    return "\n".join(lines)


async def _load_indicators(person: Person, items: list[dict[str, Any]]) -> str:
    for start in range(0, len(items), MOST_AT_ONCE):
        await person.post("/indicators", {"indicators": items[start : start + MOST_AT_ONCE]})
    return f"{len(items)} indicators are known."


async def _load_assets(person: Person, items: list[dict[str, Any]]) -> str:
    for start in range(0, len(items), MOST_AT_ONCE):
        await person.post("/assets", {"assets": items[start : start + MOST_AT_ONCE]})
    return f"{len(items)} assets are stored."


LOADERS: dict[str, Callable[[Person, list[dict[str, Any]]], Any]] = {
    "playbooks": _load_playbooks,
    "fp_patterns": _load_patterns,
    "threat_intel_iocs": _load_indicators,
    "assets": _load_assets,
}


def _read(file: Path) -> Any:
    import json

    try:
        return json.loads(file.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise InvalidInput("FILE", got=str(file), expected="a readable file of JSON", hint=str(error)) from error


def _items(found: Any, key: str) -> list[dict[str, Any]]:
    """The items of a file that is one of them, a list of them, or has them under the key."""
    listed = found.get(key, [found]) if isinstance(found, dict) else found
    wrong = [item for item in listed if not _has(item, KEYS[key])] if isinstance(listed, list) else [listed]
    if wrong or not listed:
        shown = str(wrong[0])[:100] if wrong else "nothing"
        raise InvalidInput("FILE", got=shown, expected=f"objects with {KEYS[key]}, or a list of them")
    return list(listed)


def _has(item: Any, name: str) -> bool:
    return isinstance(item, dict) and name in item
