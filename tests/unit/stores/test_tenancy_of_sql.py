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
NAMED = re.compile(r"\b(?:FROM|JOIN|INTO|UPDATE)\s+(\w+)")
REASON = re.compile(r"^-- (For every tenant\b.{5,})", re.MULTILINE)

# The domain that writes a table. Whoever else names it is listed below.
OWNERS = {
    "access": {"kill_switches"},
    "audit": {
        "audit_chain_state",
        "audit_records",
        "audit_verification_log",
        "audit_verification_progress",
        "audit_rejected",
    },
    "bus": {"outbox"},
    "ctem": {"ctem_exposures"},
    "gateway": {"spend_months", "spend_ledger"},
    "ingestion": {"polled_tables", "polled_rows", "late_entities"},
    "investigation": {
        "investigation_state",
        "investigation_transitions",
        "investigation_findings",
        "alert_updates",
        "action_approvals",
    },
    "knowledge": {"threat_intel_iocs", "incident_memory", "risk_signals", "fp_patterns"},
    "response": {"playbooks", "executed_actions"},
    "stores": {"reader_tenants"},
}
GUESTS = {
    "response/executor.sql:find_approval": "the last lock before an action: it trusts the stored answer alone",
}


def tables(text: str) -> set[str]:
    return set(NAMED.findall(text)) & set(COLUMNS)


def without_comments(text: str) -> str:
    return re.sub(r"--.*", "", text)


def names_the_tenant(text: str) -> bool:
    code = without_comments(text)
    inserts = re.search(r"INSERT INTO \w+(?: AS \w+)?\s*\([^)]*\btenant_id\b", code)
    return bool(inserts) or re.search(r"\btenant_id = %\(tenant_id\)s", code) is not None


@pytest.mark.parametrize("name", STATEMENTS)
def test_statement_on_a_tenants_table_names_the_tenant_or_says_why_not(name: str) -> None:
    text = STATEMENTS[name]
    if tables(without_comments(text)) & OF_TENANTS:
        assert names_the_tenant(text) or REASON.search(text)


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
