"""Hunter: asks a tenant's workspaces the chosen questions, a few at a time, within one bound of time for all.

What cannot be asked or answered is said in the answer and fails nothing: the logs are one source among others.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from shared.contracts.log_answer import LogAnswer
from shared.errors import AluskortError, InvalidInput, StoreUnavailable, WorkspaceUnavailable
from shared.hunting.binding import bound, window
from shared.hunting.question import Question
from shared.hunting.rows import evidence_rows
from shared.hunting.subject import Subject
from shared.stores.redis import Redis
from shared.telemetry import log_fields

if TYPE_CHECKING:
    from shared.stores.log_analytics import LogAnalytics

AT_ONCE = 3  # the API runs 5 queries of one identity at a time; intake needs some of them
REMEMBERED_SECONDS = 300  # a step that is made again, or a like alert, asks the same within minutes
# That the queries of all cases of the process may take, as fast as the last ones were answered. A step that waits holds
# up the next case, so in a flood on slow logs some cases are judged without them, and say so.
LONGEST_QUEUE = 10.0  # seconds
NEWEST = 0.2  # weight of the newest answer's time in the usual one
PAUSE_SECONDS, LONGEST_PAUSE = 15.0, 600.0  # after a workspace failed, if it names no time, and at most
PROBLEM_SHOWN = 500  # characters

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Hunt:
    """One answer a question, in their order; ``queries`` were really sent."""

    answers: list[LogAnswer]
    queries: int


@dataclass(frozen=True)
class _Query:
    """A question to one workspace, as text."""

    question: Question
    workspace_id: str
    text: str
    key: str  # of its remembered answer


class Hunter:
    """``workspaces`` maps ids to tenants; ``connect`` gives the client, which takes long to load, when it is needed."""

    def __init__(
        self, connect: Callable[[], LogAnalytics], redis: Redis, workspaces: Mapping[str, str], *, seconds: float
    ) -> None:
        self._connect = connect
        self._redis = redis
        self._workspaces = workspaces
        self._seconds = seconds
        self._gate = asyncio.Semaphore(AT_ONCE)
        self._paused: dict[str, float] = {}  # by workspace, until when by the loop's clock
        self._waiting = 0  # queries of all cases, those at work included
        self._usual = 0.0  # seconds that an answer takes; 0 until the first

    def can_ask(self, tenant_id: str) -> bool:
        """Whether the tenant has a workspace."""
        return tenant_id in self._workspaces.values()

    async def ask(self, tenant_id: str, questions: Sequence[Question], subject: Subject) -> Hunt:
        """Ask each workspace of the tenant each question. Raises nothing that a log could cause."""
        deadline = asyncio.get_running_loop().time() + self._seconds
        owned = [workspace for workspace, owner in self._workspaces.items() if owner == tenant_id]
        queries = [_query(tenant_id, question, workspace, subject) for question in questions for workspace in owned]
        known = await self._remembered(queries)
        new = [query for query in queries if query.key not in known]
        takes = (self._waiting + len(new)) * self._usual / AT_ONCE
        crowded = self._waiting > 0 and takes > LONGEST_QUEUE
        self._waiting += len(new)
        try:
            made = await asyncio.gather(*(self._ask(query, subject, deadline, crowded=crowded) for query in new))
        finally:
            self._waiting -= len(new)
        sent = sum(was_sent for _, was_sent in made)
        fresh = {query.key: answer for query, (answer, _) in zip(new, made, strict=True)}
        await self._remember(fresh)
        found = {**known, **fresh}
        answers = [
            _joined(question, [found[query.key] for query in queries if query.question is question])
            for question in questions
        ]
        if silent := [answer for answer in answers if answer.problem]:
            names = ", ".join(answer.question for answer in silent)
            fields = log_fields("hunting.unanswered", tenant_id=tenant_id, questions=names)
            logger.warning("The logs did not answer %s: %s", names, silent[0].problem, extra=fields)
        return Hunt(answers, sent)

    async def _ask(self, query: _Query, subject: Subject, deadline: float, *, crowded: bool) -> tuple[LogAnswer, bool]:
        """The workspace's answer, and whether it was asked."""
        question, clock = query.question, asyncio.get_running_loop().time
        first, last = window(question, subject)
        empty = LogAnswer(question=question.name, means=question.means, first=first.isoformat(), last=last.isoformat())
        sent = False
        if crowded:
            return empty.model_copy(update={"problem": "too many questions of other cases wait already"}), sent
        try:
            async with asyncio.timeout_at(deadline), self._gate:
                if self._paused.get(query.workspace_id, 0.0) > clock():
                    raise WorkspaceUnavailable(query.workspace_id, "it failed or throttled us a moment ago.")
                sent, began = True, clock()
                table = await self._connect().query(
                    query.workspace_id,
                    query.text,
                    timespan=(first, last),
                    seconds=min(question.seconds, deadline - clock()),
                )
                self._usual += (clock() - began - self._usual) * (NEWEST if self._usual else 1.0)
        except TimeoutError:
            problem = f"no answer within the {self._seconds:g} s that all questions have together"
            if sent:
                self._paused[query.workspace_id] = clock() + PAUSE_SECONDS
        except AluskortError as error:
            if sent and isinstance(error, WorkspaceUnavailable):
                pause = min(error.retry_after or PAUSE_SECONDS, LONGEST_PAUSE)
                self._paused[query.workspace_id] = clock() + pause
            problem = str(error)
        else:
            rows, left_out = evidence_rows(table.rows, most=question.rows)
            problem = table.cut if table.cut and not table.rows else ""
            cut = "; ".join(part for part in (table.cut if rows else "", left_out) if part)
            return empty.model_copy(update={"rows": rows, "cut": cut, "problem": problem[:PROBLEM_SHOWN]}), sent
        return empty.model_copy(update={"problem": problem[:PROBLEM_SHOWN]}), sent

    async def _remembered(self, queries: Sequence[_Query]) -> dict[str, LogAnswer]:
        found: dict[str, LogAnswer] = {}
        try:
            stored = await self._redis.get_many([query.key for query in queries])
        except StoreUnavailable as error:
            logger.warning("Remembered answers of the logs are unavailable: %s", error)
            return found
        for query, value in zip(queries, stored, strict=True):
            try:
                if value is not None:
                    found[query.key] = LogAnswer.from_json(value)
            except InvalidInput as error:
                logger.warning("A remembered answer of the logs cannot be read: %s", error)
        return found

    async def _remember(self, answers: Mapping[str, LogAnswer]) -> None:
        """Whole answers only: the others may be better the next time."""
        try:
            for key, answer in answers.items():
                if not answer.problem and not answer.cut:
                    await self._redis.set(key, answer.to_json(), ttl_seconds=REMEMBERED_SECONDS)
        except StoreUnavailable as error:
            logger.warning("Answers of the logs cannot be remembered: %s", error)


def _query(tenant_id: str, question: Question, workspace_id: str, subject: Subject) -> _Query:
    text = bound(question, subject)
    digest = hashlib.sha256(f"{workspace_id}\n{question.name}\n{text}".encode()).hexdigest()
    return _Query(question, workspace_id, text, f"hunt:{tenant_id}:{digest}")


def _joined(question: Question, answers: Sequence[LogAnswer]) -> LogAnswer:
    """One answer of several workspaces; what one of them could not say is a cut while another answered."""
    problems = [answer.problem for answer in answers if answer.problem]
    rows = [row for answer in answers for row in answer.rows]
    cuts = [answer.cut for answer in answers if answer.cut]
    silent = len(problems) == len(answers)
    return answers[0].model_copy(
        update={
            "rows": rows[: question.rows],
            "cut": "; ".join(cuts if silent else [*cuts, *problems])[:PROBLEM_SHOWN],
            "problem": "; ".join(problems)[:PROBLEM_SHOWN] if silent else "",
        }
    )
