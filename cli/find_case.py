"""The case that a person names: by its id, by the beginning of it, or by its alert's id."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from shared.errors import InvalidInput, NotFound

if TYPE_CHECKING:
    from local.demo.api import Person

SHORT = 8  # characters of an id that a table shows
WHOLE = 36  # of a UUID
LEAST = 4
NOT_FOUND = 404

CaseId = Annotated[
    str, typer.Argument(metavar="CASE", help="A case's id or its beginning, as `cases` shows it; or its alert's id.")
]


async def find_case(person: Person, given: str) -> dict[str, Any]:
    """The case whole. Raises NotFound, InvalidInput when several begin like that, ApiRefused."""
    if len(given) == WHOLE and (found := await _named(person, given)) is not None:
        return found
    sought: dict[str, Any] = await person.get(f"/investigations/{await _sought(person, given)}")
    return sought


def pending_approval(case: dict[str, Any]) -> dict[str, Any]:
    """What the case asks a person now. Raises NotFound when it asks nothing."""
    pending = [approval for approval in case["approvals"] if approval["status"] == "pending"]
    if not pending:
        state = case["state"].replace("_", " ")
        raise NotFound(f"case {short(case)} is {state} and asks for nothing; `aluskort case {short(case)}` shows it")
    found: dict[str, Any] = pending[-1]
    return found


def short(case: dict[str, Any]) -> str:
    """The case's id as tables show it."""
    return str(case["investigation_id"])[:SHORT]


async def _named(person: Person, case_id: str) -> dict[str, Any] | None:
    """None when no case has the id, which may then be an alert's."""
    from local.demo.api import ApiRefused

    try:
        found: dict[str, Any] = await person.get(f"/investigations/{case_id}")
    except ApiRefused as refused:
        if refused.status == NOT_FOUND:
            return None
        raise
    return found


async def _sought(person: Person, given: str) -> str:
    if len(given) < LEAST:
        raise InvalidInput("CASE", got=given, expected=f"at least the first {LEAST} characters of a case's id")
    found: Sequence[dict[str, Any]] = [
        item
        for item in await person.investigations()
        if item["investigation_id"].startswith(given) or item["alert_id"] == given
    ]
    if not found:
        raise NotFound(f"no case of this tenant has an id that begins with {given!r}; `aluskort cases` lists them")
    if len(found) > 1:
        ids = ", ".join(item["investigation_id"] for item in found[:5])
        raise InvalidInput("CASE", got=given, expected="the beginning of one case's id", hint=f"{ids} begin with it.")
    return str(found[0]["investigation_id"])
