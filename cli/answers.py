"""``aluskort approve``, ``deny`` and ``disposition``: a person's answer to what a case asks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.api import HOME, OPERATOR, Tenant, as_operator
from cli.find_case import CaseId, find_case, pending_approval, short
from cli.screen import AsJson, console, say_json
from shared.contracts.disposition import REASONS, DispositionName, DispositionReason
from shared.errors import InvalidInput

if TYPE_CHECKING:
    from local.demo.api import Person
    from shared.contracts.action import Action

Comment = Annotated[str, typer.Option("--comment", "-m", help="Why; kept in the audit chain.")]
As = Annotated[str, typer.Option("--as", metavar="NAME", help="Who answers; only for the local stack.")]


def approve(  # noqa: PLR0913, PLR0917 - one for each thing that the command line can say
    case_id: CaseId,
    only: Annotated[
        list[str] | None,
        typer.Option("--only", metavar="ACTION", help="One action by its number or name; repeatable. Denies the rest."),
    ] = None,
    comment: Comment = "",
    name: As = OPERATOR,
    as_json: AsJson = False,
    tenant: Tenant = HOME,
) -> None:
    """Grant what a case asks for: everything but protected targets, or exactly what --only names.

    An action on a protected target is granted only by its number, and by two people: ask another one to approve too.
    """
    from shared.contracts.action import actions_hash

    async def grant(person: Person) -> Any:
        case = await find_case(person, case_id)
        approval = _for_actions(case)
        asked = _actions(approval)
        places = _chosen(asked, only) if only else _unprotected(asked, approval["protected"])
        granted = actions_hash([asked[place] for place in places])
        body = {"approved": True, "actions_hash": granted, "granted": places, "comment": comment}
        return case, await person.post(f"/approvals/{approval['approval_id']}", body)

    _answered(as_operator(grant, tenant, name=name), as_json=as_json)


def deny(
    case_id: CaseId,
    comment: Comment = "",
    name: As = OPERATOR,
    as_json: AsJson = False,
    tenant: Tenant = HOME,
) -> None:
    """Deny everything that a case asks for. Nothing is carried out and the case is closed as rejected."""

    async def refuse(person: Person) -> Any:
        case = await find_case(person, case_id)
        approval = _for_actions(case)
        body = {"approved": False, "actions_hash": approval["actions_hash"], "comment": comment}
        return case, await person.post(f"/approvals/{approval['approval_id']}", body)

    _answered(as_operator(refuse, tenant, name=name), as_json=as_json)


def disposition(  # noqa: PLR0913, PLR0917 - one for each thing that the command line can say
    case_id: CaseId,
    what: Annotated[
        DispositionName, typer.Argument(metavar="DISPOSITION", help=f"One of {', '.join(DispositionName)}.")
    ],
    reason: Annotated[
        DispositionReason | None, typer.Option("--reason", help="A reason code; the first that fits when left out.")
    ] = None,
    comment: Comment = "",
    name: As = OPERATOR,
    as_json: AsJson = False,
    tenant: Tenant = HOME,
) -> None:
    """Say what a case was: one that asks for it, which closes it, or a closed one, to correct the verdict.

    The machine's verdict stays beside yours; `aluskort stats` counts how often the two agree.
    """
    allowed = REASONS[what]
    if reason is not None and reason not in allowed:
        raise InvalidInput("--reason", got=reason.value, expected=f"for {what} one of {', '.join(allowed)}")
    body = {"disposition": what, "reason": reason or allowed[0], "comment": comment}

    async def say(person: Person) -> Any:
        case = await find_case(person, case_id)
        path = f"/investigations/{case['investigation_id']}/disposition"
        return case, await person.post(path, {**body, "version": case["version"]})

    case, said = as_operator(say, tenant, name=name)
    if as_json:
        say_json(said)
        return
    machine = case["graph_state"]["classification"].replace("_", " ") or "nothing"
    line = f"{_title(case)}: {_words(said['disposition'])} ({_words(said['reason'])}), says {said['decided_by']}."
    console().print(f"{line} The machine said: {machine}.", markup=False, soft_wrap=True)
    console().print(f"Next: `aluskort case {short(case)}`, `aluskort stats` for the agreement.", style="dim")


def _for_actions(case: dict[str, Any]) -> dict[str, Any]:
    approval = pending_approval(case)
    if approval["asks_for"] != "actions":
        raise InvalidInput(
            "CASE",
            got=f"{short(case)}, which proposes no action",
            expected="a case that asks for actions",
            hint=f"Say what it was: `aluskort disposition {short(case)} DISPOSITION`.",
        )
    return approval


def _actions(approval: dict[str, Any]) -> list[Action]:
    from shared.contracts.action import Action

    return [Action.model_validate(action) for action in approval["actions"]]


def _unprotected(asked: list[Action], protected: dict[str, str]) -> list[int]:
    places = [place for place, action in enumerate(asked) if action.target not in protected]
    if not places:
        raise InvalidInput(
            "--only",
            got="nothing",
            expected="the numbers of actions on protected targets, which no grant of everything includes",
            hint="; ".join(f"{place}: {action.action} {action.target}" for place, action in enumerate(asked)),
        )
    return places


def _chosen(asked: list[Action], only: list[str]) -> list[int]:
    """Positions by number, or by name if there is one action of that name or all of them are meant."""
    found = set[int]()
    for text in only:
        places = {place for place, action in enumerate(asked) if text in {str(place), action.action}}
        if not places:
            there = ", ".join(f"{place} {action.action} {action.target}" for place, action in enumerate(asked))
            raise InvalidInput("--only", got=text, expected=f"one of {there}")
        found |= places
    return sorted(found)


def _answered(answer: tuple[dict[str, Any], dict[str, Any]], *, as_json: bool) -> None:
    case, approval = answer
    if as_json:
        say_json(approval)
        return
    name, status = short(case), approval["status"]
    if status == "pending":
        said = f"granted by {approval['first_granted_by']}; a second person must grant the same: "
        console().print(f"{_title(case)}: {said}`aluskort approve {name} --only ... --as SOMEBODY`.", markup=False)
        return
    granted, denied = _listed(approval["actions"]), _listed(approval["denied_actions"])
    line = f"{_title(case)}: {_words(status)} by {approval['decided_by']}."
    line += f" Granted: {granted}." if status != "denied" else " Nothing is carried out."
    line += f" Denied: {denied}." if denied else ""
    console().print(line, markup=False, soft_wrap=True)
    console().print(f"Next: `aluskort case {name}` shows what was carried out; `aluskort verify`.", style="dim")


def _listed(actions: list[dict[str, Any]]) -> str:
    from cli.case_screen import named

    return ", ".join(named(action).plain for action in actions)


def _title(case: dict[str, Any]) -> str:
    from cli.case_screen import shown

    return f"{short(case)} {shown(case['alert_title'], limit=80).plain}"


def _words(name: str) -> str:
    return name.replace("_", " ")
