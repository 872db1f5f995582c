"""``aluskort patterns``: what people decide about false-positive patterns."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import quote

import typer

from cli.api import HOME, Tenant, as_operator
from cli.screen import AsJson, Reason, console, say, say_json

pattern_review = typer.Typer(no_args_is_help=True, help="False-positive patterns: drafts, backtest, approval.")

PatternId = Annotated[str, typer.Argument(metavar="PATTERN", help="The pattern's id.")]


@pattern_review.command("drafts")
def drafts(as_json: AsJson = False, tenant: Tenant = HOME) -> None:
    """List the drafts that wait for people, with their conditions."""
    items = as_operator(lambda person: person.get("/pattern-drafts"), tenant)["items"]
    if as_json:
        say_json(items)
        return
    if not items:
        console().print("No draft waits.")
    for one in items:
        approved = f"approved by {one['approved_by_1']}, a second person must" if one["approved_by_1"] else "new"
        console().print(f"{one['pattern_id']}  {approved}", markup=False, style="bold")
        by, name = ("like the expression", "alert_name_regex") if one["alert_name_regex"] else ("named", "alert_name")
        console().print(f"  alerts {by} {one[name]!r} that have", markup=False, soft_wrap=True)
        for condition in one["entity_patterns"]:
            console().print(f"    {condition['type']} = {condition['value_regex']}", markup=False)
        until = f"until {one['expiry_date']}" if one["expiry_date"] else "for 90 days"
        console().print(f"  with confidence {one['confidence']}, {until}", markup=False)
        console().print(f"  from {len(one['source_investigations'])} cases: {one['reason']!r}", markup=False)


@pattern_review.command("backtest")
def backtest(pattern: PatternId, as_json: AsJson = False, tenant: Tenant = HOME) -> None:
    """Say what a pattern would have closed in 90 days; exit code 1 when it may not be approved."""
    found = as_operator(lambda person: person.get(f"/pattern-drafts/{quote(pattern, safe='')}/backtest"), tenant)
    sentence = (
        f"{found['matched']} of {found['alerts']} alerts, {found['unjudged']} of them judged by no person; "
        f"{len(found['attacks'])} confirmed attack(s)."
    )
    sentence += f"\nBlocked: {found['blocked']}." if found["blocked"] else ""
    say(sentence, found, as_json=as_json)
    if found["blocked"]:
        raise typer.Exit(1)


@pattern_review.command("approve")
def approve(pattern: PatternId, as_json: AsJson = False, tenant: Tenant = HOME) -> None:
    """Approve a draft; two different people must."""
    found = _post(pattern, "approve", {}, tenant)
    if found["approved_by_2"] is None:
        sentence = f"{pattern} is approved by one person; a second one must as well."
    else:
        sentence = f"{pattern} is {found['status']} until {found['expiry_date']}."
    say(sentence, found, as_json=as_json)


@pattern_review.command("reject")
def reject(pattern: PatternId, reason: Reason, as_json: AsJson = False, tenant: Tenant = HOME) -> None:
    """Put a draft aside."""
    _post(pattern, "reject", {"reason": reason}, tenant)
    rejected = {"pattern_id": pattern, "status": "rejected", "reason": reason}
    say(f"{pattern} is rejected.", rejected, as_json=as_json)


@pattern_review.command("retire", help="The same as `revoke`, as for playbooks and indicators.")
@pattern_review.command("revoke")
def revoke(pattern: PatternId, reason: Reason, as_json: AsJson = False, tenant: Tenant = HOME) -> None:
    """Take a pattern out of force and reopen what it closed in the last 24 hours."""
    found = _post(pattern, "revoke", {"reason": reason}, tenant)
    say(f"{pattern} is revoked; {len(found['reopened'])} case(s) are open again.", found, as_json=as_json)


def _post(pattern: str, what: str, body: dict[str, Any], tenant: str) -> Any:
    return as_operator(lambda person: person.post(f"/pattern-drafts/{quote(pattern, safe='')}/{what}", body), tenant)
