"""Every sample becomes what local/samples/README.md says, and the reference data fits its contracts."""

import json

import pytest

from local.demo.knowledge import KNOWLEDGE as KNOWLEDGE_FILE
from local.samples import SAMPLES
from shared.bus.producer import MemoryProducer
from shared.contracts.batch import FPPattern
from shared.contracts.entity import CATEGORIES, AlertEntities
from shared.contracts.exposure import CTEMExposure
from shared.ingestion import SentinelConnector
from shared.knowledge.fp_patterns import fits
from shared.knowledge.indicators import Indicator
from shared.parsing.service import EntityParserService
from shared.response.playbooks import Playbook

KNOWLEDGE = json.loads(KNOWLEDGE_FILE.read_text())
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in (SAMPLES / "README.md").read_text().split("## What the company knows already")[0].splitlines()
    if line.startswith("|") and not line.startswith(("|---", "| file"))
]


def counts(entities: AlertEntities) -> str:
    return ", ".join(f"{name} {len(getattr(entities, name))}" for name in CATEGORIES if getattr(entities, name))


def test_table_lists_every_sample() -> None:
    files = {path.stem for path in SAMPLES.glob("*.json")} - {"knowledge"}
    assert {row[0] for row in ROWS} == files
    assert len(files) >= 25


@pytest.mark.parametrize("row", ROWS, ids=[row[0] for row in ROWS])
async def test_sample_becomes_what_the_table_says(row: list[str]) -> None:
    stem, product, severity, published, entities, expected = row
    producer = MemoryProducer()
    report = await SentinelConnector(producer).ingest((SAMPLES / f"{stem}.json").read_bytes(), headers={})
    assert report.published == int(published)
    assert report.dead_lettered == expected.startswith("to alerts.raw.dlq")
    for message in producer.on("alerts.raw"):
        alert = await EntityParserService(producer).process_message(message.value)
        assert alert is not None
        assert (alert.product, alert.severity, counts(alert.parsed_entities)) == (product, severity, entities)
        assert alert.parsed_entities.parse_errors == []
        assert alert.tenant_id == KNOWLEDGE["tenant_id"]
        patterns = [FPPattern.model_validate(item) for item in KNOWLEDGE["fp_patterns"]]
        fitting = [item.pattern_id for item in patterns if fits(item, alert.title, alert.parsed_entities)]
        assert fitting == [item.pattern_id for item in patterns if f"pattern {item.pattern_id}," in expected]


def test_reference_data_fits_its_contracts() -> None:
    for contract, key in ((Indicator, "threat_intel_iocs"), (Playbook, "playbooks"), (CTEMExposure, "ctem_exposures")):
        assert [contract.model_validate(item) for item in KNOWLEDGE[key]]
    tenants = {item["tenant_id"] for key in ("risk_signals", "ctem_exposures", "incidents") for item in KNOWLEDGE[key]}
    assert tenants == {KNOWLEDGE["tenant_id"]}


def test_malformed_sample_is_not_json() -> None:
    with pytest.raises(json.JSONDecodeError):
        json.loads((SAMPLES / "malformed.json").read_bytes())
