"""The only reader of the environment. A missing or wrong value fails at start and is named."""

from __future__ import annotations

from functools import cache
from typing import Annotated, Literal

from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError

from shared.contracts.alert_source import AlertSource, SourceName
from shared.contracts.routing import LLMProvider
from shared.contracts.tenant import TenantId
from shared.errors import ConfigurationError

WorkspaceId = Annotated[str, Field(pattern=r"^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$")]  # a GUID


class Settings(BaseSettings):
    """Every setting of the product; names in the environment are upper-case with the prefix ALUSKORT_."""

    model_config = SettingsConfigDict(
        env_prefix="ALUSKORT_", frozen=True, extra="ignore", protected_namespaces=(), populate_by_name=True
    )

    postgres_url: SecretStr
    redis_url: SecretStr
    kafka_brokers: str
    blob_connection_string: SecretStr | None = None
    blob_account_url: str = ""  # with managed identity; used when there is no connection string
    qdrant_url: str = ""
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

    approval_timeout_seconds: int = Field(default=4 * 3600, gt=0)
    llm_wait_seconds: int = Field(default=900, gt=0)  # how long a verdict waits for a model before it degrades
    allowlisted_playbooks: frozenset[str] = frozenset()  # JSON list

    @field_validator("workspaces")
    @classmethod
    def _poll_mode_has_workspaces(cls, value: dict[str, str], info: ValidationInfo) -> dict[str, str]:
        if not value and info.data.get("sentinel_mode") == "poll":
            raise ValueError('poll mode (ALUSKORT_SENTINEL_MODE) needs at least one {"<workspace id>": "<tenant>"}')
        return value


@cache
def settings() -> Settings:
    """The process's settings, read once. Raises ConfigurationError that lists every wrong variable."""
    try:
        return Settings()
    except ValidationError as error:
        wrong = "; ".join(f"{_variable(item['loc'])}: {item['msg'].lower()}" for item in error.errors())
        raise ConfigurationError(
            f"settings: {wrong}. Set them in the environment or in local.settings.json (see the .example beside it)."
        ) from error
    except SettingsError as error:  # a list or an object that is no JSON; the message names the field
        raise ConfigurationError(f"settings: {error}: expected JSON. {error.__cause__}") from error


def _variable(location: tuple[int | str, ...]) -> str:
    name = str(location[0])
    variable = name if name.isupper() else f"ALUSKORT_{name.upper()}"
    return ".".join((variable, *map(str, location[1:])))
