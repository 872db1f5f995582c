"""`aluskort preflight` names what a deployment lacks. That all is well is tests/e2e's to show."""

import gc
import json
import socketserver
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from cli.deployment.environment import deployment
from local.services.postgres import APP
from local.services.postgres import Postgres as PostgresServer
from local.services.simulators import Simulators
from local.services.site import Site
from local.services.stack import Stack
from tests.conftest import Database
from tests.integration.deployment.conftest import Run

NOWHERE = "127.0.0.1:1"
AWAY = {
    "ALUSKORT_POSTGRES_URL": f"postgresql://aluskort_app:p@{NOWHERE}/d?connect_timeout=1",
    "ALUSKORT_REDIS_URL": f"redis://{NOWHERE}/0",
    "ALUSKORT_KAFKA_BROKERS": NOWHERE,
    "ALUSKORT_SENTINEL_EVENTHUB": f"Endpoint=sb://{NOWHERE};SharedAccessKeyName=k;SharedAccessKey=s;"
    "UseDevelopmentEmulator=true",
    "ALUSKORT_BLOB_CONNECTION_STRING": "DefaultEndpointsProtocol=http;AccountName=a;AccountKey=a2V5;"
    f"BlobEndpoint=http://{NOWHERE}/a;",
    "ALUSKORT_QDRANT_URL": f"http://{NOWHERE}",
    "ALUSKORT_OIDC_ISSUER": f"http://{NOWHERE}",
    "ALUSKORT_OIDC_AUDIENCE": "aluskort",
    "ALUSKORT_OIDC_JWKS_URL": f"http://{NOWHERE}/keys",
    "ANTHROPIC_API_KEY": "simulated",
    "ANTHROPIC_BASE_URL": f"http://{NOWHERE}",
    "AzureWebJobsStorage": "UseDevelopmentStorage=true",
    "ALUSKORT_TASKHUB_URL": f"postgresql://{NOWHERE}/taskhub",
}

SERVICES = (
    *("PostgreSQL", "Redis", "Kafka", "Event Hubs"),
    *("Blob storage", "Qdrant", "Identity provider", "Model provider"),
)
LOGINS = (
    *(
        "PostgreSQL: login",
        "Redis: login",
        "Kafka: sending",
        "Event Hubs: Sentinel's hub",
        "Event Hubs: other SIEMs' hub",
    ),
    *("Blob storage: login", "Qdrant", "Identity provider", "Model provider"),
)
WORKSPACES = '{"00000000-0000-0000-0000-000000000001": "contoso"}'
Findings = dict[str, dict[str, Any]]


@pytest.fixture
def strangers() -> Iterator[str]:
    """An address where somebody hangs up on every caller."""

    class HangUp(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            self.request.close()

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), HangUp) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield f"127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()
    gc.collect()  # connections without an end warn here, not in whichever test is collected in next


@pytest.fixture
def found(run: Run, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Findings]:
    """Findings by name of a deployment whose services are all away but for the given ones."""
    monkeypatch.setattr("shared.bus.producer.CONNECT_SECONDS", 1)

    def preflight(*options: str, **variables: str) -> Findings:
        result = run("preflight", "--json", *options, **AWAY | variables)
        answer = json.loads(result.stdout)
        assert (result.exit_code == 0) == answer["passed"]
        return {finding["name"]: finding for finding in answer["findings"]}

    return preflight


def test_every_unavailable_service_is_named_with_what_to_do(found: Callable[..., Findings]) -> None:
    findings = found()
    for name in SERVICES:
        assert findings[f"Network: {name}"]["state"] == "failed"
        assert findings[f"Network: {name}"]["todo"]
        assert findings[name]["found"] == "it cannot be reached, see above"
    assert findings["Taxonomy"]["state"] == "ok"


# aiokafka closes a refused connection without waiting for its end, and the command's loop ends sooner.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_every_service_that_refuses_the_login_is_named_with_what_to_do(
    found: Callable[..., Findings], strangers: str
) -> None:
    findings = found(**{name: value.replace(NOWHERE, strangers) for name, value in AWAY.items()})
    for name in SERVICES:
        assert findings[f"Network: {name}"]["state"] == "ok"
    for name in LOGINS:
        assert findings[name]["state"] == "failed"
        assert findings[name]["todo"]


def test_what_a_migration_mends_is_a_warning_before_it(found: Callable[..., Findings], empty_database: str) -> None:
    url = {"ALUSKORT_POSTGRES_URL": empty_database, "ALUSKORT_POSTGRES_OWNER_URL": empty_database}
    findings = found("--before-migration", ALUSKORT_API_URL=f"http://{NOWHERE}", **url)
    mended = ("PostgreSQL: roles", "PostgreSQL: schema", "API: health")  # before the first package there is no API
    assert {findings[name]["state"] for name in mended} == {"warning"}


