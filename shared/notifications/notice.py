"""What a message about a case says: never the alert's own words, which an attacker may have written."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from shared.contracts.action import ActionName
from shared.contracts.contract import Contract

MOST_HOSTS = 5
LINK_GOOD_FOR = timedelta(days=7)
_HOST_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


class NoticeKind(StrEnum):
    """Why people are notified now; of each approval at most once."""

    REQUESTED = "requested"
    REMINDER = "reminder"  # half of the time is over
    ESCALATED = "escalated"  # it went to the next reviewer
    ACTION = "action"  # a response to a case is this message itself; no approval is asked for


OF_APPROVALS = (NoticeKind.REQUESTED, NoticeKind.REMINDER, NoticeKind.ESCALATED)


class Notice(Contract):
    """A message before it is made for a channel; ``expires_at`` is ISO 8601 UTC."""

    kind: NoticeKind
    tenant_id: str
    investigation_id: str
    approval_id: str  # or the action's id
    severity: str
    actions: list[str]  # names of our own; this release need not know them
    hosts: list[str]
    expires_at: str

    @property
    def headline(self) -> str:
        """One line that says what is wanted."""
        wanted = f"approval of {self._what()}" if self.actions else "a disposition"
        return {
            NoticeKind.REQUESTED: f"A case waits for {wanted}",
            NoticeKind.REMINDER: f"Half of the time is over: a case waits for {wanted}",
            NoticeKind.ESCALATED: f"Next reviewer: a case waits for {wanted}",
            NoticeKind.ACTION: "A case was answered with this message: please look at it",
        }[self.kind]

    @property
    def facts(self) -> list[tuple[str, str]]:
        """Names and values for people."""
        if self.kind is NoticeKind.ACTION:
            return [("Case", self.investigation_id)]
        until = datetime.fromisoformat(self.expires_at).strftime("%Y-%m-%d %H:%M UTC")
        hosts = [("Host", ", ".join(self.hosts))] if self.hosts else []
        return [("Severity", self.severity), *hosts, ("Answer by", until), ("Case", self.investigation_id)]

    def _what(self) -> str:
        names = dict.fromkeys(action.replace("_", " ") for action in self.actions)
        return ", ".join(names)


def of_action(tenant_id: str, investigation_id: str, action_id: str) -> Notice:
    """The message that an action consists of; its link is good for a week."""
    return Notice(
        kind=NoticeKind.ACTION,
        tenant_id=tenant_id,
        investigation_id=investigation_id,
        approval_id=action_id,
        severity="",
        actions=[],
        hosts=[],
        expires_at=(datetime.now(UTC) + LINK_GOOD_FOR).isoformat(),
    )


def hosts_of(actions: Sequence[Mapping[str, Any]]) -> list[str]:
    """Names of the hosts that actions, as stored, would touch; one that is no plain name is left out, as it may say
    anything.
    """
    targets = dict.fromkeys(str(action["target"]) for action in actions if action["action"] == ActionName.ISOLATE_HOST)
    return [target for target in targets if _HOST_NAME.fullmatch(target)][:MOST_HOSTS]
