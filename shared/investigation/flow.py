"""The order of an investigation, as a pure generator: it yields what is wanted next and is sent what came of it.

    IOC_EXTRACT -> FP_CHECK -> (ENRICH, CTEM, ATLAS in parallel) -> REASON -> RESPOND or AWAIT_HUMAN -> CLOSED

The durable orchestrator and InvestigationGraph.run both drive it, so there is one graph. It reads no clock and does
no I/O, which keeps the orchestrator deterministic.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from enum import StrEnum

from shared.contracts.contract import Contract
from shared.contracts.investigation import InvestigationState
from shared.investigation.transitions import FINAL


class Step(StrEnum):
    """One unit of work; its name is also the transition's and the activity's."""

    EXTRACT_IOCS = "extract_iocs"
    CHECK_FALSE_POSITIVE = "check_false_positive"
    ENRICH_CONTEXT = "enrich_context"
    CORRELATE_EXPOSURES = "correlate_exposures"
    MAP_TECHNIQUES = "map_techniques"
    ASK_MODEL = "ask_model"
    JUDGE = "judge"
    RESOLVE_APPROVAL = "resolve_approval"
    RESPOND = "respond"


@dataclass(frozen=True)
class Run:
    """Do these steps, in parallel when there are several; answer with the last one's progress."""

    steps: tuple[Step, ...]
    attempt: int = 1


@dataclass(frozen=True)
class AwaitModel:
    """Wait for the queued model call of ``attempt``, or for the time limit."""

    attempt: int
    round: int


@dataclass(frozen=True)
class AwaitApproval:
    """Wait for a person, until ``deadline`` (ISO 8601 UTC)."""

    approval_id: str
    deadline: str


Request = Run | AwaitModel | AwaitApproval


class Progress(Contract):
    """Where an investigation stands after a step. Small, because it stays in the orchestration's history."""

    state: InvestigationState
    escalate: bool = False  # the answer was too unsure: ask the stronger model
    answered: bool = False  # the model's answer is there already
    round: int = 1
    approval_id: str = ""
    approval_deadline: str = ""


PARALLEL = (Step.ENRICH_CONTEXT, Step.CORRELATE_EXPOSURES, Step.MAP_TECHNIQUES)


ENDS_A_ROUND = FINAL | {InvestigationState.RECEIVED}


def investigation_flow() -> Generator[Request, Progress]:
    """Requests in order. The driver sends back the Progress of each; a wait is answered with any Progress.

    Entities that come late put the case back to received, once: then everything is done again with them.
    """
    if (yield from _round()) is InvestigationState.RECEIVED:
        yield from _round()


def _round() -> Generator[Request, Progress, InvestigationState]:
    """One way through the steps; returns the state that ended it."""
    progress = yield Run((Step.EXTRACT_IOCS,))
    if progress.state in ENDS_A_ROUND:
        return progress.state
    progress = yield Run((Step.CHECK_FALSE_POSITIVE,))
    if progress.state in ENDS_A_ROUND:
        return progress.state
    yield Run(PARALLEL)
    for attempt in (1, 2):
        progress = yield Run((Step.ASK_MODEL,), attempt)
        if progress.state in ENDS_A_ROUND:
            return progress.state
        if progress.state is InvestigationState.REASONING and not progress.answered:
            yield AwaitModel(attempt, progress.round)
        progress = yield Run((Step.JUDGE,), attempt)
        if not progress.escalate:
            break
    while progress.state is InvestigationState.AWAITING_HUMAN:  # an event without an answer is no answer
        yield AwaitApproval(progress.approval_id, progress.approval_deadline)
        progress = yield Run((Step.RESOLVE_APPROVAL,))
    if progress.state is InvestigationState.RESPONDING:
        yield Run((Step.RESPOND,))
        return InvestigationState.CLOSED  # or failed; what acted is never investigated again
    return progress.state
