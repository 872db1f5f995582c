"""Field names are law: those of the seed exactly, those of the data model beside them."""

from dataclasses import FrozenInstanceError, fields, is_dataclass

import pytest
from pydantic import BaseModel, ValidationError

from shared.contracts.alert import CanonicalAlert, NormalizedAlert, SeverityLevel
from shared.contracts.audit import AuditRecord, EvidencePackage
from shared.contracts.batch import BatchJob, BatchJobStatus, BatchTask, FPPattern, FPPatternStatus, PlaybookDraft
from shared.contracts.entity import CATEGORIES, AlertEntities, EntityType, NormalizedEntity
from shared.contracts.executor import ExecutorConstraints
from shared.contracts.exposure import CTEMExposure, ExposureStatus
from shared.contracts.gateway import APICallMetrics, GatewayRequest, GatewayResponse
from shared.contracts.investigation import AgentRole, Classification, DecisionEntry, GraphState, InvestigationState
from shared.contracts.risk import RiskSignal
from shared.contracts.routing import (
    CircuitState,
    DegradationLevel,
    ModelConfig,
    ModelTier,
    RoutingDecision,
    TaskCapabilities,
    TaskContext,
)
from shared.errors import ConfigurationError

# Written down from the specification, not read from the code.
EXACTLY: dict[type, str] = {
    GatewayRequest: "agent_id task_type system_prompt user_content output_schema tenant_id",
    GatewayResponse: "content model_id tokens_used valid raw_output validation_errors quarantined_ids metrics "
    "injection_detections",
    TaskContext: "task_type context_tokens time_budget_seconds alert_severity tenant_tier requires_reasoning "
    "previous_confidence",
    RoutingDecision: "tier model_config max_tokens temperature use_extended_thinking use_prompt_caching reason "
    "fallback_configs degradation_level",
    ExecutorConstraints: "allowlisted_playbooks min_confidence_for_auto_close require_fp_match_for_auto_close "
    "can_modify_routing_policy can_disable_guardrails",
    ModelConfig: "provider model_id max_context_tokens cost_per_mtok_input cost_per_mtok_output "
    "supports_extended_thinking supports_tool_use supports_prompt_caching batch_eligible",
    TaskCapabilities: "requires_tool_use requires_json_reliability max_context_tokens latency_slo_seconds "
    "requires_extended_thinking",
    NormalizedEntity: "entity_type primary_value properties confidence source_id source_pointer",
    AlertEntities: "accounts hosts ips files processes urls dns_records file_hashes mailboxes other raw_iocs "
    "parse_errors losses",
    CTEMExposure: "exposure_key ts source_tool title description severity original_severity asset_id asset_type "
    "asset_zone exploitability_score physical_consequence ctem_score atlas_technique attack_technique "
    "threat_model_ref status assigned_to sla_deadline remediation_guidance evidence_url tenant_id",
    BatchTask: "task_id task_type system_prompt user_content model_id max_tokens metadata created_at",
    BatchJob: "job_id batch_api_id status tasks submitted_at completed_at results error_count success_count "
    "total_cost_usd created_at",
    FPPattern: "pattern_id alert_name alert_name_regex entity_patterns severity confidence status approved_by "
    "approved_by_1 approved_by_2 approval_date expiry_date reaffirmed_date reaffirmed_by reason "
    "false_positive_count scope_rule_family scope_tenant_id scope_asset_class source_investigations created_at "
    "updated_at drifting_until",  # the last one by a later issue
    PlaybookDraft: "playbook_id name description tactics techniques remediation_steps confidence "
    "source_investigations status created_at",
    RiskSignal: "entity_id signal_type risk_state risk_score data_freshness_hours source",
    EvidencePackage: "package_id investigation_id tenant_id generated_at generated_by source_alert "
    "raw_alert_payload events state_transitions retrieval_context llm_interactions final_classification "
    "final_confidence final_severity reasoning_chain techniques_mapped techniques_quarantined "
    "actions_recommended actions_executed actions_pending approvals analyst_feedback chain_verified "
    "chain_verification_errors package_hash incident",  # the last one by a later issue
}
AT_LEAST: dict[type, str] = {
    CanonicalAlert: "alert_id source timestamp title description severity tactics techniques entities_raw product "
    "tenant_id raw_payload",
    GraphState: "investigation_id state alert_id tenant_id taxonomy_version entities ioc_matches ueba_context "
    "ctem_exposures atlas_techniques similar_incidents playbook_matches decision_chain classification severity "
    "confidence recommended_actions requires_human_approval risk_state llm_calls queries_executed total_cost_usd "
    "case_facts",
    DecisionEntry: "step agent action reasoning confidence attestation_status taxonomy_version",
    APICallMetrics: "input_tokens output_tokens cache_read_tokens cache_write_tokens cost_usd latency_ms",
    AuditRecord: "audit_id tenant_id sequence_number previous_hash timestamp ingested_at event_type event_category "
    "severity actor_type actor_id actor_permissions investigation_id alert_id entity_ids context decision outcome "
    "record_hash record_version",
}
VALUES: dict[type, str] = {
    SeverityLevel: "critical high medium low informational",
    InvestigationState: "received parsing enriching reasoning awaiting_human responding closed failed",
    AgentRole: "ioc_extractor context_enricher reasoning_agent response_agent ctem_correlator atlas_mapper",
    EntityType: "account host ip file process url dns filehash mailbox mailmessage registry-key registry-value "
    "security-group cloud-application malware vulnerability autonomous-system cryptocurrency-address",
    ModelTier: "tier_0 tier_1 tier_1+ tier_2",
    DegradationLevel: "full_capability secondary_active deterministic_only passthrough",
    CircuitState: "closed open half_open",
    Classification: "true_positive false_positive benign_true_positive requires_investigation",
    BatchJobStatus: "pending submitted in_progress completed failed expired",
    FPPatternStatus: "pending_review shadow approved active deprecated expired revoked",
    ExposureStatus: "Open InProgress FixDeployed Verified Closed",
}
MODELS = [*EXACTLY, *AT_LEAST]


