"""SIGKILL at the checkpoints of a case: its end, its actions and its audit records are those of an undisturbed one.

The suite takes one in thirty-one; ``ALUSKORT_TEST_EVERY_CHECKPOINT=1`` takes all, which
is some minutes.
"""

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from shared.contracts.alert import NormalizedAlert
from shared.investigation.case import investigation_id
from tests.conftest import Database

KILLED = -9
ROOT = Path(__file__).parents[3]
ALL = bool(os.environ.get("ALUSKORT_TEST_EVERY_CHECKPOINT"))
# Of each table what a crash must not change: ids, times and versions differ from case to case.
STORED = {
    "case": "SELECT state, graph_state->>'outcome', graph_state->>'classification', graph_state->>'llm_calls',"
    " graph_state->>'total_cost_usd', jsonb_array_length(graph_state->'decision_chain') FROM investigation_state",
    "transitions": "SELECT step, round, version, state_before, state_after, agent, reasoning"
    " FROM investigation_transitions",
    "approvals": "SELECT status, decided_by, actions FROM action_approvals",
    "actions": "SELECT action, target, status, approved_by FROM executed_actions",
    "records": "SELECT event_type, canonical::jsonb->'decision', canonical::jsonb->'outcome' FROM audit_records",
    "outbox": "SELECT topic FROM outbox",
}


@dataclass(frozen=True)
class Cases:
    """Cases of tenants of their own, and the process that works on them."""

    process: subprocess.Popen[str]
    folder: Path
    owner_url: str

    def begin(self) -> tuple[str, Path]:
        """A tenant with one alert on its bus."""
        tenant = f"tenant-{uuid4().hex[:12]}"
        (self.folder / tenant).mkdir()
        alert = NormalizedAlert.model_validate({
            "alert_id": "alert-1",
            "source": "sentinel",
            "timestamp": "2026-11-20T08:00:00Z",
            "title": "LSASS memory read",
            "severity": "high",
            "tenant_id": tenant,
            "techniques": ["T1003.001"],
            "parsed_entities": {"hosts": [{"entity_type": "host", "primary_value": "ws-17"}]},
        })  # fmt: skip
        line = json.dumps(["alerts.normalized", alert.to_json().decode()])
        (self.folder / tenant / "messages").write_text(line + "\n")
        return tenant, self.folder / tenant

    def run(self, tenant: str, *, last: int = 0) -> int:
        """Work until nothing is left to do, or until the checkpoint numbered ``last``; the exit code."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        request = {
            "folder": str(self.folder / tenant),
            "last": last,
            "tenant": tenant,
            "investigation": investigation_id(tenant, "alert-1"),
        }
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())

    def left(self, tenant: str) -> dict[str, Counter[str]]:
        """What the case left in each table, without order."""
        with psycopg.connect(self.owner_url) as owner:
            return {
                table: Counter(
                    json.dumps(row, default=str, sort_keys=True).replace(tenant, "TENANT")
                    for row in owner.execute(f"{query} WHERE tenant_id = %s".encode(), (tenant,)).fetchall()
                )
                for table, query in STORED.items()
            }


@pytest.fixture(scope="module")
def cases(
    database: Callable[[str], Database], redis_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Cases]:
    own = database("killed_cases")
    with psycopg.connect(own.owner_url) as owner:
        owner.execute(
            """INSERT INTO playbooks (playbook_id, title, mitre_techniques, actions, review_status, approved_by)
            VALUES ('pb-contain', 'Contain a host', '{T1003}', '{isolate_host}', 'approved', 'lead')"""
        )
    folder = tmp_path_factory.mktemp("killed")
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "ALUSKORT_POSTGRES_URL": own.url,
        "ALUSKORT_REDIS_URL": redis_url,
        "ALUSKORT_KAFKA_BROKERS": "none",
        "ALUSKORT_OIDC_ISSUER": "none",
        "ALUSKORT_OIDC_AUDIENCE": "none",
        "ALUSKORT_OIDC_JWKS_URL": "none",
        "ANTHROPIC_API_KEY": "none",
    }
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.integration.investigation.killed_case"],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
        with process:
            yield Cases(process, folder, own.owner_url)


@pytest.mark.slow  # two processes for every checkpoint
@pytest.mark.timeout(3600 if ALL else 600)
def test_case_killed_at_any_checkpoint_ends_as_one_that_was_not(cases: Cases) -> None:
    undisturbed, folder = cases.begin()
    assert cases.run(undisturbed) == 0, (cases.folder / "log").read_text()
    expected = cases.left(undisturbed)
    assert sum(expected["actions"].values()) == 1
    assert not expected["outbox"]
    checkpoints = (folder / "checkpoints").read_text().splitlines()
    assert len(checkpoints) > 50
    every = list(enumerate(checkpoints, 1))
    chosen, killed = every if ALL else every[::31], 0
    for number, name in chosen:
        tenant, _ = cases.begin()
        ended = cases.run(tenant, last=number)
        assert ended in {KILLED, 0}, name  # relays may publish in fewer parts this time
        killed += ended == KILLED
        assert cases.run(tenant) == 0, name
        left = cases.left(tenant)
        assert [
            (table, "more", left[table] - rows, "less", rows - left[table])
            for table, rows in expected.items()
            if left[table] != rows
        ] == [], f"killed at checkpoint {number}, {name}"
    assert killed > len(chosen) / 2
