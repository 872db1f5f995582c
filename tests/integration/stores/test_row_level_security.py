"""A tenant sees itself only: PostgreSQL holds it, for every table, whatever a query forgets."""

from uuid import uuid4

import psycopg
import pytest

from shared.contracts.tenant import EVERY_TENANT
from shared.stores.postgres import Postgres
from tests.conftest import Database

# One valid row of each table for a tenant; %(id)s differs from row to row.
ROWS = {
    "investigation_state": "(investigation_id, tenant_id, alert_id, source, alert_title, severity, state, graph_state,"
    " alert) VALUES (%(id)s, %(tenant)s, 'a', 's', 't', 'low', 'received', '{}', '{}')",
    "investigation_transitions": "VALUES (%(id)s, %(tenant)s, 'step', 1, 'received', 'parsing', 'agent', 'why')",
    "investigation_findings": "VALUES (%(id)s, %(tenant)s, 'step', 1, '{}')",
    "alert_updates": "VALUES (%(id)s, %(tenant)s, 'digest', '{title}', '{}')",
    "outbox": "(tenant_id, investigation_id, topic, key, value) VALUES (%(tenant)s, %(id)s, 't', 'k', '')",
    "action_approvals": "(approval_id, investigation_id, tenant_id, actions, actions_hash, reason, requested_at,"
    " expires_at) VALUES (%(id)s, %(id)s, %(tenant)s, '[]', 'h', 'r', now(), now())",
    "dispositions": "(disposition_id, tenant_id, investigation_id, disposition, reason, decided_by)"
    " VALUES (%(id)s, %(tenant)s, %(id)s, 'd', 'r', 'p')",
    "notifications": "(notification_id, tenant_id, channel, notice) VALUES (%(id)s, %(tenant)s, 'teams', '{}')",
    "executed_actions": "VALUES (%(id)s, %(id)s, %(tenant)s, 'a', 't', 'dry_run', 'd', 'b')",
    "org_context": "(tenant_id, entity_type, entity_name, name_key) VALUES (%(tenant)s, 'host', %(id)s, %(id)s)",
    "protected_assets": "VALUES (%(tenant)s, %(id)s, 'host', %(id)s, 'r', 'p')",
    "audit_chain_state": "(tenant_id) VALUES (%(tenant)s)",
    "audit_records": "VALUES (%(tenant)s, 0, %(id)s, '0', '0', now(), now(), 't', 'c', 's', 'a', 'a', '', '', '{}',"
    " '{}', '{}', '')",
    "audit_verification_log": "(tenant_id, verification_type, records_checked, from_sequence, to_sequence, chain_valid,"
    " errors, duration_ms) VALUES (%(tenant)s, 'on_demand', 0, 0, 0, true, '[]', 1)",
    "audit_verification_progress": "(tenant_id) VALUES (%(tenant)s)",
    "incident_memory": "VALUES (%(id)s, %(tenant)s, 'i', 'n', 'p', 'low', 'c', 'o', '{}', 's')",
    "risk_signals": "VALUES (%(tenant)s, %(id)s, 1, 's', now())",
    "fp_patterns": "(pattern_id, tenant_id, status, pattern) VALUES (%(id)s, %(tenant)s, 'shadow', '{}')",
    "playbook_drafts": "(playbook_id, tenant_id, draft) VALUES (%(id)s, %(tenant)s, '{}')",
    "kill_switches": "VALUES (%(tenant)s, 'pattern', %(id)s, 'a', 'r')",
    "escalation_budgets": "(tenant_id, taken) VALUES (%(tenant)s, '{}')",
    "shadow_modes": "(tenant_id, rule_key, rule, reason, set_by) VALUES (%(tenant)s, %(id)s, 'a', 'r', 'p')",
    "ctem_exposures": "(tenant_id, exposure_key, asset_id, severity, status, ctem_score, source_tool, exposure)"
    " VALUES (%(tenant)s, %(id)s, 'a', 'LOW', 'Open', 1, 't', '{}')",
    "spend_ledger": "(call_id, tenant_id, month, task_type, model_tier, reserved_usd)"
    " VALUES (%(id)s, %(tenant)s, '2026-11-01', 't', 'm', 0)",
    "polled_tables": "(tenant_id, workspace_id, source_table, read_until, page_rows)"
    " VALUES (%(tenant)s, %(id)s, 't', now(), 1)",
    "polled_rows": "VALUES (%(tenant)s, %(id)s, 't', sha256(''), now())",
    "incidents": "(incident_id, tenant_id, title) VALUES (%(id)s, %(tenant)s, 't')",
    "incident_alerts": "(tenant_id, alert_id, incident_id, investigation_id, source, title, severity, product, tactics,"
    " techniques, principals, began_at, ended_at, linked_by, reason)"
    " VALUES (%(tenant)s, 'a', %(id)s, 'i', 's', 't', 'low', 'p', '{}', '{}', '{}', now(), now(), 'rule', 'r')",
    "incident_traces": "VALUES (%(tenant)s, 'host', 'h', 'a', now())",
    "technique_sightings": "VALUES (%(tenant)s, %(id)s)",
    "incident_expected_alerts": "VALUES (%(tenant)s, 'a', %(id)s)",
    "databricks_audit": "(tenant_id, ts, user_id, action, target_resource) VALUES (%(tenant)s, now(), 'u', 'a', 't')",
    "orbital_nl_query_logs": "(tenant_id, ts, user_id, session_id, query_text)"
    " VALUES (%(tenant)s, now(), 'u', 's', 'q')",
    "orbital_inference_logs": "(tenant_id, ts, edge_node_id, model_version, input_hash, output_hash,"
    " physics_check_result, confidence_score, inference_latency_ms)"
    " VALUES (%(tenant)s, now(), 'n', 'm', 'i', 'o', 'PASS', 1, 1)",
    "orbital_physics_oracle": "(tenant_id, ts, edge_node_id, constraint_id, check_result, latency_ms, input_hash)"
    " VALUES (%(tenant)s, now(), 'n', 'c', 'PASS', 1, 'i')",
    "model_registry": "(tenant_id, ts, user_id, action, model_name) VALUES (%(tenant)s, now(), 'u', 'a', 'm')",
    "cicd_audit": "(tenant_id, ts, pipeline_id, trigger_type, commit_hash)"
    " VALUES (%(tenant)s, now(), 'p', 'push', 'c')",
    "orbital_api_logs": "(tenant_id, ts, caller_ip, caller_identity, endpoint, method, response_code)"
    " VALUES (%(tenant)s, now(), '192.0.2.1', 'c', 'e', 'GET', 200)",
    "opcua_telemetry": "(tenant_id, ts, edge_node_id) VALUES (%(tenant)s, now(), 'n')",
    "partner_api_logs": "(tenant_id, ts, partner_id, partner_name, direction, response_code, mtls_verified)"
    " VALUES (%(tenant)s, now(), 'p', 'n', 'inbound', 200, true)",
    "edge_node_telemetry": "(tenant_id, ts, edge_node_id, model_weight_hash) VALUES (%(tenant)s, now(), 'n', 'h')",
    "atlas_alert_state": "(tenant_id, dedupe_key, rule_id, signal, entity, bucket_start, first_fired_at,"
    " first_alert_id, max_confidence, max_severity, triggers)"
    " VALUES (%(tenant)s, %(id)s, 'r', 's', 'e', now(), now(), 'a', 1, 'low', '{}')",
    "atlas_rule_runs": "(tenant_id, rule_id) VALUES (%(tenant)s, %(id)s)",
    "atlas_tunings": "(tenant_id, rule_id, version, thresholds, reason, changed_by)"
    " VALUES (%(tenant)s, %(id)s, 1, '{}', 'r', 'p')",
    "batch_queues": "(tenant_id, task_type, waiting) VALUES (%(tenant)s, %(id)s, 0)",
    "batch_jobs": "(job_id, tenant_id, task_type, status, item_count, next_look_at)"
    " VALUES (%(id)s, %(tenant)s, 't', 'failed', 1, now())",
    "batch_tasks": "(task_id, tenant_id, task_type, task, size_bytes) VALUES (%(id)s, %(tenant)s, 't', '{}', 2)",
    "late_entities": "(tenant_id, alert_id, next_try_at) VALUES (%(tenant)s, %(id)s, now())",
}
AUDIT = ("audit_chain_state", "audit_records")  # written by a role of their own
ALL_TENANTS = {
    "threat_intel_iocs",
    "playbooks",
    "playbook_versions",
    "spend_months",
}  # shared by all tenants, by design


