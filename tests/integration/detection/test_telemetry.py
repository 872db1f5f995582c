"""Telemetry into its tables: months, files, messages, and what of it is refused."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from shared.bus.producer import MemoryProducer
from shared.bus.received import Received
from shared.contracts.tenant import EVERY_TENANT
from shared.detection.files import load
from shared.detection.intake import TABLES, TelemetryIntake
from shared.detection.telemetry import Telemetry, read_row
from shared.detection.telemetry_rows import COLUMNS
from shared.detection.upkeep import TelemetryUpkeep
from shared.errors import InvalidInput
from shared.stores.postgres import Postgres
from tests.conftest import Database

NOW = datetime.now(UTC)
ROWS: dict[str, dict[str, Any]] = {
    "databricks_audit": {"user_id": "u", "action": "login", "target_resource": "t"},
    "orbital_nl_query_logs": {"user_id": "u", "session_id": "s", "query_text": "q\x00"},
    "orbital_inference_logs": {
        **{"edge_node_id": "n", "model_version": "m", "input_hash": "i", "output_hash": "o"},
        **{"physics_check_result": "pass", "confidence_score": 0.5, "inference_latency_ms": 4},
    },
    "orbital_physics_oracle": {
        **{"edge_node_id": "n", "constraint_id": "c", "check_result": "Fail", "latency_ms": 4, "input_hash": "i"},
    },
    "model_registry": {"user_id": "u", "action": "register", "model_name": "m", "stage": "Production"},
    "cicd_audit": {"pipeline_id": "p", "trigger_type": "push", "commit_hash": "c", "tests_passed": ""},
    "orbital_api_logs": {
        **{"caller_ip": "192.0.2.1", "caller_identity": "u", "endpoint": "/e", "method": "GET", "response_code": "200"},
    },
    "opcua_telemetry": {"edge_node_id": "n", "sensor_count": 3},
    "partner_api_logs": {
        **{"partner_id": "p", "partner_name": "P", "direction": "Inbound", "response_code": 200, "mtls_verified": True},
    },
    "edge_node_telemetry": {"edge_node_id": "n", "model_weight_hash": "h", "boot_attestation": ""},
}  # fmt: skip


def row(table: str, tenant: str, **more: Any) -> dict[str, Any]:
    return {"ts": NOW.isoformat(), "tenant_id": tenant, **ROWS[table], **more}


async def count(store: Postgres, table: str, tenant: str) -> int:
    async with store.transaction(tenant) as connection:
        found = await (await connection.execute(f"SELECT count(*) AS n FROM {table}".encode())).fetchone()
    assert found
    return int(found["n"])


@pytest.mark.parametrize("table", COLUMNS)
async def test_row_of_each_table_is_stored_once_however_often_its_message_comes(
    store: Postgres, tenant: str, table: str
) -> None:
    topic = next(name for name, its in TABLES.items() if its == table)
    intake = TelemetryIntake(MemoryProducer(), Telemetry(store))
    message = Received(topic, json.dumps(row(table, tenant)).encode(), partition=1, offset=7)
    assert await intake.take([message]) == 1
    assert await intake.take([message]) == 0
    assert await count(store, table, tenant) == 1


@pytest.mark.parametrize(
    ("table", "more"),
    [
        ("databricks_audit", {"user_id": None}),
        ("databricks_audit", {"user_id": ""}),
        ("databricks_audit", {"ts": "2026-11-20T08:00:00"}),  # no zone
        ("databricks_audit", {"ts": (NOW + timedelta(hours=2)).isoformat()}),
        ("databricks_audit", {"ts": "1999-01-01T00:00:00Z"}),
        ("databricks_audit", {"ts": "9999-12-31T23:59:59Z"}),
        ("databricks_audit", {"tenant_id": "*"}),
        ("databricks_audit", {"source_ip": "999.1.1.1"}),
        ("orbital_inference_logs", {"confidence_score": 1.01}),
        ("orbital_inference_logs", {"confidence_score": float("nan")}),
        ("orbital_inference_logs", {"physics_check_result": "MAYBE"}),
        ("orbital_inference_logs", {"inference_latency_ms": -1}),
        ("opcua_telemetry", {"data_points_received": 2**31}),
        ("opcua_telemetry", {"protocol_violations": -1}),
        ("orbital_api_logs", {"response_payload_size": -5}),
        ("partner_api_logs", {"mtls_verified": None}),
        ("edge_node_telemetry", {"cpu_utilisation": float("inf")}),
    ],
)
def test_row_that_no_table_takes_is_refused_by_name(table: str, more: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput, match=f"{table}.{next(iter(more))}"):
        read_row(table, row(table, "t", **more), origin="o")


async def test_unreadable_message_is_a_dead_letter_and_the_rest_of_its_batch_is_stored(
    store: Postgres, tenant: str
) -> None:
    bus = MemoryProducer()
    good = json.dumps([row("opcua_telemetry", tenant), row("opcua_telemetry", tenant)]).encode()
    bodies = [b"{", b"[1]", json.dumps(row("opcua_telemetry", tenant, sensor_count=-1)).encode(), good]
    messages = [Received("telemetry.opcua.sensors", body, partition=0, offset=n) for n, body in enumerate(bodies)]
    assert await TelemetryIntake(bus, Telemetry(store)).take(messages) == 2
    assert len(bus.on("alerts.raw.dlq")) == 3


async def test_rows_of_several_tenants_in_one_batch_are_each_stored_for_their_own(store: Postgres, tenant: str) -> None:
    other = f"{tenant}-other"
    body = json.dumps([row("cicd_audit", tenant), row("cicd_audit", other)]).encode()
    await TelemetryIntake(MemoryProducer(), Telemetry(store)).take([Received("telemetry.cicd.audit", body)])
    assert (await count(store, "cicd_audit", tenant), await count(store, "cicd_audit", other)) == (1, 1)


async def test_largest_counts_are_stored(store: Postgres, tenant: str) -> None:
    largest = row("opcua_telemetry", tenant, data_points_received=2**31 - 1, sensor_count=10**9)
    size = row("partner_api_logs", tenant, payload_size=2**63 - 1)
    telemetry = Telemetry(store)
    assert await telemetry.store("opcua_telemetry", [read_row("opcua_telemetry", largest, origin=tenant)]) == 1
    assert await telemetry.store("partner_api_logs", [read_row("partner_api_logs", size, origin=tenant)]) == 1


def written(path: Path, rows: list[dict[str, Any]]) -> Path:
    """The rows in the format of the path's ending."""
    if path.suffix == ".csv":
        names = list(rows[0])
        path.write_text("\n".join([",".join(names), *(",".join(str(one[name]) for name in names) for one in rows)]))
    elif path.suffix == ".jsonl":
        path.write_text("\n".join(map(json.dumps, rows)))
    else:
        pyarrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
        parquet.write_table(pyarrow.Table.from_pylist(rows), path)
    return path


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
async def test_file_is_loaded_once_however_often_it_is_loaded(
    store: Postgres, tenant: str, tmp_path: Path, ending: str
) -> None:
    rows = [row("model_registry", tenant, model_name=f"m{n}") for n in range(30)]
    path = written(tmp_path / f"model_registry-2026.{ending}", rows)
    first, second = await load(Telemetry(store), path), await load(Telemetry(store), path)
    assert (first.new, first.refused, second.new, second.refused) == (30, 0, 0, 0)
    async with store.transaction(tenant) as connection:
        found = await (await connection.execute("SELECT DISTINCT stage FROM model_registry")).fetchall()
    assert found == [{"stage": "production"}]


