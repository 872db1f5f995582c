"""What a case takes from the incident that its alert is in: the other alerts, and what is asked for already."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from shared.contracts.incident import IncidentAlert, RelatedAlert
from shared.contracts.investigation import Classification, GraphState
from shared.incidents.stage import rank
from shared.investigation.asked import same
from shared.investigation.steps.step_context import StepContext

SHOWN = 20  # other alerts, of 150 at most
TITLE_SHOWN = 200  # characters
REASON_SHOWN = 400


async def with_incident(context: StepContext, state: GraphState) -> GraphState:
    """The case with its incident: the alerts that tell most first, and what was decided of them."""
    incident = await context.incidents.of_alert(state.tenant_id, state.alert_id)
    if incident is None:
        return state
    others = [alert for alert in incident.members if alert.alert_id != state.alert_id]
    telling = sorted(others, key=lambda each: (-_confirmed(each), -rank(each.severity), each.began_at, each.alert_id))
    return state.with_facts(
        incident_id=incident.incident_id,
        incident_note=_note(others),
        incident_alerts=[_related(alert) for alert in telling[:SHOWN]],
    )


async def without_what_is_asked(context: StepContext, state: GraphState) -> GraphState:
    """The case without the actions that another case of its incident asks for, or has had done; the facts say which.

    Until the transaction ends no other case of the incident can ask.
    """
    if not state.recommended_actions:
        return state
    others = await context.incidents.hold_others(state.tenant_id, state.alert_id)
    if not others:
        return state
    asked = await context.asked.of(state.tenant_id, others)
    who = [(action, asked.get(same(action.action, action.target))) for action in state.recommended_actions]
    kept = [action for action, asks in who if asks is None]
    lines = [f"{action.action} {action.target}: {asks}" for action, asks in who if asks is not None]
    return state.with_facts(asked_already=lines).model_copy(update={"recommended_actions": kept})


def _confirmed(alert: IncidentAlert) -> bool:
    return alert.classification == Classification.TRUE_POSITIVE


def _note(others: Sequence[IncidentAlert]) -> str:
    """Where the incident stands, in a sentence; empty for an alert that is alone in it."""
    if not others:
        return ""
    judged = Counter(alert.classification for alert in others if alert.decided)
    verdicts = ", ".join(f"{count} {name or 'without a verdict'}" for name, count in sorted(judged.items()))
    if len(others) == judged.total():
        return f"a new alert of an incident that was decided: {verdicts}"
    so_far = f"{judged.total()} ({verdicts})" if verdicts else "none"
    return f"other alerts of the incident: {len(others)}, decided: {so_far}"


def _related(alert: IncidentAlert) -> RelatedAlert:
    return RelatedAlert(
        alert_id=alert.alert_id,
        title=alert.title[:TITLE_SHOWN],
        severity=alert.severity,
        tactics=alert.tactics,
        began_at=alert.began_at.isoformat(),
        why=alert.reason[:REASON_SHOWN],
        classification=alert.classification,
    )
