"""One client's TCP connection: gives the engine its bytes and routes links to hubs, partitions and request nodes."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from typing import cast

from local.eventhubs.engine import Attached, Credited, Delivered, Detached, Engine, Event
from local.eventhubs.link import Link
from local.eventhubs.membership import Member
from local.eventhubs.namespace import Hub, Namespace, path_of
from local.eventhubs.partition import Partition
from local.eventhubs.reader import TURN_LIMIT, Reader, owner_level
from local.eventhubs.refusal import Condition, Refused
from local.eventhubs.request import MANAGEMENT_NODE, TOKEN_NODE, answer, parse_request
from local.eventhubs.tokens import Grants
from shared.errors import InvalidInput, StoreUnavailable

logger = logging.getLogger(__name__)

SHORTEST_BEAT = 0.5  # seconds; a client may ask for an idle timeout of one millisecond


@dataclass(frozen=True, slots=True)
class Producer:
    """The end of a link that sends to a hub, or to one partition of it."""

    hub: Hub
    partition: Partition | None


@dataclass(frozen=True, slots=True)
class RequestNode:
    """The end of a link to or from $cbs or $management."""

    name: str


class ClientConnection(asyncio.Protocol):
    """A fault of the client ends its connection with a logged sentence, and touches nothing else."""

    def __init__(self, namespace: Namespace, grants: Grants) -> None:
        self._namespace = namespace
        self._grants = grants
        self.engine = Engine()
        self._ends: dict[Link, Reader | Producer | RequestNode] = {}
        self._waking: dict[Link, None] = {}  # in order: each reader of a connection gets its turn
        self._flush_is_due = False
        self._paused = False
        self._transport: asyncio.Transport | None = None
        self._heartbeat: asyncio.TimerHandle | None = None
        self._peer = ""

    # Called by asyncio

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Start; the buffer's limit is what makes a slow client wait."""
        self._transport = cast("asyncio.Transport", transport)
        self._transport.set_write_buffer_limits(high=TURN_LIMIT)
        self._peer = "{}:{}".format(*transport.get_extra_info("peername")[:2])

    def data_received(self, data: bytes) -> None:
        """Do what the bytes ask for."""
        try:
            self._handle(self.engine.feed(data))
        except InvalidInput as fault:
            self._give_up(Condition.DECODE_ERROR, fault)
        except StoreUnavailable as fault:
            self._give_up(Condition.INTERNAL_ERROR, fault)
        if self.engine.idle_timeout_ms and self._heartbeat is None:
            self._beat()
        self._flush()

    def connection_lost(self, exc: Exception | None) -> None:
        """Free what the links held."""
        if exc is not None:
            logger.debug("The connection from %s broke: %s.", self._peer, exc)
        self._transport = None
        self._handle(self.engine.drop_links())
        if self._heartbeat is not None:
            self._heartbeat.cancel()

    def pause_writing(self) -> None:
        """Stop sending and listening: a client that reads nothing must not pile up answers here."""
        self._paused = True
        if self._transport is not None:
            self._transport.pause_reading()

    def resume_writing(self) -> None:
        """Go on."""
        self._paused = False
        if self._transport is not None:
            self._transport.resume_reading()
        self._flush()

    # Writing

    def _wake(self, link: Link) -> None:
        """Give a link's reader its turn soon."""
        self._waking[link] = None
        self._flush_soon()

    def _flush_soon(self) -> None:
        """Flush once for all that happens in this turn of the loop."""
        if not self._flush_is_due and self._transport is not None:
            self._flush_is_due = True
            asyncio.get_running_loop().call_soon(self._flush)

    def _flush(self) -> None:
        self._flush_is_due = False
        if self._transport is None:
            return
        if not self._paused:
            turn, self._waking = self._waking, {}
            try:
                for link in turn:
                    reader = self._ends.get(link)
                    if isinstance(reader, Reader):
                        reader.pump()
            except StoreUnavailable as fault:
                self._give_up(Condition.INTERNAL_ERROR, fault)
        if data := self.engine.take():
            self._transport.write(data)
        if self.engine.closed:
            self._transport.close()

    def _give_up(self, condition: Condition, fault: InvalidInput | StoreUnavailable) -> None:
        logger.warning("Closing the connection from %s: %s", self._peer, fault)
        self.engine.fail(condition, str(fault))

    def _beat(self) -> None:
        if self._transport is None or not self.engine.idle_timeout_ms:
            return
        self.engine.beat()
        self._flush()
        delay = max(self.engine.idle_timeout_ms / 3000, SHORTEST_BEAT)
        self._heartbeat = asyncio.get_running_loop().call_later(delay, self._beat)

    # What the engine read

    def _handle(self, events: Iterable[Event]) -> None:
        for event in events:
            match event:
                case Attached(link):
                    self._attach(link)
                case Delivered():
                    self._deliver(event)
                case Credited(link):
                    self._credit(link)
                case Detached(link):
                    self._release(link)

    def _attach(self, link: Link) -> None:
        try:
            end = self._end_of(link)
            if isinstance(end, Reader):
                end.join()
        except Refused as refusal:
            logger.info("Refused a link from %s to %r: %s", self._peer, link.address[:200], refusal)
            self.engine.refuse(link, refusal)
            return
        self._ends[link] = end
        self.engine.accept(link, settled=isinstance(end, Reader))

    def _end_of(self, link: Link) -> Reader | Producer | RequestNode:
        path = path_of(link.address)
        if path in (TOKEN_NODE, MANAGEMENT_NODE):
            return RequestNode(path)
        self._grants.check(path)
        name, *steps = path.split("/")
        hub = self._namespace.hub(name)
        match link.sends, steps:
            case False, []:
                return Producer(hub, None)
            case False, ["partitions", number]:
                return Producer(hub, hub.partition(number))
            case True, ["consumergroups", group, "partitions", number]:
                return self._reader(link, hub, group, number)
        raise Refused(
            Condition.NOT_FOUND,
            f"No such entity: '{path[:200]}'. Send to HUB or HUB/Partitions/N, "
            f"receive from HUB/ConsumerGroups/GROUP/Partitions/N.",
        )

    def _reader(self, link: Link, hub: Hub, group: str, number: str) -> Reader:
        if group not in hub.groups:
            raise Refused(
                Condition.NOT_FOUND, f"The hub '{hub.name}' has no consumer group '{group[:200]}', only {hub.groups}."
            )
        ends = partial(self._end_reader, link)
        member = Member(group, owner_level(link), wake=partial(self._wake, link), end=ends)
        return Reader(self.engine, link, hub.partition(number), member)

    def _end_reader(self, link: Link, refusal: Refused) -> None:
        """End an open link of a reader, for a reason that came from elsewhere."""
        logger.info("Ended a reader of %r from %s: %s", link.address, self._peer, refusal)
        self._release(link)
        self.engine.end_link(link, refusal)
        self._flush_soon()

    def _release(self, link: Link) -> None:
        end = self._ends.pop(link, None)
        if isinstance(end, Reader):
            end.leave()

    def _credit(self, link: Link) -> None:
        end = self._ends.get(link)
        if isinstance(end, Reader) and link.drain:
            end.pump()  # at once: after this event the rest of the credit lapses
        elif isinstance(end, Reader):
            self._wake(link)

    def _deliver(self, delivery: Delivered) -> None:
        end = self._ends[delivery.link]
        refusal = None
        if isinstance(end, RequestNode):
            self._answer(end, delivery)
        elif isinstance(end, Producer):
            try:
                end.hub.publish(end.partition, delivery.message_format, delivery.data)
            except Refused as fault:
                logger.warning("Refused an event for hub '%s' from %s: %s", end.hub.name, self._peer, fault)
                refusal = fault
        self.engine.settle(delivery, refusal)

    def _answer(self, node: RequestNode, delivery: Delivered) -> None:
        """Answer on the other link of the same session: the client names no address to reply to."""
        reply = answer(parse_request(delivery.data), node.name, self._namespace, self._grants)
        for link, end in self._ends.items():
            mine = end == node and link.sends and link.session is delivery.link.session
            if mine and self.engine.send(link, reply):
                return
        raise InvalidInput(
            f"request to {node.name}", got="no link with credit for the answer", expected="one in the same session"
        )
