"""What must not be lost or doubled when hosts are killed, hosts compete or PostgreSQL is unavailable."""

from __future__ import annotations

import asyncio
import json
import random
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import pytest

from local.taskhub import Status, TaskHub
from local.taskhub.instance import NewInstance
from local.taskhub.store import Store
from local.taskhub.turn import take_turn
from shared.errors import Conflict
from tests.integration.forks import FORKS
from tests.integration.taskhub.conftest import SAMPLE_APP, UNTYPED_LOADS, MakeHub, reach, until
from tests.integration.taskhub.crash_host import work
from tests.integration.taskhub.sdk_runner import SdkRunner

pytestmark = pytest.mark.filterwarnings(UNTYPED_LOADS)

INSTANCES, KILLS, CONCURRENT = 12, 6, 10


@contextmanager
def crash_host(url: str, hub_name: str, path: str) -> Iterator[None]:
    """A host in a process of its own, killed with SIGKILL at the end."""
    process = FORKS.Process(target=work, args=(url, hub_name, path))
    process.start()
    try:
        yield
    finally:
        process.kill()
        process.join()


async def test_hosts_killed_at_random_moments_lose_and_double_nothing(
    postgres_url: str, hub_name: str, make_hub: MakeHub, tmp_path: Path
) -> None:
    effects = tmp_path / "effects"
    effects.touch()

    def effect_count() -> int:
        return len(effects.read_text().splitlines())

    starter = await make_hub()
    await starter.stop()
    instances = await _started(postgres_url, hub_name)
    for _ in range(KILLS):
        target = effect_count() + random.randint(1, INSTANCES * 2)
        with crash_host(postgres_url, hub_name, str(effects)):
            await until(lambda target=target: _reached(effect_count(), target))  # type: ignore[misc]
    hub = await make_hub(runner=SdkRunner(SAMPLE_APP))
    # Each instance: double(1), four at once, then ten in a row.
    wanted = Counter([1, *range(4), *range(10)])
    for instance_id in instances:
        ended = await reach(hub, instance_id)
        assert (ended.status, ended.output) == (Status.COMPLETED, str(2 * 9 + sum(2 * n for n in range(4))))
        history = await hub.get_history(instance_id)
        assert Counter(int(item["Input"]) for item in history if item["EventType"] == 4) == wanted
        answers = Counter(item["TaskScheduledId"] for item in history if item["EventType"] == 5)
        assert answers == Counter(range(15))
    assert effect_count() <= INSTANCES * 15 + KILLS * CONCURRENT


async def _reached(count: int, target: int) -> bool:
    return count >= target


async def _started(url: str, hub_name: str) -> list[str]:
    """Instances that wait for a host, made without one."""
    store = Store(url=url, hub=hub_name, connections=1)
    await store.open()
    try:
        names = [f"investigation-{number}" for number in range(INSTANCES)]
        for name in names:
            assert await store.create(NewInstance(name, uuid4(), "long_chain", "", None))
        return names
    finally:
        await store.close()


async def test_timer_and_event_of_a_killed_host_are_found_by_the_next(
    postgres_url: str, hub_name: str, make_hub: MakeHub, tmp_path: Path
) -> None:
    with crash_host(postgres_url, hub_name, str(tmp_path / "effects")):
        standby = await make_hub()
        expiring = await standby.start_new("approval", input_json=json.dumps("1.5"))
        waiting = await standby.start_new("collect", input_json=json.dumps("1"))
        await reach(standby, expiring, Status.RUNNING)
        await reach(standby, waiting, Status.RUNNING)
    await standby.raise_event(waiting, "Item", data_json="5")
    await standby.raise_event(waiting, "Go")
    assert (await reach(standby, expiring)).output == '"expired"'
    assert (await reach(standby, waiting)).output == "[5]"


