"""Every action as data: what it may be done to, with what parameters, what undoes it, and what stops working meanwhile
(spec/security-and-audit §10). Whether a person must allow it, its tier, is in shared/contracts/action.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Literal

from pydantic import Field, ValidationError

from shared.contracts.action import Action, ActionClass, ActionName
from shared.contracts.contract import Contract, invalid_input
from shared.contracts.entity import EntityType

LONGEST_HOURS = 168


class NoParameters(Contract):
    """An action that its target says whole."""


class HostParameters(Contract):
    """``device_id`` is Defender's, from the alert; after ``hours`` the action is undone."""

    device_id: str = Field(default="", max_length=64)
    isolation: Literal["Full", "Selective"] = "Full"
    hours: int | None = Field(default=None, ge=1, le=LONGEST_HOURS)


class AccountParameters(Contract):
    """``user_id`` is Entra's object id, from the alert; after ``hours`` the action is undone."""

    user_id: str = Field(default="", max_length=64)
    hours: int | None = Field(default=None, ge=1, le=LONGEST_HOURS)


class IndicatorParameters(Contract):
    """``days`` until Defender drops the indicator by itself; after ``hours`` the action is undone."""

    days: int = Field(default=90, ge=1, le=365)
    hours: int | None = Field(default=None, ge=1, le=24 * 365)


class FileParameters(Contract):
    """The machine that has the file: its name, and Defender's id where the alert has it."""

    host: str = Field(default="", max_length=255)
    device_id: str = Field(default="", max_length=64)


class MailParameters(Contract):
    """Whose copy of the message."""

    recipient: str = Field(default="", max_length=320)


class SeverityParameters(Contract):
    """The severity to set."""

    severity: Literal["informational", "low", "medium", "high", "critical"] = "medium"


class CommentParameters(Contract):
    """What the comment says."""

    text: str = Field(default="", max_length=3000)


class TagParameters(Contract):
    """The label."""

    tag: str = Field(default="aluskort", min_length=1, max_length=64)


class CloseParameters(Contract):
    """The verdict that the incident is closed with."""

    classification: Literal["true_positive", "benign_true_positive", "false_positive", "undetermined"] = "undetermined"


@dataclass(frozen=True, slots=True)
class Entry:
    """One action. ``stops`` is the sentence for people, with ``{target}`` in it. No ``targets``: the alert itself."""

    action_class: ActionClass
    stops: str
    targets: tuple[EntityType, ...] = ()
    parameters: type[Contract] = NoParameters
    undo: ActionName | None = None


_USER = (EntityType.ACCOUNT, EntityType.MAILBOX)
_NAME = ActionName

_PROPOSABLE: dict[ActionName, Entry] = {
    _NAME.ADD_COMMENT: Entry(
        ActionClass.INCIDENT, "Nothing stops: the incident gets a comment.", parameters=CommentParameters
    ),
    _NAME.TAG_INCIDENT: Entry(
        ActionClass.INCIDENT, "Nothing stops: the incident gets a label.", parameters=TagParameters
    ),
    _NAME.SET_SEVERITY: Entry(
        ActionClass.INCIDENT, "Nothing stops: the incident's severity changes.", parameters=SeverityParameters
    ),
    _NAME.NOTIFY_OWNER: Entry(ActionClass.PEOPLE, "Nothing stops: somebody gets a message."),
    _NAME.OPEN_TICKET: Entry(ActionClass.PEOPLE, "Nothing stops: a ticket is opened."),
    _NAME.CLOSE_INCIDENT: Entry(
        ActionClass.INCIDENT,
        "Nothing stops, but the incident leaves everybody's queue.",
        parameters=CloseParameters,
        undo=_NAME.REOPEN_INCIDENT,
    ),
    _NAME.ISOLATE_HOST: Entry(
        ActionClass.ENDPOINT,
        "{target} loses its network but for Defender itself: whoever works on it or uses its services is cut off.",
        targets=(EntityType.HOST,),
        parameters=HostParameters,
        undo=_NAME.RELEASE_HOST,
    ),
    _NAME.QUARANTINE_FILE: Entry(
        ActionClass.ENDPOINT,
        "The file is stopped and taken away on one machine: programs that need it fail there.",
        targets=(EntityType.FILE, EntityType.FILEHASH),
        parameters=FileParameters,
    ),
    _NAME.BLOCK_IP: Entry(
        ActionClass.INDICATOR,
        "No managed device reaches {target} any more, whatever else is served from that address.",
        targets=(EntityType.IP,),
        parameters=IndicatorParameters,
        undo=_NAME.UNBLOCK_IP,
    ),
    _NAME.BLOCK_URL: Entry(
        ActionClass.INDICATOR,
        "No managed device reaches {target} any more.",
        targets=(EntityType.URL, EntityType.DNS),
        parameters=IndicatorParameters,
        undo=_NAME.UNBLOCK_URL,
    ),
    _NAME.BLOCK_FILE: Entry(
        ActionClass.INDICATOR,
        "The file runs on no managed device any more: programs that need it fail everywhere.",
        targets=(EntityType.FILEHASH,),
        parameters=IndicatorParameters,
        undo=_NAME.UNBLOCK_FILE,
    ),
    _NAME.DISABLE_ACCOUNT: Entry(
        ActionClass.IDENTITY,
        "{target} can sign in nowhere; jobs and services that run as this account fail.",
        targets=_USER,
        parameters=AccountParameters,
        undo=_NAME.ENABLE_ACCOUNT,
    ),
    _NAME.REVOKE_SESSIONS: Entry(
        ActionClass.IDENTITY,
        "{target} must sign in again everywhere, within about an hour.",
        targets=_USER,
        parameters=AccountParameters,
    ),
    _NAME.RESET_CREDENTIALS: Entry(
        ActionClass.IDENTITY,
        "{target} must choose a new password at the next sign-in; sessions that are open go on until revoked.",
        targets=_USER,
        parameters=AccountParameters,
    ),
    _NAME.PURGE_MAIL: Entry(
        ActionClass.MAIL,
        "The message leaves the recipient's mailbox; it can be brought back while the mailbox keeps deleted items.",
        targets=(EntityType.MAILMESSAGE, EntityType.MAILBOX),
        parameters=MailParameters,
        undo=_NAME.RESTORE_MAIL,
    ),
}
_UNDOING = {
    _NAME.RELEASE_HOST: "{target} gets its network back, and so does whatever runs on it.",
    _NAME.UNBLOCK_IP: "{target} can be reached again.",
    _NAME.UNBLOCK_URL: "{target} can be reached again.",
    _NAME.UNBLOCK_FILE: "The file can run again.",
    _NAME.ENABLE_ACCOUNT: "{target} can sign in again.",
    _NAME.RESTORE_MAIL: "The message is back in the inbox.",
    _NAME.REOPEN_INCIDENT: "The incident is back in the queue.",
}
CATALOGUE: Mapping[ActionName, Entry] = MappingProxyType(
    _PROPOSABLE
    | {
        entry.undo: replace(entry, stops=_UNDOING[entry.undo], undo=None)
        for entry in _PROPOSABLE.values()
        if entry.undo
    }
)


def checked_parameters(action: Action) -> Contract:
    """An action's parameters, as its schema has them. Raises InvalidInput that names the first wrong one."""
    kind = CATALOGUE[action.action].parameters
    try:
        return kind.model_validate(action.parameters)
    except ValidationError as error:
        raise invalid_input(f"parameters of {action.action}", error) from error
