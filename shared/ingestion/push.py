"""What a SIEM that pushes alerts by HTTP is answered: a report, or an error in the API's one shape."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from http import HTTPStatus
from typing import Any

from shared.errors import BusUnavailable, NotFound
from shared.ingestion.envelope import MAX_BODY_BYTES
from shared.ingestion.sources import AlertSources

RETRY_AFTER_SECONDS = 5
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, JSON body and headers."""

    status: HTTPStatus
    body: Mapping[str, Any]
    headers: Mapping[str, str] = field(default_factory=dict)


async def take_push(sources: AlertSources, name: str, body: bytes) -> Answer:
    """Ingest one request of the source ``name``: 202 with what became of its rows once they are safe, 404 for a name
    that nobody configured, 413 above 1 MiB, 503 when nothing or only a part is safe and all must be sent again.
    """
    if len(body) > MAX_BODY_BYTES:
        message = f"The body has {len(body)} bytes, at most {MAX_BODY_BYTES} are taken."
        return _error(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "TOO_LARGE", message, "Send fewer alerts a request.")
    try:
        report = await sources.ingest(name, body)
    except NotFound as error:
        return _error(HTTPStatus.NOT_FOUND, "NOT_FOUND", str(error), "Check the last part of the path.")
    except BusUnavailable as error:
        logger.error("Alerts of %s wait at their sender: %s", name, error)
        message, hint = (
            "A service behind this API is unavailable.",
            "Send the same again after the time in Retry-After.",
        )
        retry = {"Retry-After": str(RETRY_AFTER_SECONDS)}
        return _error(HTTPStatus.SERVICE_UNAVAILABLE, "UNAVAILABLE", message, hint, retry)
    return Answer(HTTPStatus.ACCEPTED, asdict(report))


def _error(status: HTTPStatus, code: str, message: str, hint: str, headers: Mapping[str, str] | None = None) -> Answer:
    return Answer(status, {"error": {"code": code, "message": message, "hint": hint}}, headers or {})
