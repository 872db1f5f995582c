"""What may be done about an alert, built from the settings."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

from shared.bus.wiring import Bus
from shared.contracts.action import ActionClass
from shared.contracts.executor import ExecutorConstraints
from shared.response.assets import Assets
from shared.response.connectors.connector import Connector
from shared.response.connectors.people import Tell, no_channel
from shared.response.executor import Executor
from shared.response.live import LiveActions
from shared.response.playbook_drafts import DraftIntake, PlaybookDrafts
from shared.response.playbooks import Playbooks
from shared.response.protected import ProtectedAssets
from shared.response.undo import Undo
from shared.response.verdicts import VerdictComments
from shared.settings import Settings
from shared.stores.postgres import Postgres


class Response:
    """Playbooks, what may happen without a person, the executor, and undoing."""

    def __init__(self, settings: Settings, postgres: Postgres, bus: Bus, tell: Tell = no_channel) -> None:
        self._settings = settings
        self._postgres = postgres
        self._bus = bus
        self._tell = tell
        self.playbooks = Playbooks(postgres)
        self.playbook_drafts = PlaybookDrafts(postgres)
        self.assets = Assets(postgres)
        self.protected = ProtectedAssets(postgres, bus.outbox)
        self.constraints = ExecutorConstraints(allowlisted_playbooks=settings.allowlisted_playbooks)

    @cached_property
    def live(self) -> LiveActions:
        """The actions that are carried out."""
        live = self._settings.action.live
        connectors = _connectors(self._settings, self._tell) if live else {}
        return LiveActions(self._postgres, self._bus.outbox, connectors=connectors, live=live)

    @cached_property
    def executor(self) -> Executor:
        """The consumer of `actions.pending`."""
        return Executor(self._postgres, self._bus.producer, self.constraints, self.live)

    @cached_property
    def draft_intake(self) -> DraftIntake:
        """The consumer of `playbooks.draft`."""
        return DraftIntake(self._bus.producer, self.playbook_drafts)

    @cached_property
    def verdicts(self) -> VerdictComments:
        """The consumer of `knowledge.incident.stored` for incidents of Sentinel."""
        tenants = self._settings.action.incidents
        return VerdictComments(self._postgres, self._bus.producer, self.live, tenants)

    @cached_property
    def undo(self) -> Undo:
        """Undoing, by a person or by time."""
        return Undo(self._postgres, self._bus.outbox, self.live)


def _connectors(settings: Settings, tell: Tell) -> Mapping[ActionClass, Connector]:
    """Imported on first use: most instances carry out nothing."""
    from shared.response.connectors.products import connectors  # noqa: PLC0415

    return connectors(settings, tell)
