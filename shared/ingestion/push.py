"""What a SIEM that pushes alerts by HTTP is answered: a report, or an error in the API's one shape."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass, field
from http import HTTPStatus
from typing import Any

from shared.errors import AccessDenied, NotFound, Retryable, Terminal
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


Submitter = Callable[[str], Awaitable[str]]  # of a tenant: the subject of who signed in for it, "" for nobody


async def nobody(tenant_id: str) -> str:
    """A machine that has the function's key and nothing else."""
    return ""


async def take_push(sources: AlertSources, name: str, body: bytes, submitter: Submitter = nobody) -> Answer:
    """Ingest one request of the source ``name``: 202 with what became of its rows once they are safe, 401 for a token
    that is not good and 403 for one of another tenant, 404 for a name that nobody configured, 413 above 1 MiB, 503 when
    nothing or only a part is safe and all must be sent again.
    """
    if len(body) > MAX_BODY_BYTES:
        message = f"The body has {len(body)} bytes, at most {MAX_BODY_BYTES} are taken."
        return _error(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "TOO_LARGE", message, "Send fewer alerts a request.")
    try:
        submitted_by = await submitter(sources.tenant_of(name))
        report = await sources.ingest(name, body, submitted_by=submitted_by)
    except NotFound as error:
        return _error(HTTPStatus.NOT_FOUND, "NOT_FOUND", str(error), "Check the last part of the path.")
    except AccessDenied as error:
        return _error(HTTPStatus.FORBIDDEN, "FORBIDDEN", str(error), "Send it with a token of the source's tenant.")
    except Terminal as error:
        hint = "Get a new token, or send none where a machine sends the alerts."
        return _error(HTTPStatus.UNAUTHORIZED, "TOKEN_REJECTED", str(error), hint)
    except Retryable as error:
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
