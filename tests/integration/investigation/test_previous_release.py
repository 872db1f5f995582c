"""The previous release and this one on one database, as during a rollout: each goes on with what the other stored, and
waits where the other stored a name that it does not know (design §4).
"""

import io
import json
import os
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from psycopg.types.json import Jsonb

from shared.contracts.topics import topics
from shared.investigation.flow import PARALLEL, Step
from tests.conftest import Database

PREVIOUS = "1d7bdb6973265cd5e42611770252a87e99830cf9"  # the commit that was deployed before this one
ROOT = Path(__file__).parents[3]
QUEUE = "jobs.llm.priority.high"
TO_THE_MODEL = (Step.EXTRACT_IOCS, Step.CHECK_FALSE_POSITIVE, *PARALLEL, Step.ASK_MODEL)


@dataclass(frozen=True)
class Answer:
    """What a release made of a request: its result, or the classes of the error, and the messages that it sent."""

    result: Any
    raised: list[str]
    sent: list[tuple[str, str]]

    def on(self, topic: str) -> list[str]:
        return [value for name, value in self.sent if name == topic]


@dataclass(frozen=True)
class Release:
    """A running process of release.py."""

    process: subprocess.Popen[str]

    def ask(self, what: str, **of: Any) -> Answer:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps({"ask": what, "of": of}) + "\n")
        self.process.stdin.flush()
        answer = Answer(**json.loads(self.process.stdout.readline()))
        # Whatever a release meets: what another one stored is poison to nobody.
        assert not [name for name, _ in answer.sent if topics()[name].name.endswith(".dlq")], answer
        return answer

    def do(self, what: str, **of: Any) -> Answer:
        answer = self.ask(what, **of)
        assert not answer.raised, answer
        return answer


@dataclass(frozen=True)
class Case:
    """An investigation of a tenant of its own, and its database as the schema's owner."""

    tenant: str
    investigation: str
    owner_url: str

    def perform(self, release: Release, step: Step) -> Answer:
        return release.ask("perform", tenant=self.tenant, investigation=self.investigation, step=step)

    def made(self, release: Release, *steps: Step) -> Answer:
        for step in steps:
            answer = self.perform(release, step)
            assert not answer.raised, answer
        return answer

    def run(self, statement: str, *values: Any) -> list[Any]:
        with psycopg.connect(self.owner_url) as owner:
            cursor = owner.execute(statement.encode(), values)
            return cursor.fetchall() if cursor.description else []

    def state(self) -> str:
        ((state,),) = self.run("SELECT state FROM investigation_state WHERE investigation_id = %s", self.investigation)
        return str(state)

    def approval(self) -> str:
        ((approval,),) = self.run(
            "SELECT approval_id FROM action_approvals WHERE investigation_id = %s", self.investigation
        )
        return str(approval)


@pytest.fixture(scope="module")
def shared_database(database: Callable[[str], Database]) -> Database:
    made = database("two_releases")
    with psycopg.connect(made.owner_url) as owner:
        owner.execute(
            """INSERT INTO playbooks (playbook_id, title, mitre_techniques, actions, review_status, approved_by)
            VALUES ('pb-contain', 'Contain a host', '{T1003}', '{isolate_host}', 'approved', 'lead')"""
        )
        # A release that adds a status widens this first.
        owner.execute("ALTER TABLE action_approvals DROP CONSTRAINT action_approvals_status_check")
    return made


