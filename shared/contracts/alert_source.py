"""A source of alerts that is not Sentinel, as an operator configures it (ALUSKORT_ALERT_SOURCES)."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from shared.contracts.contract import Contract
from shared.contracts.tenant import TenantId

# Stands in a URL, in an event's property and in dead letters.
SourceName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$", max_length=64)]


class Siem(StrEnum):
    """Whose alerts a source sends."""

    ELASTIC = "elastic"
    SPLUNK = "splunk"


class AlertSource(Contract):
    """Whose alerts they are: the operator says so, as nothing in an alert can be trusted to."""

    siem: Siem
    tenant: TenantId
