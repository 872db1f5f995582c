"""When everything that follows from the demo's answers is done: actions carried out, and all of it audited."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from local.demo.api import Person
from local.demo.waiting import until
from shared.contracts.approval import GRANTS
from shared.contracts.investigation import Outcome

FINAL = frozenset({"closed", "failed"})
BEHIND = ("actions.pending", "audit.events")  # the topics that lie between an answer and its audit record
WITHOUT_A_PERSON = frozenset({Outcome.RESPONDED, Outcome.AUTO_CLOSED})


def handed_over(case: Mapping[str, Any]) -> int:
    """How many actions of a closed case the executor has to carry out."""
    granted = [approval for approval in case["approvals"] if approval["status"] in GRANTS]
    if granted:
        return len(granted[-1]["actions"])
    state = case["graph_state"]
    return len(state["recommended_actions"]) if state["outcome"] in WITHOUT_A_PERSON else 0


async def closed_and_carried_out(analyst: Person, *, seconds: float) -> list[dict[str, Any]]:
    """Every case of the tenant, once all are final and every action is carried out. Raises TooLate."""
    done: dict[str, dict[str, Any]] = {}

    async def all_done() -> bool:
        listed = await analyst.investigations()
        for item in listed:
            case_id = item["investigation_id"]
            if item["state"] in FINAL and case_id not in done:
                case = await analyst.get(f"/investigations/{case_id}")
                if len(case["actions"]) >= handed_over(case):
                    done[case_id] = case
        return len(done) == len(listed)

    await until(all_done, what="The end of every case and of every action", seconds=seconds)
    return list(done.values())


async def all_audited(admin: Person, auditor: Person, *, seconds: float) -> None:
    """Return when nothing waits for the audit chain any more: twice in a row, as an action is audited behind its
    message. Raises TooLate.
    """
    seen: list[int] = []

    async def quiet() -> bool:
        found = (await admin.get("/stats"))["platform"]["backlog"]
        lags = [queue["waiting"] for queue in found["queues"] or [] if queue["topic"] in BEHIND]
        if found["outbox"] or found["queues"] is None or any(lags):
            seen.clear()
            return False
        seen.append(await newest_record(auditor))
        return len(seen) > 1 and seen[-1] == seen[-2]

    await until(quiet, what="An audit record for everything that was done", seconds=seconds)


async def newest_record(auditor: Person) -> int:
    """The sequence number of the tenant's newest audit record."""
    page = await auditor.get("/audit/events", limit=1)
    return max((record["sequence_number"] for record in page["items"]), default=-1)
