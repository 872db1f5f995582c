"""What a rule's .py hands back: a finding, and the entities that an alert about it names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from shared.contracts.alert import SeverityLevel
from shared.contracts.detection import DOCUMENTED, BaselineState, TrustLevel

Limits = Mapping[str, Any]  # thresholds by name
Row = Mapping[str, Any]

MOST_ADDRESSES = 10
MOST_SAMPLES = 20


@dataclass(frozen=True)
class Finding:
    """What one signal says about ``subject``. Without triggers it is no alert: the baseline did not allow to judge.

    ``confidence`` is the rule's formula with its cap, before trust and floor. ``sentence`` is built from numbers and
    names, never from what somebody wrote.
    """

    subject: str
    triggers: tuple[str, ...]
    confidence: float
    sentence: str
    evidence: dict[str, Any]
    entities: list[dict[str, Any]]
    signal: str = DOCUMENTED
    baseline: BaselineState = BaselineState.NOT_NEEDED
    severity: SeverityLevel | None = None  # where it differs from the rule's
    trust: TrustLevel | None = None
    immediate: bool | None = None
    techniques: tuple[str, ...] = field(default=())  # of ATLAS or ATT&CK, beside the rule's


def names_of(conditions: Mapping[str, bool]) -> tuple[str, ...]:
    """The triggers that hold."""
    return tuple(name for name, holds in conditions.items() if holds)


def account(name: str) -> dict[str, Any]:
    """A user or a service principal."""
    user, at, suffix = name.partition("@")
    return (
        {"Type": "account", "Name": user, "UPNSuffix": suffix} if at and suffix else {"Type": "account", "Name": name}
    )


def host(name: str) -> dict[str, Any]:
    """An edge node."""
    return {"Type": "host", "HostName": name}


def addresses(found: Iterable[str] | None) -> list[dict[str, Any]]:
    """IP addresses, at most MOST_ADDRESSES."""
    return [{"Type": "ip", "Address": address} for address in list(found or [])[:MOST_ADDRESSES]]


def partner(partner_id: str, name: str) -> dict[str, Any]:
    """A company whose systems call ours."""
    return {"Type": "cloud-application", "Name": name, "AppId": partner_id}


def resource(kind: str, name: str) -> dict[str, Any]:
    """A thing of machine learning: ml-model, ml-endpoint, ml-dataset, ml-pipeline or ot-sensor."""
    return {"Type": kind, "Name": name}


def file_hash(value: str) -> dict[str, Any]:
    """The hash of a model's weights."""
    return {"Type": "filehash", "Algorithm": "SHA256", "Value": value}
