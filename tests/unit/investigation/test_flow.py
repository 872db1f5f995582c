"""The order of an investigation: what the generator asks for, given what came of each step."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.contracts.investigation import InvestigationState
from shared.investigation.flow import AwaitApproval, AwaitModel, Progress, Request, Run, Step, investigation_flow

S = InvestigationState
type Answer = InvestigationState | Progress
DEADLINE = "2026-11-20T12:00:00+00:00"
WAITING = Progress(state=S.AWAITING_HUMAN, approval_id="a-1", approval_deadline=DEADLINE)
OPENING = [
    Run((Step.EXTRACT_IOCS,)),
    Run((Step.CHECK_FALSE_POSITIVE,)),
    Run((Step.ENRICH_CONTEXT, Step.CORRELATE_EXPOSURES, Step.MAP_TECHNIQUES)),
    Run((Step.ASK_MODEL,), 1),
    AwaitModel(1, 1),
    Run((Step.JUDGE,), 1),
]
OPENED: list[Answer] = [S.PARSING, S.ENRICHING, S.ENRICHING, S.REASONING, S.REASONING]
ASKED, RESOLVE, RESPOND = AwaitApproval("a-1", DEADLINE), Run((Step.RESOLVE_APPROVAL,)), Run((Step.RESPOND,))


def requests(*answers: Answer, limit: int = 100) -> list[Request]:
    """Every request, answered in order; the last answer is repeated until the flow ends."""
    flow = investigation_flow()
    asked = [next(flow)]
    for number in range(limit):
        answer = answers[min(number, len(answers) - 1)]
        try:
            asked.append(flow.send(answer if isinstance(answer, Progress) else Progress(state=answer)))
        except StopIteration:
            return asked
    raise AssertionError(f"the flow did not end within {limit} requests")


def test_flow_ends_after_the_pattern_check_closed_the_case() -> None:
    assert requests(S.PARSING, S.CLOSED) == OPENING[:2]


def test_flow_ends_after_a_harmless_response() -> None:
    assert requests(*OPENED, S.RESPONDING, S.CLOSED) == [*OPENING, RESPOND]


def test_flow_responds_after_a_granted_approval() -> None:
    answers: list[Answer] = [*OPENED, WAITING, WAITING, S.RESPONDING, S.CLOSED]
    assert requests(*answers) == [*OPENING, ASKED, RESOLVE, RESPOND]


def test_flow_ends_without_response_after_a_denied_or_expired_approval() -> None:
    assert requests(*OPENED, WAITING, WAITING, S.CLOSED) == [*OPENING, ASKED, RESOLVE]


def test_flow_waits_again_after_an_event_without_an_answer() -> None:
    answers: list[Answer] = [*OPENED, WAITING, WAITING, WAITING, WAITING, WAITING, S.CLOSED]
    assert requests(*answers) == [*OPENING, ASKED, RESOLVE, ASKED, RESOLVE, ASKED, RESOLVE]


def test_flow_asks_the_stronger_model_at_most_once() -> None:
    unsure = Progress(state=S.REASONING, escalate=True)
    answers: list[Answer] = [*OPENED, unsure, S.REASONING, S.REASONING, unsure.model_copy(update={"state": S.FAILED})]
    assert requests(*answers) == [*OPENING, Run((Step.ASK_MODEL,), 2), AwaitModel(2, 1), Run((Step.JUDGE,), 2)]


@pytest.mark.parametrize("made", [1, 3, 5])  # the steps whose answer the flow looks at
def test_flow_begins_once_more_wherever_late_entities_put_the_case_back(made: int) -> None:
    again = [Progress(state=state, round=2) for state in (*OPENED, S.RESPONDING, S.CLOSED)]
    answers = [*OPENED[:made], S.RECEIVED, *again]
    asked = requests(*answers)
    second = [AwaitModel(1, 2) if request == AwaitModel(1, 1) else request for request in OPENING]
    assert asked[-len(second) - 1 :] == [*second, RESPOND]
    assert len(asked) <= 2 * len(OPENING) + 1


def test_flow_begins_once_more_while_a_person_is_waited_for() -> None:
    answers: list[Answer] = [*OPENED, WAITING, WAITING, S.RECEIVED, S.PARSING, S.CLOSED]
    assert requests(*answers) == [*OPENING, ASKED, RESOLVE, *OPENING[:2]]


def test_flow_ends_when_a_case_goes_back_a_second_time() -> None:
    assert requests(S.PARSING, S.RECEIVED, S.RECEIVED) == [*OPENING[:2], OPENING[0]]


def test_flow_stops_wherever_the_case_failed() -> None:
    assert requests(S.FAILED) == OPENING[:1]
    assert requests(S.PARSING, S.FAILED) == OPENING[:2]
    assert requests(S.PARSING, S.ENRICHING, S.FAILED) == OPENING[:4]
    assert requests(*OPENED, S.FAILED) == OPENING
    assert requests(*OPENED, WAITING, WAITING, S.FAILED) == [*OPENING, ASKED, RESOLVE]


ANSWERS = st.builds(Progress, state=st.sampled_from(S), escalate=st.booleans(), approval_id=st.just("a-1"))


@given(answers=st.lists(ANSWERS, min_size=1))
def test_flow_ends_and_keeps_its_order_whatever_the_steps_answer(answers: Sequence[Progress]) -> None:
    asked = requests(*answers, S.CLOSED)
    runs = [request.steps for request in asked if isinstance(request, Run)]
    assert sum(isinstance(request, AwaitModel) and request.attempt == 2 for request in asked) <= 2
    assert runs[0] == (Step.EXTRACT_IOCS,)
    assert sum(steps == (Step.RESPOND,) for steps in runs) <= 1
    if RESPOND in asked:
        assert asked[-1] == RESPOND
        assert any(request == Run((Step.JUDGE,), attempt) for request in asked for attempt in (1, 2))
