"""A message to whoever reads the channels, and a ticket, which is a task of the alert's incident in Sentinel."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from shared.contracts.action import ActionName, ActionStatus
from shared.response.connectors.connector import Outcome, needs_person, running
from shared.response.connectors.sentinel_incidents import SentinelIncidents
from shared.response.stored_actions import StoredAction

# Leaves a message about an action for every channel, once, and names them; no channel, no names.
Tell = Callable[[StoredAction], Awaitable[list[str]]]


async def no_channel(action: StoredAction) -> list[str]:
    """Of a process that sends no messages."""
    return []


class People:
    """Notifies and opens tickets. A message that is lost with its process between two attempts may come twice."""

    def __init__(self, incidents: SentinelIncidents, tell: Tell) -> None:
        self._incidents = incidents
        self._tell = tell

    async def prepare(self, action: StoredAction) -> Outcome:
        """See Connector."""
        if action.action is ActionName.OPEN_TICKET:
            return await self._incidents.prepare(action)
        return running(f"will {action.words}")

    async def perform(self, action: StoredAction) -> Outcome:
        """See Connector."""
        if action.action is ActionName.OPEN_TICKET:
            return await self._incidents.perform(action)
        channels = await self._tell(action)
        if not channels:
            return needs_person(
                "no channel is set: give ALUSKORT_NOTIFICATION_TEAMS_URL or ALUSKORT_NOTIFICATION_SLACK_URL"
            )
        return Outcome(ActionStatus.EXECUTED, f"a message goes out by {' and '.join(channels)}")
