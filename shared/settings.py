"""The only reader of the environment. A missing or wrong value fails at start and is named."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from functools import cache
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError

from shared.contracts.action import ActionClass
from shared.contracts.alert import SeverityLevel
from shared.contracts.alert_source import AlertSource, SourceName
from shared.contracts.approval import APPROVAL_TIMEOUT_HOURS
from shared.contracts.routing import LLMProvider
from shared.contracts.tenant import TenantId
from shared.errors import ConfigurationError

SentinelWorkspace = Annotated[
    str,
    Field(
        pattern=r"^/subscriptions/[^/]+/resourceGroups/[^/]+/providers/Microsoft\.OperationalInsights/workspaces/[^/]+$"
    ),
]
WorkspaceId = Annotated[str, Field(pattern=r"^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$")]  # a GUID

PREFIX = "ALUSKORT_"
LINK_KEY_LENGTH = 32
MOST_SECONDS = 90 * 24 * 3600  # a question older than that is nobody's
EVENT_HUBS_DOMAIN = ".servicebus.windows.net"


FROM_ENVIRONMENT = SettingsConfigDict(
    env_prefix=PREFIX,
    env_nested_delimiter="_",
    env_nested_max_split=1,
    frozen=True,
    extra="ignore",
    protected_namespaces=(),
    populate_by_name=True,
)


class KafkaSecurity(StrEnum):
    """How Kafka is reached: bare on one machine, or an Event Hubs namespace with TLS and Entra identities."""

    PLAINTEXT = "plaintext"
    ENTRA = "entra"


class _Group(BaseModel):
    """Settings that belong together; the group's name is the second word of their variables."""

    model_config = ConfigDict(frozen=True)


class PostgresSettings(_Group):
    """A URL without a password takes an Entra token of the process's identity."""

    url: SecretStr


class RedisSettings(_Group):
    """A rediss:// URL without a password takes an Entra token of the process's identity."""

    url: SecretStr


class KafkaLogin(_Group):
    """What the triggers' declaration needs, before anything else does."""

    security: KafkaSecurity = KafkaSecurity.PLAINTEXT


class KafkaSettings(KafkaLogin):
    """The triggers' Listen-only connection string is needed with security=entra: they take no managed identity."""

    brokers: str
    trigger_connection: SecretStr | None = None

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.security is KafkaSecurity.ENTRA and not self.trigger_connection:
            raise ValueError("ALUSKORT_KAFKA_TRIGGER_CONNECTION is needed with ALUSKORT_KAFKA_SECURITY=entra")
        if self.security is KafkaSecurity.PLAINTEXT and EVENT_HUBS_DOMAIN in self.brokers:
            raise ValueError("ALUSKORT_KAFKA_BROKERS names Event Hubs, which needs ALUSKORT_KAFKA_SECURITY=entra")
        return self


class BlobSettings(_Group):
    """The account URL is used, with managed identity, when there is no connection string."""

    connection_string: SecretStr | None = None
    account_url: str = ""


class QdrantSettings(_Group):
    """The vector store, and its key if it wants one."""

    url: str = ""
    api_key: SecretStr | None = None


class Neo4jSettings(_Group):
    """The graph of assets and zones; without a URL the table of zones says what is at stake."""

    url: str = ""
    user: str = "neo4j"
    password: SecretStr = SecretStr("")


class AlertSettings(_Group):
    """The SIEMs beside Sentinel, as JSON."""

    sources: dict[SourceName, AlertSource] = Field(default_factory=dict)


class SentinelSettings(_Group):
    """How Sentinel's alerts come: Sentinel exports them, or we ask Log Analytics."""

    mode: Literal["event_hub", "poll"] = "event_hub"


class SentinelTrigger(SentinelSettings):
    """With the hub of Sentinel's alerts."""

    hub: str = ""


class SiemTrigger(_Group):
    """The hub of other SIEMs' alerts."""

    hub: str = ""


class ModelSettings(_Group):
    """Who serves the model; its key and URL are the Anthropic client's own variables."""

    provider: LLMProvider = LLMProvider.ANTHROPIC


class SpendSettings(_Group):
    """US dollars a month."""

    soft_limit_usd: float = Field(default=500.0, ge=0)
    hard_limit_usd: float = Field(default=1000.0, ge=0)


