"""Timer triggers: one run at a time across all hosts, missed runs caught up, status in AzureWebJobsStorage."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from azure.storage.blob.aio import BlobLeaseClient

from local.host import datums
from local.host.ncrontab import Schedule
from local.host.outage import Outage
from local.host.storage import HOSTS_CONTAINER, LEASE_SECONDS, HostStorage
from local.host.worker import HostStopping, InvocationFailed, Target
from shared.errors import ConfigurationError, StoreUnavailable

log = logging.getLogger(__name__)

RETRY_SECONDS = 2.0
# As in Azure, missed runs of a timer that fires more often than this are not caught up.
SHORTEST_MONITORED = timedelta(minutes=1)


class TimerTrigger:
    """Fires one function on its schedule until told to stop."""

    def __init__(self, target: Target, *, storage: HostStorage, host_id: str) -> None:
        function = target.function
        self._function = function
        self._target = target
        self._storage = storage
        try:
            self._schedule = Schedule(str(function.trigger["schedule"]))
        except ConfigurationError as error:
            raise ConfigurationError(f"Function {function.name}: {error}") from error
        first = self._schedule.next_after(datetime.now(UTC))
        often = self._schedule.next_after(first) - first < SHORTEST_MONITORED
        self._monitored = bool(function.trigger.get("useMonitor", True)) and not often
        self._status_blob = f"timers/{host_id}/{function.name}/status"
        self._lock_blob = f"locks/{host_id}/{function.name}.Listener"
        self._outage = Outage(f"Storage of timer {function.name}")

    @property
    def title(self) -> str:
        """What the start log says about this trigger."""
        return f"timerTrigger {self._function.trigger['schedule']}"

    async def run(self, ready: Callable[[], None]) -> None:
        """Fire until the host stops; `ready` is called at once, another host may hold the timer for long."""
        ready()
        first = True
        while not self._target.stopping.is_set():
            try:
                await self._storage.ensure_container(HOSTS_CONTAINER)
                lease = await self._storage.acquire(self._lock_blob)
                self._outage.over()
                if lease is None:
                    await self._wait_until(datetime.now(UTC) + timedelta(seconds=RETRY_SECONDS))
                    continue
                await self._run_as_owner(lease, run_now=first and bool(self._function.trigger.get("runOnStartup")))
                first = False
            except StoreUnavailable as error:
                self._outage.report(error)
                await self._wait_until(datetime.now(UTC) + timedelta(seconds=RETRY_SECONDS))

    async def fire(self, *, past_due: bool = False, due: datetime | None = None) -> None:
        """Run the function now; its failure is logged and the schedule continues."""
        now = datetime.now(UTC)
        tick = datums.timer(
            last=due or now, next_run=self._schedule.next_after(now), updated=due or now, past_due=past_due
        )
        try:
            await self._target.invoke(tick)
        except InvocationFailed:
            return  # the worker has logged it; a timer's next chance is its next occurrence

    async def _run_as_owner(self, lease: BlobLeaseClient, *, run_now: bool) -> None:
        """Fire while the lease is ours; it is renewed while the function runs and released at the end."""
        keeper = asyncio.create_task(self._keep(lease))
        try:
            await self._fire_on_schedule(keeper, run_now=run_now)
        except HostStopping:
            return
        finally:
            if keeper.done():
                log.warning("Timer %s was taken over by another host.", self._function.name)
            else:
                keeper.cancel()
                await self._storage.release(lease)

    async def _keep(self, lease: BlobLeaseClient) -> None:
        """Renew the lease until another host has taken it; while the storage is unavailable nobody can take it."""
        while True:
            await asyncio.sleep(LEASE_SECONDS / 3)
            try:
                if not await self._storage.renew(lease):
                    return
                self._outage.over()
            except StoreUnavailable as error:
                self._outage.report(error)

    async def _fire_on_schedule(self, keeper: asyncio.Task[None], *, run_now: bool) -> None:
        status = await self._storage.read_json(self._status_blob) if self._monitored else None
        missed = _time(status.get("Next")) if status else None
        if missed is not None and missed < datetime.now(UTC):
            await self.fire(past_due=True, due=missed)
            await self._write_status(missed)
        elif run_now:
            await self.fire()
        elif missed is None:
            await self._write_status(None)
        while True:
            due = self._schedule.next_after(datetime.now(UTC))
            if not await self._wait_until(due, keeper):
                return
            await self.fire(due=due)
            await self._write_status(due)

    async def _write_status(self, last: datetime | None) -> None:
        """Remember the next run; without the storage the timer continues, but a missed run may go unnoticed."""
        if not self._monitored:
            return
        now = datetime.now(UTC)
        status = {"Next": datums.as_time(self._schedule.next_after(now)), "LastUpdated": datums.as_time(now)}
        try:
            await self._storage.write_json(self._status_blob, status | {"Last": datums.as_time(last or now)})
        except StoreUnavailable as error:
            self._outage.report(error)

    async def _wait_until(self, moment: datetime, keeper: asyncio.Task[None] | None = None) -> bool:
        """True at that time; False when the host stops or the lease is lost before it."""
        stop = asyncio.create_task(self._target.stopping.wait())
        ends = {stop, keeper} if keeper else {stop}
        try:
            while (left := (moment - datetime.now(UTC)).total_seconds()) > 0:
                ended, _ = await asyncio.wait(ends, timeout=left, return_when=asyncio.FIRST_COMPLETED)
                if ended:
                    return False
        finally:
            stop.cancel()
        return not (self._target.stopping.is_set() or (keeper is not None and keeper.done()))


def _time(text: object) -> datetime | None:
    try:
        return datetime.fromisoformat(str(text)).astimezone(UTC)
    except ValueError:
        return None
