"""Actions: the closed list that a model may propose from, and one proposal (spec/security-and-audit §10-11)."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from enum import StrEnum

from pydantic import Field

from shared.contracts.contract import Contract
from shared.contracts.tenant import TenantId


class ActionName(StrEnum):
    """Everything that the product can do to the world. Nothing outside this list is ever executed."""

    ADD_COMMENT = "add_comment"
    TAG_INCIDENT = "tag_incident"
    SET_SEVERITY = "set_severity"
    NOTIFY_OWNER = "notify_owner"
    OPEN_TICKET = "open_ticket"
    ISOLATE_HOST = "isolate_host"
    DISABLE_ACCOUNT = "disable_account"
    BLOCK_IP = "block_ip"
    BLOCK_URL = "block_url"
    REVOKE_SESSIONS = "revoke_sessions"
    PURGE_MAIL = "purge_mail"
    QUARANTINE_FILE = "quarantine_file"
    BLOCK_FILE = "block_file"
    RESET_CREDENTIALS = "reset_credentials"
    CLOSE_INCIDENT = "close_incident"

    # What undoes another action. Nobody proposes these: they follow from an action that was executed.
    RELEASE_HOST = "release_host"
    ENABLE_ACCOUNT = "enable_account"
    UNBLOCK_IP = "unblock_ip"
    UNBLOCK_URL = "unblock_url"
    UNBLOCK_FILE = "unblock_file"
    RESTORE_MAIL = "restore_mail"
    REOPEN_INCIDENT = "reopen_incident"


# What may happen without a person. An action that is in neither set needs one: see Action.destructive.
HARMLESS = frozenset(
    {
        ActionName.ADD_COMMENT,
        ActionName.TAG_INCIDENT,
        ActionName.SET_SEVERITY,
        ActionName.NOTIFY_OWNER,
        ActionName.OPEN_TICKET,
    }
)
# Response tier 2: a person decides, at any confidence.
DESTRUCTIVE = frozenset(
    {
        ActionName.ISOLATE_HOST,
        ActionName.DISABLE_ACCOUNT,
        ActionName.BLOCK_IP,
        ActionName.BLOCK_URL,
        ActionName.REVOKE_SESSIONS,
        ActionName.PURGE_MAIL,
        ActionName.QUARANTINE_FILE,
        ActionName.BLOCK_FILE,
        ActionName.RESET_CREDENTIALS,
        ActionName.CLOSE_INCIDENT,
    }
)
PROPOSABLE = tuple(name for name in ActionName if name in HARMLESS | DESTRUCTIVE)  # by a model or a playbook


class ActionClass(StrEnum):
    """What is made live together: the settings name classes, not single actions."""

    ENDPOINT = "endpoint"
    INDICATOR = "indicator"
    IDENTITY = "identity"
    MAIL = "mail"
    INCIDENT = "incident"
    PEOPLE = "people"


class ActionRisk(StrEnum):
    """The model's own estimate; it never lowers what code demands."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class Action(Contract):
    """One proposed change to one target."""

    action: ActionName
    target: str = Field(max_length=2048)
    reason: str = Field(default="", max_length=2048)
    risk: ActionRisk = ActionRisk.MEDIUM
    # What else the connector needs (shared/response/catalogue.py): from the alert's entities or a playbook, never from
    # a model. The executor takes those of the approved action.
    parameters: dict[str, str | int] = Field(default_factory=dict)
    consequence: str = ""  # what stops working, for whom: for the person who approves

    @property
    def destructive(self) -> bool:
        """True when a person must approve, whatever the model says."""
        return self.action not in HARMLESS


class ActionStatus(StrEnum):
    """Life of an action that the executor took; see shared/response/executor.py."""

    REFUSED = "refused"
    DRY_RUN = "dry_run"
    PENDING = "pending"  # nothing was asked of the product yet
    RUNNING = "running"  # the product may have been asked, and has not finished
    EXECUTED = "executed"  # the product has taken it, and offers no way to see the effect
    VERIFIED = "verified"  # the effect was seen
    FAILED = "failed"
    NEEDS_PERSON = "needs_person"
    UNDONE = "undone"


class PendingAction(Contract):
    """The message on `actions.pending`: an action that may run now; ``approval_id`` is empty for a harmless one."""

    action_id: str
    investigation_id: str
    alert_id: str
    tenant_id: TenantId
    playbook_id: str
    action: Action
    approval_id: str = ""
    approved_by: str = ""
    confidence: float = Field(ge=0, le=1)


def actions_hash(actions: Sequence[Action]) -> str:
    """SHA-256 over what would be done, in order: an approval binds to it, so changed actions void the approval."""
    lines = "\n".join(f"{len(item.target)}:{item.action}:{item.target}" for item in actions)
    return hashlib.sha256(lines.encode()).hexdigest()
