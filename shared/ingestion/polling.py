"""SentinelPoller: reads Sentinel's tables from Log Analytics where no event hub delivers them (seed §9).

A table is read in order of ingestion_time(), which is when the service stored a row; TimeGenerated may be hours older.
No transaction is open while the service is asked or a page is published: the position moves afterwards, and only from
where it was found. A crash in between publishes that one page again, and so do two pollers that meet at it, of whom one
then leaves the table to the other. Everything behind tells repeats by alert id; otherwise a row is published once.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.errors import AluskortError, WorkspaceUnavailable
from shared.ingestion.feed_position import Feed, FeedPosition, Page
from shared.ingestion.log_analytics import Answer, Row, SentinelTables
from shared.ingestion.source import Handle
from shared.stores.postgres import Postgres

TABLES = ("SecurityAlert", "SecurityIncident")
INTERVAL_SECONDS = 30.0  # seed §9
BUDGET_SECONDS = 25.0  # after which a tick begins no further page, so that the next tick is on time
AT_ONCE = 4  # the API runs 5 queries of one identity at a time and queues the rest
# The service stores in parallel: its documentation says that a row may take minutes to show and that of two rows the
# later one may show first. So what was stored in the last minutes is read again each time.
OVERLAP = timedelta(minutes=10)
FIRST_LOOK_BACK = timedelta(hours=24)  # an alert of last night is still worth an investigation, last month's is not
MAX_PAGE_ROWS = 2_000  # about 20 MB of ordinary alerts; the API cuts at 500,000 rows or 64 MB
LONGEST_PAUSE = timedelta(minutes=10)  # a mistaken Retry-After must not silence a workspace for a day

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class PollReport:
    """``published`` rows were new; ``problems`` has a sentence for each table that was not read to its end."""

    published: int
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Step:
    """What one page came to, and whether there is more to read in this tick."""

    published: int = 0
    more: bool = False
    problem: str = ""


class SentinelPoller:
    """Reads every workspace of ``workspaces`` (its id: the tenant that owns its alerts, whatever their rows say)."""

    def __init__(
        self,
        postgres: Postgres,
        sentinel: SentinelTables,
        workspaces: Mapping[str, str],
        *,
        tables: Sequence[str] = TABLES,
        budget_seconds: float = BUDGET_SECONDS,
    ) -> None:
        self._postgres = postgres
        self._sentinel = sentinel
        self._feeds = [Feed(workspace, tenant, table) for workspace, tenant in workspaces.items() for table in tables]
        self._budget_seconds = budget_seconds

    async def read(self, handle: Handle) -> None:
        """Poll every 30 s until cancelled: the source of SentinelConnector.start."""
        while True:
            await self.poll(handle)
            await asyncio.sleep(INTERVAL_SECONDS)

    async def poll(self, handle: Handle) -> PollReport:
        """Give ``handle`` every row that is new. A table that cannot be read is logged and harms no other."""
        deadline = time.monotonic() + self._budget_seconds
        gate = asyncio.Semaphore(AT_ONCE)

        async def read(feed: Feed) -> PollReport:
            async with gate:
                return await self._read(feed, handle, deadline)

        # All end before an error of our own is raised: no table may pay for another.
        outcomes = await asyncio.gather(*map(read, self._feeds), return_exceptions=True)
        reports = []
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome
            reports.append(outcome)
        problems = tuple(problem for report in reports for problem in report.problems)
        return PollReport(sum(report.published for report in reports), problems)

    async def _read(self, feed: Feed, handle: Handle, deadline: float) -> PollReport:
        """One table, page by page, until its end or the end of the tick."""
        published, problem = 0, ""
        try:
            await self._begin(feed)
            while True:
                step = await self._step(feed, handle)
                published, problem = published + step.published, step.problem
                if not step.more:
                    break
                if time.monotonic() >= deadline:
                    problem = "It has more rows than one tick can take; the next tick goes on."
                    break
        except AluskortError as error:
            problem = str(error)
        if not problem:
            return PollReport(published)
        sentence = f"{feed} was not read to its end: {problem}"
        logger.warning("%s", sentence, extra={"action": "poll.incomplete", **feed.keys})
        return PollReport(published, (sentence,))

    async def _begin(self, feed: Feed) -> None:
        async with self._postgres.transaction(feed.tenant_id) as connection:
            new = await FeedPosition.begin(connection, feed, look_back=FIRST_LOOK_BACK, page_rows=MAX_PAGE_ROWS)
        if new:
            back = f"{FIRST_LOOK_BACK / timedelta(hours=1):g}"
            fields = {"action": "poll.begun", **feed.keys}
            logger.info("%s is read for the first time, %s hours back; older rows are not.", feed, back, extra=fields)

    async def _step(self, feed: Feed, handle: Handle) -> _Step:
        """The next page."""
        async with self._postgres.transaction(feed.tenant_id) as connection:
            position = await FeedPosition.find(connection, feed, overlap=OVERLAP)
        if position.paused:
            return _Step()
        page = position.next_page
        try:
            answer = await self._sentinel.page(
                feed.workspace_id, feed.source_table, since=page.since, skip=page.skip, rows=page.rows
            )
        except WorkspaceUnavailable as error:
            if error.retry_after:
                async with self._postgres.transaction(feed.tenant_id) as connection:
                    await position.pause(connection, min(timedelta(seconds=error.retry_after), LONGEST_PAUSE))
            return _Step(problem=str(error))
        if answer.cut and page.rows > 1:  # the rows of a cut answer may be wrong, and fewer may fit
            async with self._postgres.transaction(feed.tenant_id) as connection:
                await position.ask_for(connection, page.rows // 2)
            return _Step(more=True)
        return await self._take_in(position, answer, handle)

    async def _take_in(self, position: FeedPosition, answer: Answer, handle: Handle) -> _Step:
        """Publish a page; the position moves only when every row of it was seen and published."""
        page = position.next_page
        published, failure = await self._publish(position, answer.rows, handle)
        if failure:
            return _Step(published, problem=str(failure))
        if answer.cut:
            return _Step(published, problem=f"Not even one row comes whole: {answer.cut}")
        page_rows = min(2 * page.rows, MAX_PAGE_ROWS)  # small pages only where they are needed
        last = answer.rows[-1].ingested if answer.rows else position.read_until
        following = None
        if len(answer.rows) == page.rows:  # a full page; many rows may share its last instant
            skip = sum(row.ingested == last for row in answer.rows) + (page.skip if last == page.since else 0)
            following = Page(last, skip, page_rows)
        async with self._postgres.transaction(position.feed.tenant_id) as connection:
            moved = await position.move(connection, last, next_page=following, page_rows=page_rows, overlap=OVERLAP)
        return _Step(published, more=moved and following is not None)

    async def _publish(
        self, position: FeedPosition, rows: Sequence[Row], handle: Handle
    ) -> tuple[int, AluskortError | None]:
        """Hand on the rows that the overlap does not know and note those that went out; how many, and what failed."""
        # A row that differs from another by nothing but its ingestion says nothing new: its content is its key.
        bodies: dict[bytes, bytes] = {}
        ingested: dict[bytes, datetime] = {}
        for row in rows:
            body = row.as_body(workspace_id=position.feed.workspace_id, tenant_id=position.feed.tenant_id)
            digest = hashlib.sha256(body).digest()
            bodies[digest], ingested[digest] = body, row.ingested
        async with self._postgres.transaction(position.feed.tenant_id) as connection:
            for digest in await position.published(connection, list(bodies)):
                del bodies[digest]
        headers = {"log-analytics-workspace": position.feed.workspace_id.encode()}
        # Kafka's client sends concurrent messages as one batch; all end before an error is raised.
        outcomes = await asyncio.gather(*(handle(body, headers) for body in bodies.values()), return_exceptions=True)
        failure = None
        for digest, outcome in zip(bodies, outcomes, strict=True):
            if isinstance(outcome, AluskortError):
                failure = outcome
                del ingested[digest]
            elif isinstance(outcome, BaseException):
                raise outcome
        async with self._postgres.transaction(position.feed.tenant_id) as connection:
            await position.remember(connection, ingested)
        return sum(digest in ingested for digest in bodies), failure
