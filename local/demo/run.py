"""The demo on running services: sample alerts in, approvals granted and one rejected, verdicts and proof out."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Column, Table

from local.demo.api import TIMEOUT_SECONDS, Person, sign_in
from local.demo.knowledge import load_knowledge
from local.demo.report import AlertLine, AuditResult, alert_line, table_of, write_report
from local.demo.topics import dead_letters, parse_milliseconds
from local.demo.waiting import until
from local.send import send
from local.services.site import CHECKOUT
from local.services.stack import Stack
from shared.contracts.audit_event_type import AuditEventType
from shared.errors import AluskortError
from shared.ingestion.envelope import read_rows
from shared.ingestion.shapes import left_out, read_alert

SAMPLES = CHECKOUT / "local" / "samples"
REPORT = CHECKOUT / ".local" / "demo-report.json"
SETTLED = frozenset({"closed", "failed", "awaiting_human"})
FINAL = frozenset({"closed", "failed"})


@dataclass
class Expected:
    """What the sample files hold: alert ids per tenant, and how many messages cannot be read."""

    alerts: dict[str, set[str]] = field(default_factory=dict)
    unreadable: int = 0


def sample_files() -> list[Path]:
    """The alerts, without the reference data beside them."""
    return sorted(SAMPLES.glob("*.json"))


def expected(files: list[Path]) -> Expected:
    """Read the files as the product will, to know when the demo is over."""
    found = Expected()
    for path in files:
        try:
            rows = [row for row in read_rows(path.read_bytes()) if not left_out(row)]
        except AluskortError:
            found.unreadable += 1
            continue
        for row in rows:
            try:
                alert = read_alert(row)
            except AluskortError:
                found.unreadable += 1
            else:
                found.alerts.setdefault(alert.tenant_id, set()).add(alert.alert_id)
    return found


class Demo:
    """One run on services of its own, whose data is new each time."""

    def __init__(self, stack: Stack, console: Console) -> None:
        self._stack = stack
        self._console = console
        self._environment = stack.environment()
        self._expected = expected(sample_files())

    async def run(self) -> bool:
        """Everything after the services are up; True when every alert was settled and every chain is valid."""
        self._console.print("Loading what the SOC already knows (patterns, playbooks, indicators, incidents) ...")
        await load_knowledge(self._environment)
        async with httpx.AsyncClient(base_url=self._stack.host().url(), timeout=TIMEOUT_SECONDS) as client:
            analysts = {
                tenant: await self._person(client, tenant, "senior_analyst") for tenant in self._expected.alerts
            }
            await self._feed_and_watch(analysts)
            await self._decide(analysts)
            details = await self._finished(analysts)
            audit = await self._verify(client)
        return await self._show(details, audit)

    async def _person(self, client: httpx.AsyncClient, tenant: str, role: str) -> Person:
        issuer = self._environment["ALUSKORT_OIDC_ISSUER"]
        return await sign_in(client, issuer, name=f"demo-{role}", roles=[role], tenant=tenant)

    async def _feed_and_watch(self, analysts: dict[str, Person]) -> None:
        files, total = sample_files(), sum(len(ids) for ids in self._expected.alerts.values())
        with _bars(self._console) as bars:
            sending = bars.add_task("files sent to the event hub", total=len(files))
            opened, judged = bars.add_task("investigations opened", total=total), bars.add_task("verdicts", total=total)
            connection, hub = (
                self._environment["ALUSKORT_SENTINEL_EVENTHUB"],
                self._environment["ALUSKORT_SENTINEL_HUB"],
            )
            feeding = asyncio.create_task(
                asyncio.to_thread(send, files, connection, hub, lambda _: bars.advance(sending))
            )

            shown: set[str] = set()

            async def settled() -> bool:
                found = [item for person in analysts.values() for item in await person.investigations()]
                bars.update(opened, completed=len(found))
                for item in found:
                    if item["state"] in SETTLED and item["alert_id"] not in shown:
                        shown.add(item["alert_id"])
                        bars.console.print(_verdict_line(item))
                bars.update(judged, completed=len(shown))
                if feeding.done():
                    feeding.result()  # an error of the feeding is the demo's
                return feeding.done() and len(shown) == total

            await until(settled, what=f"A verdict for each of {total} alerts", seconds=180)

    async def _decide(self, analysts: dict[str, Person]) -> None:
        """Reject the first approval of destructive actions, grant the others; the rest gets a disposition."""
        rejected = False
        for person in analysts.values():
            titles = {item["investigation_id"]: item["alert_title"] for item in await person.investigations()}
            waiting = (await person.get("/approvals"))["items"]
            self._console.print(
                f"{len(waiting)} alerts are waiting for a person. A senior analyst answers through the API:"
            )
            for approval in waiting:
                reject = not rejected and approval["reason"].startswith("prepared")
                rejected = rejected or reject
                word = await _answer(person, approval, reject=reject)
                title = escape(titles[approval["investigation_id"]])
                self._console.print(_indented(word, f"{title}: {escape(approval['reason'])}"))

    async def _finished(self, analysts: dict[str, Person]) -> list[dict[str, Any]]:
        async def final() -> bool:
            found = [item for person in analysts.values() for item in await person.investigations()]
            return all(item["state"] in FINAL for item in found)

        await until(final, what="The end of every investigation", seconds=60)
        return [
            await person.get(f"/investigations/{item['investigation_id']}")
            for person in analysts.values()
            for item in await person.investigations()
        ]

    async def _verify(self, client: httpx.AsyncClient) -> AuditResult:
        """Wait until every transition is on its tenant's chain, then have the chains verified."""
        records, valid = 0, True
        for tenant in self._expected.alerts:
            auditor = await self._person(client, tenant, "audit_reader")
            analyst = await self._person(client, tenant, "senior_analyst")
            transitions = sum([item["version"] for item in await analyst.investigations()])

            async def chained(auditor: Person = auditor, wanted: int = transitions) -> bool:
                return await _count_changes(auditor) == wanted

            await until(chained, what=f"An audit record for each of {transitions} transitions", seconds=60)
            checked = await auditor.post("/audit/verify", {})
            records += checked["records_checked"]
            valid = valid and checked["chain_valid"]
        return AuditResult(records=records, tenants=len(self._expected.alerts), chains_valid=valid)

    async def _show(self, details: list[dict[str, Any]], audit: AuditResult) -> bool:
        brokers = self._environment["ALUSKORT_KAFKA_BROKERS"]
        unread = await dead_letters(brokers)
        lines = sorted((alert_line(detail) for detail in details), key=lambda line: (line.outcome, line.alert))
        self._console.print(table_of(lines))
        for dead_letter in unread:
            self._console.print(_indented("unreadable", escape(dead_letter.reason)))
        provider = self._environment["ALUSKORT_MODEL_PROVIDER"]
        report = write_report(
            REPORT,
            lines,
            audit=audit,
            parse_ms=await parse_milliseconds(brokers),
            services=self._stack.versions(),
            model_provider=provider,
            dead_letters=[
                dead_letter.model_dump(include={"error_type", "reason", "source_topic"}) for dead_letter in unread
            ],
        )
        self._say_end(lines, audit, report, unread=len(unread))
        failed = [line for line in lines if line.outcome == "failed"]
        return audit.chains_valid and not failed and len(unread) == self._expected.unreadable

    def _say_end(self, lines: list[AlertLine], audit: AuditResult, report: dict[str, Any], *, unread: int) -> None:
        outcomes: dict[str, int] = {}
        for line in lines:
            outcomes[line.outcome] = outcomes.get(line.outcome, 0) + 1
        counted = ", ".join(f"{count} {outcome.replace('_', ' ')}" for outcome, count in sorted(outcomes.items()))
        state = "[green]valid[/]" if audit.chains_valid else "[red]BROKEN[/]"
        times = report["timings_ms"]
        self._console.print(
            f"{len(lines)} alerts: {counted}; {unread} unreadable message(s) kept for an operator.\n"
            f"Audit chain of {audit.tenants} tenant(s), {audit.records} records: {state}.\n"
            f"Time to a verdict: median {times['triage_p50'] / 1000:.1f} s, "
            f"95 % within {times['triage_p95'] / 1000:.1f} s."
        )
        if report["model_provider"] == "simulated":
            self._console.print(
                "[yellow]The verdicts come from a simulated model with plain rules; Claude was not called.[/]"
            )
        self._console.print(f"The same as data: {REPORT.relative_to(CHECKOUT)}")


