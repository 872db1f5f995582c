"""``aluskort cases`` and ``aluskort case``: what there is, and one case whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.api import HOME, Tenant, as_operator
from cli.find_case import CaseId, find_case
from cli.screen import AsJson, console, say_json
from shared.contracts.alert import SeverityLevel
from shared.contracts.investigation import InvestigationState

if TYPE_CHECKING:
    from local.demo.api import Person

POLL_SECONDS = 1.0
MOST_RECORDS = 100


def cases(  # noqa: PLR0913, PLR0917 - one for each thing that the command line can say
    state: Annotated[InvestigationState | None, typer.Option("--state", help="Only those in this state.")] = None,
    severity: Annotated[SeverityLevel | None, typer.Option("--severity", help="Only those of this severity.")] = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=100, help="How many of the newest.")] = 30,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Keep printing what changes until Ctrl-C.")] = False,
    as_json: AsJson = False,
    tenant: Tenant = HOME,
) -> None:
    """List the newest cases: what each turned out to be, and what it waits for."""
    from cli.case_screen import case_table

    query = {name: value for name, value in (("state", state), ("severity", severity)) if value}

    async def newest(person: Person) -> dict[str, Any]:
        found: dict[str, Any] = await person.get("/investigations", limit=limit, **query)
        return found

    if follow:
        as_operator(lambda person: _follow(person, query, limit, as_json=as_json), tenant)
        return
    page = as_operator(newest, tenant)
    if as_json:
        say_json(page["items"])
        return
    if not page["items"]:
        console().print("There is no such case. Next: `aluskort send FILE --follow` sends alerts.")
        return
    console().print(case_table(page["items"]))
    more = " There are more: --limit, --state, --severity." if page["next_cursor"] else ""
    console().print(f"{len(page['items'])} cases, the newest first.{more} Next: `aluskort case ID`.", style="dim")


def case(
    case_id: CaseId,
    as_json: AsJson = False,
    tenant: Tenant = HOME,
) -> None:
    """Show one case: the verdict and why, the evidence, actions, what it asks of a person, its audit records."""
    from cli.case_screen import print_case

    found, records = as_operator(lambda person: _whole(person, case_id), tenant)
    if as_json:
        say_json({**found, "audit_records": records})
    else:
        print_case(console(), found, records)


async def _whole(person: Person, case_id: str) -> tuple[dict[str, Any], list[dict[str, Any]] | None]:
    """The case, and its audit records; None for whoever may not read them."""
    from http import HTTPStatus

    from local.demo.api import ApiRefused

    found = await find_case(person, case_id)
    try:
        page = await person.get("/audit/events", investigation_id=found["investigation_id"], limit=MOST_RECORDS)
    except ApiRefused as refused:
        if refused.status != HTTPStatus.FORBIDDEN:
            raise
        return found, None
    return found, page["items"]


async def _follow(person: Person, query: dict[str, Any], limit: int, *, as_json: bool) -> None:
    """Print each case as it changes; ends with Ctrl-C."""
    import asyncio

    from cli.case_screen import case_line

    seen: dict[str, int] = {}
    while True:
        page = await person.get("/investigations", limit=limit, **query)
        for item in reversed(page["items"]):
            if seen.get(item["investigation_id"]) != item["version"]:
                seen[item["investigation_id"]] = item["version"]
                if as_json:
                    say_json(item)
                else:
                    console().print(case_line(item), soft_wrap=True)
        await asyncio.sleep(POLL_SECONDS)
