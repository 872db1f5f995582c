"""What completes an alert after its case was opened puts the case back to received, once: nobody may trust a verdict
made without. Nearly always it is the entities that come late.
"""

from __future__ import annotations

from shared.contracts.investigation import GraphState, InvestigationState
from shared.errors import Conflict
from shared.investigation import report
from shared.investigation.case import is_incomplete, second_round
from shared.investigation.steps.step_context import StepContext
from shared.investigation.transitions import FINAL

TOO_LATE = FINAL | {InvestigationState.RESPONDING}


async def bind_late_entities(context: StepContext, state: GraphState) -> GraphState | None:
    """The case at the start of its second round; None when there is nothing to bind, or a person has decided already.

    An approval that is still waited for becomes void: it was asked without knowing the entities.
    """
    if not is_incomplete(state) or state.state in TOO_LATE:
        return None
    alert = await context.repository.alert(state)
    begun = second_round(state, alert)
    if is_incomplete(begun):
        return None
    found = sum(1 for _ in alert.parsed_entities.all())
    approval = state.case_facts.approval_id
    void = f"; approval {approval} is void" if approval else ""
    try:
        async with context.repository.undone_by_an_error(state.tenant_id):
            if approval:
                await context.repository.supersede(state.tenant_id, approval)
            return await context.advance(
                state,
                begun,
                step="bind_entities",
                agent=report.SERVICE,
                to=InvestigationState.RECEIVED,
                reason=f"{found} entities came after the case was opened; it is investigated again with all that is "
                f"known{void}",
                messages=[],
                ends=False,
            )
    except Conflict:  # somebody was faster: a person who decided, or another step
        return None
