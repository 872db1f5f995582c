from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.iac.conftest import IAC, Terraform

TESTS_OF = {
    "dev": ("environment", "dev"),
    "staging": ("environment", "hardened", "notifications"),
    "prod": ("environment", "hardened", "prod", "refusals"),
}
GIVEN_BY_AN_OPERATOR = [
    *("subscription_id", "tenant_id", "deployer_object_id", "database_administrators", "alert_emails", "home_tenant"),
    *("oidc_audience", "anthropic_api_key", "qdrant_api_key", "secrets_expire"),
]


def test_configuration_is_formatted(terraform: Terraform) -> None:
    terraform("fmt", "-check", "-diff", "-recursive")


def test_configuration_is_valid(terraform: Terraform) -> None:
    terraform("validate")


@pytest.mark.parametrize("environment", TESTS_OF)
def test_environment_is_planned_as_designed(terraform: Terraform, environment: str) -> None:
    printed = terraform(
        "test",
        f"-var-file=environments/{environment}.tfvars",
        "-var-file=tests/operator.tfvars",
        *(f"-filter=tests/{name}.tftest.hcl" for name in TESTS_OF[environment]),
    )

    assert "0 failed" in printed
    assert "Success! 0 passed" not in printed


def test_every_file_of_terraform_tests_is_run_for_some_environment() -> None:
    files = {path.name.removesuffix(".tftest.hcl") for path in (IAC / "tests").glob("*.tftest.hcl")}

    assert files == {name for names in TESTS_OF.values() for name in names}


@pytest.fixture
def plan(terraform: Terraform) -> Iterator[Callable[..., str]]:
    """Plans prod as an operator does, but with a local state; gives what was printed of the refusal as one line."""
    backend = terraform.directory / "backend_override.tf"
    backend.write_text('terraform {\n  backend "local" {}\n}\n')
    terraform("init", "-reconfigure")

    def refused(*arguments: str) -> str:
        printed = terraform("plan", "-input=false", "-var-file=environments/prod.tfvars", *arguments, passes=False)
        return " ".join(printed.replace("\u2502", " ").split())

    yield refused
    backend.unlink()


def test_plan_without_an_operators_input_names_every_missing_variable(plan: Callable[..., str]) -> None:
    printed = plan()

    assert not [name for name in GIVEN_BY_AN_OPERATOR if f'"{name}" is not set' not in printed]


def test_refusal_says_what_was_given_what_is_expected_and_what_to_do(plan: Callable[..., str]) -> None:
    printed = plan(
        "-var-file=tests/operator.tfvars",
        "-var=product=aluskortplatform",
        "-var=location=West Europe",
        "-var=siem_hub=alerts.raw",
        '-var=allowed_addresses=["203.0.113.7"]',
    )

    assert "of 29 characters, and Azure permits 24. Use at most 11 characters." in printed
    assert 'location is "West Europe"; it is one of australiaeast, centralus,' in printed
    assert "Choose a name that is neither sentinel_hub nor a topic" in printed
    assert "allowed_addresses is for dev only; prod has no public network." in printed