class OidcSettings(_Group):
    """The identity provider whose tokens the API takes."""

    issuer: str
    audience: str
    jwks_url: str


class ApprovalSettings(_Group):
    """How long an approval waits for a person before it counts as denied, in seconds; by the alert's severity where it
    is named there, as JSON.
    """

    timeout_seconds: int = Field(default=3600 * APPROVAL_TIMEOUT_HOURS, gt=0, le=MOST_SECONDS)
    severity_seconds: dict[SeverityLevel, Annotated[int, Field(gt=0, le=MOST_SECONDS)]] = Field(default_factory=dict)

    @property
    def timeout(self) -> timedelta:
        """Of every severity that is not named."""
        return timedelta(seconds=self.timeout_seconds)

    @property
    def timeouts(self) -> dict[SeverityLevel, timedelta]:
        """Of those that are."""
        return {severity: timedelta(seconds=seconds) for severity, seconds in self.severity_seconds.items()}


class NotificationSettings(_Group):
    """Webhooks that tell people what waits for them; the messages link to ``link_base``, signed with ``link_key``."""

    teams_url: SecretStr | None = None
    slack_url: SecretStr | None = None
    link_base: str = ""
    link_key: SecretStr | None = None

    @property
    def webhooks(self) -> dict[str, SecretStr]:
        """Those that are set, by channel."""
        both = {"teams": self.teams_url, "slack": self.slack_url}
        return {name: url for name, url in both.items() if url}

    @field_validator("teams_url", "slack_url")
    @classmethod
    def _goes_encrypted(cls, value: SecretStr | None) -> SecretStr | None:
        if value and urlsplit(value.get_secret_value()).scheme != "https":
            parts = urlsplit(value.get_secret_value())
            if parts.scheme != "http" or parts.hostname not in {"127.0.0.1", "localhost"}:
                raise ValueError("expected https://, or http:// on this machine")
        return value

    @model_validator(mode="after")
    def _links_can_be_signed(self) -> Self:
        if self.webhooks and not self.link_base.startswith(("https://", "http://127.0.0.1", "http://localhost")):
            raise ValueError("ALUSKORT_NOTIFICATION_LINK_BASE, an https:// URL, is needed with a webhook")
        if self.webhooks and len(self.link_key.get_secret_value() if self.link_key else "") < LINK_KEY_LENGTH:
            needed = f"at least {LINK_KEY_LENGTH} random characters"
            raise ValueError(f"ALUSKORT_NOTIFICATION_LINK_KEY, {needed}, is needed with a webhook")
        return self


class ActionSettings(_Group):
    """What may really be done, by tenant and class of action; all else is a dry run. Addresses are those of Microsoft's
    public cloud.
    """

    live: dict[TenantId, frozenset[ActionClass]] = {}  # JSON {"<tenant>": ["endpoint", ...]}
    incidents: dict[TenantId, SentinelWorkspace] = {}  # JSON {"<tenant>": "<resource id of its Sentinel workspace>"}
    defender_url: str = "https://api.security.microsoft.com"
    graph_url: str = "https://graph.microsoft.com"
    management_url: str = "https://management.azure.com"


class LlmSettings(_Group):
    """How long a verdict waits for a model before it degrades."""

    wait_seconds: int = Field(default=900, gt=0)


class HuntingSettings(_Group):
    """How long all questions to the logs of one case may take together."""

    seconds: float = Field(default=20, gt=0)


