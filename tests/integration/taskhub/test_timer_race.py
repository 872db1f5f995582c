"""A timer that is armed while the hub reads the next one is not forgotten until the next check, a minute later."""

import asyncio
import json

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
    look = Store.next_timer
    seen: list[object] = []

    async def held(self: Store) -> object:
        found = await look(self)
        if seen and found is None:  # the first timer has fired and no other is there yet
            looked.set()
            await armed.wait()
        seen.extend([found] if found else [])
        return found

    monkeypatch.setattr(Store, "next_timer", held)
    first = await hub.start_new("approval", input_json=json.dumps(0.05))
    await reach(hub, first)
    await looked.wait()
    second = await hub.start_new("approval", input_json=json.dumps(0.05))
    await until(lambda: timer_is_armed(hub, second))
    armed.set()
    assert json.loads((await reach(hub, second)).output or "") == "expired"