@pytest.fixture(scope="module")
def tenants(own_database: Database) -> tuple[str, str]:
    """Two tenants with one row each in every table."""
    first, second = f"first-{uuid4().hex[:8]}", f"second-{uuid4().hex[:8]}"
    with psycopg.connect(own_database.owner_url, autocommit=True) as owner:
        owner.execute("INSERT INTO spend_months VALUES ('2026-11-01', 0) ON CONFLICT DO NOTHING")
        for tenant in (first, second):
            identity = str(uuid4())
            for table, rest in ROWS.items():
                owner.execute(f"INSERT INTO {table} {rest}".encode(), {"id": identity, "tenant": tenant})
    return first, second


def test_every_table_with_a_tenant_has_row_level_security(owner: psycopg.Connection) -> None:
    rows = owner.execute(
        "SELECT c.relname, c.relrowsecurity, p.qual FROM pg_class c"
        " JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id'"
        " LEFT JOIN pg_policies p ON p.tablename = c.relname AND p.permissive = 'PERMISSIVE'"
        " WHERE c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace"
    ).fetchall()
    # Not forced on the owner: migrations change rows of all tenants, and nothing else connects as the owner.
    assert {name: (secured, policy) for name, secured, policy in rows} == dict.fromkeys(
        ROWS, (True, "in_tenant_scope(tenant_id)")
    ) | {"reader_tenants": (True, "(login = SESSION_USER)")}


