"""What `terraform output -json` says of an environment, as the variables that the pipeline and the product read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from shared.errors import InvalidInput

CONTAINER = "deployments"  # in the host's storage account, see iac/modules/storage
SECRET = "@Microsoft.KeyVault("  # noqa: S105 - what stands in place of a secret: only the app itself can read it


def read_outputs(path: Path, *, administrator: str) -> dict[str, str]:
    """Return the variables by name: where the package lives, and the product's settings without its secrets.

    ``administrator`` is the database principal that the caller logs in as, in place of the app's.

    :raises InvalidInput: an output is missing, or a value is not one line of text and could add a variable.
    """
    try:
        outputs: Any = json.loads(path.read_text("utf-8"))
        settings: dict[str, Any] = dict(outputs["settings"]["value"])
        values = {
            "RESOURCE_GROUP": outputs["resource_group"]["value"],
            "FUNCTION_APP": outputs["function_app"]["value"],
            "DEPLOYMENT_ACCOUNT": settings["AzureWebJobsStorage__accountName"],
            "DEPLOYMENT_CONTAINER": CONTAINER,
            "ALUSKORT_POSTGRES_OWNER_URL": _as(administrator, settings["ALUSKORT_POSTGRES_URL"]),
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as cause:
        raise InvalidInput(
            str(path), got=repr(cause), expected="Terraform's outputs", hint="Run `terraform -chdir=iac output -json`."
        ) from cause
    for name, value in settings.items():
        if name.startswith("ALUSKORT_") and not str(value).startswith(SECRET):
            values[name] = value if isinstance(value, str) else json.dumps(value)
    for name, value in values.items():
        if not name.isidentifier() or not isinstance(value, str) or not value.isprintable():
            raise InvalidInput(name, got=value, expected="a variable's name and one line of text")
    return values


def _as(administrator: str, url: str) -> str:
    parts = urlsplit(url)
    return parts._replace(netloc=f"{quote(administrator, safe='')}@{parts.netloc.rpartition('@')[2]}").geturl()