@pytest.fixture(scope="module")
def start(
    shared_database: Database, redis_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[Path], Release]]:
    with ExitStack() as running:
        log = running.enter_context((tmp_path_factory.mktemp("releases") / "log").open("w"))

        def run(source: Path) -> Release:
            process = subprocess.Popen(
                [sys.executable, str(Path(__file__).with_name("release.py")), shared_database.url, redis_url],
                env={"PATH": os.environ["PATH"], "PYTHONPATH": str(source)},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
            release = Release(running.enter_context(process))  # it ends when its input does
            assert Path(release.do("source").result).is_relative_to(source)
            return release

        yield run


@pytest.fixture(scope="module")
def previous(start: Callable[[Path], Release], tmp_path_factory: pytest.TempPathFactory) -> Release:
    archive = subprocess.run(["git", "-C", str(ROOT), "archive", PREVIOUS, "shared"], capture_output=True, check=False)
    if archive.returncode:
        pytest.skip(f"The previous release, {PREVIOUS[:7]}, is not in this clone: git fetch --unshallow.")
    folder = tmp_path_factory.mktemp("previous")
    with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as tree:
        tree.extractall(folder, filter="data")
    return start(folder)


@pytest.fixture(scope="module")
def current(start: Callable[[Path], Release]) -> Release:
    return start(ROOT)


@pytest.fixture
def opened(current: Release, previous: Release, shared_database: Database) -> Callable[[Release], Case]:
    def open_case(release: Release) -> Case:
        tenant = f"tenant-{uuid4().hex[:12]}"
        return Case(tenant, release.do("open", alert=alert(tenant)).result, shared_database.owner_url)

    return open_case


def alert(tenant: str) -> dict[str, Any]:
    return {
        "alert_id": "alert-1",
        "source": "sentinel",
        "timestamp": "2026-11-20T08:00:00Z",
        "title": "LSASS memory read",
        "severity": "high",
        "tenant_id": tenant,
        "techniques": ["T1003.001"],
        "parsed_entities": {"hosts": [{"entity_type": "host", "primary_value": "ws-17"}]},
    }


@pytest.mark.parametrize("turns", [0, 1])
def test_case_that_two_releases_work_on_by_turns_ends_as_with_one(
    current: Release, previous: Release, opened: Callable[[Release], Case], turns: int
) -> None:
    one, other = (current, previous) if turns else (previous, current)
    case = opened(one)
    for number, step in enumerate(TO_THE_MODEL):
        asked = case.made(other if number % 2 else one, step)
    other.do("answer", topic=QUEUE, value=asked.on(QUEUE)[0])
    assert case.made(one, Step.JUDGE).result == "awaiting_human"
    other.do("approve", tenant=case.tenant, approval=case.approval())
    assert case.made(one, Step.RESOLVE_APPROVAL).result == "responding"
    responded = case.made(other, Step.RESPOND)
    assert responded.result == "closed"
    for action in responded.on("actions.pending"):
        one.do("execute", value=action)


STATE, FINDING, ALERT = "investigation_state.graph_state", "investigation_findings.finding", "investigation_state.alert"
RISKY = [{"action": "isolate_host", "target": "ws-17", "risk": "extreme"}]
UNKNOWN = [{"action": "quarantine_fleet", "target": "ws-17"}]


@pytest.fixture(params=["previous", "current"])
def reader(request: pytest.FixtureRequest, previous: Release, current: Release) -> Release:
    """The release that reads what a newer one stored."""
    return {"previous": previous, "current": current}[request.param]


def put(case: Case, where: str, path: str, value: Any) -> Any:
    """Store a value, or none, in the case's row as another release would; what stood there."""
    table, column = where.split(".")
    which = "investigation_id = %s" + (" AND step = 'reason'" if where == FINDING else "")
    ((before,),) = case.run(f"SELECT {column} #> %s FROM {table} WHERE {which}", path, case.investigation)
    changed, values = (
        (f"{column} #- %s", [path]) if value is None else (f"jsonb_set({column}, %s, %s)", [path, Jsonb(value)])
    )
    case.run(f"UPDATE {table} SET {column} = {changed} WHERE {which}", *values, case.investigation)
    return before


def check(answers: list[Answer], *, waits: bool) -> None:
    """Nobody failed for good, and the last one waits for the newer release, or need not."""
    assert all("Retryable" in answer.raised for answer in answers if answer.raised), answers
    assert ("StoredByAnotherVersion" in answers[-1].raised) == waits, answers


@pytest.mark.parametrize(
    ("where", "path", "value", "waits"),
    [
        (STATE, "{state}", "triaging", True),
        (STATE, "{degradation_level}", "half_capability", True),
        (STATE, "{recommended_actions}", UNKNOWN, True),
        (STATE, "{recommended_actions}", RISKY, True),
        (STATE, "{entities,hosts,0,entity_type}", "satellite", True),
        (STATE, "{classification}", "suspicious", False),
        (STATE, "{severity}", "catastrophic", False),
        (STATE, "{risk_state}", "rising", False),
        (FINDING, "{degradation_level}", "half_capability", True),
        (FINDING, "{recommended_actions}", UNKNOWN, True),
        (FINDING, "{recommended_actions}", RISKY, True),
        (FINDING, "{classification}", "suspicious", False),
        (FINDING, "{severity}", "catastrophic", False),
        (FINDING, "{risk_state}", "rising", False),
    ],
    ids=str,
)
def test_answered_case_with_a_name_that_a_newer_release_added_waits_or_is_judged_and_never_fails(
    current: Release, reader: Release, opened: Callable[[Release], Case], where: str, path: str, value: Any, waits: bool
) -> None:
    case = opened(current)
    job = case.made(current, *TO_THE_MODEL).on(QUEUE)[0]
    current.do("answer", topic=QUEUE, value=job)
    before = put(case, where, path, value)
    check([reader.ask("answer", topic=QUEUE, value=job), case.perform(reader, Step.JUDGE)], waits=waits)
    if waits:
        put(case, where, path, before)
    assert case.made(reader, Step.JUDGE).result == "awaiting_human"


@pytest.mark.parametrize("step", TO_THE_MODEL)
def test_case_with_a_severity_that_a_newer_release_added_waits_at_every_step(
    current: Release, opened: Callable[[Release], Case], step: Step
) -> None:
    """Release 0.1.0 fails such a case when it asks the model: no severity may be added while that release can run."""
    case = opened(current)
    for earlier in TO_THE_MODEL[: TO_THE_MODEL.index(step)]:
        case.made(current, earlier)
    before = put(case, STATE, "{alert_severity}", "catastrophic")
    check([case.perform(current, step)], waits=True)
    put(case, STATE, "{alert_severity}", before)
    assert case.made(current, *TO_THE_MODEL).result == "reasoning"


@pytest.mark.parametrize(
    ("where", "path", "value", "waits"),
    [
        (STATE, "{state}", "triaging", True),
        (ALERT, "{severity}", "catastrophic", False),
        (ALERT, "{parsed_entities,hosts,0,entity_type}", "satellite", True),
    ],
    ids=str,
)
def test_alert_that_comes_again_for_a_case_of_a_newer_release_is_delivered_again_or_taken_in(
    current: Release, reader: Release, opened: Callable[[Release], Case], where: str, path: str, value: Any, waits: bool
) -> None:
    case = opened(current)
    again = alert(case.tenant) | {"title": "LSASS memory read again"}
    before = put(case, where, path, value)
    check([reader.ask("open", alert=again)], waits=waits)
    if waits:
        put(case, where, path, before)
    assert reader.do("open", alert=again).result == case.investigation


@pytest.mark.parametrize(
    ("column", "value"), [("actions", UNKNOWN), ("actions", RISKY), ("status", "delegated")], ids=str
)
def test_approval_with_a_name_that_a_newer_release_added_waits_and_no_action_is_refused(
    current: Release, reader: Release, opened: Callable[[Release], Case], column: str, value: Any
) -> None:
    case = opened(current)
    current.do("answer", topic=QUEUE, value=case.made(current, *TO_THE_MODEL).on(QUEUE)[0])
    case.made(current, Step.JUDGE)
    current.do("approve", tenant=case.tenant, approval=case.approval())
    case.made(current, Step.RESOLVE_APPROVAL)
    action = case.made(current, Step.RESPOND).on("actions.pending")[0]
    ((before,),) = case.run(f"SELECT {column} FROM action_approvals WHERE approval_id = %s", case.approval())
    change = f"UPDATE action_approvals SET {column} = %s WHERE approval_id = %s"
    case.run(change, Jsonb(value) if column == "actions" else value, case.approval())
    answers = [reader.ask("approve", tenant=case.tenant, approval=case.approval())]
    if column == "actions":
        answers.append(reader.ask("execute", value=action))
    check(answers, waits=True)
    case.run(change, Jsonb(before) if column == "actions" else before, case.approval())
    reader.do("execute", value=action)
    assert case.run("SELECT status FROM executed_actions WHERE investigation_id = %s", case.investigation) == [
        ("dry_run",)
    ]


@pytest.mark.parametrize(
    ("field", "value", "waits"),
    [
        ("event_type", "alert.admired", False),
        ("event_category", "leisure", True),
        ("severity", "deafening", True),
        ("actor_type", "robot", True),
    ],
)
def test_audit_record_with_a_name_that_a_newer_release_added_is_shown_or_asked_for_again_later(
    current: Release, reader: Release, opened: Callable[[Release], Case], field: str, value: str, waits: bool
) -> None:
    case = opened(current)
    events = case.made(current, *TO_THE_MODEL[:2])
    current.do("append", values=events.on("audit.events"))
    ((known,),) = case.run(
        f"SELECT {field} FROM audit_records WHERE tenant_id = %s ORDER BY sequence_number DESC LIMIT 1", case.tenant
    )
    case.run("ALTER TABLE audit_records DISABLE TRIGGER audit_immutable_guard")
    case.run(
        "UPDATE audit_records SET canonical = replace(canonical, %s, %s) WHERE tenant_id = %s",
        *(f'"{field}":"{name}"' for name in (known, value)),
        case.tenant,
    )
    check([reader.ask("records", tenant=case.tenant, investigation=case.investigation)], waits=waits)
