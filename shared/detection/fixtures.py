"""A rule's own cases, run on a real PostgreSQL: rows in, the signals and triggers that must come out (design §7.16).

Everything happens in one transaction for a tenant that does not exist, and is undone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from psycopg.types.json import Jsonb

from shared.contracts.detection import DetectionResult
from shared.detection.catalogue import ALERTS, Detection
from shared.detection.question import Question
from shared.detection.result import result_of
from shared.detection.rule import Fixture, Rows, Window
from shared.detection.telemetry import insert, read_row
from shared.stores.postgres import Connection, Postgres

_INVESTIGATION = """
INSERT INTO investigation_state (investigation_id, tenant_id, alert_id, source, alert_title, severity, state,
    graph_state, alert, created_at)
VALUES (%(id)s, %(tenant_id)s, %(id)s, %(source)s, %(alert_title)s, %(severity)s, 'closed', %(empty)s, %(empty)s,
    %(ts)s)
"""


def moment_of(fixture: Fixture) -> datetime:
    """Where the fixture's window ends: yesterday, at its hour."""
    midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight - timedelta(days=1) + timedelta(hours=fixture.end_hour)


async def results_of(
    postgres: Postgres, detections: Sequence[Detection], fixture: Fixture
) -> dict[str, list[DetectionResult]]:
    """What each rule makes of the fixture's rows, by rule id; triggered or not."""
    tenant_id, end = f"fixture-{uuid4().hex[:12]}", moment_of(fixture)
    async with postgres.transaction(tenant_id) as connection:
        for rows in fixture.rows:
            await _fill(connection, tenant_id, rows, end)
        found = {}
        for detection in detections:
            window = Window.ending(end, detection.rule)
            thresholds = detection.rule.thresholds
            question = Question(connection, {**thresholds, **window.parameters(), "tenant_id": tenant_id})
            found[detection.rule.rule_id] = [
                result_of(
                    detection.rule, finding, window, tenant_id=tenant_id, version=detection.rule.version,
                    thresholds=thresholds,
                )
                for finding in await detection.evaluate(question)
            ]  # fmt: skip
        await connection.rollback()
    return found


def failures(fixture: Fixture, results: Sequence[DetectionResult]) -> list[str]:
    """How the results differ from what the fixture expects, as sentences; none: it holds."""
    fired = {result.signal: sorted(result.triggers) for result in results if result.triggered}
    wanted = {signal: sorted(triggers) for signal, triggers in fixture.fires.items()}
    wrong = [f"expected {wanted or 'silence'}, got {fired or 'silence'}"] if fired != wanted else []
    for signal, confidence in fixture.confidence.items():
        got = [result.confidence for result in results if result.triggered and result.signal == signal]
        if not got or abs(got[0] - confidence) > 0.00015:
            wrong.append(f"{signal}: expected confidence {confidence}, got {got or 'none'}")
    return wrong


async def _fill(connection: Connection, tenant_id: str, rows: Rows, end: datetime) -> None:
    given = list(_spread(rows, end))
    if rows.table == ALERTS:
        for row in given:
            values = {**row, "id": str(uuid4()), "tenant_id": tenant_id, "empty": Jsonb({})}
            await connection.execute(_INVESTIGATION, values)
        return
    named = [{**row, "tenant_id": tenant_id} for row in given]
    read = [read_row(rows.table, row, origin=str(uuid4())) for row in named]
    await insert(connection, rows.table, read)


def _spread(rows: Rows, end: datetime) -> Iterator[dict[str, Any]]:
    """The rows, evenly over their time; the first lies on ``since``, none on ``until``."""
    step = (rows.since - rows.until) / rows.count
    for number in range(rows.count):
        values = {
            name: value[number % len(value)] if isinstance(value, list) else value
            for name, value in rows.values.items()
        }
        yield {"ts": end - timedelta(hours=rows.since - number * step), **values}
