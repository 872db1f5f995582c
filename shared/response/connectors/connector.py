"""What a connector is to the executor, and what one attempt comes to."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Protocol

from shared.contracts.action import ActionStatus
from shared.response.stored_actions import StoredAction


@dataclass(frozen=True, slots=True)
class Outcome:
    """Where an action stands after an attempt, in a sentence; ``subject`` is kept with it."""

    status: ActionStatus
    detail: str
    subject: dict[str, Any] = field(default_factory=dict)


class Connector(Protocol):
    """Both methods may be repeated after a crash at any point, and change the product at most once an action.

    Both raise ProductUnavailable (try again) and ProductRefused (never).
    """

    async def prepare(self, action: StoredAction) -> Outcome:
        """Look only: RUNNING with what is to be changed, VERIFIED when it is so already, or why it cannot be done."""
        ...

    async def perform(self, action: StoredAction) -> Outcome:
        """Ask the product first whether this action was begun, begin it if not, and say how far it is."""
        ...


def running(detail: str, **subject: Any) -> Outcome:
    """The product is at it, or somebody else is and must end first."""
    return Outcome(ActionStatus.RUNNING, detail, subject)


def verified(detail: str, *, changed: bool, **subject: Any) -> Outcome:
    """The effect is there; ``changed`` says whether this action brought it about."""
    return Outcome(ActionStatus.VERIFIED, detail, {"changed": changed, **subject})


def needs_person(detail: str) -> Outcome:
    """Code must not decide this; the sentence says what to look at."""
    return Outcome(ActionStatus.NEEDS_PERSON, detail)


def failed(detail: str) -> Outcome:
    """It cannot be done."""
    return Outcome(ActionStatus.FAILED, detail)


def mark(action: StoredAction) -> str:
    """How our own request is found again in a product: the action's id in its comment, and the number of the repeat
    when a person had a failed one tried again.
    """
    again = action.subject.get("again")
    return mark_of(f"{action.action_id}#{again}" if again else action.action_id)


def mark_of(action_id: str) -> str:
    """The mark of another action."""
    return f"[aluskort {action_id}]"
