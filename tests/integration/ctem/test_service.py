"""ctem.raw.* through the seed's service: what is stored, what is published, what goes to the dead letters."""

import json
from pathlib import Path
from typing import Any

import pytest

from shared.bus.outbox import Outbox
from shared.bus.producer import MemoryProducer
from shared.contracts.dead_letter import DeadLetter
from shared.ctem.exposures import Exposures
from shared.ctem.finding import Tool
from shared.ctem.reading import Reports
from shared.ctem.scoring import exposure_key
from shared.ctem.service import CTEMNormaliserService
from shared.errors import StoreUnavailable
from shared.stores.postgres import Postgres

SAMPLES = Path(__file__).parents[3] / "local" / "samples" / "scans"
TIMES = {"scanned_at": b"2026-11-28T05:00:00Z"}
# Of each sample, one finding: its title, its asset and the severity of the seed's matrix.
EXPECTED = {
    "wiz-issues.csv": ("Managed identity with write access to the model registry", "CRITICAL"),
    "snyk-open-source.json": ("Deserialization of Untrusted Data in torch [SNYK-PYTHON-TORCH-0000001]", "CRITICAL"),
    "garak.report.jsonl": ("promptinject.HijackKillHumans / promptinject.AttackRogueString", "MEDIUM"),
    "art.json": ("ProjectedGradientDescent (evasion)", "CRITICAL"),
    "burp.xml": ("SQL injection: [tag parameter]", "HIGH"),
    "custom.json": ("Engineering port reachable from the office network", "CRITICAL"),
}


@pytest.fixture
def service(reports: Reports, producer: MemoryProducer) -> CTEMNormaliserService:
    return CTEMNormaliserService(reports, producer)


def headers(tenant: str, **more: str) -> dict[str, bytes]:
    return {"tenant_id": tenant.encode(), **TIMES, **{name: value.encode() for name, value in more.items()}}


def dead(producer: MemoryProducer) -> list[DeadLetter]:
    return [DeadLetter.from_json(message.value) for message in producer.on("ctem.normalized.dlq")]


async def published(outbox: Outbox, producer: MemoryProducer, tenant: str) -> list[dict[str, Any]]:
    await outbox.settled()
    await outbox.sweep()
    values = [json.loads(message.value) for message in producer.on("ctem.normalized")]
    return [value for value in values if value["tenant_id"] == tenant]


@pytest.mark.parametrize("name", EXPECTED)
async def test_sample_of_each_scanner_is_stored_and_published(
    service: CTEMNormaliserService, store: Postgres, tenant: str, name: str, outbox: Outbox, producer: MemoryProducer
) -> None:
    tool = Tool(name.partition(".")[0].partition("-")[0])
    assert await service.process_message(f"ctem.raw.{tool}", (SAMPLES / name).read_bytes(), headers=headers(tenant))
    title, severity = EXPECTED[name]
    (found,) = [value for value in await published(outbox, producer, tenant) if value["title"] == title]
    assert found["severity"] == severity
    assert found["exposure_key"] == exposure_key(tool, title, found["asset_id"])
    kept = await Exposures(store).exposure(tenant, found["exposure_key"])
    assert kept.exposure.model_dump(mode="json") == found
    assert dead(producer) == []


async def test_redelivered_message_publishes_nothing_more(
    service: CTEMNormaliserService, tenant: str, outbox: Outbox, producer: MemoryProducer
) -> None:
    for _ in range(2):
        await service.process_message("ctem.raw.art", (SAMPLES / "art.json").read_bytes(), headers=headers(tenant))
    assert len(await published(outbox, producer, tenant)) == 1


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"", "an empty file"),
        (b"\xef\xbb\xbf \n", "an empty file"),
        (b"PK\x03\x04rest", "a zip file"),
        (b'{"items": []}', "issues CSV (columns Title, Severity"),
        (b"a,b\n1,2\n", "issues CSV (columns Title, Severity"),
        (b"\x00\xff\xfe", "one of:"),
    ],
)
async def test_unknown_layout_is_a_dead_letter_that_says_what_was_expected(
    service: CTEMNormaliserService, tenant: str, producer: MemoryProducer, raw: bytes, expected: str
) -> None:
    assert await service.process_message("ctem.raw.wiz", raw, headers=headers(tenant), key="k") is None
    (letter,) = dead(producer)
    assert (letter.original, letter.key, letter.source_topic) == (raw, "k", "ctem.raw.wiz")
    assert expected in letter.reason


async def test_row_that_cannot_be_read_costs_that_row_and_is_named(
    service: CTEMNormaliserService, tenant: str, outbox: Outbox, producer: MemoryProducer
) -> None:
    raw = (SAMPLES / "wiz-issues.csv").read_bytes().replace(b"CRITICAL,OPEN", b"CATASTROPHIC,OPEN")
    assert await service.process_message("ctem.raw.wiz", raw, headers=headers(tenant))
    assert len(await published(outbox, producer, tenant)) == 2
    (letter,) = dead(producer)
    assert letter.original == raw
    assert "line 2: Severity: got 'CATASTROPHIC', expected one of CRITICAL, HIGH" in letter.reason


async def test_full_scan_with_a_refused_row_resolves_nothing(
    service: CTEMNormaliserService, store: Postgres, tenant: str
) -> None:
    raw = (SAMPLES / "wiz-issues.csv").read_bytes()
    await service.process_message("ctem.raw.wiz", raw, headers=headers(tenant, full_scan_of="plant"))
    broken = raw.replace(b"CRITICAL,OPEN", b"CATASTROPHIC,OPEN")
    later = headers(tenant, full_scan_of="plant", scanned_at="2026-11-29T05:00:00Z")
    await service.process_message("ctem.raw.wiz", broken, headers=later)
    assert len(await Exposures(store).open_on(tenant, ["web-03.northlight.example"])) == 1


@pytest.mark.parametrize("given", [{"tenant_id": b"*"}, {"tenant_id": b"\xff"}, {"scanned_at": b"yesterday"}])
async def test_header_that_cannot_be_read_is_refused(
    service: CTEMNormaliserService, tenant: str, producer: MemoryProducer, given: dict[str, bytes]
) -> None:
    raw = (SAMPLES / "art.json").read_bytes()
    assert await service.process_message("ctem.raw.art", raw, headers=headers(tenant) | given) is None
    assert "header" in dead(producer)[0].reason


async def test_message_without_a_store_is_to_be_delivered_again(producer: MemoryProducer, tenant: str) -> None:
    class Without(Reports):
        def __init__(self) -> None:
            pass

        async def read(self, *_: Any, **__: Any) -> Any:
            raise StoreUnavailable("PostgreSQL", "gone")

    with pytest.raises(StoreUnavailable):
        await CTEMNormaliserService(Without(), producer).process_message("ctem.raw.wiz", b"x", headers=headers(tenant))
    assert dead(producer) == []
