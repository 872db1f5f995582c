"""The work of a hub: turns, activities and timers, as long as this host holds the hub's lease.

Everything here can be lost at any moment: what counts is committed before it is acted on; ``resume`` finds it again.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from uuid import UUID

from local.taskhub.history import Event, EventType, event, moment
from local.taskhub.instance import FINISHED, Activity, checked_payload
from local.taskhub.runner import FunctionFailed, FunctionRunner
from local.taskhub.store import Store
from local.taskhub.turn import Execution, take_turn
from shared.errors import Conflict, InvalidInput, StoreUnavailable

logger = logging.getLogger(__name__)

RETRY_SECONDS = 0.5  # between two attempts while PostgreSQL is unavailable
LONGEST_SLEEP = 60.0  # seconds without checking the timers; after an idle minute everything is checked
REMEMBERED = 500  # executions kept in memory; the others are read again when they go on
DRAIN_SECONDS = 5.0  # how long a stop waits for what runs


@dataclass(frozen=True)
class DurableOptions:
    """host.json's durableTask options of one host."""

    max_concurrent_activities: int = 10
    max_concurrent_orchestrators: int = 5
    default_version: str = ""  # of instances whose start names none


class Engine:
    """Runs what the store says is to be done; ``leading`` is set while this host holds the lease."""

    def __init__(
        self, *, store: Store, runner: FunctionRunner, options: DurableOptions, leading: asyncio.Event
    ) -> None:
        self._store = store
        self._runner = runner
        self._options = options
        self._leading = leading
        self._ready: asyncio.Queue[str] = asyncio.Queue()
        self._queued: set[str] = set()
        self._taking: set[str] = set()  # instances whose turn runs now: never two at once
        self._again: set[str] = set()  # of those, the ones that were woken meanwhile
        self._executions: OrderedDict[str, Execution] = OrderedDict()
        self._activities: asyncio.Queue[Activity] = asyncio.Queue()
        self._dispatched: set[tuple[UUID, int]] = set()
        self._results: asyncio.Queue[tuple[Activity, Event]] = asyncio.Queue()
        self._timers_changed = asyncio.Event()
        self._next_timer: datetime | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._running = 0  # turns, and activities whose result is not written yet
        self._idle = asyncio.Event()
        self._idle.set()
        self._unavailable = False
        self._outages = 0
        self._missed = False  # an outage may have hidden that a commit succeeded: check everything again

    def start(self) -> None:
        """Start the workers; they wait for the lease."""
        workers = [self._results_worker, self._timer_worker]
        workers += [self._turn_worker] * self._options.max_concurrent_orchestrators
        workers += [self._activity_worker] * self._options.max_concurrent_activities
        self._tasks = [asyncio.create_task(self._keep_working(worker)) for worker in workers]

    async def stop(self) -> None:
        """Let what runs end, for a few seconds at most, and stop; the lease must be given up already."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._idle.wait(), DRAIN_SECONDS)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def wake(self, instance_id: str) -> None:
        """The instance may have something to do."""
        if instance_id not in self._queued:
            self._queued.add(instance_id)
            self._ready.put_nowait(instance_id)

    async def resume(self) -> None:
        """Find everything unfinished: after a start, a takeover or an outage, and once in a while."""
        for instance_id in await self._store.unfinished():
            self.wake(instance_id)
        for activity in await self._store.open_activities():
            self._dispatch(activity)
        self._timers_changed.set()

    def _dispatch(self, activity: Activity) -> None:
        key = (activity.execution_id, activity.task_id)
        if key not in self._dispatched:
            self._dispatched.add(key)
            self._activities.put_nowait(activity)

    async def _keep_working(self, worker: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                await worker()
            except Exception:  # one broken step must not stop the hub
                logger.exception("a worker of the task hub broke and starts again")
                self._missed = True
                self._timers_changed.set()
                await asyncio.sleep(RETRY_SECONDS)

    async def _turn_worker(self) -> None:
        while True:
            instance_id = await self._ready.get()
            await self._leading.wait()
            self._queued.discard(instance_id)
            if instance_id in self._taking:
                self._again.add(instance_id)
                continue
            self._taking.add(instance_id)
            self._began()
            try:
                await self._persist(partial(self._turn, instance_id))
            except Conflict as lost:
                logger.info("%s; its state is read again", lost)
                self._again.add(instance_id)
            except Exception:  # the worker must live on for the other instances
                logger.exception(
                    "the turn of instance %s broke; it is tried again when the instance is woken", instance_id
                )
            finally:
                self._ended(1)
                self._taking.discard(instance_id)
                if instance_id in self._again:
                    self._again.discard(instance_id)
                    self.wake(instance_id)

    async def _turn(self, instance_id: str) -> None:
        execution = self._executions.pop(instance_id, None)
        if execution is None:
            instance = await self._store.find(instance_id)
            if instance is None or instance.status in FINISHED:
                return
            execution = await self._store.execution(instance)
        messages = await self._store.inbox(instance_id)
        turn = await take_turn(execution, messages, self._runner)
        if len(execution.texts) > turn.first_event or turn.consumed:
            execution.instance, activities, others = await self._store.commit(execution, turn)
            for activity in activities:
                self._dispatch(activity)
            for other in others:
                self.wake(other)
            self._arm(turn.timers().values())
        if not turn.finished and turn.continue_with is None:
            self._executions[instance_id] = execution
            if len(self._executions) > REMEMBERED:
                self._executions.popitem(last=False)

    def _arm(self, due: Iterable[str]) -> None:
        soonest = min(map(moment, due), default=None)
        if soonest is not None and (self._next_timer is None or soonest < self._next_timer):
            self._timers_changed.set()

    async def _activity_worker(self) -> None:
        while True:
            activity = await self._activities.get()
            await self._leading.wait()
            self._began()
            try:
                self._results.put_nowait((activity, await self._run(activity)))
            except asyncio.CancelledError:
                self._ended(1)
                raise

    async def _run(self, activity: Activity) -> Event:
        """The activity's outcome as the event that the orchestrator sees."""
        try:
            result = await self._runner.run_activity(activity.name, activity.input, instance_id=activity.instance_id)
            checked_payload(result or "", field="result")
        except (FunctionFailed, InvalidInput) as failure:
            reason = str(failure)
        except Exception as error:  # an activity that cannot be run must still answer, or its instance waits forever
            logger.exception("activity %s of instance %s could not be run", activity.name, activity.instance_id)
            reason = f"{type(error).__name__}: {error}"
        else:
            now = datetime.now(UTC)
            return event(EventType.TASK_COMPLETED, now, TaskScheduledId=activity.task_id, Result=result or "null")
        return event(
            EventType.TASK_FAILED,
            datetime.now(UTC),
            TaskScheduledId=activity.task_id,
            Reason=f"Activity function '{activity.name}' failed: {reason}",
            Details="",
        )

    async def _results_worker(self) -> None:
        """Write results; those that arrive during one write go together in the next."""
        while True:
            results = [await self._results.get()]
            try:
                while not self._results.empty():
                    results.append(self._results.get_nowait())
                for instance_id in await self._persist(partial(self._store.finish_activities, results)):
                    self.wake(instance_id)
            finally:
                self._ended(len(results))
                self._dispatched -= {(activity.execution_id, activity.task_id) for activity, _ in results}

    async def _timer_worker(self) -> None:
        while True:
            await self._leading.wait()
            self._timers_changed.clear()
            self._next_timer = None  # until it is read again, whatever timer is armed wakes this worker
            if self._missed:
                self._missed = False
                await self._persist(self.resume)
            for instance_id in await self._persist(lambda: self._store.fire_timers(datetime.now(UTC))):
                self.wake(instance_id)
            self._next_timer = await self._persist(self._store.next_timer)
            left = LONGEST_SLEEP
            if self._next_timer is not None:
                left = min(left, max(0.0, (self._next_timer - datetime.now(UTC)).total_seconds()))
            try:
                await asyncio.wait_for(self._timers_changed.wait(), left)
            except TimeoutError:
                self._missed = self._missed or left == LONGEST_SLEEP

    def _began(self) -> None:
        self._running += 1
        self._idle.clear()

    def _ended(self, count: int) -> None:
        self._running -= count
        if self._running == 0:
            self._idle.set()

    async def _persist[T](self, work: Callable[[], Awaitable[T]]) -> T:
        """Do the work; while PostgreSQL is unavailable wait and do it again. The outage is logged once."""
        while True:
            known = self._outages
            try:
                done = await work()
            except StoreUnavailable as outage:
                if not self._unavailable:
                    self._unavailable = True
                    self._outages += 1
                    logger.warning("%s; the task hub waits and continues when it is back", outage)
                await asyncio.sleep(RETRY_SECONDS)
                continue
            if self._unavailable and known == self._outages:  # else it had begun before the outage
                self._unavailable = False
                logger.info("PostgreSQL is back; the task hub continues")
                self._missed = True
                self._timers_changed.set()
            return done
