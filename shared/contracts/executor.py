"""What the executor may do, as code and not as prompt (seed §4, spec/security-and-audit §11)."""

from __future__ import annotations

from dataclasses import dataclass

from shared.errors import ConfigurationError


@dataclass(frozen=True)
class ExecutorConstraints:
    """Limits that no model output can move. The two permissions at the end exist to be False and to be seen."""

    allowlisted_playbooks: frozenset[str] = frozenset()
    min_confidence_for_auto_close: float = 0.85  # strictly greater
    require_fp_match_for_auto_close: bool = True
    can_modify_routing_policy: bool = False
    can_disable_guardrails: bool = False

    def __post_init__(self) -> None:
        """Refuse a configuration that would give the executor power over its own limits."""
        if self.can_modify_routing_policy or self.can_disable_guardrails:
            raise ConfigurationError(
                "ExecutorConstraints: can_modify_routing_policy and can_disable_guardrails are always False; "
                "remove the setting that turns them on."
            )
