"""The demo's two attacks on models are found, and nothing else is."""

from collections.abc import Callable
from datetime import UTC, datetime

from local.demo.attacks_on_models import SHOWN, SIGNALS, attacks_on_models
from local.telemetry.writing import load
from shared.bus.outbox import Outbox
from shared.bus.producer import MemoryProducer
from shared.detection.runner import DetectionRunner
from shared.stores.postgres import Postgres
from tests.conftest import Database


async def test_detections_find_just_the_two_attacks_of_the_demo(database: Callable[[str], Database]) -> None:
    own, now = database("demo_attacks"), datetime.now(UTC)
    blocks, attacks = attacks_on_models("a-tenant", now)
    load(own.owner_url, blocks)
    postgres = Postgres(own.url)
    try:
        results = await DetectionRunner(postgres, Outbox(postgres, MemoryProducer())).run_all(now=now)
    finally:
        await postgres.close()
    fired = sorted((rule, one.subject, one.signal) for rule, found in results.items() for one in found if one.triggered)
    named = [(attack.label.rule_id, attack.label.subjects[0], signal) for attack in attacks for signal in SIGNALS]
    assert fired == sorted(named)
    assert {rule_id for rule_id, *_ in fired} == set(SHOWN)