async def test_of_two_hosts_on_one_hub_one_works_and_the_other_takes_over(make_hub: MakeHub) -> None:
    ran: list[str] = []

    def recording(host: str) -> SdkRunner:
        def double(payload: int) -> int:
            ran.append(host)
            return payload * 2

        return SdkRunner(SAMPLE_APP, activities={"double": double})

    first = await make_hub(runner=recording("first"))
    await reach(first, await first.start_new("chain", input_json=json.dumps("1")))
    second = await make_hub(runner=recording("second"))
    through_standby = [await second.start_new("long_chain") for _ in range(5)]
    for instance_id in through_standby:
        await reach(second, instance_id)
    assert Counter(ran) == {"first": 3 + 5 * 15}
    left = await second.start_new("approval", input_json=json.dumps("14400"))
    await reach(second, left, Status.RUNNING)
    await first.stop()
    await second.raise_event(left, "Approval", data_json='{"by": "ana"}')
    assert (await reach(second, left)).output == '{"by": "ana"}'
    await reach(second, await second.start_new("chain", input_json=json.dumps("1")))
    assert Counter(ran)["second"] == 3


async def test_turn_on_a_stale_state_writes_nothing(postgres_url: str, hub_name: str, make_hub: MakeHub) -> None:
    hub = await make_hub()
    instance_id = await hub.start_new("collect", input_json=json.dumps("1"))
    stale = await reach(hub, instance_id, Status.RUNNING)
    await hub.stop()
    store = Store(url=postgres_url, hub=hub_name, connections=2)
    await store.open()
    try:
        await store.send(
            instance_id, {**(await store.execution(stale)).history[0], "EventType": 15, "Name": "Go", "Input": "null"}
        )
        messages = await store.inbox(instance_id)
        runner = SdkRunner(SAMPLE_APP)
        one, other = await store.execution(stale), await store.execution(stale)
        await store.commit(one, await take_turn(one, messages, runner))
        with pytest.raises(Conflict):
            await store.commit(other, await take_turn(other, messages, runner))
        assert (await store.execution(stale)).texts == one.texts
    finally:
        await store.close()


class CutLine:
    """A TCP line to PostgreSQL that can be cut and mended."""

    def __init__(self, url: str) -> None:
        self._parts = urlsplit(url)
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._port = 0

    @property
    def url(self) -> str:
        user, _, _ = self._parts.netloc.rpartition("@")
        return self._parts._replace(netloc=f"{user}@127.0.0.1:{self._port}").geturl()

    async def mend(self) -> None:
        self._server = await asyncio.start_server(self._relay, "127.0.0.1", self._port)
        self._port = self._server.sockets[0].getsockname()[1]

    async def cut(self) -> None:
        assert self._server is not None
        self._server.close()
        for writer in self._writers:
            writer.transport.abort()

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server = self._server
        far_reader, far_writer = await asyncio.open_connection(self._parts.hostname, self._parts.port)
        self._writers |= {writer, far_writer}
        if server is None or not server.is_serving():  # cut while the far end was being reached
            writer.transport.abort()
        await asyncio.gather(_pump(reader, far_writer), _pump(far_reader, writer))
        self._writers -= {writer, far_writer}


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except ConnectionError:
        pass
    finally:
        writer.transport.abort()


@pytest.fixture
async def line(postgres_url: str) -> AsyncIterator[CutLine]:
    own = CutLine(postgres_url)
    await own.mend()
    yield own
    await own.cut()


async def test_hub_waits_for_postgresql_and_goes_on_when_it_is_back(
    line: CutLine, make_hub: MakeHub, caplog: pytest.LogCaptureFixture
) -> None:
    reached = asyncio.Event()
    proceed = asyncio.Event()

    async def double(payload: int) -> int:
        reached.set()
        await proceed.wait()
        return payload * 2

    hub: TaskHub = await make_hub(url=line.url, runner=SdkRunner(SAMPLE_APP, activities={"double": double}))
    instances = [await hub.start_new("long_chain") for _ in range(5)]
    await reached.wait()
    await line.cut()
    proceed.set()  # the results cannot be written now

    async def noticed() -> bool:
        return "waits and continues" in caplog.text

    await until(noticed)
    await line.mend()
    for instance_id in instances:
        assert (await reach(hub, instance_id)).status is Status.COMPLETED
    assert caplog.text.count("waits and continues") == 1
