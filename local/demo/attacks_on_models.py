"""Two attacks on machine-learning systems for the demo: telemetry of the last days, and the timers that look at it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import httpx
import numpy as np

from local.host.keys import load_keys
from local.services.functions_host import FunctionsHost
from local.services.stack import Stack
from local.telemetry.attacks.attack import Attack, Strength
from local.telemetry.attacks.catalogue import ATTACKS
from local.telemetry.calendar import Day
from local.telemetry.simulation import companies, simulated, until
from local.telemetry.tables import Block
from local.telemetry.writing import load

SEED, SIZE = 20261120, 0.3
# The simulated day on which it happens, and how many before it the rules can compare with.
DAY, BEFORE = date(2026, 11, 18), 3
# Each attack with its table: the assistant is asked for all that a model knows, a gateway reports false readings.
SHOWN = {"ATLAS-DETECT-002": "orbital_nl_query_logs", "ATLAS-DETECT-009": "opcua_telemetry"}
SIGNALS = ("documented", "rec")  # of each rule: both find its attack, so that each is two alerts
TIMERS = ("run_detections_30m", "run_detections_5m")
TIMEOUT_SECONDS = 30


def attacks_on_models(tenant_id: str, now: datetime) -> tuple[list[Block], list[Attack]]:
    """The tenant's telemetry until ``now``, each table as if its attack ended just then, and the attacks."""
    company = companies(1, SEED, size=SIZE, tenant_id=tenant_id)[0]
    day, blocks, attacks = Day(DAY, company.zone), list[Block](), list[Attack]()
    for rule_id, table in SHOWN.items():
        attack = ATTACKS[rule_id](company, day, Strength.BLATANT, company.random("demo", rule_id))
        made = simulated([company], DAY - timedelta(days=BEFORE), BEFORE + 2, [attack])
        of_table = (block for block in until(made, attack.label.end) if block.table == table)
        blocks += _moved(of_table, now - timedelta(minutes=3) - attack.label.end)
        attacks.append(attack)
    return blocks, attacks


def _moved(blocks: Iterator[Block], by: timedelta) -> Iterator[Block]:
    for block in blocks:
        yield block.replaced(ts=block.columns["ts"] + np.timedelta64(round(by.total_seconds() * 1e6), "us"))


async def detect_attacks_on_models(stack: Stack, tenant_id: str) -> int:
    """Load them into the running stack and let its timers find them now, not when they are due. Their alerts then are
    investigated like any other; how many there will be. Raises httpx.HTTPError when the host does not answer.
    """
    blocks, attacks = attacks_on_models(tenant_id, datetime.now(UTC))
    load(stack.environment()["ALUSKORT_POSTGRES_OWNER_URL"], blocks)
    key = load_keys(FunctionsHost.state_folder(stack.site)).master
    async with httpx.AsyncClient(base_url=stack.host().url(), timeout=TIMEOUT_SECONDS, trust_env=False) as client:
        for timer in TIMERS:
            answer = await client.post(f"/admin/functions/{timer}", headers={"x-functions-key": key}, json={})
            answer.raise_for_status()
    return len(attacks) * len(SIGNALS)
