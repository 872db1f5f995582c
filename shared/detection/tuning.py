"""A tenant's own thresholds: each change is a new version beside the old ones, and an audit event with it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from psycopg.types.json import Jsonb

from shared.audit.event import audit_event
from shared.audit.producer import audit_message
from shared.bus.outbox import Outbox, put
from shared.contracts.audit_event_type import AuditEventType
from shared.contracts.outside_text import storable_text
from shared.detection.rule import Rule
from shared.detection.runner import SERVICE, tuned
from shared.errors import InvalidInput
from shared.stores.postgres import Postgres
from shared.stores.statements import statements

_SQL = statements(Path(__file__).with_suffix(".sql"))


class Tunings:
    """Changes of thresholds."""

    def __init__(self, postgres: Postgres, outbox: Outbox) -> None:
        self._postgres = postgres
        self._outbox = outbox

    async def change(  # noqa: PLR0913 - a change says whose, of what, to what, why and by whom
        self,
        tenant_id: str,
        rule: Rule,
        thresholds: Mapping[str, float | str],
        *,
        silent: frozenset[str] | None = None,
        reason: str,
        by: str,
    ) -> str:
        """Put these thresholds in force beside those that were changed before, and return the version that results
        name from now on. ``silent`` are the signals that make no alerts; None leaves them as they are.

        Raises InvalidInput for a threshold that the rule does not have or of another kind, StoreUnavailable.
        """
        for name, value in thresholds.items():
            _check(rule, name, value)
        if not reason.strip():
            raise InvalidInput("reason", got=reason, expected="why they change; it is kept in the audit chain")
        async with self._postgres.transaction(tenant_id) as connection:
            before, in_force, quiet = await tuned(connection, rule, tenant_id)
            own = {name: value for name, value in in_force.items() if value != rule.thresholds[name]}
            values = {
                "tenant_id": tenant_id,
                "rule_id": rule.rule_id,
                "thresholds": Jsonb({**own, **thresholds}),
                "silent": sorted(quiet if silent is None else silent),
                "reason": storable_text(reason),
                "changed_by": by,
            }
            row = await (await connection.execute(_SQL["add_version"], values)).fetchone()
            version = f"{rule.version}+{row['version'] if row else ''}"
            event = audit_event(
                tenant_id=tenant_id,
                event_type=AuditEventType.CONFIG_CHANGED,
                severity="warning",
                actor_type="human",
                actor_id=by,
                source_service=SERVICE,
                context={
                    "setting": "detection_thresholds",
                    "rule_id": rule.rule_id,
                    "version_before": before,
                    "version": version,
                    "before": {name: in_force[name] for name in thresholds},
                    "after": dict(thresholds),
                    "silent_signals": values["silent"],
                    "reason": reason,
                },
            )
            await put(connection, tenant_id, "", [audit_message(event)])
        self._outbox.notify()
        return version


def _check(rule: Rule, name: str, value: float | str) -> None:
    known = rule.thresholds
    if name not in known:
        raise InvalidInput(f"{rule.rule_id}: threshold", got=name, expected=f"one of {', '.join(known)}")
    if isinstance(known[name], str) != isinstance(value, str):
        kind = "a text" if isinstance(known[name], str) else "a number"
        raise InvalidInput(f"{rule.rule_id}: {name}", got=value, expected=kind)
