"""What becomes of the bodies that Sentinel's event hub delivers."""

import asyncio
import json
from dataclasses import replace
from typing import Any

import pytest

from shared.bus.producer import MemoryProducer
from shared.contracts.alert import CanonicalAlert, SeverityLevel
from shared.contracts.dead_letter import DeadLetter
from shared.contracts.incident import SourceIncident
from shared.errors import BusUnavailable, StoreUnavailable
from shared.ingestion import IngestReport, Intake, SentinelConnector
from shared.ingestion.adapter import sentinel


def row(alert_id: str = "a-1", **columns: Any) -> dict[str, Any]:
    return {
        "TenantId": "tenant-1",
        "TimeGenerated": "2026-11-20T08:14:22.1234567Z",
        "AlertName": "Something happened",
        "AlertSeverity": "High",
        "SystemAlertId": alert_id,
        "Entities": '[{"$id": "1", "HostName": "ws-1", "Type": "host"}]',
        "Type": "SecurityAlert",
        **columns,
    }


async def ingest(body: Any, headers: dict[str, bytes] | None = None) -> tuple[IngestReport, MemoryProducer]:
    producer = MemoryProducer()
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return await SentinelConnector(producer).ingest(data, headers=headers or {}), producer


def alerts(producer: MemoryProducer) -> list[CanonicalAlert]:
    return [CanonicalAlert.from_json(message.value) for message in producer.on("alerts.raw")]


def dead_letters(producer: MemoryProducer) -> list[DeadLetter]:
    return [DeadLetter.from_json(message.value) for message in producer.on("alerts.raw.dlq")]


@pytest.mark.parametrize("body", [{"records": [row()]}, [row()], row()], ids=["envelope", "array", "bare row"])
async def test_every_shape_gives_the_same_alert(body: Any) -> None:
    report, producer = await ingest(body)
    assert report == IngestReport(published=1)
    (alert,) = alerts(producer)
    assert (alert.alert_id, alert.tenant_id, alert.severity, alert.source) == ("a-1", "tenant-1", "high", "sentinel")
    assert producer.on("alerts.raw")[0].key == "a-1"
    assert alert.raw_payload == row()


async def test_poison_row_leaves_its_neighbours_alone_and_keeps_its_own_bytes() -> None:
    poison = '{"SystemAlertId" :  "a-2",\n "AlertName": "no tenant \\u00e9"}'
    body = (
        f'{{"note": "\\"records\\": [", "records": [{json.dumps(row())}, {poison}, {json.dumps(row("a-3"))}]}}'.encode()
    )
    report, producer = await ingest(body, {"origin": b"export-1"})
    assert report == IngestReport(published=2, dead_lettered=1)
    assert [alert.alert_id for alert in alerts(producer)] == ["a-1", "a-3"]
    (dead_letter,) = dead_letters(producer)
    assert dead_letter.original == poison.encode()
    assert dead_letter.error_type == "InvalidInput"
    assert "TenantId" in dead_letter.reason
    assert dead_letter.headers == {"origin": "ZXhwb3J0LTE="}
    assert dead_letter.source_topic == "sentinel-alerts"


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b'{"records": [{"Tena', "expected JSON"),
        (b"", "expected JSON"),
        (b"\xff\xfe\x00", "expected JSON"),
        (b"[" * 100_000, "expected JSON"),
        (b'{"records": 7}', "an array of rows"),
        (b'"text"', "one row"),
        (b'[{"TenantId": "t"}]', "SystemAlertId"),
        (json.dumps([7]).encode(), "an object"),
        (json.dumps(row(TimeGenerated="yesterday")).encode(), "TimeGenerated"),
        (json.dumps(row(TenantId="*")).encode(), "tenant_id"),
        (json.dumps(row(Deep=json.loads("[" * 90 + "]" * 90))).encode(), "levels"),
        (json.dumps([1] * 6_000).encode(), "6000 rows"),
    ],
)
async def test_unreadable_body_goes_to_the_dead_letters_once(body: bytes, reason: str) -> None:
    report, producer = await ingest(body)
    assert report == IngestReport(dead_lettered=1)
    (dead_letter,) = dead_letters(producer)
    assert reason in dead_letter.reason
    assert dead_letter.original in body
    assert producer.on("alerts.raw") == []


async def test_over_large_body_is_kept_complete_in_parts() -> None:
    body = json.dumps(row(Description="x" * 1_200_000)).encode()
    report, producer = await ingest(body)
    assert report == IngestReport(dead_lettered=1)
    parts = dead_letters(producer)
    assert len(parts) == 3
    assert b"".join(part.original for part in parts) == body
    assert len({message.key for message in producer.on("alerts.raw.dlq")}) == 1


async def test_padded_alert_is_published_without_its_padding() -> None:
    report, producer = await ingest([row(Entities="x" * 600_000), row("a-2")])
    assert report == IngestReport(published=2)
    padded, other = alerts(producer)
    assert (padded.flags, padded.raw_payload, len(padded.entities_raw)) == (["raw_payload_dropped"], {}, 600_000)
    assert (other.alert_id, other.flags) == ("a-2", [])


async def test_unknown_severity_becomes_medium_and_is_flagged() -> None:
    _, producer = await ingest([row(AlertSeverity="Severe"), row("a-2", AlertSeverity=None)])
    first, second = alerts(producer)
    assert (first.severity, first.flags) == (SeverityLevel.MEDIUM, ["severity_unknown:Severe"])
    assert (second.severity, second.flags) == (SeverityLevel.MEDIUM, ["severity_missing"])


