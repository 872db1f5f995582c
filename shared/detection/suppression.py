"""What of a run is news: one act is one alert, however many windows see it (spec §2.5)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from shared.contracts.alert import SeverityLevel
from shared.contracts.detection import DetectionResult
from shared.detection.rule import Rule
from shared.stores.postgres import Connection
from shared.stores.statements import statements

CAP = 50  # alerts of one rule, tenant and run; the rest is in one more
MOST_NAMED = 20  # subjects that the one more names
CONFIDENCE_STEP = 0.10  # by how much a confidence must rise to be news
ROLL_UP = "roll-up"

_SQL = statements(Path(__file__).with_suffix(".sql"))
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_RANK = {level: place for place, level in enumerate(reversed(SeverityLevel))}


async def news_of(
    connection: Connection, rule: Rule, results: Sequence[DetectionResult], end: datetime
) -> list[tuple[str, DetectionResult]]:
    """Alert ids and results to publish, in the caller's transaction, which remembers them.

    The id is derived from tenant, rule, signal, subject and bucket; what fires again in its bucket keeps it and is
    published only if its severity or confidence rose or a trigger is new. A bucket opens when something first fires.
    """
    capped = _capped(results)
    if not capped:
        return []
    since = end - timedelta(hours=rule.suppression)
    values = {
        "tenant_id": capped[0].tenant_id,
        "rule_id": rule.rule_id,
        "entities": [_entity(result) for result in capped],
        "since": since,
    }
    rows = await (await connection.execute(_SQL["fired_since"], values)).fetchall()
    fired = {(row["signal"], row["entity"]): row for row in rows}
    news = []
    for result in capped:
        before = fired.get((result.signal, _entity(result)))
        if before is None:
            news.append(await _first(connection, rule, result, end))
        elif _tells_more(before, result):
            news.append(await _again(connection, before, result))
    return news


def _capped(results: Sequence[DetectionResult]) -> list[DetectionResult]:
    """The surest CAP, one of each subject, and one that stands for the rest: none is dropped without a trace."""
    ranked = sorted(results, key=lambda result: (-result.confidence, result.signal, result.subject))
    once: dict[tuple[str, str], DetectionResult] = {}
    for result in ranked:
        once.setdefault((result.signal, result.subject), result)
    surest = list(once.values())
    if len(surest) <= CAP:
        return surest
    rest = surest[CAP:]
    worst = max(rest, key=lambda result: _RANK[result.alert_severity])
    entities = [entity for result in rest[:MOST_NAMED] for entity in result.entities[:1]]
    return [
        *surest[:CAP],
        worst.model_copy(
            update={
                "signal": ROLL_UP,
                "subject": ROLL_UP,
                "triggers": [ROLL_UP],
                "alert_title": f"{worst.rule_name}: {len(rest)} more subjects",
                "description": f"{len(rest)} more subjects fired in one run of {worst.rule_id} than alerts are made.",
                "entities": entities,
                "evidence": {"count": len(rest), "subjects": [result.subject for result in rest[:MOST_NAMED]]},
            }
        ),
    ]


def _entity(result: DetectionResult) -> str:
    """Of a fixed length: a subject may be longer than an index takes."""
    return hashlib.sha256(result.subject.encode()).hexdigest()[:32]


async def _first(
    connection: Connection, rule: Rule, result: DetectionResult, end: datetime
) -> tuple[str, DetectionResult]:
    bucket = _EPOCH + (end - _EPOCH) // timedelta(hours=rule.suppression) * timedelta(hours=rule.suppression)
    key = f"{result.rule_id}:{result.signal}:{_entity(result)}:{bucket:%Y%m%dT%H%M}"
    named = f"{result.tenant_id}:{result.rule_id}:{result.signal}:{result.subject}:{bucket.isoformat()}"
    alert_id = f"atlas-{hashlib.sha256(named.encode()).hexdigest()[:32]}"
    values = _values(result) | {"dedupe_key": key, "bucket_start": bucket, "end": end, "alert_id": alert_id}
    await connection.execute(_SQL["remember"], values)
    return alert_id, result.model_copy(update={"dedupe_key": key})


async def _again(
    connection: Connection, before: Mapping[str, Any], result: DetectionResult
) -> tuple[str, DetectionResult]:
    values = _values(result) | {"dedupe_key": before["dedupe_key"]}
    if _RANK[SeverityLevel(before["max_severity"])] > _RANK[result.alert_severity]:
        values["severity"] = before["max_severity"]
    await connection.execute(_SQL["fired_again"], values)
    evidence = result.evidence | {"refire": before["fire_count"]}
    key = f"{before['dedupe_key']}:{before['fire_count']}"
    return before["first_alert_id"], result.model_copy(update={"evidence": evidence, "dedupe_key": key})


def _tells_more(before: Mapping[str, Any], result: DetectionResult) -> bool:
    return (
        _RANK[result.alert_severity] > _RANK[SeverityLevel(before["max_severity"])]
        or bool(set(result.triggers) - set(before["triggers"]))
        or result.confidence >= before["max_confidence"] + CONFIDENCE_STEP
    )


def _values(result: DetectionResult) -> dict[str, Any]:
    return {
        "tenant_id": result.tenant_id,
        "rule_id": result.rule_id,
        "signal": result.signal,
        "entity": _entity(result),
        "confidence": result.confidence,
        "severity": result.alert_severity,
        "triggers": result.triggers,
    }
