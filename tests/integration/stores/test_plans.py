"""What each statement on a tenant's table reads among 21,000 rows a table: a few of that tenant's, through an index."""

import re
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime, timedelta
from hashlib import md5
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg.types.json import Jsonb

from shared.stores.postgres import Postgres
from tests.conftest import Database
from tests.unit.stores.test_tenancy_of_sql import OF_TENANTS, REASON, STATEMENTS, without_comments

READ = re.compile(r"\b(?:FROM|JOIN|UPDATE)\s+(\w+)")
LARGE = (OF_TENANTS | {"threat_intel_iocs"}) - {"audit_chain_state", "audit_verification_progress"}  # one row a tenant
ASKED = [name for name, text in STATEMENTS.items() if set(READ.findall(without_comments(text))) & LARGE]

# Tenants of 7, 280 and 8,400 cases: the case that the statements are about, and how many rows they may read. Of what
# others call by the same name there are thirty.
TENANTS = {"small": (3001, 20), "middle": (3002, 100), "big": (3006, 100)}
THOUSANDS = {
    "knowledge/incidents.sql:incidents_of_the_same_alert_or_technique": 1_050,
    # A person asks what one pattern would have closed of all that the tenant had, or takes one out of force.
    **dict.fromkeys(
        (f"investigation/judged_cases.sql:{name}" for name in ("count", "history", "closed_by_pattern")), 9_000
    ),
    "detection/rules/alert_fatigue.sql:arrivals": 6_000,  # it counts a week of one tenant
}
AGO = datetime.now(UTC) - timedelta(days=40)


def _uuid(name: str) -> UUID:
    return UUID(md5(name.encode(), usedforsecurity=False).hexdigest())


def parameters(tenant_id: str, case: int) -> dict[str, Any]:
    """What a parameter of this name may be, in whichever statement."""
    words = ("state", "state_before", "agent", "reasoning", "step", "alert_title", "nobodys")
    return {
        **dict.fromkeys(("moment", "row_id", "place", "event_type", "actor_id", "since", "until"), None),
        **dict.fromkeys(("confidence", "total_cost_usd", "amount"), 0.1),
        **dict.fromkeys(("llm_calls", "next_skip", "found_skip", "first"), 0),
        **dict.fromkeys(("limit", "at_most", "page_rows"), 20),
        **dict.fromkeys(
            (
                "age",
                "time",
                "every",
                "lease",
                "first_pause",
                "give_up_after",
                "pause",
                "time_limit",
                "budget",
                "give_up",
            ),
            timedelta(hours=1),
        ),
        **dict.fromkeys(("last_timestamp", "read_until", "next_at", "older_than", "found_until", "found_at"), AGO),
        **dict.fromkeys(("graph_state", "alert"), Jsonb({})),
        **dict.fromkeys(words, "closed"),
        **{"severity": "high", "outcome": "given_up", "status": "denied", "decided_by": "p", "comment": ""},
        **{"tenant_id": tenant_id, "investigation_id": f"i-{case}", "approval_id": f"ap-{case}", "version": 2},
        **{"audit_id": f"r-{case}", "audit_ids": [f"r-{number}" for number in range(200)]},
        **{"last": 9, "last_sequence": 9, "last_hash": "0" * 64, "round": 1, "steps": ["reason"]},
        **{"alert_name": "alert-100", "techniques": ["T1"], "entities": ["host-100"], "assets": ["host-100"]},
        **{"dimensions": ["pattern"], "values": [f"p-{case}"], "ids": [case], "call_id": UUID(int=case)},
        **{"workspace_id": f"w-{case}", "source_table": "SecurityAlert", "digests": [b"0" * 32]},
        **{"dimension": "pattern", "value": f"p-{case}", "rule_key": f"rule-{case}"},
        **{"action_id": f"x-{case}", "attempts": 0, "new_status": "running", "subject": Jsonb({})},
        **{"detail": "d", "approved_by": "p"},
        **{"name_key": f"host-{case}", "entity_type": "host", "keys": [f"host-{case // 30}", f"host-{case}"]},
        **{
            "open_exposures": Jsonb([]),
            "actions": Jsonb([]),
            "denied_actions": Jsonb([]),
            "actions_hash": "h",
            "kind": "requested",
        },
        **{"notification_id": f"n-{case}", "channels": ["teams"]},
        **{
            "incident_id": f"c-{case}",
            "incident_ids": [f"c-{case}"],
            "investigation_ids": [f"i-{case}"],
            "into": "c-0",
            "alert_id": f"a-{case}",
        },
        **{
            "pattern_id": f"p-{case}",
            "pattern_status": "active",
            "approved_by_1": "p",
            "approved_by_2": "q",
            "expires_at": AGO,
            "pattern": Jsonb({}),
            "entity_keys": ["", f"host:host-{case}"],
        },
        **{"playbook_id": f"pb-{case}", "draft": Jsonb({}), "decision": "approved", "playbook": Jsonb({})},
        **{"kinds": ["host"], "names": ["host-100"], "begun_since": AGO, "begun_until": datetime.now(UTC)},
        **{"source": "sentinel", "source_incident": str(case), "apart_from": [], "linked_to": [], "room": 1},
        **{"decided": True, "classification": "true_positive", "linked_by": "rule", "reason": "r"},
        **{"exposure_key": f"k-{case}", "score": None, "tool": "wiz", "scope": "scan-1", "at": AGO, "person": "p"},
        **{"owner": "p", "exposure_keys": [f"k-{case}"], "asset_ids": ["HOST-1"], "asset_names": [""]},
        **{"asset_zones": ["z"], "severities": ["HIGH"], "statuses": ["Open"], "ctem_scores": [5.0]},
        **{"source_tools": ["wiz"], "exposures": ["{}"], "detailed": ["{}"], "digests": [b"0"], "counts": [1]},
        **{"first_seens": [AGO], "last_seens": [AGO], "clocks": [AGO], "deadlines": [AGO]},
        **{"resolved_ats": [None], "reopeneds": [0]},
        **{
            "task_type": "t",
            "job_id": _uuid(f"job{case // 5}"),
            "task_ids": [_uuid(f"task{case}")],
            "factor": 0.9,
            "rule": f"alert-{case // 30}",
            "pattern_ids": [f"p-{case}", f"p-{case // 30}"],
        },
        **{"tasks": [Jsonb({})], "sizes": [2], "added": 1, "flush_count": 50, "flush_age": timedelta(hours=6)},
        **{"most_bytes": 100, "taken": 0, "error": "e", "errors": ["e"], "prompts": ["h"], "results": [Jsonb({})]},
        **{"most_attempts": 3, "not_sent": 0, "item_count": 1, "batch_api_id": "b-new", "batch_api_ids": ["b-1"]},
        **{
            "succeeded": 1,
            "failed": 0,
            "cost_usd": 0.1,
            "pattern_id": f"p-{case}",
            "pattern_status": "revoked",
            "pattern": Jsonb({}),
            "entity_keys": ["", f"host:host-{case}"],
        },
        **{"playbook_id": f"pb-{case}", "draft": Jsonb({}), "decision": "approved", "playbook": Jsonb({})},
        **dict.fromkeys(("approved_by_1", "approved_by_2", "expires_at"), None),
        **{"source_status": "Active", "source_classification": ""},
        **{"rule_id": "r-1", "signal": "rec", "entity": f"e-{case}", "dedupe_key": f"k-{case}", "triggers": ["t"]},
        **{"ran_until": AGO, "error": "e", "bucket_start": AGO, "end": AGO, "before": AGO},
        **{"baseline_start": AGO + timedelta(days=30), "window_start": AGO + timedelta(days=39)},
        **{"window_end": datetime.now(UTC), "time_zone": "UTC", "phrases": "ignore"},
        **{"api_count": 100, "timeout_ms": 5_000, "grace_minutes": 120, "opens_at": 6, "closes_at": 22},
        **{"least_spread": 0.1, "thresholds": Jsonb({}), "silent": [], "changed_by": "p"},
        **{"waiting": [f"a-{case}"], "alert_ids": [f"a-{case}"], "failing": ["ctem.normalized"]},
    }


