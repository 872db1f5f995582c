"""Which deployment a command is about: the one of a file, of this process's environment, or the local stack."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from local.services.stack import Stack
from shared.errors import ConfigurationError

PRODUCT = ("ALUSKORT_", "ANTHROPIC_")
PLATFORM = ("AZURE_", "AzureWebJobsStorage", "DURABLE_TASK_SCHEDULER_")  # read by the checks, beside the product's own
_LINE = re.compile(r"(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)=(.*)")


@dataclass(frozen=True)
class Deployment:
    """The variables of one deployment and, for people, where they came from."""

    variables: Mapping[str, str]
    source: str

    def enter(self) -> None:
        """Replace this process's variables with the deployment's: what is missing there is then missing here too."""
        for name in [name for name in os.environ if name.startswith(PRODUCT)]:
            del os.environ[name]
        os.environ.update(self.variables)


def deployment(file: Path | None, stack: Stack) -> Deployment:
    """The file's if one is given, else this environment's if it has any of ours, else the local stack's.

    Raises ConfigurationError when the file cannot be read, or nothing is set and the local stack never ran.
    """
    if file is not None:
        return Deployment(_read(file), str(file))
    given = {name: value for name, value in os.environ.items() if name.startswith((*PRODUCT, *PLATFORM))}
    if "ALUSKORT_POSTGRES_URL" in given or "ALUSKORT_POSTGRES_OWNER_URL" in given:
        return Deployment(given, "this environment")
    if not stack.site.folder.exists():
        raise ConfigurationError(
            "No deployment: give --environment-file, set the ALUSKORT_ variables, or start the local one (aluskort up)."
        )
    return Deployment(stack.environment() | {"ALUSKORT_API_URL": stack.host().url()}, "the local stack")


def _read(file: Path) -> dict[str, str]:
    try:
        text = file.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{file} cannot be read: {error}") from error
    return _of_json(file, text) if text.lstrip().startswith(("{", "[")) else _of_lines(file, text)


def _of_json(file: Path, text: str) -> dict[str, str]:
    """local.settings.json, or the list that `az functionapp config appsettings list` prints."""
    try:
        found = json.loads(text)
        pairs = (
            found["Values"].items() if isinstance(found, dict) else ((item["name"], item["value"]) for item in found)
        )
        return {name: str(value) for name, value in pairs}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConfigurationError(
            f"{file}: expected local.settings.json with Values, or a list of name and value: {error!r}"
        ) from error


def _of_lines(file: Path, text: str) -> dict[str, str]:
    variables = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        found = _LINE.fullmatch(line.strip())
        if found is None:
            raise ConfigurationError(f"{file}, line {number}: got {line[:60]!r}, expected NAME=value")
        name, value = found.groups()
        quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "'\""
        variables[name] = value[1:-1] if quoted else value
    return variables
