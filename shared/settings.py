"""The only reader of the environment. A missing or wrong value fails at start and is named."""

from __future__ import annotations

from enum import StrEnum
from functools import cache
from typing import Annotated, Literal, Self

from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError

from shared.contracts.alert_source import AlertSource, SourceName
from shared.contracts.approval import APPROVAL_TIMEOUT_HOURS
from shared.contracts.routing import LLMProvider
from shared.contracts.tenant import TenantId
from shared.errors import ConfigurationError

WorkspaceId = Annotated[str, Field(pattern=r"^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$")]  # a GUID

EVENT_HUBS_DOMAIN = ".servicebus.windows.net"


class KafkaSecurity(StrEnum):
    """How Kafka is reached: bare on one machine, or an Event Hubs namespace with TLS and Entra identities."""

    PLAINTEXT = "plaintext"
    ENTRA = "entra"


class KafkaBinding(BaseSettings):
    """The one setting that the triggers' declaration needs."""

    model_config = SettingsConfigDict(
        env_prefix="ALUSKORT_", frozen=True, extra="ignore", protected_namespaces=(), populate_by_name=True
    )

    kafka_security: KafkaSecurity = KafkaSecurity.PLAINTEXT


class Settings(KafkaBinding):
    """Every setting of the product; names in the environment are upper-case with the prefix ALUSKORT_.

    A PostgreSQL or rediss:// URL without a password takes an Entra token of the process's identity.
    """

    postgres_url: SecretStr
    redis_url: SecretStr
    kafka_brokers: str
    # The triggers' Listen-only connection string, with kafka_security=entra: they take no managed identity.
    kafka_trigger_connection: SecretStr | None = None
    blob_connection_string: SecretStr | None = None
    blob_account_url: str = ""  # with managed identity; used when there is no connection string
    evidence_container: str = "aluskort-audit-evidence"  # with an immutability policy in Azure
    qdrant_url: str = ""
    qdrant_api_key: SecretStr | None = None
    qdrant_path: str = ""  # embedded engine, for one process only; used when there is no URL

    alert_sources: dict[SourceName, AlertSource] = Field(default_factory=dict)  # JSON: SIEMs beside Sentinel
    sentinel_mode: Literal["event_hub", "poll"] = "event_hub"
    workspaces: dict[WorkspaceId, TenantId] = Field(default={}, validate_default=True)  # JSON {"<id>": "<tenant>"}
    log_analytics_endpoint: str = "https://api.loganalytics.io"

    model_provider: LLMProvider = LLMProvider.ANTHROPIC
    anthropic_api_key: SecretStr = Field(alias="ANTHROPIC_API_KEY")
    anthropic_base_url: str | None = Field(default=None, alias="ANTHROPIC_BASE_URL")
    spend_soft_limit_usd: float = Field(default=500.0, ge=0)
    spend_hard_limit_usd: float = Field(default=1000.0, ge=0)

    oidc_issuer: str
    oidc_audience: str
    oidc_jwks_url: str

    approval_timeout_seconds: int = Field(default=3600 * APPROVAL_TIMEOUT_HOURS, gt=0)
    llm_wait_seconds: int = Field(default=900, gt=0)  # how long a verdict waits for a model before it degrades
    allowlisted_playbooks: frozenset[str] = frozenset()  # JSON list

    @field_validator("workspaces")
    @classmethod
    def _poll_mode_has_workspaces(cls, value: dict[str, str], info: ValidationInfo) -> dict[str, str]:
        if not value and info.data.get("sentinel_mode") == "poll":
            raise ValueError('poll mode (ALUSKORT_SENTINEL_MODE) needs at least one {"<workspace id>": "<tenant>"}')
        return value

    @model_validator(mode="after")
    def _kafka_fits(self) -> Self:
        if self.kafka_security is KafkaSecurity.ENTRA and not self.kafka_trigger_connection:
            raise ValueError("ALUSKORT_KAFKA_TRIGGER_CONNECTION is needed with ALUSKORT_KAFKA_SECURITY=entra")
        if self.kafka_security is KafkaSecurity.PLAINTEXT and EVENT_HUBS_DOMAIN in self.kafka_brokers:
            raise ValueError("ALUSKORT_KAFKA_BROKERS names Event Hubs, which needs ALUSKORT_KAFKA_SECURITY=entra")
        return self


@cache
def settings() -> Settings:
    """The process's settings, read once. Raises ConfigurationError that lists every wrong variable."""
    return _read(Settings)


def kafka_security() -> KafkaSecurity:
    """How Kafka is reached, for the triggers: they are declared before anything else is needed."""
    return _read(KafkaBinding).kafka_security


def _read[S: BaseSettings](kind: type[S]) -> S:
    try:
        return kind()
    except ValidationError as error:
        wrong = "; ".join(_sentence(item["loc"], item["msg"]) for item in error.errors())
        raise ConfigurationError(
            f"settings: {wrong}. Set them in the environment or in local.settings.json (see the .example beside it)."
        ) from error
    except SettingsError as error:  # a list or an object that is no JSON; the message names the field
        raise ConfigurationError(f"settings: {error}: expected JSON. {error.__cause__}") from error


def _sentence(location: tuple[int | str, ...], message: str) -> str:
    if not location:
        return message.removeprefix("Value error, ")  # a rule about several settings names them itself
    name = str(location[0])
    variable = name if name.isupper() else f"ALUSKORT_{name.upper()}"
    return f"{'.'.join((variable, *map(str, location[1:])))}: {message.lower()}"