async def _answer(person: Person, approval: dict[str, Any], *, reject: bool) -> str:
    """Give a person's answer to what a case asks; returns the word for it."""
    if approval["asks_for"] == "disposition":
        said = {"disposition": "undetermined", "reason": "insufficient_data", "comment": "demo"}
        await person.post(f"/investigations/{approval['investigation_id']}/disposition", said)
        return "[yellow]disposed[/]"
    answer = {"approved": not reject, "actions_hash": approval["actions_hash"], "comment": "demo"}
    await person.post(f"/approvals/{approval['approval_id']}", answer)
    return "[red]rejected[/]" if reject else "[green]granted [/]"


def _indented(word: str, text: str) -> Table:
    """One word, and beside it the text, which stays there when it takes several lines."""
    row = Table.grid("", "", Column(overflow="fold"), padding=(0, 1))
    row.add_row(" ", word, text)
    return row


async def _count_changes(auditor: Person) -> int:
    count, query = 0, dict[str, Any](event_type=AuditEventType.INVESTIGATION_STATE_CHANGED, limit=100)
    while True:
        page = await auditor.get("/audit/events", **query)
        count += len(page["items"])
        if page["next_cursor"] is None:
            return count
        query["cursor"] = page["next_cursor"]


def _verdict_line(item: dict[str, Any]) -> Table:
    what = f"{(item['classification'] or 'no verdict').replace('_', ' ')} {item['confidence']:.2f}"
    then = "waits for a person" if item["state"] == "awaiting_human" else (item["outcome"] or item["state"])
    return _indented(f"{what:27}", f"{escape(item['alert_title'])}: [dim]{then.replace('_', ' ')}[/]")


def _bars(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description:28}"),
        BarColumn(),
        TextColumn("{task.completed:.0f} of {task.total:.0f}"),
        TimeElapsedColumn(),
        console=console,
    )
