"""A timer that is armed while the hub reads the next one is not forgotten until the next check, a minute later."""

import asyncio
import json
from datetime import datetime

import pytest

from local.taskhub import TaskHub
from local.taskhub.store import Store
from tests.integration.taskhub.conftest import reach, until


async def timer_is_armed(hub: TaskHub, instance_id: str) -> bool:
    """Whether the instance's first turn, which arms its timer, is committed."""
    return (await hub.get_status(instance_id)).revision > 0


async def test_timer_armed_during_the_look_for_the_next_one_fires(
    hub: TaskHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked, armed = asyncio.Event(), asyncio.Event()
    look, fire = Store.next_timer, Store.fire_timers
    fired: list[str] = []

    async def noted(self: Store, now: datetime) -> list[str]:
        found = await fire(self, now)
        fired.extend(found)
        return found

    async def held(self: Store) -> object:
        found = await look(self)
        if fired and found is None:  # the first timer has fired and no other is there yet
            looked.set()
            await armed.wait()
        return found

    monkeypatch.setattr(Store, "fire_timers", noted)
    monkeypatch.setattr(Store, "next_timer", held)
    first = await hub.start_new("approval", input_json=json.dumps(0.05))
    await reach(hub, first)
    await looked.wait()
    second = await hub.start_new("approval", input_json=json.dumps(0.05))
    await until(lambda: timer_is_armed(hub, second))
    armed.set()
    assert json.loads((await reach(hub, second)).output or "") == "expired"
