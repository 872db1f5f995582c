"""What a rule reads of a year of telemetry: the months of its windows, and no other whole (EXPLAIN)."""

import re
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from shared.detection.catalogue import TABLES, catalogue
from shared.detection.rule import Window
from shared.stores.postgres import Postgres
from tests.conftest import Database
from tests.unit.stores.test_tenancy_of_sql import STATEMENTS

NOW = datetime.now(UTC)
MONTHS = 12
RULES = {detection.rule.name: detection.rule for detection in catalogue().values()}
ASKED = [name for name in STATEMENTS if name.startswith("detection/rules/") and "alert_fatigue" not in name]
# Which model was last put into production may have been decided long ago: found by its stage, through an index.
OLD_BY_INDEX = {"model_registry"}
FILL = """
INSERT INTO databricks_audit (tenant_id, ts, user_id, action, target_resource)
SELECT 't', at, 'u' || n % 50, 'deltaTableWrite', 't' FROM times;
INSERT INTO orbital_nl_query_logs (tenant_id, ts, user_id, session_id, query_text)
SELECT 't', at, 'u' || n % 50, 's' || n, 'q' FROM times;
INSERT INTO orbital_inference_logs (tenant_id, ts, edge_node_id, model_version, input_hash, output_hash,
    physics_check_result, confidence_score, inference_latency_ms)
SELECT 't', at, 'n' || n % 50, 'm', 'i', 'o', 'PASS', 0.9, 50 FROM times;
INSERT INTO orbital_physics_oracle (tenant_id, ts, edge_node_id, constraint_id, check_result, latency_ms, input_hash)
SELECT 't', at, 'n' || n % 50, 'c', 'PASS', 20, 'i' FROM times;
INSERT INTO model_registry (tenant_id, ts, user_id, action, model_name, model_hash, stage)
SELECT 't', at, 'u', 'register', 'm', 'h' || n, CASE n % 5000 WHEN 0 THEN 'production' ELSE 'staging' END FROM times;
INSERT INTO cicd_audit (tenant_id, ts, pipeline_id, trigger_type, commit_hash)
SELECT 't', at, 'p', 'push', n FROM times;
INSERT INTO orbital_api_logs (tenant_id, ts, caller_ip, caller_identity, endpoint, method, response_code)
SELECT 't', at, '192.0.2.1', 'u' || n % 50, '/predict', 'GET', 200 FROM times;
INSERT INTO opcua_telemetry (tenant_id, ts, edge_node_id, data_points_received)
SELECT 't', at, 'n' || n % 50, n FROM times;
INSERT INTO partner_api_logs (tenant_id, ts, partner_id, partner_name, direction, response_code, mtls_verified)
SELECT 't', at, 'p' || n % 50, 'P', 'inbound', 200, true FROM times;
INSERT INTO edge_node_telemetry (tenant_id, ts, edge_node_id, model_weight_hash)
SELECT 't', at, 'n' || n % 50, 'h' FROM times;
"""


@pytest.fixture(scope="module")
async def year(database: Callable[[str], Database]) -> AsyncIterator[Postgres]:
    """A year of telemetry and its whole first month, as a small one needs no index; 20,000 rows a table."""
    made = database("rule_plans")
    with psycopg.connect(made.owner_url, autocommit=True) as owner:
        owner.execute("SELECT make_telemetry_months(%s, %s)", (NOW - timedelta(days=366), NOW))
        owner.execute(
            "CREATE TEMP TABLE times AS"
            " SELECT n, now() - n * (now() - date_trunc('month', now() - interval '1 year')) / 20000 AS at"
            " FROM generate_series(1, 19999) AS n"
        )
        owner.execute(FILL.encode())
        owner.execute("VACUUM ANALYZE")
    store = Postgres(made.url)
    yield store
    await store.close()


def scans(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if "Relation Name" in plan:
        yield plan
    for part in plan.get("Plans", []):
        yield from scans(part)


@pytest.mark.parametrize("name", ASKED)
async def test_rule_reads_the_months_of_its_windows_and_no_older_one_whole(year: Postgres, name: str) -> None:
    rule = RULES[re.findall(r"rules/(\w+)\.sql", name)[0]]
    window = Window.ending(NOW, rule)
    bound = {**rule.thresholds, **window.parameters(), "tenant_id": "t"}
    async with year.transaction("t") as connection:
        asked = b"EXPLAIN (FORMAT JSON) " + STATEMENTS[name].encode()
        row = await (await connection.execute(asked, bound)).fetchone()
    assert row
    found = list(scans(row["QUERY PLAN"][0]["Plan"]))
    assert found
    first = f"{min(window.baseline_start, NOW - timedelta(hours=24)):%Y%m}"
    for scan in found:
        table, month = re.fullmatch(r"(\w+)_(\d{6})", scan["Relation Name"]).groups()  # type: ignore[union-attr]
        assert table in TABLES
        if month < first:
            assert table in OLD_BY_INDEX
            assert scan["Node Type"] != "Seq Scan"