def test_key_vault_reference_is_not_reported_as_a_refused_key(found: Callable[..., Findings]) -> None:
    findings = found(ANTHROPIC_API_KEY="@Microsoft.KeyVault(SecretUri=https://kv.example/secrets/a)")
    assert findings["Model provider"]["state"] == "not applicable"


def test_checks_that_need_the_secrets_are_skipped_when_settings_hold_references(
    found: Callable[..., Findings],
) -> None:
    findings = found(ANTHROPIC_API_KEY="@Microsoft.KeyVault(SecretUri=https://kv.example/secrets/a)")
    apps = ("Redis", "Kafka", "Blob storage", "Qdrant")
    assert {findings[name]["state"] for service in apps for name in (service, f"Network: {service}")} == {
        "not applicable"
    }
    for service in ("PostgreSQL", "Event Hubs"):  # where the migration and the synthetic alert go
        assert findings[f"Network: {service}"]["state"] == "failed"


def test_poll_mode_without_a_hub_needs_nothing_of_event_hubs(found: Callable[..., Findings]) -> None:
    none = dict.fromkeys(("ALUSKORT_SENTINEL_EVENTHUB", "ALUSKORT_SENTINEL_HUB", "ALUSKORT_SIEM_HUB"), "")
    findings = found(ALUSKORT_SENTINEL_MODE="poll", ALUSKORT_WORKSPACES=WORKSPACES, **none)
    assert findings["Event Hubs"]["state"] == "not applicable"
    assert findings["Settings"]["state"] == "ok"
    assert not [name for name in findings if name.startswith(("Network: Event Hubs", "Event Hubs: "))]


def test_environment_gives_the_checks_what_the_pipeline_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given = {
        "ALUSKORT_POSTGRES_URL": "postgresql://app@psql.example/aluskort",
        "AZURE_LOCATION": "westeurope",
        "AzureWebJobsStorage__accountName": "sthaluskortdev",
        "DURABLE_TASK_SCHEDULER_CONNECTION_STRING": "Endpoint=https://dts.example",
    }
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    assert given.items() <= deployment(None, Stack(Site(tmp_path), {})).variables.items()


def test_settings_that_are_missing_are_named_and_end_the_preflight(found: Callable[..., Findings]) -> None:
    findings = found(ALUSKORT_KAFKA_SECURITY="entra")
    assert "ALUSKORT_KAFKA_TRIGGER_CONNECTION is needed" in findings["Settings"]["found"]
    assert set(findings) == {"Settings", "All else"}


def test_placeholders_do_not_count_as_settings(found: Callable[..., Findings]) -> None:
    assert "ALUSKORT_API_URL is still '<URL>'" in found(ALUSKORT_API_URL="<URL>")["Settings"]["found"]


def test_database_without_schema_is_reported_with_the_command_to_migrate(
    found: Callable[..., Findings], empty_database: str
) -> None:
    url = {"ALUSKORT_POSTGRES_URL": empty_database, "ALUSKORT_POSTGRES_OWNER_URL": empty_database}
    findings = found(**url)
    assert findings["Network: PostgreSQL"]["state"] == "ok"
    assert findings["PostgreSQL: schema"]["found"].endswith("from 0001_create_the_app_role_and_the_tenant_scope on")
    assert findings["PostgreSQL: schema"]["todo"] == "Run `aluskort migrate`."


def test_login_that_row_level_security_does_not_bind_is_refused(
    found: Callable[..., Findings], database: Callable[[str], Database], postgres: PostgresServer
) -> None:
    made = database("preflight_roles")
    superuser = postgres.url(role="postgres", database=made.owner_url.rpartition("/")[2])
    assert "bypasses row level security" in found(ALUSKORT_POSTGRES_URL=superuser)["PostgreSQL: roles"]["found"]
    with psycopg.connect(made.owner_url, autocommit=True) as owner:
        owner.execute("CREATE TABLE bare (tenant_id text)")
    findings = found(ALUSKORT_POSTGRES_URL=made.url, ALUSKORT_POSTGRES_OWNER_URL=made.owner_url)
    assert findings["PostgreSQL: roles"]["found"].startswith(f"{APP} acts as {APP}")
    assert (findings["PostgreSQL: schema"]["state"], findings["PostgreSQL: clock"]["state"]) == ("ok", "ok")
    assert findings["PostgreSQL: row level security"]["found"] == "off for bare"


def test_different_issuer_and_accepted_key_are_reported(found: Callable[..., Findings], simulators: Simulators) -> None:
    findings = found(
        ANTHROPIC_BASE_URL=simulators.claude_url(),
        ALUSKORT_OIDC_JWKS_URL=simulators.jwks_url(),
        ALUSKORT_OIDC_ISSUER=simulators.issuer().replace("127.0.0.1", "localhost"),
    )
    assert findings["Model provider"]["state"] == "ok"
    assert "it calls itself" in findings["Identity provider"]["found"]
