"""The demo's two attacks on models are found, and nothing else is."""

from collections.abc import Callable
from datetime import UTC, datetime

from local.demo.attacks_on_models import SHOWN, attacks_on_models
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
    fired = {(rule_id, one.subject) for rule_id, found in results.items() for one in found if one.triggered}
    assert fired == {(attack.label.rule_id, attack.label.subjects[0]) for attack in attacks}
    assert {rule_id for rule_id, _ in fired} == set(SHOWN)
