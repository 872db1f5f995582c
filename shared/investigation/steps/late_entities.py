"""Entities that come after the case was opened put it back to received, once: nobody may trust the verdict without."""

from __future__ import annotations

from shared.contracts.investigation import GraphState, InvestigationState
from shared.errors import Conflict
from shared.investigation import report
from shared.investigation.case import awaits_entities, second_round
from shared.investigation.steps.bench import Bench
from shared.investigation.transitions import FINAL

TOO_LATE = FINAL | {InvestigationState.RESPONDING}


async def bind_late_entities(bench: Bench, state: GraphState) -> GraphState | None:
    """The case at the start of its second round; None when there is nothing to bind, or a person has decided already.

    An approval that is still waited for becomes void: it was asked without knowing the entities.
    """
    if not awaits_entities(state) or state.state in TOO_LATE:
        return None
    alert = await bench.repository.alert(state)
    begun = second_round(state, alert)
    if awaits_entities(begun):
        return None
    found = sum(1 for _ in alert.parsed_entities.all())
    try:
        return await bench.advance(
            state,
            begun,
            step="bind_entities",
            agent=report.SERVICE,
            to=InvestigationState.RECEIVED,
            reason=f"{found} entities came after the case was opened; it is investigated again with them",
            messages=[],
            supersedes=state.case_facts.get("approval_id", ""),
        )
    except Conflict:  # somebody was faster: a person who decided, or another step
        return None
