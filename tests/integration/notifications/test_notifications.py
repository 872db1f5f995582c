"""Messages over HTTP to a webhook of the test's own: what they say, how often they come, and what a dead one delays."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import psycopg
import pytest

from shared.bus.outbox import Outbox
from shared.bus.producer import MemoryProducer
from shared.investigation.approval_watch import ApprovalWatch
from shared.investigation.approvals import Approvals
from shared.investigation.waking import wake_current
from shared.notifications.links import CaseLinks
from shared.notifications.queue import MOST_ATTEMPTS, Notifications
from shared.notifications.wiring import notifications
from shared.settings import NotificationSettings
from shared.stores.postgres import Postgres
from tests.conftest import Database

KEY = "k" * 32
HOSTILE = "Ignore this <https://evil.example|approve>"


@dataclass
class Webhook:
    """What was posted to each path, and what a path answers from now on."""

    port: int = 0
    posted: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    answers: dict[str, int] = field(default_factory=dict)

    def url(self, channel: str) -> str:
        return f"http://127.0.0.1:{self.port}/{channel}/secret-{channel}"

    def on(self, channel: str) -> list[dict[str, Any]]:
        return [body for path, body in self.posted if path.startswith(f"/{channel}/")]


@pytest.fixture
def webhook() -> Iterator[Webhook]:
    hook = Webhook()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            hook.posted.append((self.path, body))
            self.send_response(hook.answers.get(self.path.split("/")[1], 202))
            self.send_header("location", "http://127.0.0.1:1/elsewhere")
            self.end_headers()

        def log_message(self, *_: Any) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    hook.port = server.server_port
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield hook
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="session")
def own_database(database: Callable[[str], Database]) -> Database:
    return database("notification_tests")


@pytest.fixture
async def store(own_database: Database) -> AsyncIterator[Postgres]:
    with psycopg.connect(own_database.owner_url) as owner:  # a sweep sends everybody's
        owner.execute("DELETE FROM notifications")
        owner.execute("DELETE FROM action_approvals")
    own = Postgres(own_database.url)
    yield own
    await own.close()


@pytest.fixture
def queue(store: Postgres, webhook: Webhook) -> Iterator[Notifications]:
    named = {"teams_url": webhook.url("teams"), "slack_url": webhook.url("slack")}
    settings = NotificationSettings(link_base="https://soc.example.com/cases", link_key=KEY, **named)
    before = list(logging.getLogger("httpx").filters)
    yield notifications(settings, store)
    logging.getLogger("httpx").filters = before


@pytest.fixture
def watch(store: Postgres, queue: Notifications) -> ApprovalWatch:
    approvals = Approvals(store, Outbox(store, MemoryProducer()), wake_current)
    return ApprovalWatch(store, approvals, queue)


@dataclass
class Asked:
    """A waiting approval of a tenant of its own."""

    owner_url: str
    tenant: str
    case: str

    def set(self, assignment: str) -> None:
        with psycopg.connect(self.owner_url) as owner:
            owner.execute(f"UPDATE action_approvals SET {assignment} WHERE tenant_id = %s".encode(), (self.tenant,))

    def due(self) -> None:
        """What is put off is due now."""
        with psycopg.connect(self.owner_url) as owner:
            owner.execute("UPDATE notifications SET due_at = now() WHERE tenant_id = %s", (self.tenant,))

    def waiting(self) -> list[tuple[str, int]]:
        with psycopg.connect(self.owner_url) as owner:
            return owner.execute(
                "SELECT channel, attempts FROM notifications WHERE tenant_id = %s ORDER BY 1", (self.tenant,)
            ).fetchall()


@pytest.fixture
def ask(own_database: Database, store: Postgres) -> Callable[..., Asked]:
    def insert(*actions: tuple[str, str], tenant: str = "") -> Asked:
        tenant = tenant or f"tenant-{uuid4().hex[:12]}"
        case = f"i-{uuid4().hex[:12]}"
        asked = [{"action": action, "target": target, "reason": HOSTILE} for action, target in actions]
        with psycopg.connect(own_database.owner_url) as owner:
            owner.execute(
                "INSERT INTO investigation_state (investigation_id, tenant_id, alert_id, source, alert_title, severity,"
                " state, graph_state, alert) VALUES (%s, %s, %s, 'sentinel', %s, 'high', 'awaiting_human', %s, '{}')",
                (case, tenant, case, HOSTILE, json.dumps({"alert_severity": "high", "alert_title": HOSTILE})),
            )
            owner.execute(
                "INSERT INTO action_approvals (approval_id, investigation_id, tenant_id, actions, actions_hash, reason,"
                " requested_at, expires_at) VALUES (%s, %s, %s, %s, 'h', %s, now(), now() + interval '4 hours')",
                (f"ap-{case}", case, tenant, json.dumps(asked), HOSTILE),
            )
        return Asked(own_database.owner_url, tenant, case)

    return insert


async def sweep(watch: ApprovalWatch, queue: Notifications) -> int:
    await watch.put_notices()
    return await queue.send_due()


async def test_both_channels_say_what_is_wanted_of_which_host_until_when_and_link_to_the_case(
    watch: ApprovalWatch, queue: Notifications, webhook: Webhook, ask: Callable[..., Asked]
) -> None:
    asked = ask(("isolate_host", "ws-17"), ("isolate_host", HOSTILE), ("disable_account", "casey@corp.example"))
    assert await sweep(watch, queue) == 2
    (teams,), (slack,) = webhook.on("teams"), webhook.on("slack")
    card = teams["attachments"][0]["content"]
    assert card["body"][0]["text"] == "A case waits for approval of isolate host, disable account"
    facts = {fact["title"]: fact["value"] for fact in card["body"][1]["facts"]}
    assert (facts["Severity"], facts["Host"], facts["Case"]) == ("high", "ws-17", asked.case)
    assert facts["Answer by"].endswith("UTC")
    link = card["actions"][0]["url"]
    assert slack["blocks"][1]["elements"][0]["url"] == link
    assert "*Host:* ws-17" in slack["blocks"][0]["text"]["text"]
    said = json.dumps([teams, slack])
    assert not [word for word in ("evil.example", "Ignore this", "casey@corp.example", KEY) if word in said]
    query = {name: values[0] for name, values in parse_qs(urlsplit(link).query).items()}
    CaseLinks(base="", key=KEY).check(
        tenant_id=asked.tenant, investigation_id=asked.case, expires=int(query["expires"]), signature=query["signature"]
    )


async def test_case_with_nothing_to_approve_asks_for_a_disposition(
    watch: ApprovalWatch, queue: Notifications, webhook: Webhook, ask: Callable[..., Asked]
) -> None:
    ask()
    await sweep(watch, queue)
    assert webhook.on("slack")[0]["text"] == "A case waits for a disposition"


async def test_action_that_only_a_newer_release_knows_is_named_too_and_holds_up_no_other(
    watch: ApprovalWatch, queue: Notifications, webhook: Webhook, ask: Callable[..., Asked]
) -> None:
    ask(("quarantine_fleet", "ws-17"))
    ask(("isolate_host", "ws-18"))
    await sweep(watch, queue)
    assert {message["text"] for message in webhook.on("slack")} == {
        "A case waits for approval of quarantine fleet",
        "A case waits for approval of isolate host",
    }


async def test_each_is_told_once_and_reminded_once_at_half_of_the_time(
    watch: ApprovalWatch, queue: Notifications, webhook: Webhook, ask: Callable[..., Asked]
) -> None:
    asked = ask(("isolate_host", "ws-17"))
    passed = 0
    for minutes, messages in [(0, 1), (0, 1), (119, 1), (2, 2), (60, 2)]:
        passed += minutes
        asked.set(f"requested_at = requested_at - interval '{minutes} minutes',"
                  f" expires_at = expires_at - interval '{minutes} minutes'")  # fmt: skip
        await sweep(watch, queue)
        assert len(webhook.on("teams")) == messages, passed
    assert webhook.on("slack")[1]["text"].startswith("Half of the time is over")


async def test_next_reviewer_is_told_of_what_was_passed_on(
    watch: ApprovalWatch, queue: Notifications, webhook: Webhook, ask: Callable[..., Asked]
) -> None:
    asked = ask(("isolate_host", "ws-17"))
    await sweep(watch, queue)
    asked.set("escalated_at = now(), expires_at = now() + interval '4 hours'")
    for _ in range(2):
        await sweep(watch, queue)
    assert [message["text"].split(":")[0] for message in webhook.on("slack")] == [
        "A case waits for approval of isolate host",
        "Next reviewer",
    ]


async def test_two_sweeps_at_once_send_one_message_a_channel(
    watch: ApprovalWatch, queue: Notifications, webhook: Webhook, ask: Callable[..., Asked]
) -> None:
    ask(("isolate_host", "ws-17"))
    await asyncio.gather(*(sweep(watch, queue) for _ in range(4)))
    await sweep(watch, queue)
    assert (len(webhook.on("teams")), len(webhook.on("slack"))) == (1, 1)


@pytest.mark.parametrize("status", [301, 404, 429, 500])
async def test_dead_webhook_is_given_up_in_the_end_and_delays_no_other(
    watch: ApprovalWatch, queue: Notifications, webhook: Webhook, ask: Callable[..., Asked], status: int
) -> None:
    webhook.answers["teams"] = status
    first, second = ask(("isolate_host", "ws-17")), ask(("isolate_host", "ws-18"))
    await sweep(watch, queue)
    assert (len(webhook.on("teams")), len(webhook.on("slack"))) == (1, 2)
    assert await queue.send_due() == 0  # until it is due again
    assert len(webhook.on("teams")) == 1
    for _ in range(2 * MOST_ATTEMPTS):
        first.due()
        second.due()
        await queue.send_due()
    assert len(webhook.on("teams")) == 2 * MOST_ATTEMPTS
    assert first.waiting() == second.waiting() == []


async def test_webhook_that_is_back_gets_what_it_missed(
    watch: ApprovalWatch, queue: Notifications, webhook: Webhook, ask: Callable[..., Asked]
) -> None:
    webhook.answers["slack"] = 503
    asked = ask(("isolate_host", "ws-17"))
    await sweep(watch, queue)
    assert asked.waiting() == [("slack", 1)]
    webhook.answers.clear()
    asked.due()
    assert await queue.send_due() == 1
    assert asked.waiting() == []


async def test_no_log_names_a_webhook(
    watch: ApprovalWatch,
    queue: Notifications,
    webhook: Webhook,
    ask: Callable[..., Asked],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG, "httpx")
    caplog.set_level(logging.INFO)
    webhook.answers["teams"] = 500
    ask(("isolate_host", "ws-17"))
    await sweep(watch, queue)
    assert "goes out later: the webhook answered 500" in caplog.text
    assert "secret-" not in caplog.text


async def test_nobody_is_told_of_the_synthetic_alert_nor_without_a_channel(
    watch: ApprovalWatch, store: Postgres, queue: Notifications, webhook: Webhook, ask: Callable[..., Asked]
) -> None:
    ask(("isolate_host", "ws-17"), tenant="synthetic")
    assert await sweep(watch, queue) == 0
    ask(("isolate_host", "ws-17"))
    approvals = Approvals(store, Outbox(store, MemoryProducer()), wake_current)
    silent = Notifications(store, [], None)
    assert await ApprovalWatch(store, approvals, silent).put_notices() == await silent.send_due() == 0
    assert webhook.posted == []
