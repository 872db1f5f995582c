"""A case's questions to its tenant's logs: the first round by code, the second by a model's wish (design §8.18)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from shared.contracts.investigation import AgentRole, GraphState
from shared.hunting.catalogue import catalogue
from shared.hunting.choosing import first_round, second_round
from shared.hunting.hunter import Hunter
from shared.hunting.question import Question
from shared.hunting.subject import Subject, subject_of
from shared.investigation.agents.agent import decision_entry

NO_WORKSPACE = "The logs were not asked: no Log Analytics workspace is configured for this tenant."
NO_QUESTION = "The logs were not asked: the alert names nothing that a question could be about."


async def ask_the_logs(hunter: Hunter, state: GraphState) -> GraphState:
    """The state with the answers to what the alert calls for. Raises nothing that a log could cause."""
    if not hunter.can_ask(state.tenant_id):
        return state.with_facts(logs_unanswered=[NO_WORKSPACE])
    questions = first_round(catalogue(), _subject(state))
    if not questions:
        return state.with_facts(logs_unanswered=[NO_QUESTION])
    return await _asked(hunter, state, questions)


async def ask_what_the_model_wants(hunter: Hunter, state: GraphState, names: Iterable[str]) -> GraphState:
    """The state with further answers; it is the same when none of the names can be asked."""
    questions = wanted_questions(state, names)
    return await _asked(hunter, state, questions) if questions and hunter.can_ask(state.tenant_id) else state


def wanted_questions(state: GraphState, names: Iterable[str]) -> list[Question]:
    """What of a model's wish can be asked; nothing when the logs gave no answer at all before."""
    if all(answer.problem for answer in state.log_answers):
        return []
    asked = {answer.question for answer in state.log_answers}
    return second_round(catalogue(), names, _subject(state), asked=asked)


async def _asked(hunter: Hunter, state: GraphState, questions: Sequence[Question]) -> GraphState:
    hunt = await hunter.ask(state.tenant_id, questions, _subject(state))
    found = [answer for answer in hunt.answers if answer.rows]
    silent = [answer for answer in hunt.answers if answer.problem]
    entry = decision_entry(
        state,
        step="ask_the_logs",
        agent=AgentRole.CONTEXT_ENRICHER,
        action="asked the logs",
        reasoning=f"{len(hunt.answers)} question(s), {len(found)} with rows"
        + (f": {', '.join(answer.question for answer in found)}" if found else "")
        + (f"; no answer to {', '.join(answer.question for answer in silent)}" if silent else ""),
    )
    causes: dict[str, list[str]] = {}
    for answer in silent:
        causes.setdefault(answer.problem, []).append(answer.question)
    unanswered = [f"The logs did not answer {', '.join(names)}: {cause}" for cause, names in causes.items()]
    known = state.case_facts.logs_unanswered
    return state.with_facts(logs_unanswered=[*known, *unanswered]).model_copy(
        update={
            "log_answers": [*state.log_answers, *hunt.answers],
            "queries_executed": state.queries_executed + hunt.queries,
            "decision_chain": [*state.decision_chain, entry],
        }
    )


def _subject(state: GraphState) -> Subject:
    return subject_of(
        state.parsed_entities,
        alert_id=state.alert_id,
        timestamp=state.alert_timestamp,
        tactics=state.tactics,
        techniques=state.techniques,
        product=state.product,
    )
