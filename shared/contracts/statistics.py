"""What an operator and an analyst want to know of everything at once: cases, queues, spend, the model."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field, computed_field

from shared.contracts.contract import Contract


class OpenCases(Contract):
    """The open cases in one state, by how long ago their last step was."""

    state: str
    under_15_minutes: int
    under_4_hours: int
    older: int
    longest_since: datetime
    stuck: int  # of which a timer has found that they make no step

    @property
    def cases(self) -> int:
        """All of them."""
        return self.under_15_minutes + self.under_4_hours + self.older


class Agreement(Contract):
    """People's dispositions beside the machine's verdicts, of the newest cases. Whoever abstained neither agreed nor
    differed: the machine with `requires_investigation`, a person with `undetermined`.
    """

    agreed: int = 0
    differed: int = 0
    machine_abstained: int = 0
    person_abstained: int = 0

    @computed_field  # type: ignore[prop-decorator]  # pydantic's documented form
    @property
    def rate(self) -> float | None:
        """0 to 1; None is "not measured": nobody and nothing said anything comparable."""
        compared = self.agreed + self.differed
        return self.agreed / compared if compared else None


class CaseStatistics(Contract):
    """One tenant's cases. ``newest`` of them are counted in the rows, the ended ones and the agreement."""

    open: list[OpenCases]
    newest: int
    newest_since: datetime | None
    closed: int
    failed: int
    verdicts_by_row: dict[str, int]  # by row of the decision table, as people read it
    agreement: Agreement


class QueueLag(Contract):
    """Messages of a topic that a group of consumers has not handled yet."""

    topic: str
    group: str
    waiting: int


class Backlog(Contract):
    """What waits between the parts of the product. ``queues`` and ``dead_letters`` are None when Kafka did not say."""

    outbox: int
    outbox_oldest_at: datetime | None
    queues: list[QueueLag] | None
    dead_letters: dict[str, int] | None  # by topic


class ModelStatus(Contract):
    """Whether the model's provider answers, and what the breaker in front of it does."""

    provider: str
    state: Literal["up", "down", "unknown"]
    breaker: Literal["closed", "open", "half_open", "unknown"]
    breaker_since: datetime | None = None
    detail: str = ""


class Spend(Contract):
    """USD of this month for every tenant together, the worst case of calls under way included."""

    month: str
    spent_usd: float
    soft_limit_usd: float
    hard_limit_usd: float


class Platform(Contract):
    """What all tenants share."""

    backlog: Backlog
    model: ModelStatus
    spend: Spend


class Statistics(Contract):
    """The answer; ``platform`` is None for whoever may not see what tenants share."""

    at: datetime
    cases: CaseStatistics
    platform: Platform | None = Field(default=None)
