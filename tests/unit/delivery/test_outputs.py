import json
from pathlib import Path
from typing import Any

import pytest

from delivery.outputs import read_outputs
from shared.errors import InvalidInput

SETTINGS = {
    "AZURE_CLIENT_ID": "the app's own identity",
    "AzureWebJobsStorage__accountName": "sthaluskortdev",
    "ALUSKORT_POSTGRES_URL": "postgresql://id-app@psql.example:6432/aluskort?sslmode=verify-full",
    "ALUSKORT_SPEND_HARD_LIMIT_USD": 1000,
    "ALUSKORT_QDRANT_API_KEY": "@Microsoft.KeyVault(SecretUri=https://kv.example/secrets/qdrant)",
    "ANTHROPIC_API_KEY": "@Microsoft.KeyVault(SecretUri=https://kv.example/secrets/anthropic)",
}


def read(folder: Path, settings: Any) -> dict[str, str]:
    values = {
        "resource_group": "rg-aluskort-dev",
        "function_app": "func-aluskort-dev",
        "function_app_id": "/subscriptions/s/resourceGroups/rg/sites/func-aluskort-dev",
        "location": "westeurope",
        "url": "https://func.example",
        "app_identity": {"name": "id-app", "client_id": "c", "object_id": "o"},
        "settings": settings,
    }
    path = folder / "outputs.json"
    path.write_text(json.dumps({name: {"sensitive": False, "value": value} for name, value in values.items()}))
    return read_outputs(path, administrator="deploy@example")


def test_outputs_become_variables_with_references_for_secrets_and_without_the_apps_identity(tmp_path: Path) -> None:
    assert read(tmp_path, SETTINGS) == {
        "RESOURCE_GROUP": "rg-aluskort-dev",
        "FUNCTION_APP": "func-aluskort-dev",
        "DEPLOYMENT_ACCOUNT": "sthaluskortdev",
        "DEPLOYMENT_CONTAINER": "deployments",
        "AZURE_SUBSCRIPTION_ID": "s",
        "AZURE_LOCATION": "westeurope",
        "AZURE_FUNCTION_APP_ID": "/subscriptions/s/resourceGroups/rg/sites/func-aluskort-dev",
        "AZURE_PRINCIPAL_ID": "o",
        "ALUSKORT_API_URL": "https://func.example",
        "ALUSKORT_ENTRA_PRINCIPALS": '[{"name": "id-app", "object_id": "o", "role": "aluskort_app"}]',
        "ALUSKORT_POSTGRES_OWNER_URL": "postgresql://deploy%40example@psql.example:5432/aluskort?sslmode=verify-full",
        **{name: str(value) for name, value in SETTINGS.items() if name != "AZURE_CLIENT_ID"},
    }


@pytest.mark.parametrize(
    ("name", "value"), [("ALUSKORT_X", "a\nPATH=/tmp"), ("ALUSKORT_A\nPATH", "x"), ("ALUSKORT_A=B", "x")]
)
def test_value_or_name_that_could_add_a_variable_is_refused(tmp_path: Path, name: str, value: str) -> None:
    with pytest.raises(InvalidInput, match="expected a variable's name and one line of text"):
        read(tmp_path, SETTINGS | {name: value})


@pytest.mark.parametrize("document", ["", "[]", "{}", '{"settings": 3}', '{"settings": {"value": "x"}}'])
def test_what_is_not_terraforms_output_is_refused_with_the_command(tmp_path: Path, document: str) -> None:
    path = tmp_path / "outputs.json"
    path.write_text(document)
    with pytest.raises(InvalidInput, match="terraform -chdir=iac output -json"):
        read_outputs(path, administrator="x")
