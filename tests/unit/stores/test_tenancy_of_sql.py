"""What a tenant reads costs what the tenant has: every statement names it (design §4), and its domain's tables only."""

import re
from pathlib import Path

import pytest

from shared.stores.migrations import FOLDER
from shared.stores.statements import statements

SHARED = Path(__file__).parents[3] / "shared"
STATEMENTS = {
    f"{path.relative_to(SHARED).as_posix()}:{name}": text
    for path in sorted(SHARED.rglob("*.sql"))
    if path.parent.name != "migrations"
    for name, text in statements(path).items()
}
CREATED = re.compile(r"CREATE TABLE (\w+) \((.*?)\n\)", re.DOTALL)
COLUMNS = {table: body for path in sorted(FOLDER.glob("*.sql")) for table, body in CREATED.findall(path.read_text())}
OF_TENANTS = {table for table, body in COLUMNS.items() if re.search(r"^\s*tenant_id\b", body, re.MULTILINE)}
READ = re.compile(r"(?:\bFROM|\bJOIN|\bUPDATE|\bUSING|,)\s+(\w+)")
INTO = re.compile(r"\bINTO\s+(\w+)")
BY_VALUE = re.compile(r"\btenant_id = %\(tenant_id\)s")
BY_JOIN = re.compile(r"\btenant_id = \w+\.tenant_id\b|\bJOIN \w+(?: AS)? \w+ USING \([^)]*\btenant_id\b")
NAMED = re.compile(r"\b(?:FROM|JOIN|INTO|UPDATE)\s+(\w+)")
REASON = re.compile(r"^-- (For every tenant\b.{5,})", re.MULTILINE)

# The domain that writes a table. Whoever else names it is listed below.
OWNERS = {
    "access": {"kill_switches", "shadow_modes"},
    "audit": {
        "audit_chain_state",
        "audit_records",
        "audit_verification_log",
        "audit_verification_progress",
        "audit_rejected",
    },
    "batch": {"batch_queues", "batch_jobs", "batch_tasks"},
    "bus": {"outbox"},
    "ctem": {"ctem_exposures", "technique_sightings"},
    "detection": {
        "databricks_audit",
        "orbital_nl_query_logs",
        "orbital_inference_logs",
        "orbital_physics_oracle",
        "model_registry",
        "cicd_audit",
        "orbital_api_logs",
        "opcua_telemetry",
        "partner_api_logs",
        "edge_node_telemetry",
        "atlas_alert_state",
        "atlas_rule_runs",
        "atlas_tunings",
    },
    "gateway": {"spend_months", "spend_ledger"},
    "incidents": {"incidents", "incident_alerts", "incident_traces", "incident_expected_alerts"},
    "ingestion": {"polled_tables", "polled_rows", "late_entities"},
    "investigation": {
        "investigation_state",
        "investigation_transitions",
        "investigation_findings",
        "alert_updates",
        "action_approvals",
        "dispositions",
        "escalation_budgets",
    },
    "knowledge": {"threat_intel_iocs", "incident_memory", "risk_signals", "fp_patterns"},
    "notifications": {"notifications"},
    "response": {
        "playbooks",
        "playbook_drafts",
        "playbook_versions",
        "executed_actions",
        "org_context",
        "protected_assets",
    },
    "stores": {"reader_tenants"},
}
GUESTS = {
    "detection/rules/alert_fatigue.sql:arrivals": "the rule is about the arrival of all alerts (detections.md §4.11)",
    "response/executor.sql:find_approval": "the last lock before an action: it trusts the stored answer alone",
}


def tables(text: str) -> set[str]:
    return set(NAMED.findall(text)) & set(COLUMNS)


def without_comments(text: str) -> str:
    return re.sub(r"--.*", "", text)


def names_the_tenant(text: str) -> bool:
    """Whether it inserts with a tenant, and holds each table that it reads or changes to one: by value or by a join."""
    code = without_comments(text)
    inserted = len(re.findall(r"\bINTO\s+\w+(?: AS \w+)?\s*\([^)]*\btenant_id\b", code))
    read = [table for table in READ.findall(code) if table in OF_TENANTS]
    held = BY_VALUE.findall(code) + BY_JOIN.findall(code)
    into = [table for table in INTO.findall(code) if table in OF_TENANTS]
    return inserted == len(into) and len(held) >= len(read) and (not read or bool(BY_VALUE.search(code)))


@pytest.mark.parametrize("name", STATEMENTS)
def test_statement_on_a_tenants_table_names_the_tenant_or_says_why_not(name: str) -> None:
    text = STATEMENTS[name]
    if tables(without_comments(text)) & OF_TENANTS:
        assert names_the_tenant(text) or REASON.search(text)


OF_ONE = "tenant_id = %(tenant_id)s"


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        (f"SELECT FROM outbox WHERE {OF_ONE}", True),
        ("SELECT FROM outbox WHERE key = %(key)s", False),
        (f"SELECT FROM outbox o JOIN late_entities l USING (tenant_id, alert_id) WHERE {OF_ONE}", True),
        (f"SELECT FROM outbox o JOIN late_entities l USING (alert_id) WHERE o.{OF_ONE}", False),
        (f"SELECT FROM outbox o JOIN late_entities l ON l.tenant_id = o.tenant_id WHERE o.{OF_ONE}", True),
        (f"SELECT FROM outbox o LEFT JOIN late_entities l ON l.alert_id = o.key WHERE o.{OF_ONE}", False),
        (f"SELECT FROM outbox o, late_entities l WHERE l.alert_id = o.key AND o.{OF_ONE}", False),
        (f"SELECT FROM outbox WHERE {OF_ONE} AND EXISTS (SELECT FROM late_entities WHERE alert_id = key)", False),
        (f"DELETE FROM outbox USING late_entities WHERE alert_id = key AND {OF_ONE}", False),
        ("SELECT FROM outbox o JOIN late_entities l USING (tenant_id)", False),
        ("INSERT INTO outbox (tenant_id, key) VALUES (%(tenant_id)s, %(key)s)", True),
        ("INSERT INTO outbox (key) VALUES (%(key)s)", False),
        ("INSERT INTO outbox (tenant_id, key) SELECT tenant_id, alert_id FROM late_entities", False),
    ],
)
def test_each_table_of_a_statement_must_be_held_to_the_tenant(text: str, holds: bool) -> None:
    assert names_the_tenant(text) is holds


def test_no_statement_claims_every_tenant_without_need() -> None:
    assert [name for name, text in STATEMENTS.items() if REASON.search(text) and names_the_tenant(text)] == []


@pytest.mark.parametrize("name", STATEMENTS)
def test_statement_names_the_tables_of_its_own_domain(name: str) -> None:
    domain = name.partition("/")[0]
    strangers = tables(without_comments(STATEMENTS[name])) - OWNERS.get(domain, set())
    assert not strangers or name in GUESTS or name.partition(":")[0] in GUESTS


def test_every_table_has_one_owner() -> None:
    owned = [table for found in OWNERS.values() for table in found]
    assert sorted(owned) == sorted(COLUMNS)


def test_every_guest_is_one_still() -> None:
    files = {name.partition(":")[0] for name in STATEMENTS} | set(STATEMENTS)
    assert set(GUESTS) <= files