async def test_refused_rows_of_a_file_are_counted_and_named(store: Postgres, tenant: str, tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    lines = [json.dumps(row("opcua_telemetry", tenant)), "{", json.dumps({"ts": NOW.isoformat()}), ""]
    path.write_text("\n".join(lines))
    loaded = await load(Telemetry(store), path, table="opcua_telemetry")
    assert (loaded.read, loaded.new, loaded.refused) == (3, 1, 2)
    assert loaded.reasons[0].startswith("row 2: opcua_telemetry")
    assert "opcua_telemetry.edge_node_id" in loaded.reasons[1]


@pytest.mark.parametrize("name", ["nothing.csv", "cicd_audit.xlsx", "cicd_audit.csv"])
async def test_file_that_cannot_be_read_is_refused(store: Postgres, tmp_path: Path, name: str) -> None:
    with pytest.raises(InvalidInput):
        await load(Telemetry(store), tmp_path / name)


async def test_upkeep_makes_the_months_ahead_once_and_keeps_what_rules_compare_with(
    store: Postgres, own_database: Database
) -> None:
    def months() -> set[str]:
        with psycopg.connect(own_database.owner_url) as owner:
            rows = owner.execute("SELECT relname FROM pg_class WHERE relnamespace = 'telemetry_months'::regnamespace")
            return {name for (name,) in rows if name.startswith("cicd_audit_2") and len(name) == 17}

    async with store.transaction(EVERY_TENANT) as connection:
        await connection.execute("SELECT make_telemetry_months(%s, %s)", (NOW - timedelta(days=400), NOW))
    old = f"cicd_audit_{NOW - timedelta(days=400):%Y%m}"
    assert old in months()
    upkeep = TelemetryUpkeep(store)
    for _ in range(2):
        await upkeep.tidy(now=NOW + timedelta(days=40))
    assert old not in months()
    assert {f"cicd_audit_{NOW + timedelta(days=days):%Y%m}" for days in (-31, 0, 31, 62, 95)} <= months()
    async with store.transaction(EVERY_TENANT) as connection:
        await connection.execute("SELECT drop_telemetry_months('9999-01-01')")
    assert {f"cicd_audit_{NOW + timedelta(days=days):%Y%m}" for days in (-31, 0)} <= months()


async def test_wrong_clock_makes_no_month(store: Postgres) -> None:
    with pytest.raises(InvalidInput, match="6 ahead"):
        async with store.transaction(EVERY_TENANT) as connection:
            await connection.execute("SELECT make_telemetry_months(now(), now() + interval '7 months')")


def test_product_reads_a_month_through_its_table_only(own_database: Database) -> None:
    with psycopg.connect(own_database.url) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(f"SELECT FROM telemetry_months.cicd_audit_{NOW:%Y%m}".encode())


async def test_source_that_names_its_rows_may_send_them_in_other_messages(store: Postgres, tenant: str) -> None:
    given = row("cicd_audit", tenant, id=str(uuid4()))
    read = [read_row("cicd_audit", given, origin=str(n)) for n in range(2)]
    assert await Telemetry(store).store("cicd_audit", read) == 1
