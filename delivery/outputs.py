"""What `terraform output -json` says of an environment, as the variables that the pipeline and the product read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from shared.errors import InvalidInput

# variable of delivery/package.sh: Terraform output
PLACES = {
    "RESOURCE_GROUP": "resource_group_name",
    "FUNCTION_APP": "function_app_name",
    "DEPLOYMENT_ACCOUNT": "deployment_account_name",
    "DEPLOYMENT_CONTAINER": "deployment_container_name",
}
SETTINGS = "operator_settings"  # the ALUSKORT_ settings that `aluskort migrate` and `preflight` need; none is secret


def read_outputs(path: Path) -> dict[str, str]:
    """Return the variables by name; each value is one line, so that none can add another.

    :raises InvalidInput: an output is missing, or is not what it should be.
    """
    try:
        outputs: Any = json.loads(path.read_text("utf-8"))
        found = {output: outputs[output]["value"] for output in (*PLACES.values(), SETTINGS)}
    except (OSError, ValueError, KeyError, TypeError) as cause:
        raise InvalidInput(
            str(path), got=repr(cause), expected="Terraform's outputs", hint="Run `terraform -chdir=iac output -json`."
        ) from cause
    settings = found[SETTINGS]
    if not isinstance(settings, dict):
        raise InvalidInput(SETTINGS, got=settings, expected="a map of names to texts")
    values = {variable: found[output] for variable, output in PLACES.items()} | settings
    for name, value in values.items():
        if not name.isidentifier():
            raise InvalidInput(SETTINGS, got=name, expected="names of environment variables")
        if not isinstance(value, str) or not value or not value.isprintable():
            raise InvalidInput(name, got=value, expected="one line of text")
    return values
