"""Runs the rules over the telemetry and publishes what fires (seed §7, spec §1 and §2).

Stateless but for three things in the database: what fired lately, how far each rule has looked, and a tenant's own
thresholds. Each rule of each tenant runs in a transaction of its own, which holds what it publishes too, so that a
repeated run changes nothing and one that fails stops no other.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from shared.audit.event import audit_event
from shared.audit.producer import audit_message
from shared.bus.outbox import Outbox, OutboxMessage, put
from shared.contracts.audit_event_type import AuditEventType
from shared.contracts.detection import BaselineState, DetectionResult
from shared.contracts.tenant import EVERY_TENANT
from shared.detection.alert import alert_of
from shared.detection.catalogue import Detection, catalogue
from shared.detection.question import Question
from shared.detection.result import result_of
from shared.detection.rule import WATERMARK, Rule, Window
from shared.detection.suppression import news_of
from shared.stores.postgres import Connection, Postgres
from shared.stores.statements import statements
from shared.telemetry import LogAction, log_fields

logger = logging.getLogger(__name__)

ACTOR = "atlas-detection"
SERVICE = "detection"
TOPIC = "alerts.raw"
MEMORY = timedelta(days=31)  # of whom nothing came for longer, nothing is asked
UNJUDGED = {BaselineState.NO_BASELINE, BaselineState.INSUFFICIENT}
MOST_MISSED = 24  # windows that a run looks back at after the host stood still

_SQL = statements(Path(__file__).with_name("runs.sql"))


class DetectionRunner:
    """The ten rules over every tenant's telemetry."""

    def __init__(self, postgres: Postgres, outbox: Outbox, detections: Mapping[str, Detection] | None = None) -> None:
        self._postgres = postgres
        self._outbox = outbox
        self._detections = catalogue() if detections is None else detections

    async def run_all(self, *, now: datetime | None = None) -> dict[str, list[DetectionResult]]:
        """Run every rule for every tenant and publish what is news; results by rule id, also those that did not
        trigger for want of a baseline. A rule that failed for some tenant is logged and in the audit chain.

        Raises StoreUnavailable when not even that can be recorded.
        """
        return await self._run(self._detections.values(), now or datetime.now(UTC))

    async def run_every(self, minutes: int, *, now: datetime | None = None) -> dict[str, list[DetectionResult]]:
        """The same for the rules of one cadence."""
        due = [found for found in self._detections.values() if found.rule.every == minutes]
        return await self._run(due, now or datetime.now(UTC))

    async def _run(self, due: Iterable[Detection], now: datetime) -> dict[str, list[DetectionResult]]:
        due = list(due)
        results: dict[str, list[DetectionResult]] = {detection.rule.rule_id: [] for detection in due}
        async with self._postgres.transaction(EVERY_TENANT) as connection:
            rows = await (await connection.execute(_SQL["tenants"], {"since": now - MEMORY})).fetchall()
        for row in rows:
            for detection in due:
                results[detection.rule.rule_id] += await self._one(detection, row["tenant_id"], now)
        self._outbox.notify()
        return results

    async def _one(self, detection: Detection, tenant_id: str, now: datetime) -> list[DetectionResult]:
        try:
            async with self._postgres.transaction(tenant_id) as connection:
                return await _evaluated(connection, detection, tenant_id, now - WATERMARK)
        except Exception as error:  # whatever is wrong with one rule, the others run
            await self._failed(detection.rule, tenant_id, error)
            return []

    async def _failed(self, rule: Rule, tenant_id: str, error: Exception) -> None:
        """Record it: each time in the log, and when it begins in the audit chain."""
        logger.error(
            "Rule %s failed for tenant %s: %r",
            rule.rule_id,
            tenant_id,
            error,
            extra=log_fields(LogAction.DETECTION_FAILED, rule_id=rule.rule_id, tenant_id=tenant_id),
        )
        reason = f"{type(error).__name__}: {error}"[:500]
        values = {"tenant_id": tenant_id, "rule_id": rule.rule_id, "error": reason.replace("\x00", "")}
        async with self._postgres.transaction(tenant_id) as connection:
            row = await (await connection.execute(_SQL["failed"], values)).fetchone()
            if row and row["is_new"]:
                event = _system_event(AuditEventType.DEGRADATION_ENTERED, rule, tenant_id, error=reason)
                await put(connection, tenant_id, "", [event])