def test_readers_are_bound_in_every_table_that_they_see(owner: psycopg.Connection) -> None:
    rows = owner.execute(
        "SELECT table_name, (SELECT qual FROM pg_policies WHERE tablename = table_name AND policyname = 'reader_scope')"
        " FROM information_schema.table_privileges WHERE grantee = 'aluskort_reader' AND privilege_type = 'SELECT'"
    ).fetchall()
    assert dict(rows) == dict.fromkeys(ROWS, "may_read(tenant_id)") | dict.fromkeys([*ALL_TENANTS, "reader_tenants"])


@pytest.mark.parametrize("allowed", ["own", "*", None])
def test_a_reader_sees_the_tenants_that_were_given_to_its_login(
    own_database: Database, owner: psycopg.Connection, tenants: tuple[str, str], allowed: str | None
) -> None:
    login = f"bi_{uuid4().hex[:8]}"
    owner.execute(f"CREATE ROLE {login} LOGIN PASSWORD 'simulated' IN ROLE aluskort_reader".encode())
    if allowed:
        owner.execute("INSERT INTO reader_tenants VALUES (%s, %s)", (login, tenants[0] if allowed == "own" else "*"))
    url = psycopg.conninfo.make_conninfo(own_database.owner_url, user=login, password="simulated")
    with psycopg.connect(url, autocommit=True) as reader:
        reader.execute("SELECT set_config('aluskort.tenant', '*', false)")
        found = reader.execute(
            "SELECT tenant_id FROM audit_records WHERE tenant_id = ANY(%s)", (list(tenants),)
        ).fetchall()
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            reader.execute("INSERT INTO reader_tenants VALUES (session_user, '*')")
    expected = {"own": {tenants[0]}, "*": set(tenants), None: set()}[allowed]
    assert {tenant for (tenant,) in found} == expected


