"""``aluskort shadow``: whose cases are judged while people decide all of them."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.api import HOME, Tenant, as_operator
from cli.screen import AsJson, Reason, console, say, say_json

shadow = typer.Typer(
    no_args_is_help=True, help="Shadow mode: cases are judged and logged, and nothing closes or acts without a person."
)

Rule = Annotated[str, typer.Option("--rule", help="The title of one rule's alerts; all of the tenant when left out.")]


@shadow.command("list")
def list_all(as_json: AsJson = False, tenant: Tenant = HOME) -> None:
    """List what is in shadow mode."""
    from rich.table import Table
    from rich.text import Text

    items = as_operator(lambda person: person.get("/shadow-modes"), tenant)["items"]
    if as_json:
        say_json(items)
        return
    if not items:
        console().print("Nothing is in shadow mode.")
        return
    table = Table("what", "since", "by", "reason", box=None, header_style="bold")
    for one in items:
        table.add_row(*(Text(part) for part in (_what(one["rule"]), one["set_at"], one["set_by"], one["reason"])))
    console().print(table)


@shadow.command("enter")
def enter(reason: Reason, rule: Rule = "", as_json: AsJson = False, tenant: Tenant = HOME) -> None:
    """Put the tenant, or one rule, in shadow mode."""
    body = {"rule": rule, "reason": reason}
    as_operator(lambda person: person.post("/shadow-modes", body), tenant)
    say(f"{_what(rule)} is in shadow mode: people decide every case.", {**body, "shadow": True}, as_json=as_json)


@shadow.command("go-live")
def go_live(reason: Reason, rule: Rule = "", as_json: AsJson = False, tenant: Tenant = HOME) -> None:
    """End shadow mode; the reason is audited as the sign-off."""
    body = {"rule": rule, "reason": reason}
    as_operator(lambda person: person.post("/shadow-modes/go-live", body), tenant)
    say(f"{_what(rule)} is live.", {**body, "shadow": False}, as_json=as_json)


def _what(rule: str) -> str:
    return f"Rule {rule}" if rule else "The tenant"