async def _evaluated(
    connection: Connection, detection: Detection, tenant_id: str, end: datetime
) -> list[DetectionResult]:
    """One rule for one tenant, up to ``end``; nothing when another process is at it."""
    rule = detection.rule
    ids = {"tenant_id": tenant_id, "rule_id": rule.rule_id}
    lock = await (await connection.execute(_SQL["one_at_a_time"], ids)).fetchone()
    if not (lock and lock["locked"]):
        return []
    await connection.execute(_SQL["settle_plans"])
    run = await (await connection.execute(_SQL["find_run"], ids)).fetchone()
    version, thresholds, silent = await tuned(connection, rule, tenant_id)
    found: list[DetectionResult] = []
    messages: list[OutboxMessage] = []
    for window in windows(rule, end, run["ran_until"] if run else None):
        question = Question(connection, {**thresholds, **window.parameters(), "tenant_id": tenant_id})
        results = [
            result_of(rule, finding, window, tenant_id=tenant_id, version=version, thresholds=thresholds)
            for finding in await detection.evaluate(question)
            if finding.signal not in silent and (finding.triggers or finding.baseline in UNJUDGED)
        ]
        for alert_id, result in await news_of(connection, rule, [r for r in results if r.triggered], window.end):
            messages += [_alert_message(alert_id, result), _fired(alert_id, result)]
        found += results
    if run and run["failing_since"]:
        messages.append(_system_event(AuditEventType.DEGRADATION_EXITED, rule, tenant_id))
    await put(connection, tenant_id, "", messages)
    await connection.execute(_SQL["ran"], ids | {"ran_until": end})
    return found


def windows(rule: Rule, end: datetime, ran_until: datetime | None) -> list[Window]:
    """The window that ends now, and before it those that nobody has looked at since ``ran_until``, oldest first.

    Windows overlap, so a short outage leaves none.
    """
    ends = [end]
    while ran_until is not None and len(ends) < MOST_MISSED and ends[-1] - timedelta(hours=rule.lookback) > ran_until:
        ends.append(ends[-1] - timedelta(hours=rule.lookback))
    return [Window.ending(moment, rule) for moment in reversed(ends)]


async def tuned(connection: Connection, rule: Rule, tenant_id: str) -> tuple[str, dict[str, Any], frozenset[str]]:
    """The version, the thresholds in force for the tenant, and the signals that it wants no alerts of."""
    values = {"tenant_id": tenant_id, "rule_id": rule.rule_id}
    row = await (await connection.execute(_SQL["find_tuning"], values)).fetchone()
    if row is None:
        return rule.version, rule.thresholds, frozenset()
    own = {name: value for name, value in row["thresholds"].items() if name in rule.thresholds}
    return f"{rule.version}+{row['version']}", rule.thresholds | own, frozenset(row["silent_signals"])


def _alert_message(alert_id: str, result: DetectionResult) -> OutboxMessage:
    return OutboxMessage(topic=TOPIC, key=alert_id, value=alert_of(result, alert_id).to_json())


def _fired(alert_id: str, result: DetectionResult) -> OutboxMessage:
    return audit_message(
        audit_event(
            tenant_id=result.tenant_id,
            event_type=AuditEventType.ATLAS_DETECTION_FIRED,
            actor_type="system",
            actor_id=ACTOR,
            source_service=SERVICE,
            alert_id=alert_id,
            context={
                "rule_id": result.rule_id,
                "rule_version": result.rule_version,
                "signal": result.signal,
                "thresholds": result.thresholds,
                "window_start": result.window_start,
                "window_end": result.window_end,
                "dedupe_key": result.dedupe_key,
            },
            decision={
                "technique": result.atlas_technique,
                "confidence": result.confidence,
                "floor_applied": result.confidence_floor,
                "severity": result.alert_severity,
                "triggers": result.triggers,
            },
        )
    )


def _system_event(kind: AuditEventType, rule: Rule, tenant_id: str, **context: str) -> OutboxMessage:
    return audit_message(
        audit_event(
            tenant_id=tenant_id,
            event_type=kind,
            severity="warning" if kind is AuditEventType.DEGRADATION_ENTERED else "info",
            actor_type="scheduler",
            actor_id=ACTOR,
            source_service=SERVICE,
            context={"component": rule.rule_id, **context},
        )
    )
