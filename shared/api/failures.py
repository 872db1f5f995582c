"""Every error as one JSON shape, ``{"error": {"code", "message", "hint"}}``; our error tree is mapped here, once."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import iter_route_contexts
from starlette.exceptions import HTTPException
from starlette.routing import compile_path

from shared.access.signing_keys import SigningKeysUnavailable
from shared.access.tokens import TokenRejected
from shared.contracts.contract import Contract
from shared.errors import AccessDenied, AluskortError, Conflict, InvalidInput, NotFound, Retryable

RETRY_AFTER_SECONDS = 5

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Answer:
    status: HTTPStatus
    code: str
    hint: str


class FailureDetail(Contract):
    """What went wrong, in a word for programs and a sentence for people, and what to do about it."""

    code: str
    message: str
    hint: str


class Failure(Contract):
    """The body of every answer that is not what was asked for."""

    error: FailureDetail


def failures(*statuses: HTTPStatus) -> dict[int | str, dict[str, Any]]:
    """What a route may answer instead, for its schema: these, and those of every guarded route."""
    of_all = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.UNPROCESSABLE_ENTITY)
    documented = (*of_all, HTTPStatus.SERVICE_UNAVAILABLE, *statuses)
    return {status.value: {"model": Failure, "description": status.phrase} for status in documented}


_INVALID = _Answer(HTTPStatus.UNPROCESSABLE_ENTITY, "INVALID_INPUT", "Correct the named field.")
# The first class that fits decides.
_ANSWERS: tuple[tuple[type[AluskortError], _Answer], ...] = (
    (InvalidInput, _INVALID),
    (NotFound, _Answer(HTTPStatus.NOT_FOUND, "NOT_FOUND", "Check the id; you see your own tenant only.")),
    (Conflict, _Answer(HTTPStatus.CONFLICT, "CONFLICT", "Read the current state again, then decide anew.")),
    (AccessDenied, _Answer(HTTPStatus.FORBIDDEN, "ACCESS_DENIED", "Ask an administrator for the role you need.")),
)
_INTERNAL = _Answer(HTTPStatus.INTERNAL_SERVER_ERROR, "INTERNAL", "Report this with the time of your request.")


def add_failure_handlers(app: FastAPI) -> None:
    """Make every failure of ``app`` answer in the one shape."""
    app.add_exception_handler(AluskortError, _known)
    app.add_exception_handler(RequestValidationError, _malformed_request)
    app.add_exception_handler(HTTPException, _routing)
    app.add_exception_handler(Exception, _unknown)


def _known(request: Request, error: Exception) -> JSONResponse:
    if isinstance(error, TokenRejected):
        answer = _Answer(HTTPStatus.UNAUTHORIZED, error.code, "Sign in and send the token as Authorization: Bearer.")
        return _respond(answer, str(error), {"WWW-Authenticate": "Bearer"})
    if isinstance(error, Retryable):
        log.error("%s %s waits for a dependency: %s", request.method, request.url.path, error)
        code = error.code if isinstance(error, SigningKeysUnavailable) else "UNAVAILABLE"
        answer = _Answer(HTTPStatus.SERVICE_UNAVAILABLE, code, "Try again after the time in Retry-After.")
        # The cause may hold addresses of our servers: it is in the log, not in the answer.
        return _respond(answer, "A service behind this API is unavailable.", {"Retry-After": str(RETRY_AFTER_SECONDS)})
    for kind, answer in _ANSWERS:
        if isinstance(error, kind):
            return _respond(answer, str(error))
    return _unknown(request, error)


def _malformed_request(_request: Request, error: Exception) -> JSONResponse:
    first = error.errors()[0] if isinstance(error, RequestValidationError) else {}
    where = ".".join(str(part) for part in first.get("loc", ()))
    return _respond(_INVALID, f"{where}: {first.get('msg', 'not understood')}")


def _routing(request: Request, error: Exception) -> JSONResponse:
    status = HTTPStatus(error.status_code) if isinstance(error, HTTPException) else HTTPStatus.BAD_REQUEST
    answer = _Answer(status, status.name, "Check method and path: routes begin with /api/v1/.")
    headers = dict(error.headers or {}) if isinstance(error, HTTPException) else {}
    if status is HTTPStatus.METHOD_NOT_ALLOWED:
        headers["Allow"] = ", ".join(_methods_of(request))
    return _respond(answer, status.phrase, headers)


def _methods_of(request: Request) -> list[str]:
    """Every method of the path: Starlette names those of the first route that has it."""
    found = set[str]()
    for route in iter_route_contexts(request.app.routes):
        pattern, _, _ = compile_path(route.path or "")
        if pattern.match(request.url.path):
            found |= route.methods or set()
    return sorted(found)


def _unknown(request: Request, error: Exception) -> JSONResponse:
    log.error("%s %s failed", request.method, request.url.path, exc_info=error)
    return _respond(_INTERNAL, "The server failed.")


def _respond(answer: _Answer, message: str, headers: dict[str, str] | None = None) -> JSONResponse:
    body = {"error": {"code": answer.code, "message": message, "hint": answer.hint}}
    return JSONResponse(body, status_code=answer.status, headers=headers)
