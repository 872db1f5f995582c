"""What a model answers to each kind of batch task; everything in it is a proposal (spec/llm §14)."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from shared.contracts.action import ActionName
from shared.contracts.contract import Contract


class EntityCondition(Contract):
    """An entity that must be present with one of these values, as the closed cases have them."""

    entity_type: str
    values: list[str] = Field(min_length=1, max_length=50)


class PatternProposal(Contract):
    """A condition under which alerts of one name are a known false positive."""

    alert_name: str
    conditions: list[EntityCondition] = Field(min_length=1, max_length=10)
    reason: str = Field(min_length=1, max_length=1000)
    confidence: float = Field(ge=0, le=1)


class PlaybookStep(Contract):
    """One step: an action of the catalogue and why."""

    action: ActionName
    reason: str = Field(max_length=500)


class PlaybookProposal(Contract):
    """What to do about alerts like those that were true."""

    name: str = Field(min_length=1, max_length=200)
    description: str = Field(max_length=2000)
    tactics: list[str] = Field(default_factory=list, max_length=20)
    techniques: list[str] = Field(min_length=1, max_length=50)
    steps: list[PlaybookStep] = Field(min_length=1, max_length=20)
    confidence: float = Field(ge=0, le=1)


class Weakness(Contract):
    """One way in which an investigation could be misled."""

    title: str = Field(min_length=1, max_length=200)
    attack: str = Field(max_length=2000)
    defence: str = Field(max_length=2000)
    severity: Literal["low", "medium", "high", "critical"]


class RedTeamReport(Contract):
    """What an attacker could do to these investigations."""

    weaknesses: list[Weakness] = Field(max_length=50)


class RuleFixture(Contract):
    """Rows that a rule must or must not fire on."""

    rows: list[dict[str, str | int | float | bool | None]] = Field(max_length=100)
    fires: bool


class RuleProposal(Contract):
    """A detection rule as text with its fixtures; people write the rule that runs."""

    title: str = Field(min_length=1, max_length=200)
    logic: str = Field(min_length=1, max_length=8000)
    techniques: list[str] = Field(min_length=1, max_length=20)
    fixtures: list[RuleFixture] = Field(min_length=2, max_length=20)


class Retrospective(Contract):
    """What closed cases teach."""

    summary: str = Field(min_length=1, max_length=4000)
    findings: list[str] = Field(max_length=50)
    recommendations: list[str] = Field(max_length=50)


class LandscapeSummary(Contract):
    """Which threats matter to this tenant now."""

    summary: str = Field(min_length=1, max_length=4000)
    threats: list[str] = Field(max_length=50)
    techniques: list[str] = Field(default_factory=list, max_length=50)
