"""What `terraform output -json` says of an environment, as the variables that the pipeline and the product read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from shared.errors import InvalidInput

CONTAINER = "deployments"  # in the host's storage account, see iac/modules/storage
OWN_IDENTITY = "AZURE_CLIENT_ID"  # the app's; whoever runs this logs in as itself
SESSIONS_PORT = 5432  # past PgBouncer, whose transactions a migration's lock would not outlive


def read_outputs(path: Path, *, administrator: str) -> dict[str, str]:
    """Return the variables by name: where the package lives, who is to be let into the database, what the preflight
    asks Azure about, and the app's settings, in which secrets are Key Vault references.

    ``administrator`` is the database principal that the caller logs in as, in place of the app's.

    :raises InvalidInput: an output is missing, or a value is not one line of text and could add a variable.
    """
    try:
        outputs: Any = json.loads(path.read_text("utf-8"))
        settings: dict[str, Any] = dict(outputs["settings"]["value"])
        identity = outputs["app_identity"]["value"]
        principal = {"name": identity["name"], "object_id": identity["object_id"], "role": "aluskort_app"}
        values = {
            "RESOURCE_GROUP": outputs["resource_group"]["value"],
            "FUNCTION_APP": outputs["function_app"]["value"],
            "DEPLOYMENT_ACCOUNT": settings["AzureWebJobsStorage__accountName"],
            "DEPLOYMENT_CONTAINER": CONTAINER,
            "AZURE_SUBSCRIPTION_ID": outputs["function_app_id"]["value"].split("/")[2],
            "AZURE_LOCATION": outputs["location"]["value"],
            "AZURE_FUNCTION_APP_ID": outputs["function_app_id"]["value"],
            "AZURE_PRINCIPAL_ID": identity["object_id"],
            "ALUSKORT_API_URL": outputs["url"]["value"],
            "ALUSKORT_ENTRA_PRINCIPALS": json.dumps([principal]),
            "ALUSKORT_POSTGRES_OWNER_URL": _as(administrator, settings["ALUSKORT_POSTGRES_URL"]),
        }
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as cause:
        raise InvalidInput(
            str(path), got=repr(cause), expected="Terraform's outputs", hint="Run `terraform -chdir=iac output -json`."
        ) from cause
    for name, value in settings.items():
        if name != OWN_IDENTITY:
            values[name] = value if isinstance(value, str) else json.dumps(value)
    for name, value in values.items():
        if not name.isidentifier() or not isinstance(value, str) or not value.isprintable():
            raise InvalidInput(name, got=value, expected="a variable's name and one line of text")
    return values


def _as(administrator: str, url: str) -> str:
    parts = urlsplit(url)
    return parts._replace(netloc=f"{quote(administrator, safe='')}@{parts.hostname}:{SESSIONS_PORT}").geturl()
