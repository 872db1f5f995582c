"""The order in which waiting steps go on."""

import asyncio

import pytest

from shared.contracts.alert import SeverityLevel
from shared.investigation.precedence import Precedence

EARLY, LATE = "2026-11-20T08:00:00+00:00", "2026-11-20T09:00:00+00:00"


async def in_order_of_turns(*cases: tuple[SeverityLevel | None, str]) -> list[int]:
    """Which of the cases, by their place, had its turn when; they all wait for one that is under way."""
    precedence, had = Precedence(1), list[int]()

    async def step(place: int, severity: SeverityLevel | None, opened_at: str) -> None:
        async with precedence.turn(severity, opened_at):
            had.append(place)

    async with asyncio.TaskGroup() as tasks, precedence.turn(SeverityLevel.LOW, EARLY):
        for place, case in enumerate(cases):
            tasks.create_task(step(place, *case))
        await asyncio.sleep(0)  # all wait now
    return had


async def test_most_severe_case_goes_on_first_and_then_the_oldest() -> None:
    low, high = SeverityLevel.LOW, SeverityLevel.HIGH
    cases = ((low, EARLY), (high, LATE), (SeverityLevel.CRITICAL, LATE), (high, EARLY), (high, LATE))
    assert await in_order_of_turns(*cases) == [2, 3, 1, 4, 0]


async def test_case_of_an_earlier_version_goes_on_before_newer_ones() -> None:
    assert await in_order_of_turns((SeverityLevel.CRITICAL, EARLY), (None, "")) == [1, 0]


async def test_no_more_steps_run_at_once_than_the_limit() -> None:
    precedence, running, most = Precedence(3), 0, 0

    async def step(place: int) -> None:
        nonlocal running, most
        async with precedence.turn(SeverityLevel.HIGH, EARLY):
            running += 1
            most = max(most, running)
            await asyncio.sleep(0)
            running -= 1
            if place % 4 == 0:
                raise RuntimeError("a step that fails gives its turn back")

    await asyncio.gather(*map(step, range(20)), return_exceptions=True)
    assert most == 3
    assert running == 0


@pytest.mark.parametrize("at_the_same_moment", [False, True])
async def test_step_that_is_cancelled_while_it_waits_takes_no_turn_away(at_the_same_moment: bool) -> None:
    precedence = Precedence(1)

    async def step() -> None:
        async with precedence.turn(SeverityLevel.HIGH, EARLY):
            pass

    async with precedence.turn(SeverityLevel.HIGH, EARLY):
        cancelled, other = asyncio.create_task(step()), asyncio.create_task(step())
        await asyncio.sleep(0)
        if not at_the_same_moment:
            cancelled.cancel()
    cancelled.cancel()  # it was given its turn just now, if it was not cancelled before
    async with asyncio.timeout(5):
        await other
        with pytest.raises(asyncio.CancelledError):
            await cancelled
        await step()
