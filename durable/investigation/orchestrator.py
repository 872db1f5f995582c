"""The orchestrator: the flow's requests as durable tasks. Deterministic: it reads no clock but the context's."""

from collections.abc import Generator
from datetime import datetime, timedelta
from typing import Any

import azure.durable_functions as df

from durable.investigation.messages import Case, StepInput
from shared.contracts.investigation import InvestigationState
from shared.contracts.llm_job import result_event
from shared.investigation.approvals import APPROVAL_EVENT
from shared.investigation.flow import AwaitApproval, AwaitModel, Progress, Request, Run, investigation_flow

blueprint = df.Blueprint()

# An activity fails only while something is unavailable. Each attempt grows the history, which every turn replays:
# after five minutes the orchestration begins anew with an empty one. Steps already made cost nothing, so no case is
# given up.
RETRY = df.RetryOptions(first_retry_interval_in_milliseconds=5_000, max_number_of_attempts=60)
# Versions (host.json, defaultVersion) whose instances wait for one name again and again in one history. The branch and
# their histories go when the last of them has ended.
WAITS_AGAIN = frozenset({"", "1.0"})
# Between two looks at an approval: its deadline is the database's, whose clock may be behind the orchestrator's.
SHORTEST_WAIT = timedelta(seconds=5)


@blueprint.function_name("investigate")
@blueprint.orchestration_trigger(context_name="context", orchestration="investigate")
def investigate(context: df.DurableOrchestrationContext) -> Generator[Any, Any, dict[str, Any]]:
    """Follow the flow to its end and return the last Progress; an outage that outlasts RETRY starts it over."""
    case = Case.model_validate(context.get_input())
    flow = investigation_flow()
    request: Request = next(flow)
    progress = Progress(state=InvestigationState.RECEIVED)
    looked = False
    while True:
        if isinstance(request, Run):
            try:
                answers = yield context.task_all(_activities(context, case, request))
            except Exception:  # the SDK raises the bare class for an activity that failed
                context.continue_as_new(case.model_dump(mode="json"))
                return _result(progress)
            progress = Progress.model_validate(answers[-1])
        elif looked and isinstance(request, AwaitApproval) and context.version not in WAITS_AGAIN:
            # The SDK answers every later wait of a name with an event that came before its first wait. Only a new
            # history forgets it. An answer that gets lost with it is told again by sweep_outbox.
            context.continue_as_new(case.model_dump(mode="json"))
            return _result(progress)
        else:
            yield from _wait(context, case, request)
            looked = looked or isinstance(request, AwaitApproval)
        try:
            request = flow.send(progress)
        except StopIteration:
            return _result(progress)


def _result(progress: Progress) -> dict[str, Any]:
    return progress.model_dump(mode="json", exclude={"answered", "round"})  # they say something amid the flow


def _activities(context: df.DurableOrchestrationContext, case: Case, request: Run) -> list[Any]:
    payload = StepInput(
        tenant_id=case.tenant_id,
        investigation_id=case.investigation_id,
        attempt=request.attempt,
        severity=case.severity,
        opened_at=case.opened_at,
    ).model_dump(mode="json", exclude_defaults=True)  # the same as ever for a case of an earlier version
    return [context.call_activity_with_retry(step.value, RETRY, payload) for step in request.steps]


def _wait(
    context: df.DurableOrchestrationContext, case: Case, request: AwaitModel | AwaitApproval
) -> Generator[Any, Any]:
    """Wait for the event or the time limit; an open timer would keep the orchestration alive, so it is cancelled."""
    if isinstance(request, AwaitApproval):
        name = APPROVAL_EVENT
        limit = max(datetime.fromisoformat(request.deadline), context.current_utc_datetime + SHORTEST_WAIT)
    else:
        name = result_event(request.attempt, request.round)
        limit = context.current_utc_datetime + timedelta(seconds=case.llm_wait_seconds)
    event = context.wait_for_external_event(name)
    timer = context.create_timer(limit)
    winner = yield context.task_any([event, timer])
    if winner is event:
        timer.cancel()