class Settings(BaseSettings):
    """Every setting of the product: ``postgres.url`` is ALUSKORT_POSTGRES_URL in the environment, and so on."""

    model_config = FROM_ENVIRONMENT

    postgres: PostgresSettings
    redis: RedisSettings
    kafka: KafkaSettings
    blob: BlobSettings = BlobSettings()
    evidence_container: str = "aluskort-audit-evidence"  # with an immutability policy in Azure
    qdrant: QdrantSettings = QdrantSettings()
    neo4j: Neo4jSettings = Neo4jSettings()

    sentinel: SentinelSettings = SentinelSettings()
    alert: AlertSettings = AlertSettings()
    workspaces: dict[WorkspaceId, TenantId] = Field(default={}, validate_default=True)  # JSON {"<id>": "<tenant>"}
    log_analytics_endpoint: str = "https://api.loganalytics.io"

    model: ModelSettings = ModelSettings()
    anthropic_api_key: SecretStr = Field(alias="ANTHROPIC_API_KEY")
    anthropic_base_url: str | None = Field(default=None, alias="ANTHROPIC_BASE_URL")
    spend: SpendSettings = SpendSettings()

    oidc: OidcSettings
    swagger_ui: str = ""  # a folder of Swagger UI: the API's schema and pages are public then, so not in production

    approval: ApprovalSettings = ApprovalSettings()
    notification: NotificationSettings = NotificationSettings()
    llm: LlmSettings = LlmSettings()
    action: ActionSettings = ActionSettings()
    hunting: HuntingSettings = HuntingSettings()
    allowlisted_playbooks: frozenset[str] = frozenset()  # JSON list
    operator_tenant: str = ""  # whose administrators load and retire playbooks and indicators, which all tenants share

    @field_validator("workspaces")
    @classmethod
    def _poll_mode_has_workspaces(cls, value: dict[str, str], info: ValidationInfo) -> dict[str, str]:
        sentinel = info.data.get("sentinel")
        if not value and sentinel and sentinel.mode == "poll":
            raise ValueError('poll mode (ALUSKORT_SENTINEL_MODE) needs at least one {"<workspace id>": "<tenant>"}')
        return value


class TriggerSettings(BaseSettings):
    """What the triggers' declaration needs."""

    model_config = FROM_ENVIRONMENT

    kafka: KafkaLogin = KafkaLogin()
    sentinel: SentinelTrigger = SentinelTrigger()
    siem: SiemTrigger = SiemTrigger()

    def reads(self, hub: str) -> bool:
        """Whether a hub of alerts is read. In poll mode there may be none; else a missing name must be an error."""
        return bool(hub) or self.sentinel.mode == "event_hub"


def variables() -> dict[tuple[str, ...], str]:
    """The environment variable of each setting, by the setting's path such as ("postgres", "url")."""
    names: dict[tuple[str, ...], str] = {}
    for name, field in Settings.model_fields.items():
        if group := _group(name):
            names |= {(name, part): f"{PREFIX}{name}_{part}".upper() for part in group.model_fields}
        else:
            names[name,] = field.alias or f"{PREFIX}{name}".upper()
    return names


@cache
def settings() -> Settings:
    """The process's settings, read once. Raises ConfigurationError that lists every wrong variable."""
    return _read(Settings)


def trigger_settings() -> TriggerSettings:
    """What the triggers' declaration needs, before anything else is needed."""
    return _read(TriggerSettings)


def kafka_security() -> KafkaSecurity:
    """How Kafka is reached."""
    return trigger_settings().kafka.security


def _read[S: BaseSettings](kind: type[S]) -> S:
    try:
        return kind()
    except ValidationError as error:
        wrong = "; ".join(_sentence(item["loc"], item["msg"]) for item in error.errors())
        raise ConfigurationError(
            f"settings: {wrong}. Set them in the environment or in local.settings.json (see the .example beside it)."
        ) from error
    except SettingsError as error:  # a list or an object that is no JSON; the message names the field or its group
        wrong = " or ".join(name for path, name in variables().items() if f'"{path[0]}"' in str(error))
        raise ConfigurationError(f"settings: {wrong}: expected JSON. {error.__cause__}") from error


def _group(name: str) -> type[_Group] | None:
    field = Settings.model_fields.get(name)
    kind = field.annotation if field else None
    return kind if isinstance(kind, type) and issubclass(kind, _Group) else None


def _sentence(location: tuple[int | str, ...], message: str) -> str:
    path, names = tuple(map(str, location)), variables()
    group = _group(path[0])
    if group and len(path) == 1:
        if message != "Field required":
            return message.removeprefix("Value error, ")  # a rule about several settings names them itself
        required = [names[path[0], part] for part, field in group.model_fields.items() if field.is_required()]
        return "; ".join(f"{name}: field required" for name in required)
    depth = 2 if group else 1
    name = names.get(path[:depth], path[0])  # of an alias, the path is the variable itself
    return f"{'.'.join((name, *path[depth:]))}: {message.lower()}"
