"""``aluskort evidence`` and ``aluskort verify``: what proves what was done."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.api import HOME, Tenant, as_operator
from cli.find_case import CaseId, find_case, short
from cli.screen import AsJson, console, say, say_json
from shared.errors import InvalidInput

if TYPE_CHECKING:
    from local.demo.api import Person


def evidence(
    case_id: CaseId,
    output: Annotated[Path, typer.Option("--output", "-o", help="The file to write.")],
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
    as_json: AsJson = False,
    tenant: Tenant = HOME,
) -> None:
    """Write a case's evidence package: alert, steps, approvals, actions and audit records with their proof."""
    import json

    if output.exists() and not force:
        raise InvalidInput("--output", got=str(output), expected="a file that is not there yet", hint="Or --force.")

    async def package(person: Person) -> Any:
        case = await find_case(person, case_id)
        return case, await person.get(f"/audit/evidence-package/{case['investigation_id']}")

    case, found = as_operator(package, tenant)
    try:
        output.write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n", "utf-8")
    except OSError as error:
        raise InvalidInput(
            "--output", got=str(output), expected="a writable file", hint=error.strerror or ""
        ) from error
    proven = "the chain is valid" if found["chain_verified"] else "THE CHAIN IS NOT VALID"
    written = {"file": str(output), "records": len(found["events"]), "chain_verified": found["chain_verified"]}
    say(
        f"{output}: case {short(case)}, {len(found['events'])} audit records, {proven}.\n"
        "The export itself is on the chain. Next: `aluskort verify`.",
        {"investigation_id": case["investigation_id"], **written},
        as_json=as_json,
    )
    if not found["chain_verified"]:
        raise typer.Exit(1)


def verify(as_json: AsJson = False, tenant: Tenant = HOME) -> None:
    """Check the tenant's audit chain now; exit code 1 if it is broken."""
    found = as_operator(lambda person: person.post("/audit/verify", {}), tenant)
    if as_json:
        say_json(found)
    else:
        state = "[green]valid[/]" if found["chain_valid"] else "[red]BROKEN[/]"
        console().print(f"The audit chain of {found['records_checked']} records is {state}.")
        for error in found["errors"]:
            console().print(f"  {error}", markup=False, soft_wrap=True)
        console().print("Next: `aluskort evidence CASE -o FILE` for one case.", style="dim")
    if not found["chain_valid"]:
        raise typer.Exit(1)
