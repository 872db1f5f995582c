"""A case with what a person made of it: what patterns and playbooks are learnt from. A model's word is not in it."""

from __future__ import annotations

from pydantic import Field

from shared.contracts.contract import Contract
from shared.contracts.entity import AlertEntities


class JudgedCase(Contract):
    """``disposition`` and what follows are of the last person who spoke, empty where none did."""

    investigation_id: str
    alert_title: str
    product: str = ""
    severity: str = ""
    classification: str = ""  # of the verdict
    outcome: str = ""
    incident_id: str = ""
    entities: AlertEntities = AlertEntities()
    techniques: list[str] = Field(default_factory=list)
    actions: list[str] = Field(default_factory=list)  # that were granted or ran, in their order
    disposition: str = ""
    decided_by: str = ""
    decided_at: str = ""  # ISO 8601 UTC

    @property
    def was_an_attack(self) -> bool:
        """Whether a person confirmed it: by a disposition, or by granting the actions against it."""
        granted = self.outcome in {"approved", "partly_approved"} and self.classification == "true_positive"
        return self.disposition == "true_positive" or (granted and not self.disposition)
