"""Microsoft Graph: mail, through the remediation of Defender for Office 365 (v1.0/security/collaboration).

Graph answers 202 and works later; it offers no way to read one remediation back, so the effect is never verified here.
A remediation that is asked for twice moves a message that was moved already, which changes nothing.
"""

from __future__ import annotations

import re

from shared.contracts.action import ActionName, ActionStatus
from shared.response.connectors.connector import Outcome, mark, needs_person, running
from shared.response.connectors.product import Product
from shared.response.stored_actions import StoredAction

REMEDIATE = "/v1.0/security/collaboration/analyzedEmails/remediate"
_MESSAGE = re.compile(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")  # Exchange's NetworkMessageId


class GraphMail:
    """Takes a message out of a mailbox (soft delete) and brings it back to the inbox."""

    def __init__(self, graph: Product) -> None:
        self._graph = graph

    async def prepare(self, action: StoredAction) -> Outcome:
        """See Connector."""
        if not _MESSAGE.fullmatch(action.target):
            return needs_person(f"{action.target[:200]!r} is no network message id, the only name that Graph takes")
        if "@" not in str(action.parameters.get("recipient", "")):
            return needs_person("the alert does not name the recipient, whose copy is meant; remove it in Defender")
        return running(f"will {action.words} of {action.parameters['recipient']}")

    async def perform(self, action: StoredAction) -> Outcome:
        """See Connector."""
        move = "softDelete" if action.action is ActionName.PURGE_MAIL else "moveToInbox"
        message = {"networkMessageId": action.target, "recipientEmailAddress": action.parameters["recipient"]}
        body = {
            "displayName": mark(action),
            "description": f"{action.words}, approved by {action.approved_by}"[:500],
            "severity": "medium",
            "action": move,
            "remediateSendersCopy": False,
            "analyzedEmails": [message],
        }
        await self._graph.send("POST", REMEDIATE, body=body)
        detail = f"Graph has taken the remediation {mark(action)} ({move}); Defender's action center shows how it ended"
        return Outcome(ActionStatus.EXECUTED, detail, {"changed": True})
