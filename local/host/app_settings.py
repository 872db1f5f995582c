"""App settings of the local host: `local.settings.json` Values under the environment, and `%NAME%` in binding strings.

The caller must load the settings before it imports the function app, as `func start` does.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from shared.errors import ConfigurationError

_REFERENCE = re.compile(r"%([^%\s]+)%")


def load_local_settings(app_dir: Path) -> None:
    """Put the Values of `local.settings.json` into the environment; a name already set there wins."""
    path = app_dir / "local.settings.json"
    if not path.exists():
        return
    try:
        values = json.loads(path.read_text("utf-8")).get("Values", {})
    except (ValueError, AttributeError) as error:
        raise ConfigurationError(f'{path} is not a JSON object with "Values": {error}. Correct it.') from error
    for name, value in values.items():
        if not isinstance(value, str):
            raise ConfigurationError(f"{path}, Values.{name}: got {value!r}, expected a string. Put it in quotes.")
        os.environ.setdefault(name, value)


class AppSettings:
    """Looks settings up and remembers the missing ones, so that the start names all of them at once."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self._missing: dict[str, list[str]] = {}

    def require(self, name: str, *, wanted_by: str) -> str:
        """The setting's value; "" and a note for `refuse_missing` when it is not set."""
        value = self._environment.get(name, "")
        if not value:
            self._missing.setdefault(name, []).append(wanted_by)
        return value

    def find(self, name: str) -> str | None:
        """The setting's value, or None when it is not set."""
        return self._environment.get(name)

    def expand(self, value: Any, *, wanted_by: str) -> Any:
        """The value with each `%NAME%` of its strings replaced, through lists and objects."""
        if isinstance(value, str):
            return _REFERENCE.sub(lambda found: self.require(found[1], wanted_by=wanted_by), value)
        if isinstance(value, list):
            return [self.expand(item, wanted_by=wanted_by) for item in value]
        if isinstance(value, dict):
            return {key: self.expand(item, wanted_by=wanted_by) for key, item in value.items()}
        return value

    def refuse_missing(self) -> None:
        """Raise ConfigurationError that lists every missing setting and who wants it."""
        if not self._missing:
            return
        lines = [f"  {name} (wanted by {', '.join(sorted(set(who)))})" for name, who in sorted(self._missing.items())]
        raise ConfigurationError(
            "Settings are missing. Set them in the environment or in local.settings.json:\n" + "\n".join(lines)
        )