@pytest.fixture(scope="module")
async def filled(database: Callable[[str], Database]) -> AsyncIterator[Postgres]:
    """A store with the rows of 200 tenants."""
    made = database("plans")
    with psycopg.connect(made.owner_url, autocommit=True) as owner:
        owner.execute(Path(__file__).with_name("filled_tables.sql").read_bytes())
        owner.execute("VACUUM ANALYZE")
    store = Postgres(made.url)
    yield store
    await store.close()


async def scans(store: Postgres, name: str, tenant: str) -> list[dict[str, Any]]:
    """The scans of a statement's plan, as it ran; what it changed is undone."""
    text = STATEMENTS[name]
    async with store.transaction("*" if REASON.search(text) else tenant) as connection:
        if name.startswith("audit/ledger.sql"):
            await connection.execute("SET LOCAL ROLE aluskort_audit")
        asked = b"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) " + text.encode()
        row = await (await connection.execute(asked, parameters(tenant, TENANTS[tenant][0]))).fetchone()
        await connection.rollback()
    assert row is not None
    plan = row["QUERY PLAN"][0]["Plan"]
    return [node for node in _nodes(plan) if "Relation Name" in node and node["Node Type"] != "ModifyTable"]


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for part in plan.get("Plans", []):
        yield from _nodes(part)


def read(scan: dict[str, Any]) -> float:
    """How many rows it looked at."""
    removed = scan.get("Rows Removed by Filter", 0) + scan.get("Rows Removed by Index Recheck", 0)
    return float((scan["Actual Rows"] + removed) * scan["Actual Loops"])


@pytest.mark.parametrize("tenant", TENANTS)
@pytest.mark.parametrize("name", ASKED)
async def test_statement_reads_few_rows_and_no_large_table_whole(filled: Postgres, name: str, tenant: str) -> None:
    found = [scan for scan in await scans(filled, name, tenant) if scan["Relation Name"] in LARGE]
    assert [scan for scan in found if scan["Node Type"] == "Seq Scan"] == []
    most = TENANTS["big" if REASON.search(STATEMENTS[name]) else tenant][1]
    assert sum(map(read, found)) <= THOUSANDS.get(name, most), found
