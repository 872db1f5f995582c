"""What a case asks of a person when it begins to wait: its actions or, where there are none, a disposition."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import NAMESPACE_URL, uuid5

from shared.contracts.action import Action, actions_hash
from shared.contracts.alert import SeverityLevel
from shared.contracts.approval import Approval
from shared.contracts.investigation import GraphState


@dataclass(frozen=True)
class ApprovalTimes:
    """How long a question waits. The severity is the alert's own: no model shortens the time that people have."""

    default: timedelta
    by_severity: Mapping[SeverityLevel, timedelta] = field(default_factory=dict)

    def of(self, severity: SeverityLevel) -> timedelta:
        """The time for an alert of this severity."""
        return self.by_severity.get(severity, self.default)


def approval_request(  # noqa: PLR0913 - a question says what, why, until when and who asks
    state: GraphState,
    actions: Sequence[Action],
    *,
    reason: str,
    times: ApprovalTimes,
    protected: Mapping[str, str],
    requested_by: str = "",
) -> Approval:
    """The question of the case's round; made again it has the same id. ``protected`` says why, by target."""
    now = datetime.now(UTC)
    name = f"approval:{state.investigation_id}" + (f":{state.round}" if state.round > 1 else "")
    targets = {action.target for action in actions}
    return Approval(
        approval_id=str(uuid5(NAMESPACE_URL, name)),
        investigation_id=state.investigation_id,
        tenant_id=state.tenant_id,
        actions=list(actions),
        actions_hash=actions_hash(actions),
        reason=reason,
        requested_at=now.isoformat(),
        expires_at=(now + times.of(state.alert_severity)).isoformat(),
        protected={target: why for target, why in protected.items() if target in targets},
        requested_by=requested_by,
    )
