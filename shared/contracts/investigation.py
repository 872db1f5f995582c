"""The state of an investigation (seed §4, spec/data-model §3)."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from functools import cached_property
from typing import Any, Self

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer

from shared.contracts.action import Action
from shared.contracts.alert import SeverityLevel
from shared.contracts.contract import KEPT, Contract
from shared.contracts.entity import AlertEntities
from shared.contracts.incident import RelatedAlert
from shared.contracts.log_answer import LogAnswer
from shared.contracts.routing import DegradationLevel
from shared.contracts.why import Why


class InvestigationState(StrEnum):
    """Where an investigation stands; closed and failed are final."""

    RECEIVED = "received"
    PARSING = "parsing"
    ENRICHING = "enriching"
    REASONING = "reasoning"
    AWAITING_HUMAN = "awaiting_human"
    RESPONDING = "responding"
    CLOSED = "closed"
    FAILED = "failed"


class AgentRole(StrEnum):
    """The six agents."""

    IOC_EXTRACTOR = "ioc_extractor"
    CONTEXT_ENRICHER = "context_enricher"
    REASONING_AGENT = "reasoning_agent"
    RESPONSE_AGENT = "response_agent"
    CTEM_CORRELATOR = "ctem_correlator"
    ATLAS_MAPPER = "atlas_mapper"


class Classification(StrEnum):
    """What an alert turned out to be."""

    TRUE_POSITIVE = "true_positive"
    FALSE_POSITIVE = "false_positive"
    BENIGN_TRUE_POSITIVE = "benign_true_positive"
    REQUIRES_INVESTIGATION = "requires_investigation"


class Outcome(StrEnum):
    """How a case ended."""

    AUTO_CLOSED = "auto_closed"
    RESPONDED = "responded"  # harmless actions, which needed no person
    APPROVED = "approved"
    PARTLY_APPROVED = "partly_approved"  # some of the actions that were asked for
    REJECTED = "rejected"
    TIMED_OUT = "timed_out"
    DISPOSED = "disposed"  # there was nothing to approve: see CaseFacts.disposition
    FAILED = "failed"


class RiskState(StrEnum):
    """Risk of the entities. No data is never low risk."""

    NO_BASELINE = "no_baseline"
    UNKNOWN = "unknown"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class DecisionEntry(Contract):
    """One step of the decision chain, as a person reads it."""

    model_config = KEPT

    step: str
    agent: str
    action: str
    reasoning: str
    confidence: float = 0.0
    attestation_status: str = ""
    taxonomy_version: str = ""
    timestamp: str
    state_before: str
    state_after: str
    model_id: str = ""


class PatternMatch(Contract):
    """The approved false-positive pattern that explains an alert."""

    pattern_id: str
    confidence: float  # 0 to 1
    reason: str
    drifting: bool = False  # people found attacks in what was dismissed under the same rule


class CaseFacts(Contract):
    """What the steps of a case leave for later ones beside the fields of the specification.

    Stored without what is not known, as releases up to 0.1.0 ask whether a fact is there.
    """

    model_config = KEPT

    opened_at: str = ""  # ISO 8601 UTC, of this round
    flags: list[str] = Field(default_factory=list)  # of the alert, see CanonicalAlert
    confidence_floor: float = 0.0  # of the detection that the alert is from: no answer counts for less
    fp_match: PatternMatch | None = None
    kill_switches: list[str] = Field(default_factory=list)  # `dimension:value` of those that are on for the case
    changed_since: list[str] = Field(default_factory=list)  # fields of the alert that later messages changed
    shadow: str = ""  # what is in shadow mode and covers the case
    shadow_actions: list[str] = Field(default_factory=list)  # that would have been asked for, or carried out
    structured_search: bool = False  # similar incidents were found without the vector store
    similar_techniques: list[str] = Field(default_factory=list)  # that the words of an alert without any speak of
    context_missing: list[str] = Field(default_factory=list)  # what could not be gathered for good, and why
    logs_unanswered: list[str] = Field(default_factory=list)  # what the logs were not asked or did not say, and why
    wanted_questions: list[str] = Field(default_factory=list)  # to the logs, by a model whose answer was not the last
    model_refusal: str = ""  # why there is no valid answer of a model
    model_id: str = ""  # of the verdict
    reasoning_chain: list[str] = Field(default_factory=list)  # the model's own words
    why: Why | None = None
    model_techniques: list[str] = Field(default_factory=list)  # that the model named
    quarantined_ids: list[str] = Field(default_factory=list)  # technique ids of the model that no taxonomy knows
    injection_risk: str = ""  # of the alert's text for a model: none, low, medium; empty until asked
    escalation_refused: bool = False  # the tenant's hour had no call of the stronger model left
    answer_flags: list[str] = Field(default_factory=list)  # what was wrong with the model's answers
    chosen_playbook: str = ""  # by a model, of several that fit equally well
    destructive_proposals: list[str] = Field(default_factory=list)  # of the model, those that code dropped included
    approval_id: str = ""
    approval_deadline: str = ""  # ISO 8601 UTC
    orchestration_id: str = ""  # of a case that a person took up again; empty while its first one runs
    disposition: str = ""  # DispositionName: what a person last made of the case
    incident_id: str = ""
    incident_note: str = ""  # what was decided in the incident before this alert was judged
    incident_alerts: list[RelatedAlert] = Field(default_factory=list)  # the other ones, those that tell most first
    asked_already: list[str] = Field(default_factory=list)  # actions that another case of the incident asks for
    error: str = ""  # why the case failed

    @model_serializer(mode="wrap")
    def _what_is_known(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {name: value for name, value in handler(self).items() if value not in ("", [], None, False)}


class GraphState(Contract):
    """Everything known about one investigation. ``version`` counts its transitions (optimistic lock)."""

    model_config = KEPT

    investigation_id: str
    state: InvestigationState = InvestigationState.RECEIVED
    alert_id: str = ""
    tenant_id: str = ""
    taxonomy_version: str = ""
    entities: dict[str, Any] = Field(default_factory=dict)
    ioc_matches: list[dict[str, Any]] = Field(default_factory=list)
    ueba_context: list[dict[str, Any]] = Field(default_factory=list)
    ctem_exposures: list[dict[str, Any]] = Field(default_factory=list)
    atlas_techniques: list[dict[str, Any]] = Field(default_factory=list)
    similar_incidents: list[dict[str, Any]] = Field(default_factory=list)
    log_answers: list[LogAnswer] = Field(default_factory=list)
    playbook_matches: list[dict[str, Any]] = Field(default_factory=list)
    decision_chain: list[DecisionEntry] = Field(default_factory=list)
    classification: str = ""
    severity: str = ""
    confidence: float = 0.0
    recommended_actions: list[Action] = Field(default_factory=list)
    requires_human_approval: bool = False
    risk_state: str = RiskState.UNKNOWN
    llm_calls: int = 0
    queries_executed: int = 0
    total_cost_usd: float = 0.0
    case_facts: CaseFacts = CaseFacts()
    alert_title: str = ""
    alert_description: str = ""
    alert_severity: SeverityLevel = SeverityLevel.MEDIUM
    alert_timestamp: str = ""
    techniques: list[str] = Field(default_factory=list)
    tactics: list[str] = Field(default_factory=list)
    product: str = ""
    source: str = ""
    min_confidence: float = 0.0
    fp_dismissal_allowed: bool = True
    ctem_stale: bool = False
    degradation_level: DegradationLevel = DegradationLevel.FULL_CAPABILITY
    model_provider: str = ""  # `simulated` when the verdict was not made by a real model
    outcome: str = ""  # how it ended: see Outcome
    version: int = 0
    round: int = 1  # how often the case was begun: by late entities, or by a person who took it up again

    @cached_property
    def parsed_entities(self) -> AlertEntities:
        """``entities``, validated on first use: steps ask for them again and again."""
        return AlertEntities.from_stored(
            self.entities, where=f"entities of investigation_state {self.investigation_id}"
        )

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """See BaseModel.model_copy; what was validated of other entities is not copied."""
        copied = super().model_copy(update=update, deep=deep)
        if update and "entities" in update:
            copied.__dict__.pop("parsed_entities", None)
        return copied

    @property
    def orchestration_id(self) -> str:
        """The durable instance that follows the case now."""
        return self.case_facts.orchestration_id or self.investigation_id

    def with_facts(self, **facts: Any) -> Self:
        """The state with these facts of the case changed."""
        return self.model_copy(update={"case_facts": self.case_facts.model_copy(update=facts)})
