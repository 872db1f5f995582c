"""Log records that machines read: beside the sentence for people, a stable ``action`` and values.

Azure Monitor keeps them as Properties of AppTraces, where the operators' alerts look (iac/modules/alerting). An audit
event of severity warning or critical is told under its own type; the actions here are what is no audit event.
"""

from __future__ import annotations

from enum import StrEnum


class LogAction(StrEnum):
    """Stable names: an alert somewhere waits for each."""

    AUDIT_CHAIN_BROKEN = "audit.chain_broken"  # of a tenant's newest records
    AUDIT_INTEGRITY_FAILED = "audit.integrity_failed"  # of a tenant's whole chain
    APPROVAL_WAITING = "approval.waiting"
    INVESTIGATION_STUCK = "investigation.stuck"
    BATCH_SLA_BREACHED = "batch.sla_breached"
    ACTION_NOT_DONE = "action.not_done"  # an action failed, or a person must look at it
    EXPOSURE_OVERDUE = "exposure.sla_breached"  # one for each exposure
    DETECTION_FAILED = "detection.failed"  # a rule could not be evaluated for a tenant
    DEAD_LETTER_KEPT = "dead_letter.kept"  # one for each letter, however many parts; a mark of its replay is none


def log_fields(action: str, **values: str | float) -> dict[str, str | float]:
    """The ``extra`` of a log call. ``values`` may not be named like a field of logging.LogRecord."""
    return {"action": str(action), **values}