def test_every_table_without_a_tenant_is_known_to_be_shared(owner: psycopg.Connection) -> None:
    rows = owner.execute(
        "SELECT table_name FROM information_schema.table_privileges WHERE grantee = 'aluskort_app'"
    ).fetchall()
    assert {name for (name,) in rows} - set(ROWS) - {"audit_rejected"} == ALL_TENANTS


def test_the_products_role_cannot_step_around_the_policies(owner: psycopg.Connection) -> None:
    row = owner.execute(
        "SELECT rolsuper, rolbypassrls, rolcreaterole, rolcreatedb,"
        " (SELECT count(*) FROM pg_class WHERE relowner = r.oid) FROM pg_roles r WHERE rolname = 'aluskort_app'"
    ).fetchone()
    assert row == (False, False, False, False, 0)


@pytest.mark.parametrize("table", ROWS)
async def test_a_tenant_sees_its_own_rows_only(store: Postgres, tenants: tuple[str, str], table: str) -> None:
    async def seen(scope: str) -> set[str]:
        async with store.transaction(scope) as connection:
            cursor = await connection.execute(
                f"SELECT tenant_id FROM {table} WHERE tenant_id = ANY(%s)".encode(), (list(tenants),)
            )
            return {row["tenant_id"] for row in await cursor.fetchall()}

    assert await seen(tenants[0]) == {tenants[0]}
    assert await seen(tenants[1]) == {tenants[1]}
    assert await seen(EVERY_TENANT) == set(tenants)
    assert await seen("another") == set()
    assert await seen("") == set()


@pytest.mark.parametrize("table", ROWS)
def test_without_a_scope_there_is_no_row(own_database: Database, tenants: tuple[str, str], table: str) -> None:
    with psycopg.connect(own_database.url) as connection:
        assert connection.execute(f"SELECT count(*) FROM {table}".encode()).fetchone() == (0,)


@pytest.mark.parametrize("table", ROWS)
def test_a_tenant_cannot_write_for_another(own_database: Database, tenants: tuple[str, str], table: str) -> None:
    values = {"id": str(uuid4()), "tenant": f"third-{uuid4().hex[:8]}"}
    with psycopg.connect(own_database.url) as connection:
        connection.execute("SELECT set_config('aluskort.tenant', %s, false)", (tenants[0],))
        if table in AUDIT:
            connection.execute("SET ROLE aluskort_audit")
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"):
            connection.execute(f"INSERT INTO {table} {ROWS[table]}".encode(), values)


async def test_scope_ends_with_its_transaction(own_database: Database, tenants: tuple[str, str]) -> None:
    narrow = Postgres(own_database.url, pool_size=1)
    async with narrow.transaction(tenants[0]) as connection:
        process = connection.info.backend_pid
    async with connection.transaction(force_rollback=True):  # nobody set a scope here
        cursor = await connection.execute("SELECT tenant_id FROM fp_patterns")
        assert await cursor.fetchall() == []
    async with narrow.transaction(tenants[1]) as connection:
        assert connection.info.backend_pid == process
        cursor = await connection.execute("SELECT tenant_id FROM fp_patterns")
        assert [row["tenant_id"] for row in await cursor.fetchall()] == [tenants[1]]
    await narrow.close()


async def test_rejected_audit_messages_are_seen_by_no_tenant(
    store: Postgres, owner: psycopg.Connection, tenants: tuple[str, str]
) -> None:
    owner.execute("INSERT INTO audit_rejected VALUES (%s, '', 't', 'r')", (uuid4().hex,))
    async with store.transaction(tenants[0]) as connection:
        cursor = await connection.execute("SELECT count(*) AS n FROM audit_rejected")
        assert await cursor.fetchone() == {"n": 0}
    async with store.transaction(EVERY_TENANT) as connection:
        cursor = await connection.execute("SELECT count(*) AS n FROM audit_rejected")
        assert await cursor.fetchone() == {"n": 1}
