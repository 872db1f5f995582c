"""Who may read a partition beside whom: owner levels, which Event Hubs calls epochs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from local.eventhubs.refusal import Condition, Refused

MEMBERS_WITHOUT_LEVEL = 5  # of one partition in one consumer group, as in Azure


@dataclass(frozen=True, slots=True, eq=False)
class Member:
    """One receiver as its partition sees it: ``wake`` says that there is something to send, ``end`` ends its link."""

    group: str
    level: int | None
    wake: Callable[[], None]
    end: Callable[[Refused], None]


def join(members: list[Member], new: Member) -> None:
    """Add ``new``; its owner level ends the members of its group that it beats. Refused when one of them beats it."""
    peers = [member for member in members if member.group == new.group]
    owner = max((member.level for member in peers if member.level is not None), default=None)
    if new.level is None:
        _check_without_level(owner, len(peers))
    elif owner is not None and owner > new.level:
        raise Refused(
            Condition.LINK_STOLEN,
            f"A receiver with a higher epoch '{owner}' reads this partition; epoch '{new.level}' may not.",
        )
    else:
        for peer in peers:
            text = f"A new receiver with epoch '{new.level}' reads this partition; this one, epoch '{peer.level}', "
            peer.end(Refused(Condition.LINK_STOLEN, f"{text}is ended."))
    members.append(new)


def _check_without_level(owner: int | None, present: int) -> None:
    if owner is not None:
        raise Refused(
            Condition.LINK_STOLEN,
            f"A receiver with epoch '{owner}' reads this partition, so a non-epoch receiver is not allowed.",
        )
    if present >= MEMBERS_WITHOUT_LEVEL:
        raise Refused(
            Condition.RESOURCE_LIMIT,
            f"A partition takes at most {MEMBERS_WITHOUT_LEVEL} receivers without epoch in one consumer group.",
        )
