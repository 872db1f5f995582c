"""IOC_EXTRACT and FP_CHECK. The pattern check runs first, so that a known false positive costs no model call."""

from __future__ import annotations

from datetime import UTC, datetime

from shared.contracts.investigation import (
    AgentRole,
    Classification,
    GraphState,
    InvestigationState,
    PatternMatch,
)
from shared.contracts.routing import DegradationLevel
from shared.errors import ModelUnavailable
from shared.investigation import report
from shared.investigation.agents.ioc_extractor import IOCExtractorAgent
from shared.investigation.case import changed_since
from shared.investigation.decision import AUTO_CLOSE_STRAINED, is_strained
from shared.investigation.findings import finding, merged
from shared.investigation.flow import Step
from shared.investigation.repository import Findings, alert_of
from shared.investigation.steps.step_context import StepContext
from shared.knowledge.fp_patterns import is_drifting
from shared.routing.degradation import PERMISSIONS

FP_CONFIDENCE = 0.90  # strictly greater (llm.md §15 row 6)


async def extract_iocs(context: StepContext, state: GraphState, checked: GraphState, earlier: Findings) -> GraphState:
    """received -> parsing, with indicators; ``checked`` is the state with its pattern (see with_what_holds_now).

    Raises ModelUnavailable while waiting is in order.
    """
    if state.state is not InvestigationState.RECEIVED:
        return state
    agent = IOCExtractorAgent(context.gateway, context.indicators)
    explained = checked
    if _explanation(checked) is not None:
        explained = checked.model_copy(update={"degradation_level": await context.model_level()})
    if _explanation(explained) is not None:
        found = await agent.from_parser(explained, "the parser; a known pattern explains the alert")
    else:
        found = await _asked(context, agent, checked, earlier)
    return await context.advance(
        state,
        found,
        step=Step.EXTRACT_IOCS,
        agent=AgentRole.IOC_EXTRACTOR,
        to=InvestigationState.PARSING,
        reason=found.decision_chain[-1].reasoning,
        messages=[report.iocs_listed(found)],
    )


async def check_false_positive(context: StepContext, state: GraphState) -> GraphState:
    """parsing -> closed when an approved pattern explains the alert and nothing forbids it, else -> enriching."""
    if state.state is not InvestigationState.PARSING:
        return state
    before, state = state, await with_what_holds_now(context, state)  # a switch or a revocation since then counts
    pattern = _explanation(state)
    if pattern is None:
        reason = _why_not_closed(state)
        return await context.advance(
            before,
            state,
            step=Step.CHECK_FALSE_POSITIVE,
            agent=report.SERVICE,
            to=InvestigationState.ENRICHING,
            reason=reason,
            messages=[],
        )
    closed = state.model_copy(
        update={
            "classification": Classification.FALSE_POSITIVE,
            "confidence": pattern.confidence,
            "severity": state.alert_severity,
            "outcome": "auto_closed",
        }
    )
    return await context.advance(
        before,
        closed,
        step=Step.CHECK_FALSE_POSITIVE,
        agent=report.SERVICE,
        to=InvestigationState.CLOSED,
        reason=f"known false positive: approved pattern {pattern.pattern_id} ({pattern.reason})",
        messages=[
            *report.short_circuited(closed, pattern.pattern_id),
            report.incident_stored(closed, datetime.now(UTC).isoformat()),
        ],
    )


async def with_what_holds_now(context: StepContext, state: GraphState) -> GraphState:
    """The state with what may have changed since it was opened: the approved pattern that explains the alert, if any,
    the kill switches that are on, what later messages say, and whether it is in shadow mode.
    """
    found = await context.repository.read(
        state.tenant_id,
        context.patterns.matching(state.tenant_id, alert_name=state.alert_title, entities=state.parsed_entities),
        context.kill_switches(state.tenant_id, techniques=state.techniques, source=state.source),
        alert_of(state),
        context.in_shadow(state.tenant_id, state.alert_title),
    )
    pattern, switches, alert, shadow = found
    match = pattern and PatternMatch(
        pattern_id=pattern.pattern_id,
        confidence=pattern.confidence,
        reason=pattern.reason,
        drifting=is_drifting(pattern),
    )
    own = f"pattern:{match.pattern_id}" if match else ""
    return state.with_facts(
        fp_match=match,
        kill_switches=[switch for switch in switches if switch == own or not switch.startswith("pattern:")],
        changed_since=changed_since(state, alert),
        shadow=shadow,
    )


def _explanation(state: GraphState) -> PatternMatch | None:
    """The pattern by which row 6 of the decision table closes the alert without a model."""
    match = state.case_facts.fp_match
    if match is None or state.case_facts.kill_switches or not state.fp_dismissal_allowed:
        return None
    if state.case_facts.changed_since or state.case_facts.shadow:
        return None
    return match if match.confidence > _least_confidence(state) else None


def _least_confidence(state: GraphState) -> float:
    """What a pattern's confidence must be above: more while a provider is unavailable or the rule drifts, and nothing
    is enough without any model (llm.md §12).
    """
    allowed = PERMISSIONS[state.degradation_level]
    return max(FP_CONFIDENCE, allowed.auto_close_above, AUTO_CLOSE_STRAINED if is_strained(state) else 0.0)


def _why_not_closed(state: GraphState) -> str:
    match = state.case_facts.fp_match
    if match is None:
        return "no approved pattern matches"
    if not state.fp_dismissal_allowed:
        return f"pattern {match.pattern_id} matches, but a safety-relevant alert is never dismissed"
    if state.case_facts.kill_switches:
        return f"pattern {match.pattern_id} matches, but a kill switch is on"
    if changed := state.case_facts.changed_since:
        return f"pattern {match.pattern_id} matches, but a later message changed the alert's {', '.join(changed)}"
    if shadow := state.case_facts.shadow:
        return f"pattern {match.pattern_id} matches, but {shadow} is in shadow mode"
    why = "; its rule drifts" if match.drifting else ""
    level = "" if state.degradation_level == DegradationLevel.FULL_CAPABILITY else f"; {state.degradation_level}"
    return (
        f"pattern {match.pattern_id} matches with {match.confidence}, not above {_least_confidence(state)}{why}{level}"
    )


async def _asked(context: StepContext, agent: IOCExtractorAgent, state: GraphState, earlier: Findings) -> GraphState:
    """The agent's answer, kept before anything else can fail: a repeated step pays no model twice.

    Once the waiting time is over: what the parser saw, marked as degraded.
    """
    kept = earlier.get((Step.EXTRACT_IOCS, 1))
    try:
        if kept is None:
            kept = finding(state, await agent.ask(state))
            await context.repository.keep_finding(state, Step.EXTRACT_IOCS, kept)
        return await agent.with_reputation(merged(state, kept))
    except ModelUnavailable:
        opened = datetime.fromisoformat(state.case_facts.opened_at)
        if datetime.now(UTC) - opened < context.llm_wait:
            raise
        degraded = state.model_copy(update={"degradation_level": DegradationLevel.DETERMINISTIC_ONLY})
        return await agent.from_parser(degraded, "the parser only, no model could be reached")
