"""A person takes up a case that is closed: asks again what nobody answered in time, or reopens it.

The orchestration of a closed case has ended and its id is taken, so the case goes on under an id of its own, in a new
round. That orchestration finds every step made and waits for the person at once: no model is asked, and an expiry, a
late entity and an answer take the ways that they take in every other case.
"""

from __future__ import annotations

from collections.abc import Sequence

from shared.bus.outbox import Outbox
from shared.contracts.action import Action
from shared.contracts.approval import ApprovalStatus
from shared.contracts.audit import ActorType
from shared.contracts.investigation import GraphState, InvestigationState, Outcome
from shared.errors import Conflict
from shared.investigation import report
from shared.investigation.approval_request import ApprovalTimes, approval_request
from shared.investigation.approval_rows import lock
from shared.investigation.approvals import Approvals
from shared.investigation.moves import move
from shared.investigation.repository import InvestigationRepository
from shared.investigation.transitions import FINAL
from shared.investigation.waking import waiting_for
from shared.stores.postgres import Postgres


class Reopening:
    """Puts closed cases back to a person. Whether that person may is the API's question."""

    def __init__(self, postgres: Postgres, outbox: Outbox, approvals: Approvals, times: ApprovalTimes) -> None:
        self._postgres = postgres
        self._outbox = outbox
        self._approvals = approvals
        self._times = times
        self._repository = InvestigationRepository(postgres)

    async def ask_again(self, tenant_id: str, approval_id: str, *, asked_by: str, permissions: list[str]) -> GraphState:
        """Ask about the same actions once more; whoever asks may not grant them.

        Raises NotFound; Conflict unless the time of this approval was over and the case closed by that.
        """
        async with self._postgres.unit_of_work(tenant_id):
            async with self._postgres.transaction(tenant_id) as connection:
                expired = (await lock(connection, tenant_id, approval_id)).approval
            state = await self._repository.load(tenant_id, expired.investigation_id)
            over = expired.status is ApprovalStatus.TIMED_OUT and state.outcome == Outcome.TIMED_OUT
            if not over or state.case_facts.approval_id != approval_id or state.state is not InvestigationState.CLOSED:
                raise Conflict(
                    f"approval {approval_id} is {expired.status} and its case is {state.state}: only what closed "
                    "because nobody answered in time can be asked again"
                )
            taken_up = await self._take_up(
                state,
                expired.actions,
                protected=expired.protected,
                step="ask_again",
                reason=expired.reason,
                by=asked_by,
                permissions=permissions,
            )
        return await self._begun(taken_up)

    async def reopen(
        self, tenant_id: str, investigation_id: str, *, comment: str, reopened_by: str, permissions: list[str]
    ) -> GraphState:
        """Ask for a new disposition of a case that has ended. Raises NotFound; Conflict for one that has not."""
        async with self._postgres.unit_of_work(tenant_id):
            state = await self._repository.load(tenant_id, investigation_id)
            if state.state not in FINAL:
                raise Conflict(
                    f"investigation {investigation_id} is {state.state}: only what has ended can be reopened"
                )
            reopened = await self._take_up(
                state,
                [],
                protected={},
                step="reopen",
                reason=f"reopened by {reopened_by}" + (f": {comment}" if comment else ""),
                by=reopened_by,
                permissions=permissions,
            )
        return await self._begun(reopened)

    async def _take_up(  # noqa: PLR0913 - what is asked, why and by whom
        self,
        state: GraphState,
        actions: Sequence[Action],
        *,
        protected: dict[str, str],
        step: str,
        reason: str,
        by: str,
        permissions: list[str],
    ) -> GraphState:
        begun = state.model_copy(update={"round": state.round + 1, "outcome": ""})
        asked = approval_request(
            begun, actions, reason=reason, times=self._times, protected=protected, requested_by=by if actions else ""
        )
        waiting = begun.with_facts(
            approval_id=asked.approval_id,
            approval_deadline=asked.expires_at,
            orchestration_id=f"{state.investigation_id}:{begun.round}",
            disposition="",
        )
        return await self._repository.advance(
            move(
                state,
                waiting,
                step=step,
                agent=by,
                to=InvestigationState.AWAITING_HUMAN,
                reason=reason,
                messages=[report.approval_requested(waiting, asked, by=by, permissions=permissions)],
                approval=asked,
                actor_type=ActorType.HUMAN,
            )
        )

    async def _begun(self, state: GraphState) -> GraphState:
        self._outbox.notify()
        await self._approvals.wake(waiting_for(state))
        return state
