"""The server half of an AMQP 1.0 connection (OASIS AMQP 1.0 part 2): bytes in, events and bytes out, no I/O.

Only what Event Hubs clients use: SASL ANONYMOUS, sessions, links, credit, settled sends. The caller writes ``take()``.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from local.eventhubs.codec import Described, Symbol, Ubyte, Uint, Ulong, Ushort
from local.eventhubs.frames import (
    AMQP_HEADER,
    AMQP_KIND,
    HEARTBEAT,
    PREFIX_SIZE,
    SASL_HEADER,
    SASL_KIND,
    Fields,
    Frame,
    Performative,
    build_frame,
    error_value,
    frame_size,
    parse_frame,
)
from local.eventhubs.link import SELECTOR_FILTER, SESSION_WINDOW, IncomingDelivery, Link, Session, link_of
from local.eventhubs.refusal import Condition, Refused
from shared.errors import InvalidInput

MAX_FRAME = 65536  # bytes
MAX_MESSAGE = 1024 * 1024  # bytes, the limit of Event Hubs
CREDIT = 300  # deliveries that a sender of the client's may have open
MAX_CHANNEL, MAX_HANDLE = 63, 255
CONTAINER = "local-event-hubs"
_TRANSFER_ROOM = 64  # bytes of a transfer frame that are not payload, at most
_ACCEPTED, _REJECTED, _SOURCE, _TARGET = 0x24, 0x25, 0x28, 0x29
_SETTLED = 1
_COUNTER = 2**32


@dataclass(frozen=True, slots=True)
class Attached:
    """The client opens a link: answer with ``accept`` or ``refuse``."""

    link: Link


@dataclass(frozen=True, slots=True)
class Delivered:
    """A whole message came: answer with ``settle``."""

    link: Link
    number: int
    settled: bool
    message_format: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Credited:
    """The client may be ready for more on a link that the server sends on."""

    link: Link


@dataclass(frozen=True, slots=True)
class Detached:
    """The client ended a link, or the session or connection that held it."""

    link: Link


Event = Attached | Delivered | Credited | Detached


def _ahead(left: int, right: int) -> int:
    """Return how far one 32-bit serial number is ahead of another; negative when it is behind (RFC 1982)."""
    return (left - right + _COUNTER // 2) % _COUNTER - _COUNTER // 2


class Engine:
    """One connection. ``feed`` raises InvalidInput when the client broke the protocol; then call ``fail``."""

    def __init__(self) -> None:
        self.closed = False
        self.idle_timeout_ms: int | None = None
        self._buffer = bytearray()
        self._out: list[bytes] = []
        self._expected_header: bytes | None = SASL_HEADER
        self._kind = SASL_KIND
        self._opened = False
        self._remote_max_frame = 512
        self._sessions: dict[int, Session] = {}
        self._in_session: dict[int, Callable[[Session, Fields, bytes], Iterator[Event]]] = {
            Performative.ATTACH: self._on_attach,
            Performative.FLOW: self._on_flow,
            Performative.TRANSFER: self._on_transfer,
            Performative.DETACH: self._on_detach,
            Performative.END: self._on_end,
        }

    def take(self) -> bytes:
        """Return the bytes to write to the client since the last call."""
        data = b"".join(self._out)
        self._out.clear()
        return data

    def feed(self, data: bytes) -> Iterator[Event]:
        """Yield what the client's bytes mean; handle each event before the next is taken."""
        self._buffer += data
        while not self.closed and len(self._buffer) >= PREFIX_SIZE:
            if self._expected_header is not None:
                self._on_header(self._cut(PREFIX_SIZE))
                continue
            size = frame_size(self._buffer, 0, MAX_FRAME)
            if len(self._buffer) < size:
                return
            if frame := parse_frame(self._cut(size)):
                yield from self._on_frame(frame)

    def _cut(self, size: int) -> bytes:
        data = bytes(self._buffer[:size])
        del self._buffer[:size]
        return data

    def _put(self, channel: int, performative: Performative, *fields: object, payload: tuple[bytes, ...] = ()) -> None:
        self._out.append(build_frame(channel, performative, fields, payload=payload, kind=self._kind))

    def beat(self) -> None:
        """Queue an empty frame, for a client that asked for a sign of life."""
        if self._opened:
            self._out.append(HEARTBEAT)

    def fail(self, condition: Condition, text: str) -> None:
        """End the connection with an error that the client can read, if it got far enough to read one."""
        if self._opened:
            self._put(0, Performative.CLOSE, error_value(condition, text))
        self.closed = True

    # Connection and session

    def _on_header(self, header: bytes) -> None:
        expected = self._expected_header
        if header != expected:
            self._out.append(SASL_HEADER)  # the answer that the standard asks for: what this server does speak
            raise InvalidInput("AMQP header", got=header, expected=repr(expected))
        self._out.append(header)
        self._expected_header = None
        if header == SASL_HEADER:
            self._put(0, Performative.SASL_MECHANISMS, Symbol("ANONYMOUS"))
        else:
            self._kind = AMQP_KIND

    def _on_frame(self, frame: Frame) -> Iterator[Event]:
        if frame.kind != self._kind:
            raise InvalidInput("AMQP frame", got=f"kind {frame.kind}", expected=f"kind {self._kind} at this point")
        fields, code = frame.fields, frame.performative
        if self._kind == SASL_KIND:
            self._on_sasl(code, fields)
        elif code == Performative.OPEN:
            self._on_open(fields)
        elif not self._opened:
            raise InvalidInput("AMQP frame", got=f"0x{code:02x}", expected="open first")
        elif code == Performative.BEGIN:
            self._on_begin(frame.channel, fields)
        elif code == Performative.CLOSE:
            yield from self.drop_links()
            self._put(0, Performative.CLOSE, None)
            self.closed = True
        # The client sends detach after end when it closes a request: frames of no session mean nothing.
        elif code in self._in_session and frame.channel in self._sessions:
            yield from self._in_session[code](self._sessions[frame.channel], fields, frame.payload)

    def _on_sasl(self, code: int, fields: Fields) -> None:
        if code != Performative.SASL_INIT or fields.text(0) != "ANONYMOUS":
            raise InvalidInput("SASL", got=f"0x{code:02x} {fields.values[:1]}", expected="init with ANONYMOUS")
        self._put(0, Performative.SASL_OUTCOME, Ubyte(0), None)
        self._expected_header = AMQP_HEADER

    def _on_open(self, fields: Fields) -> None:
        if self._opened:
            raise InvalidInput("AMQP frame", got="a second open", expected="one")
        self._remote_max_frame = max(fields.number(2) or MAX_FRAME, 512)
        self.idle_timeout_ms = fields.number(4)
        self._opened = True
        product = {Symbol("product"): CONTAINER}
        limits = Uint(MAX_FRAME), Ushort(MAX_CHANNEL)
        self._put(0, Performative.OPEN, CONTAINER, None, *limits, None, None, None, None, None, product)

    def _on_begin(self, channel: int, fields: Fields) -> None:
        if channel > MAX_CHANNEL or channel in self._sessions:
            raise InvalidInput("session", got=f"channel {channel}", expected=f"a free one, 0 to {MAX_CHANNEL}")
        self._sessions[channel] = Session(channel, fields.required_number(1), fields.required_number(2))
        windows = Uint(0), Uint(SESSION_WINDOW), Uint(SESSION_WINDOW)
        # Channels and handles in answers are the client's own numbers.
        self._put(channel, Performative.BEGIN, Ushort(channel), *windows, Uint(MAX_HANDLE), None, None, None)

    def _on_end(self, session: Session, _: Fields, __: bytes) -> Iterator[Event]:
        del self._sessions[session.channel]
        self._put(session.channel, Performative.END, None)
        yield from map(Detached, session.links.values())

    def drop_links(self) -> list[Event]:
        """Forget every link, because the connection is over."""
        links = [link for session in self._sessions.values() for link in session.links.values()]
        self._sessions.clear()
        return [Detached(link) for link in links]

    # Links

    def _on_attach(self, session: Session, fields: Fields, _: bytes) -> Iterator[Event]:
        link = link_of(session, fields)
        if link.handle > MAX_HANDLE or link.handle in session.links:
            raise InvalidInput("link", got=f"handle {link.handle}", expected=f"a free one, 0 to {MAX_HANDLE}")
        session.links[link.handle] = link
        yield Attached(link)

    def _on_detach(self, session: Session, fields: Fields, _: bytes) -> Iterator[Event]:
        link = session.links.pop(fields.required_number(0), None)
        if link is not None:
            self._put(session.channel, Performative.DETACH, Uint(link.handle), fields.flag(1), None)
            yield Detached(link)

    def accept(self, link: Link, *, settled: bool = False) -> None:
        """Open a link. ``settled``: the server sends without waiting for outcomes, as Event Hubs does."""
        rest = Uint(0), None, Uint(0), False
        if link.sends:
            selector = link.selector
            filters = {Symbol(SELECTOR_FILTER): Described(Symbol(SELECTOR_FILTER), selector)} if selector else None
            source: object = Described(Ulong(_SOURCE), [link.address, *rest, None, None, filters, None, None, None])
            target: object = Described(Ulong(_TARGET), [None, *rest, None, None])
        else:
            source = Described(Ulong(_SOURCE), [None, *rest, None, None, None, None, None, None])
            target = Described(Ulong(_TARGET), [link.address, *rest, None, None])
        self._answer_attach(link, _SETTLED if settled else link.send_mode, source, target)
        if not link.sends:
            self._grant(link)

    def _answer_attach(self, link: Link, send_mode: int, source: object, target: object) -> None:
        modes = Ubyte(send_mode), Ubyte(link.receive_mode)
        ends = source, target, None, None, Uint(0) if link.sends else None, Ulong(MAX_MESSAGE), None, None, None
        self._put(
            link.session.channel, Performative.ATTACH, link.name, Uint(link.handle), not link.sends, *modes, *ends
        )

    def refuse(self, link: Link, refusal: Refused) -> None:
        """Refuse a link that was just attached: without source and target, else the client counts it as open."""
        self._answer_attach(link, link.send_mode, None, None)
        self.end_link(link, refusal)

    def end_link(self, link: Link, refusal: Refused) -> None:
        """End an open link with an error."""
        if link.session.links.pop(link.handle, None) is link:
            error = error_value(refusal.condition, refusal.text)
            self._put(link.session.channel, Performative.DETACH, Uint(link.handle), True, error)

    def _put_flow(self, session: Session, link: Link | None) -> None:
        windows = Uint(session.next_incoming), Uint(session.incoming_window), Uint(session.next_outgoing)
        state: tuple[object, ...] = (None, None, None, None, None)
        if link is not None:
            state = Uint(link.handle), Uint(link.delivery_count), Uint(max(link.credit, 0)), None, link.drain
        self._put(session.channel, Performative.FLOW, *windows, Uint(SESSION_WINDOW), *state, None, None)

    def _grant(self, link: Link) -> None:
        link.credit = CREDIT
        self._put_flow(link.session, link)

    def _on_flow(self, session: Session, fields: Fields, _: bytes) -> Iterator[Event]:
        # 1. The session's window: what the client has room for, less what is under way to it.
        session.remote_window = _ahead(fields.number(0) or 0, session.next_outgoing) + fields.required_number(1)
        # 2. The link's credit.
        handle = fields.number(4)
        link = session.links.get(handle) if handle is not None else None
        if link is not None and link.sends:
            link.credit = _ahead(fields.number(5) or 0, link.delivery_count) + (fields.number(6) or 0)
            link.drain = fields.flag(8)
        # 3. Either may let a link send on.
        for sender in [each for each in session.links.values() if each.sends]:
            yield Credited(sender)
        # 4. The caller has sent what it has: credit that was to be drained lapses.
        if link is not None and link.sends and link.drain and link.credit > 0:
            link.delivery_count = (link.delivery_count + link.credit) % _COUNTER
            link.credit = 0
            self._put_flow(session, link)
        elif fields.flag(9):
            self._put_flow(session, link)

    # Messages

    def _on_transfer(self, session: Session, fields: Fields, payload: bytes) -> Iterator[Event]:
        session.next_incoming = (session.next_incoming + 1) % _COUNTER
        session.incoming_window -= 1
        if session.incoming_window < SESSION_WINDOW // 2:
            session.incoming_window = SESSION_WINDOW
            self._put_flow(session, None)
        link = session.links.get(fields.required_number(0))
        if link is None or link.sends:
            return  # the link was refused while the transfer was on its way
        delivery = link.incoming
        if delivery is None:
            number, message_format = fields.required_number(1), fields.number(3) or 0
            delivery = link.incoming = IncomingDelivery(number, message_format, fields.flag(4))
        delivery.size += len(payload)
        too_large = delivery.size > MAX_MESSAGE
        if too_large:
            delivery.parts.clear()  # the rest is counted, not kept
        elif payload:
            delivery.parts.append(payload)
        aborted = fields.flag(9)
        if fields.flag(5) and not aborted:
            return
        link.incoming = None
        link.delivery_count = (link.delivery_count + 1) % _COUNTER
        link.credit -= 1
        whole = Delivered(link, delivery.number, delivery.settled, delivery.message_format, b"".join(delivery.parts))
        if too_large and not aborted:
            text = f"The message of {delivery.size} bytes exceeds the limit of {MAX_MESSAGE}."
            self.settle(whole, Refused(Condition.MESSAGE_TOO_LARGE, text))
        elif not aborted:
            yield whole
        if link.credit < CREDIT // 2:
            self._grant(link)

    def settle(self, delivery: Delivered, refusal: Refused | None) -> None:
        """Tell the sender that its message is accepted, or why not."""
        if delivery.settled:
            return
        state = Described(Ulong(_ACCEPTED), [])
        if refusal is not None:
            state = Described(Ulong(_REJECTED), [error_value(refusal.condition, refusal.text)])
        channel = delivery.link.session.channel
        self._put(channel, Performative.DISPOSITION, True, Uint(delivery.number), None, True, state, None)

    def send(self, link: Link, *parts: bytes) -> bool:
        """Queue one settled delivery; false, and nothing queued, when there is no credit or window for it."""
        session = link.session
        if link.credit <= 0 or session.remote_window <= 0:
            return False
        size, room = sum(map(len, parts)), self._remote_max_frame - _TRANSFER_ROOM
        number = session.deliveries
        start = Uint(link.handle), Uint(number), struct.pack(">I", number), Uint(0), True
        rest = None, None, None, None, None
        if size <= room:
            self._put(session.channel, Performative.TRANSFER, *start, False, *rest, payload=parts)
            frames = 1
        else:
            data = b"".join(parts)
            cuts = range(0, size, room)
            frames = len(cuts)
            for at in cuts:
                more = at + room < size
                self._put(session.channel, Performative.TRANSFER, *start, more, *rest, payload=(data[at : at + room],))
        session.deliveries = (number + 1) % _COUNTER
        session.next_outgoing = (session.next_outgoing + frames) % _COUNTER
        session.remote_window -= frames
        link.delivery_count = (link.delivery_count + 1) % _COUNTER
        link.credit -= 1
        return True
