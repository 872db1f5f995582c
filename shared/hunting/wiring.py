"""The questions to the logs, built on the stores of one process."""

from __future__ import annotations

from functools import cached_property

from shared.hunting.hunter import Hunter
from shared.settings import Settings
from shared.stores.wiring import Stores


class Hunting:
    """The one hunter of the process."""

    def __init__(self, settings: Settings, stores: Stores) -> None:
        self._settings = settings
        self._stores = stores

    @cached_property
    def hunter(self) -> Hunter:
        """Asks the workspaces of the settings."""
        return Hunter(
            lambda: self._stores.log_analytics,
            self._stores.redis,
            self._settings.workspaces,
            seconds=self._settings.hunting.seconds,
        )
