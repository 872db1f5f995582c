"""A durable host in one thread, for tests that choose what happens next: it runs the product's own orchestrator.

As the platform does it keeps events that nobody waits for yet, and answers every wait for a name with an event that
came before the first; a new history forgets them.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from durable.investigation.messages import Case
from tests.integration.taskhub.sdk_runner import functions

VERSION = "1.2"  # host.json, defaultVersion


@dataclass
class Activity:
    name: str
    payload: dict[str, Any]


@dataclass
class Event:
    name: str


@dataclass
class Timer:
    limit: datetime

    def cancel(self) -> None:
        """It ends with the wait anyway."""


@dataclass
class Wait:
    event: Event
    timer: Timer


@dataclass
class Host:
    """One orchestration. ``perform`` makes an activity; ``now`` is the clock."""

    case: Case
    now: Callable[[], datetime]
    perform: Callable[[str, dict[str, Any]], Awaitable[dict[str, Any]]]
    ended: bool = False
    version: str = VERSION
    _events: set[str] = field(default_factory=set)
    _again: Any = None
    _asked: Any = None
    _run: Any = None

    def __post_init__(self) -> None:
        self._begin()

    # What the orchestrator uses of its context.
    def get_input(self) -> dict[str, Any]:
        return self.case.model_dump(mode="json")

    @property
    def current_utc_datetime(self) -> datetime:
        return self.now()

    def call_activity_with_retry(self, name: str, retry: object, payload: dict[str, Any]) -> Activity:
        return Activity(name, payload)

    def task_all(self, activities: list[Activity]) -> list[Activity]:
        return activities

    def wait_for_external_event(self, name: str) -> Event:
        return Event(name)

    def create_timer(self, limit: datetime) -> Timer:
        return Timer(limit)

    def task_any(self, both: list[Any]) -> Wait:
        return Wait(*both)

    def continue_as_new(self, value: object) -> None:
        self._again = value

    # What happens to it.
    def raise_event(self, name: str) -> None:
        """An event, whether or not it is waited for."""
        if not self.ended:
            self._events.add(name)

    def forget(self) -> None:
        """Begin anew without a history, as after an outage that outlasted the retries."""
        if not self.ended:
            self._begin()

    async def turn(self, copies: int = 1) -> bool:
        """Go on by one request if it can be answered; ``copies`` of an activity run, as after a lost lease."""
        if self.ended:
            return False
        if isinstance(self._asked, Wait):
            if self._asked.event.name in self._events:
                self._send(self._asked.event)
            elif self.now() >= self._asked.timer.limit:
                self._send(self._asked.timer)
            else:
                return False
            return True
        for _ in range(copies):
            answers = [await self.perform(activity.name, activity.payload) for activity in self._asked]
        self._send(answers)
        return True

    def waits_until(self) -> datetime | None:
        """The time limit of what it waits for."""
        return self._asked.timer.limit if isinstance(self._asked, Wait) and not self.ended else None

    def _begin(self) -> None:
        self._events.clear()
        handle = functions("durable.investigation.orchestrator")["investigate"].get_user_function()
        self._run = handle.orchestrator_function(self)
        self._asked = next(self._run)

    def _send(self, answer: object) -> None:
        try:
            self._asked = self._run.send(answer)
        except StopIteration:
            if self._again is None:
                self.ended = True
                return
            self._again = None
            self._begin()


def later(moment: datetime, seconds: float = 1.0) -> datetime:
    return moment + timedelta(seconds=seconds)
