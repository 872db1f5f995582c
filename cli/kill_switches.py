"""``aluskort kill-switches``: what keeps cases from closing or acting by themselves, at once."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.api import HOME, Tenant, as_operator
from cli.screen import AsJson, Reason, console, say, say_json
from shared.contracts.kill_switch import KillSwitchDimension

kill_switches = typer.Typer(
    no_args_is_help=True, help="Kill switches: while one is on, nothing that it covers closes or acts by itself."
)

Dimension = Annotated[
    KillSwitchDimension,
    typer.Argument(metavar="DIMENSION", help="tenant, pattern, technique (with its sub-techniques) or datasource."),
]
Value = Annotated[str, typer.Argument(metavar="VALUE", help="The tenant, the pattern's id, T1059, sentinel, ...")]


@kill_switches.command("list")
def list_active(as_json: AsJson = False, tenant: Tenant = HOME) -> None:
    """List the switches that are on, the newest first."""
    from rich.table import Table
    from rich.text import Text

    items = as_operator(lambda person: person.get("/kill-switches"), tenant)["items"]
    if as_json:
        say_json(items)
        return
    if not items:
        console().print("No kill switch is on.")
        return
    table = Table("dimension", "value", "since", "by", "reason", box=None, header_style="bold")
    for one in items:
        parts = ("dimension", "value", "activated_at", "activated_by", "reason")
        table.add_row(*(Text(one[part]) for part in parts))
    console().print(table)


@kill_switches.command("activate")
def activate(
    dimension: Dimension, value: Value, reason: Reason, as_json: AsJson = False, tenant: Tenant = HOME
) -> None:
    """Turn a switch on: it holds from the next step of every case on."""
    body = {"dimension": dimension, "value": value, "reason": reason}
    found = as_operator(lambda person: person.post("/kill-switches", body), tenant)
    sentence = f"{found['dimension']} {found['value']} is on since {found['activated_at']}: {found['reason']}"
    say(sentence, found, as_json=as_json)


@kill_switches.command("deactivate")
def deactivate(
    dimension: Dimension, value: Value, reason: Reason, as_json: AsJson = False, tenant: Tenant = HOME
) -> None:
    """Turn a switch off."""
    body = {"dimension": dimension, "value": value, "reason": reason}
    as_operator(lambda person: person.post("/kill-switches/deactivate", body), tenant)
    say(f"{dimension} {value} is off.", {**body, "active": False}, as_json=as_json)
