from __future__ import annotations

import pytest

from tests.iac.conftest import IAC, Terraform

TESTS_OF = {
    "dev": ("environment", "dev"),
    "staging": ("environment", "hardened"),
    "prod": ("environment", "hardened", "prod", "refusals"),
}
GIVEN_BY_AN_OPERATOR = [
    *("subscription_id", "tenant_id", "deployer_object_id", "database_administrators", "alert_emails", "home_tenant"),
    *("oidc_audience", "anthropic_api_key", "qdrant_api_key", "neo4j_password", "secrets_expire"),
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


def test_plan_without_an_operators_input_names_every_missing_variable(terraform: Terraform) -> None:
    backend = terraform.directory / "backend_override.tf"
    backend.write_text('terraform {\n  backend "local" {}\n}\n')
    try:
        terraform("init", "-reconfigure")
        printed = terraform("plan", "-input=false", "-var-file=environments/prod.tfvars", passes=False)
    finally:
        backend.unlink()

    text = " ".join(printed.split())
    assert not [name for name in GIVEN_BY_AN_OPERATOR if f'"{name}" is not set' not in text]
