"""The state of one session and of one link in it, as the client described them when it opened them."""

from __future__ import annotations

from dataclasses import dataclass, field

from local.eventhubs.codec import Described
from local.eventhubs.frames import Fields

SESSION_WINDOW = 65535  # transfers that the client may send before the server renews its window
SELECTOR_FILTER = "apache.org:selector-filter:string"


@dataclass(slots=True)
class IncomingDelivery:
    """A delivery whose last transfer has not come yet; ``parts`` is emptied when it grows over the limit."""

    number: int
    message_format: int
    settled: bool
    parts: list[bytes] = field(default_factory=list)
    size: int = 0


@dataclass(slots=True, eq=False)
class Session:
    """Counters of transfers in both directions; a number of transfers, not of bytes."""

    channel: int
    next_incoming: int
    remote_window: int
    incoming_window: int = SESSION_WINDOW
    next_outgoing: int = 0
    deliveries: int = 0
    links: dict[int, Link] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class Link:
    """One direction of messages. ``sends`` is the server's view: true when the server is the sender."""

    session: Session
    handle: int
    name: str
    sends: bool
    send_mode: int
    receive_mode: int
    address: str
    selector: str | None
    capabilities: list[object]
    properties: dict[object, object]
    delivery_count: int
    credit: int = 0
    drain: bool = False
    incoming: IncomingDelivery | None = None


def link_of(session: Session, attach: Fields) -> Link:
    """Read an attach frame; raises InvalidInput."""
    sends = attach.flag(2)
    terminus = attach.terminus(5 if sends else 6)
    return Link(
        session=session,
        handle=attach.required_number(1),
        name=attach.text(0),
        sends=sends,
        send_mode=attach.number(3) or 0,
        receive_mode=attach.number(4) or 0,
        address=terminus.text(0),
        selector=_selector(terminus) if sends else None,
        capabilities=attach.symbols(12),
        properties=attach.mapping(13),
        delivery_count=0 if sends else attach.number(9) or 0,
    )


def _selector(source: Fields) -> str | None:
    """Return the text of the first filter, whatever its name: a filter left unread would send the wrong events."""
    for value in source.mapping(7).values():
        return str(value.value if isinstance(value, Described) else value)
    return None
