"""``aluskort actions`` and ``aluskort assets``: undoing what was done, and what the product knows of assets."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from cli.api import HOME, Tenant, as_operator
from cli.screen import AsJson, console, say, say_json
from shared.errors import InvalidInput

if TYPE_CHECKING:
    from local.demo.api import Person

actions = typer.Typer(no_args_is_help=True, help="Actions that were carried out.")
assets = typer.Typer(no_args_is_help=True, help="Assets: what is known about them, and which are protected.")

MOST_AT_ONCE = 500  # assets of one request
KindArgument = Annotated[Literal["host", "account", "mailbox"], typer.Argument(metavar="KIND")]
NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="As alerts name it.")]


@actions.command("undo")
def undo(
    action: Annotated[str, typer.Argument(metavar="ACTION", help="The action's id, as the investigation shows it.")],
    as_json: AsJson = False,
    tenant: Tenant = HOME,
) -> None:
    """Have an action undone: release the host, enable the account, unblock, bring mail back, reopen the incident."""
    from urllib.parse import quote

    found = as_operator(lambda person: person.post(f"/actions/{quote(action, safe=':')}/undo", {}), tenant)
    say(f"{found['action_id']}: {found['action']} {found['target']} is {found['status']}.", found, as_json=as_json)


@assets.command("protect")
def protect(
    kind: KindArgument,
    name: NameArgument,
    reason: Annotated[str, typer.Option("--reason", help="Why; shown to whoever approves an action on it.")],
    as_json: AsJson = False,
    tenant: Tenant = HOME,
) -> None:
    """Put an asset on the protected list: no default grant holds an action on it."""
    body = {"entity_type": kind, "entity_name": name, "reason": reason}
    as_operator(lambda person: person.post("/protected-assets", body), tenant)
    say(f"{kind} {name} is protected.", {**body, "protected": True}, as_json=as_json)


@assets.command("unprotect")
def unprotect(kind: KindArgument, name: NameArgument, as_json: AsJson = False, tenant: Tenant = HOME) -> None:
    """Take an asset off the protected list."""
    body = {"entity_type": kind, "entity_name": name}
    as_operator(lambda person: person.post("/protected-assets/remove", body), tenant)
    say(f"{kind} {name} is protected no longer.", {**body, "protected": False}, as_json=as_json)


@assets.command("protected")
def protected(as_json: AsJson = False, tenant: Tenant = HOME) -> None:
    """List what a person protected, and why."""
    from rich.table import Table
    from rich.text import Text

    page = as_operator(lambda person: person.get("/protected-assets", limit=100), tenant)
    if as_json:
        say_json(page["items"])
        return
    table = Table("kind", "name", "reason", "by", box=None, header_style="bold")
    for one in page["items"]:
        table.add_row(*(Text(one[part]) for part in ("entity_type", "entity_name", "reason", "protected_by")))
    console().print(table)
    if page["next_cursor"]:
        console().print("There are more than 100: read on with GET /api/v1/protected-assets.")


@assets.command("import")
def import_assets(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="A JSON list of assets, see docs/operations-runbook.md.")
    ],
    as_json: AsJson = False,
    tenant: Tenant = HOME,
) -> None:
    """Store what an asset inventory knows: role, criticality, services, administrators, owner, tags."""
    import json

    try:
        listed = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise InvalidInput("FILE", got=str(file), expected="a JSON list of assets", hint=str(error)) from error
    if not isinstance(listed, list):
        raise InvalidInput("FILE", got=type(listed).__name__, expected="a JSON list of assets")

    async def send(person: Person) -> None:
        for start in range(0, len(listed), MOST_AT_ONCE):
            await person.post("/assets", {"assets": listed[start : start + MOST_AT_ONCE]})

    as_operator(send, tenant)
    say(f"{len(listed)} assets are stored.", {"assets": len(listed)}, as_json=as_json)
