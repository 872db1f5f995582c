"""Requests to the $cbs and $management nodes: one message in, one message out, tied by the correlation id."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from local.eventhubs.codec import Described, Int, Ulong, decode, encode
from local.eventhubs.event_bytes import Section, sections
from local.eventhubs.namespace import Namespace, path_of
from local.eventhubs.refusal import Condition, Refused
from local.eventhubs.tokens import Grants
from shared.errors import InvalidInput

TOKEN_NODE, MANAGEMENT_NODE = "$cbs", "$management"
_STATUSES = {Condition.NOT_FOUND: 404, Condition.UNAUTHORIZED: 401}
_BAD_REQUEST, _OK, _ACCEPTED = 400, 200, 202


@dataclass(frozen=True, slots=True)
class Request:
    """What a client asked; ``asked`` are its application properties."""

    message_id: str | uuid.UUID
    asked: Mapping[Any, Any]
    body: object

    def text(self, name: str) -> str:
        """Return an application property as text; absent means empty."""
        value = self.asked.get(name)
        return "" if value is None else str(value)


def parse_request(data: bytes) -> Request:
    """Read a request message; raises InvalidInput."""
    found = {span.code: decode(data, span.value)[0] for span in sections(data)}
    properties = found.get(Section.PROPERTIES, [])
    asked = found.get(Section.APPLICATION_PROPERTIES, {})
    if not isinstance(properties, list) or not isinstance(asked, dict):
        raise InvalidInput("request", got=found, expected="properties as a list, application properties as a map")
    message_id = properties[0] if properties else None
    if not isinstance(message_id, str | uuid.UUID):
        raise InvalidInput("request message-id", got=message_id, expected="a uuid or a string")
    return Request(message_id, asked, found.get(Section.VALUE))


def answer(request: Request, node: str, namespace: Namespace, grants: Grants) -> bytes:
    """Do what the request asks and return the encoded answer, which says why when it is refused."""
    body: object = None
    text = "OK"
    try:
        if node == TOKEN_NODE:
            _put_token(request, grants)
            status = _ACCEPTED
        else:
            body, status = _describe(request, namespace, grants), _OK
    except Refused as refusal:
        status, text = _STATUSES.get(refusal.condition, _BAD_REQUEST), refusal.text
    # Clients read the description by one name from $cbs and by the other from $management.
    outcome = {"status-code": Int(status), "status-description": text, "statusDescription": text}
    return b"".join(
        encode(Described(Ulong(section), value))
        for section, value in (
            (Section.PROPERTIES, [None, None, None, None, None, request.message_id]),
            (Section.APPLICATION_PROPERTIES, outcome),
            (Section.VALUE, body),
        )
    )


def _put_token(request: Request, grants: Grants) -> None:
    if request.text("operation") != "put-token" or not isinstance(request.body, str):
        raise Refused(Condition.INVALID_FIELD, "The $cbs node takes put-token with the token as a string.")
    grants.put_token(request.body, request.text("type"), request.text("name"))


def _describe(request: Request, namespace: Namespace, grants: Grants) -> dict[str, object]:
    name, kind = request.text("name"), request.text("type")
    grants.check(path_of(name))
    hub = namespace.hub(name)
    if request.text("operation") == "READ" and kind == "com.microsoft:eventhub":
        return hub.describe()
    if request.text("operation") == "READ" and kind == "com.microsoft:partition":
        return hub.describe_partition(request.text("partition"))
    raise Refused(Condition.INVALID_FIELD, "The $management node takes READ of a hub or a partition.")