def names(contract: type) -> list[str]:
    if issubclass(contract, BaseModel):
        return list(contract.model_fields)
    assert is_dataclass(contract)
    return [item.name for item in fields(contract)]


@pytest.mark.parametrize("contract", EXACTLY, ids=lambda contract: contract.__name__)
def test_contract_has_exactly_the_specified_fields(contract: type) -> None:
    assert set(names(contract)) == set(EXACTLY[contract].split())


@pytest.mark.parametrize("contract", AT_LEAST, ids=lambda contract: contract.__name__)
def test_contract_has_the_specified_fields(contract: type) -> None:
    assert set(AT_LEAST[contract].split()) <= set(names(contract))


def test_normalized_alert_is_the_canonical_alert_with_its_parsed_entities() -> None:
    assert names(NormalizedAlert) == [*names(CanonicalAlert), "parsed_entities"]


def test_entities_have_the_ten_categories_of_the_seed() -> None:
    assert " ".join(CATEGORIES) == "accounts hosts ips files processes urls dns_records file_hashes mailboxes other"


@pytest.mark.parametrize("values", VALUES, ids=lambda values: values.__name__)
def test_enumeration_has_exactly_the_specified_values(values: type) -> None:
    assert [str(item) for item in values] == VALUES[values].split()  # type: ignore[attr-defined]


@pytest.mark.parametrize("contract", MODELS, ids=lambda contract: contract.__name__)
def test_contract_is_frozen(contract: type) -> None:
    name = names(contract)[0]
    if issubclass(contract, BaseModel):
        with pytest.raises(ValidationError, match="frozen"):
            setattr(contract.model_construct(), name, "changed")
    else:
        with pytest.raises(FrozenInstanceError):
            setattr(object.__new__(contract), name, "changed")


def test_executor_constraints_refuse_power_over_their_own_limits() -> None:
    with pytest.raises(ConfigurationError, match="always False"):
        ExecutorConstraints(can_modify_routing_policy=True)
    with pytest.raises(ConfigurationError, match="always False"):
        ExecutorConstraints(can_disable_guardrails=True)


def test_executor_constraints_default_to_nothing_allowed() -> None:
    limits = ExecutorConstraints()
    assert (limits.allowlisted_playbooks, limits.min_confidence_for_auto_close) == (frozenset(), 0.85)
    assert limits.require_fp_match_for_auto_close
