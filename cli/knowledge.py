"""``aluskort load``, ``playbooks``, ``patterns`` and ``indicators``: what the SOC knows, and what of it is used."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.api import HOME, OPERATOR, Tenant, as_operator, deployment
from cli.screen import AsJson, Reason, console, say, say_json
from cli.stack import local_stack
from shared.errors import InvalidInput, NotFound

if TYPE_CHECKING:
    from local.demo.api import Person

NEXT = "Next: `aluskort playbooks list`, `aluskort patterns list`, `aluskort indicators list`."
LONGEST_ID = 100  # characters that a list shows, so that it can be retired
MOST_AT_ONCE = 500  # indicators and assets of one request
# The keys of a file, in the order of loading, with what one item is called by.
KEYS = {"playbooks": "playbook_id", "fp_patterns": "pattern_id", "threat_intel_iocs": "value", "assets": "entity_name"}

type Said = tuple[str, Any]  # a sentence for people, and what it says for programs

playbooks = typer.Typer(no_args_is_help=True, help="Playbooks: which actions may be proposed for which alerts.")
patterns = typer.Typer(no_args_is_help=True, help="False-positive patterns: which alerts close without a model.")
indicators = typer.Typer(no_args_is_help=True, help="Indicators: what threat intelligence knows.")

FileArgument = Annotated[Path, typer.Argument(metavar="FILE", help="JSON: one item, a list, or keys as load takes.")]
Id = Annotated[str, typer.Argument(metavar="ID", help="As `list` shows it.")]
As = Annotated[str, typer.Option("--as", metavar="NAME", help="Who loads; only for the local stack.")]


def load(file: FileArgument, as_json: AsJson = False) -> None:
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
        loaded = {key: len(value) for key, value in known.items() if isinstance(value, list)}
        sentence = f"Loaded as it stands, on this machine only: {counted}.\n{NEXT}"
        say(sentence, {"loaded": loaded, "left_out": []}, as_json=as_json)
        return
    done = {key: _loaded(key, _items(known[key], key), OPERATOR, HOME) for key in KEYS if known.get(key)}
    others = sorted(key for key, value in known.items() if key not in KEYS and isinstance(value, list))
    lines = [sentence for sentence, _ in done.values()]
    lines += [f"Left out: {', '.join(others)}, which come through their topics."] if others else []
    results = {"loaded": {key: result for key, (_, result) in done.items()}, "left_out": others}
    say("\n".join([*lines, NEXT]), results, as_json=as_json)


@playbooks.command("list")
def list_playbooks(as_json: AsJson = False, tenant: Tenant = HOME) -> None:
    """List the playbooks, retired ones too."""
    _list("/playbooks", ("playbook_id", "title", "actions", "review_status", "approved_by"), as_json, tenant)


@playbooks.command("show")
def show_playbook(playbook_id: Id, tenant: Tenant = HOME) -> None:
    """Show one playbook as JSON, which `load` takes."""
    _show("/playbooks", playbook_id, tenant)


@playbooks.command("load")
def load_playbooks(file: FileArgument, name: As = OPERATOR, as_json: AsJson = False, tenant: Tenant = HOME) -> None:
    """Insert or replace playbooks, approved by you. Which may act alone is a setting of the deployment."""
    _load("playbooks", file, name, tenant, as_json=as_json)


@playbooks.command("retire")
def retire_playbook(playbook_id: Id, reason: Reason, as_json: AsJson = False, tenant: Tenant = HOME) -> None:
    """Select a playbook no more."""
    _retire("/playbooks", playbook_id, reason, tenant, as_json=as_json)


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
def load_patterns(file: FileArgument, name: As = OPERATOR, as_json: AsJson = False, tenant: Tenant = HOME) -> None:
    """Load patterns, which approves them; each is in force once a second person has approved or loaded it too."""
    _load("fp_patterns", file, name, tenant, as_json=as_json)


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
def load_indicators(file: FileArgument, name: As = OPERATOR, as_json: AsJson = False, tenant: Tenant = HOME) -> None:
    """Know indicators from now on; the newest word about one wins."""
    _load("threat_intel_iocs", file, name, tenant, as_json=as_json)


@indicators.command("retire")
def retire_indicator(value: Id, reason: Reason, as_json: AsJson = False, tenant: Tenant = HOME) -> None:
    """Forget an indicator."""
    as_operator(lambda person: person.post("/indicators/retire", {"value": value, "reason": reason}), tenant)
    sentence = f"{value} is known no more. Next: `aluskort indicators list`."
    say(sentence, {"value": value, "retired": True, "reason": reason}, as_json=as_json)


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
    console().print(f"{len(found)} {name}. Next: `aluskort {name} show ID`, `load FILE`, `retire ID`.", style="dim")


def _cell(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else "" if value is None else str(value)


def _show(path: str, name: str, tenant: str) -> None:
    from urllib.parse import quote

    say_json(as_operator(lambda person: person.get(f"{path}/{quote(name, safe='')}"), tenant))


def _retire(path: str, name: str, reason: str, tenant: str, *, as_json: bool) -> None:
    from urllib.parse import quote

    as_operator(lambda person: person.post(f"{path}/{quote(name, safe='')}/retire", {"reason": reason}), tenant)
    sentence = f"{name} is retired. Next: `aluskort {path.removeprefix('/')} list`."
    say(sentence, {"id": name, "retired": True, "reason": reason}, as_json=as_json)


async def _all(person: Person, path: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    query: dict[str, Any] = {"limit": 100}
    while True:
        page = await person.get(path, **query)
        found += page["items"]
        if page["next_cursor"] is None:
            return found
        query["cursor"] = page["next_cursor"]


def _load(key: str, file: Path, name: str, tenant: str, *, as_json: bool) -> None:
    sentence, result = _loaded(key, _items(_read(file), key), name, tenant)
    say(sentence, result, as_json=as_json)


def _loaded(key: str, items: list[dict[str, Any]], name: str, tenant: str) -> Said:
    return as_operator(lambda person: LOADERS[key](person, items), tenant, name=name)


async def _load_playbooks(person: Person, items: list[dict[str, Any]]) -> Said:
    for item in items:
        await person.post("/playbooks", item)
    return f"{len(items)} playbooks are loaded.", [item["playbook_id"] for item in items]


async def _load_patterns(person: Person, items: list[dict[str, Any]]) -> Said:
    """A pattern that cannot be loaded stops no other."""
    from local.demo.api import ApiRefused

    lines, found = list[str](), list[dict[str, Any]]()
    for item in items:
        try:
            after = await person.post("/patterns", item)
        except ApiRefused as refused:
            lines.append(f"{item.get('pattern_id')}: not loaded. {refused}")
            found.append({"pattern_id": item.get("pattern_id"), "status": None, "refused": str(refused)})
        else:
            found.append(after)
            waits = after["status"] == "pending_review"
            lines.append(
                f"{after['pattern_id']}: "
                + ("waits for a second person to load it too" if waits else f"in force until {after['expiry_date']}")
            )
    return "\n".join(lines), found


async def _load_indicators(person: Person, items: list[dict[str, Any]]) -> Said:
    for start in range(0, len(items), MOST_AT_ONCE):
        await person.post("/indicators", {"indicators": items[start : start + MOST_AT_ONCE]})
    return f"{len(items)} indicators are known.", [item["value"] for item in items]


async def _load_assets(person: Person, items: list[dict[str, Any]]) -> Said:
    for start in range(0, len(items), MOST_AT_ONCE):
        await person.post("/assets", {"assets": items[start : start + MOST_AT_ONCE]})
    return f"{len(items)} assets are stored.", [item["entity_name"] for item in items]


LOADERS: dict[str, Callable[[Person, list[dict[str, Any]]], Awaitable[Said]]] = {
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
