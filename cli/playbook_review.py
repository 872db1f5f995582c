"""``aluskort playbooks``: what people decide about drafts of playbooks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import typer

from cli.api import HOME, Tenant, as_operator
from cli.screen import AsJson, Reason, console, say, say_json
from shared.errors import InvalidInput

playbook_review = typer.Typer(no_args_is_help=True, help="Drafts of playbooks: what they would change, approval.")

DraftId = Annotated[str, typer.Argument(metavar="DRAFT", help="The draft's id, as `playbooks drafts` shows it.")]
Replaces = Annotated[str, typer.Option("--replaces", metavar="PLAYBOOK", help="The playbook that it is a version of.")]
Terms = Annotated[
    Path | None,
    typer.Option(
        "--terms", metavar="FILE", help="JSON: alert_products, severities, conditions under which it may act alone."
    ),
]


@playbook_review.command("drafts")
def drafts(as_json: AsJson = False, tenant: Tenant = HOME) -> None:
    """List the drafts that wait for people, with their steps."""
    items = as_operator(lambda person: person.get("/playbook-drafts"), tenant)["items"]
    if as_json:
        say_json(items)
        return
    if not items:
        console().print("No draft waits.")
    for one in items:
        console().print(f"{one['playbook_id']}  {one['name']!r}", markup=False, style="bold")
        console().print(f"  {one['description']!r}", markup=False)
        console().print(f"  {' -> '.join(one['remediation_steps'])} for {', '.join(one['techniques'])}", markup=False)
        console().print(f"  from {len(one['source_investigations'])} case(s)", markup=False)


@playbook_review.command("diff")
def diff(
    draft: DraftId, replaces: Replaces = "", terms: Terms = None, as_json: AsJson = False, tenant: Tenant = HOME
) -> None:
    """Show what approving a draft would change, field by field."""
    found = _post(draft, "diff", _terms(terms, replaces), tenant)["items"]
    if as_json:
        say_json(found)
        return
    for one in found:
        console().print(one["field"], markup=False, style="bold")
        for sign, value, style in (("-", one["now"], "red"), ("+", one["then"], "green")):
            if value is not None:
                console().print(f"  {sign} {json.dumps(value)}", markup=False, style=style, soft_wrap=True)


@playbook_review.command("approve")
def approve(
    draft: DraftId, replaces: Replaces = "", terms: Terms = None, as_json: AsJson = False, tenant: Tenant = HOME
) -> None:
    """Use a draft as a playbook, of its own or as the next version of another."""
    found = _post(draft, "approve", _terms(terms, replaces), tenant)
    alone = "as the settings allow" if found["conditions"] else "never without a person: it has no conditions"
    say(f"{found['playbook_id']} is in use; it acts {alone}.", found, as_json=as_json)


@playbook_review.command("reject")
def reject(draft: DraftId, reason: Reason, as_json: AsJson = False, tenant: Tenant = HOME) -> None:
    """Put a draft aside."""
    _post(draft, "reject", {"reason": reason}, tenant)
    say(f"{draft} is rejected.", {"playbook_id": draft, "rejected": True, "reason": reason}, as_json=as_json)


def _terms(file: Path | None, replaces: str) -> dict[str, Any]:
    try:
        terms = json.loads(file.read_text()) if file else {}
    except (OSError, ValueError) as error:
        raise InvalidInput("--terms", got=str(file), expected="a readable file of JSON", hint=str(error)) from error
    if not isinstance(terms, dict):
        raise InvalidInput("--terms", got=str(file), expected="an object")
    return terms | ({"replaces": replaces} if replaces else {})


def _post(draft: str, what: str, body: dict[str, Any], tenant: str) -> Any:
    return as_operator(lambda person: person.post(f"/playbook-drafts/{quote(draft, safe='')}/{what}", body), tenant)
