"""What the hot statements read: with 200 tenants, the rows of one through an index, never the whole table."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, LiteralString

import psycopg
import pytest

from shared.stores.postgres import Postgres
from shared.stores.statements import statements
from tests.conftest import Database

SHARED = Path(__file__).parents[3] / "shared"
TENANT = "tenant-7"
ROWS: tuple[LiteralString, ...] = (
    "INSERT INTO fp_patterns (pattern_id, tenant_id, status, approved_by_1, approved_by_2, expires_at, pattern)"
    " SELECT 'p-' || t || '-' || n, 'tenant-' || t, 'active', 'a', 'b', now() + interval '30 days', '{}'"
    " FROM generate_series(1, 200) t, generate_series(1, 20) n",
    "INSERT INTO risk_signals (tenant_id, entity_id, investigation_priority, source, observed_at)"
    " SELECT 'tenant-' || t, 'host-' || n, 5, 'ueba', now() FROM generate_series(1, 200) t, generate_series(1, 50) n",
    "INSERT INTO ctem_exposures (tenant_id, exposure_key, asset_id, asset_zone, severity, status, ctem_score,"
    " source_tool, exposure) SELECT 'tenant-' || t, 'k-' || n, 'HOST-' || n, 'z', 'HIGH', 'New', 5, 'wiz', '{}'"
    " FROM generate_series(1, 200) t, generate_series(1, 50) n",
    "INSERT INTO incident_memory (doc_id, tenant_id, investigation_id, alert_name, alert_product, severity,"
    " final_classification, outcome, mitre_techniques, summary, happened_at)"
    " SELECT 'd-' || t || '-' || n, 'tenant-' || t, 'i', 'alert-' || n, 'p', 'high', 'true_positive', 'responded',"
    " ARRAY['T1003'], 's', now() FROM generate_series(1, 200) t, generate_series(1, 30) n",
    "INSERT INTO investigation_state (investigation_id, tenant_id, alert_id, source, alert_title, severity, state,"
    " graph_state, alert) SELECT 'i-' || t || '-' || n, 'tenant-' || t, 'a-' || n, 's', 't', 'high', 'reasoning',"
    " '{}', '{}' FROM generate_series(1, 200) t, generate_series(1, 20) n",
    "INSERT INTO investigation_findings (investigation_id, tenant_id, step, attempt, round, finding)"
    " SELECT investigation_id, tenant_id, 'reason', n, 1, '{}' FROM investigation_state, generate_series(1, 2) n",
    "INSERT INTO action_approvals (approval_id, investigation_id, tenant_id, actions, actions_hash, reason,"
    " requested_at, expires_at) SELECT 'ap-' || investigation_id, investigation_id, tenant_id, '[]', 'h', 'r', now(),"
    " now() + interval '4 hours' FROM investigation_state",
    "INSERT INTO kill_switches (tenant_id, dimension, value, activated_by, reason)"
    " SELECT 'tenant-' || t, 'pattern', 'p-' || n, 'a', 'r' FROM generate_series(1, 200) t, generate_series(1, 10) n",
    "ANALYZE",
)
CASE = {"tenant_id": TENANT, "investigation_id": "i-7-3"}
ADVANCE = {
    **dict.fromkeys(("state_before", "state", "agent", "reasoning", "severity", "step"), "closed"),
    **{"round": 1, "version": 0, "confidence": 0.5, "llm_calls": 1, "total_cost_usd": 0.1, "graph_state": "{}"},
}
FIRST_PAGE = {"tenant_id": TENANT, "moment": None, "row_id": None, "limit": 21}
HOT = [
    ("knowledge/fp_patterns", "patterns_in_force", {"tenant_id": TENANT, "alert_name": "x"}),
    ("knowledge/risk", "signals_of_entities", {"tenant_id": TENANT, "entities": ["host-1", "host-2"]}),
    ("ctem/exposures", "open_exposures_of_assets", {"tenant_id": TENANT, "assets": ["host-1", "host-2"]}),
    (
        "knowledge/incidents",
        "incidents_of_the_same_alert_or_technique",
        {"tenant_id": TENANT, "alert_name": "alert-1", "techniques": ["T1003"], "limit": 20},
    ),
    ("investigation/repository", "load", CASE),
    ("investigation/repository", "findings", {**CASE, "round": 1, "steps": ["reason"]}),
    ("investigation/repository", "advance", {**CASE, **ADVANCE}),
    ("investigation/approvals", "lock", {"tenant_id": TENANT, "approval_id": "ap-i-7-3"}),
    ("access/kill_switch", "active", {"tenant_id": TENANT, "dimensions": ["pattern"], "values": ["p-1"]}),
    ("investigation/case_file", "newest_cases", {**FIRST_PAGE, "state": None, "severity": None}),
    ("investigation/case_file", "oldest_cases", {**FIRST_PAGE, "state": None, "severity": None}),
    ("investigation/case_file", "next_to_expire", FIRST_PAGE),
    ("investigation/case_file", "last_to_expire", FIRST_PAGE),
]


@pytest.fixture(scope="module")
async def filled(database: Callable[[str], Database]) -> Any:
    """A store with the rows of 200 tenants."""
    made = database("plans")
    with psycopg.connect(made.owner_url, autocommit=True) as owner:
        for statement in ROWS:
            owner.execute(statement)
    store = Postgres(made.url)
    yield store
    await store.close()


@pytest.mark.parametrize(("file", "name", "values"), HOT, ids=[f"{file}:{name}" for file, name, _ in HOT])
async def test_hot_statement_reads_no_whole_table(
    filled: Postgres, file: str, name: str, values: dict[str, Any]
) -> None:
    statement = statements(SHARED / f"{file}.sql")[name]
    async with filled.transaction(TENANT) as connection:
        rows = await (await connection.execute(b"EXPLAIN " + statement.encode(), values)).fetchall()
        await connection.rollback()
    plan = [row["QUERY PLAN"] for row in rows]
    assert not [line for line in plan if "Seq Scan on" in line], "\n".join(plan)
