"""What a rule would have said: its windows over a time that has passed, on the telemetry that is still there."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime, timedelta

from shared.contracts.detection import DetectionResult
from shared.detection.catalogue import Detection
from shared.detection.question import Question
from shared.detection.result import result_of
from shared.detection.rule import Window
from shared.detection.runner import tuned
from shared.stores.postgres import Postgres


async def backtest(
    postgres: Postgres, detection: Detection, tenant_id: str, *, since: datetime, until: datetime
) -> AsyncIterator[DetectionResult]:
    """The alerts of one rule at its cadence, each once a suppression period, oldest first. Publishes nothing.

    Uses the thresholds that are in force for the tenant now. Raises StoreUnavailable.
    """
    rule = detection.rule
    pause, quiet = timedelta(minutes=rule.every), timedelta(hours=rule.suppression)
    fired: dict[tuple[str, str], datetime] = {}
    end = since
    while end <= until:
        for result in await _at(postgres, detection, tenant_id, end):
            about = (result.signal, result.subject)
            if about not in fired or end - fired[about] >= quiet:
                fired[about] = end
                yield result
        end += pause


async def _at(postgres: Postgres, detection: Detection, tenant_id: str, end: datetime) -> list[DetectionResult]:
    rule, window = detection.rule, Window.ending(end, detection.rule)
    async with postgres.transaction(tenant_id) as connection:
        version, thresholds, silent = await tuned(connection, rule, tenant_id)
        question = Question(connection, {**thresholds, **window.parameters(), "tenant_id": tenant_id})
        findings = await detection.evaluate(question)
    return [
        result_of(rule, finding, window, tenant_id=tenant_id, version=version, thresholds=thresholds)
        for finding in findings
        if finding.triggers and finding.signal not in silent
    ]
