"""The preflight of the running product, with an alert that it follows to its audit proof."""

import pytest

from cli.deployment.environment import Deployment
from cli.deployment.finding import State, Target
from cli.deployment.preflight import passed, preflight
from cli.deployment.synthetic import follow
from shared.contracts.tenant import SYNTHETIC_TENANT
from shared.settings import settings
from tests.e2e.product import PATIENCE, Product


async def test_preflight_passes_and_its_alert_reaches_its_proof_apart_from_all_cases(
    product: Product, tenant: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    variables = product.environment | {"ALUSKORT_API_URL": product.stack.host().url()}
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    settings.cache_clear()
    found = [finding async for finding in preflight(Deployment(variables, "the test's stack"))]
    assert passed(found), [finding for finding in found if finding.state is State.FAILED]
    assert {"API: health", "PostgreSQL: schema", "Kafka: topics"} <= {
        finding.name for finding in found if finding.state is State.OK
    }
    stages = [finding async for finding in follow(Target(variables, settings()), timeout_seconds=PATIENCE)]
    settings.cache_clear()
    assert [stage.state for stage in stages] == [State.OK] * 5
    assert await product.states(tenant) == {}
    (state,) = (await product.states(SYNTHETIC_TENANT)).values()
    assert state in {"closed", "awaiting_human"}


async def test_pipeline_passes_by_the_apps_health_and_follows_the_alert_as_the_owner(
    product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has references instead of secrets, and its own identity, which only the database accepts."""
    reference = "@Microsoft.KeyVault(SecretUri=https://kv.example/secrets/a)"
    nobodys = product.environment["ALUSKORT_POSTGRES_URL"].replace("aluskort_app", "id-of-the-app")
    variables = product.environment | {
        "ALUSKORT_API_URL": product.stack.host().url(),
        "ANTHROPIC_API_KEY": reference,
        "ALUSKORT_POSTGRES_URL": nobodys,
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    settings.cache_clear()
    found = [finding async for finding in preflight(Deployment(variables, "the pipeline"))]
    stages = [finding async for finding in follow(Target(variables, settings()), timeout_seconds=PATIENCE)]
    settings.cache_clear()
    assert passed(found), [finding for finding in found if finding.state is State.FAILED]
    assert [stage.state for stage in stages] == [State.OK] * 5