async def test_heartbeats_are_dropped_and_counted() -> None:
    report, producer = await ingest({"records": [{"Type": "Heartbeat", "Computer": "c"}, row()]})
    assert report == IngestReport(published=1, dropped=1)
    assert len(alerts(producer)) == 1


async def test_mapped_workspace_belongs_to_its_tenant_and_any_other_to_itself() -> None:
    producer = MemoryProducer()
    rows = [row(TenantId="AAAA-1"), row("a-2", TenantId="bbbb-2")]
    connector = SentinelConnector(producer, tenants={"aaaa-1": "northlight"})
    await connector.ingest(json.dumps(rows).encode(), headers={})
    assert [alert.tenant_id for alert in alerts(producer)] == ["northlight", "bbbb-2"]


async def test_workspace_id_stands_in_for_the_tenant_and_keys_come_in_any_case() -> None:
    given = {name.lower(): value for name, value in row(WorkspaceId="w-1").items() if name != "TenantId"}
    _, producer = await ingest(given)
    assert alerts(producer)[0].tenant_id == "w-1"


async def test_exported_alert_without_a_workspace_belongs_to_the_directory_that_it_names() -> None:
    identifiers = [{"Type": "AzureResource", "AzureResourceId": "/x"}, {"Type": "AAD", "AadTenantId": "directory-1"}]
    _, producer = await ingest(row(TenantId=None, ResourceIdentifiers=identifiers))
    assert alerts(producer)[0].tenant_id == "directory-1"


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
async def test_other_encodings_are_read(encoding: str) -> None:
    _, producer = await ingest(json.dumps([row(AlertName="Grüße")], ensure_ascii=False).encode(encoding))
    assert alerts(producer)[0].title == "Grüße"


async def test_hostile_characters_lose_no_alert() -> None:
    body = json.dumps(row(AlertName="a\x00b\x1b[31m", Description="x \ud800 y", Score=float("nan"))).encode()
    report, producer = await ingest(body)
    assert report == IngestReport(published=1)
    assert b"\\u0000" not in producer.on("alerts.raw")[0].value
    (alert,) = alerts(producer)
    assert alert.title == "a\ufffdb[31m"
    assert alert.raw_payload["Score"] is None


async def test_long_title_is_cut_and_flagged_and_complete_in_the_payload() -> None:
    _, producer = await ingest(row(AlertName="t" * 5_000))
    (alert,) = alerts(producer)
    assert len(alert.title) == 2_048
    assert alert.flags == ["title_cut"]
    assert len(alert.raw_payload["AlertName"]) == 5_000


async def test_body_of_many_rows_leaves_time_for_others_between_them() -> None:
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    other = asyncio.create_task(count())
    report, producer = await ingest([row(f"a-{number}") for number in range(2_000)])
    other.cancel()
    assert report == IngestReport(published=2_000)
    assert [alert.alert_id for alert in alerts(producer)] == [f"a-{number}" for number in range(2_000)]
    assert turns >= 20


async def test_unavailable_bus_raises_so_that_the_body_comes_again() -> None:
    class Away(MemoryProducer):
        async def publish(self, *_: Any, **__: Any) -> None:
            raise BusUnavailable("away")

    with pytest.raises(BusUnavailable):
        await SentinelConnector(Away()).ingest(json.dumps([row(), {}]).encode(), headers={})


async def test_row_that_raises_an_unexpected_error_goes_to_the_dead_letters() -> None:
    def broken(row: Any) -> CanonicalAlert:
        raise RecursionError("nobody thought of this")

    producer = MemoryProducer()
    adapter = replace(sentinel("sentinel-alerts"), to_canonical=broken)
    report = await Intake(producer, adapter).ingest(json.dumps(row()).encode(), headers={})
    assert report == IngestReport(dead_lettered=1)
    assert "nobody thought of this" in dead_letters(producer)[0].reason


INCIDENT = {
    "TenantId": "aaaa-1",
    "IncidentName": "n-1",
    "IncidentNumber": 4711,
    "Title": "Multi-stage incident",
    "AlertIds": '["a-1", "a-2"]',
    "Type": "SecurityIncident",
}


async def test_incident_is_passed_on_as_the_grouping_that_it_is_to_the_owner_of_its_workspace() -> None:
    taken: list[SourceIncident] = []

    async def regroup(grouping: SourceIncident) -> None:
        taken.append(grouping)

    producer = MemoryProducer()
    connector = SentinelConnector(producer, tenants={"aaaa-1": "northlight"}, regroup=regroup)
    report = await connector.ingest(json.dumps([INCIDENT, row()]).encode(), headers={})
    assert report == IngestReport(published=1, dropped=1)
    assert taken == [
        SourceIncident(
            tenant_id="northlight",
            source="sentinel",
            number="4711",
            title="Multi-stage incident",
            alert_ids=["a-1", "a-2"],
        )
    ]


async def test_incident_that_cannot_be_taken_over_holds_up_no_alert(caplog: pytest.LogCaptureFixture) -> None:
    async def regroup(_: SourceIncident) -> None:
        raise StoreUnavailable("PostgreSQL", "down")

    producer = MemoryProducer()
    nameless = {name: value for name, value in INCIDENT.items() if name != "TenantId"}
    body = json.dumps([INCIDENT, nameless, row()]).encode()
    assert (await SentinelConnector(producer, regroup=regroup).ingest(body, headers={})).published == 1
    assert [line.levelname for line in caplog.records if "is not taken over" in line.message] == ["WARNING", "WARNING"]
