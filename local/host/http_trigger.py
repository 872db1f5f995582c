"""HTTP triggers: routes with prefix, parameters and keys, as Azure serves them, on Starlette.

Starlette answers 404 and 405; a body over 100 MB is refused and a late answer is lost, as in Azure. The caller serves
the routes.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Iterable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from local.host import datums
from local.host.function import IndexedFunction
from local.host.keys import HostKeys
from local.host.messages import Cookie, TypedData
from local.host.worker import InvocationFailed, Worker
from shared.errors import ConfigurationError

log = logging.getLogger(__name__)

ANSWER_SECONDS = 230.0  # Azure's load balancer drops an idle connection then, whatever functionTimeout says
BODY_LIMIT = 104_857_600  # bytes; Azure's FUNCTIONS_REQUEST_BODY_SIZE_LIMIT default
ALL_METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"]
_CONVERTORS = {"": "str", "int": "int", "long": "int", "guid": "uuid", "float": "float", "double": "float"}
_PARAMETER = re.compile(r"\{(?P<any>\*{0,2})(?P<name>\w+)(?::(?P<kind>\w+))?(?P<optional>\?)?\}")


def http_routes(
    functions: Iterable[IndexedFunction], *, worker: Worker, keys: HostKeys, prefix: str, client: str
) -> list[BaseRoute]:
    """Routes of all HTTP functions, the most specific first; `client` is the durableClient binding's JSON."""
    found: list[tuple[tuple[int, ...], BaseRoute]] = []
    for function in functions:
        endpoint = _Endpoint(function, worker=worker, keys=keys, client=client)
        methods = [str(method) for method in function.trigger.get("methods") or ALL_METHODS]
        for template in _templates(route_of(function, prefix)):
            path = "".join(_convert(function.name, template))
            found.append((_specificity(template), Route(path, endpoint.answer, methods=methods, name=function.name)))
    return [route for _, route in sorted(found, key=lambda pair: pair[0])]


def route_of(function: IndexedFunction, prefix: str) -> str:
    """The function's URL path below the host, with its parameters in braces."""
    parts = [prefix.strip("/"), str(function.trigger.get("route") or function.name).strip("/")]
    return "/" + "/".join(part for part in parts if part)


def _templates(route: str) -> list[str]:
    """The route, and for a catch-all or optional last parameter the route without it."""
    last = _PARAMETER.fullmatch(route.rsplit("/", 1)[-1])
    if last and (last["any"] or last["optional"]):
        return [route, route.rsplit("/", 1)[0] or "/"]
    return [route]


def _convert(function: str, route: str) -> Iterable[str]:
    """The pieces of Starlette's path for an Azure route template."""
    position = 0
    for found in _PARAMETER.finditer(route):
        yield route[position : found.start()]
        kind = "path" if found["any"] else _CONVERTORS.get(found["kind"] or "")
        if kind is None:
            raise ConfigurationError(
                f"Function {function}, route {route!r}: the local host has no constraint {found['kind']!r}; "
                f"it has {', '.join(sorted(filter(None, _CONVERTORS)))}."
            )
        yield f"{{{found['name']}:{kind}}}"
        position = found.end()
    rest = route[position:]
    if "{" in rest or "}" in rest:
        raise ConfigurationError(f"Function {function}, route {route!r}: a parameter is written {{name}} or {{*name}}.")
    yield rest


def _specificity(route: str) -> tuple[int, ...]:
    """Sort key per segment: literal, constrained parameter, parameter, catch-all."""

    def rank(segment: str) -> int:
        found = _PARAMETER.search(segment)
        if found is None:
            return 0
        if found["any"]:
            return 3
        return 1 if found["kind"] else 2

    return tuple(rank(segment) for segment in route.split("/"))


class _Endpoint:
    def __init__(self, function: IndexedFunction, *, worker: Worker, keys: HostKeys, client: str) -> None:
        self._function = function
        self._worker = worker
        self._keys = keys
        self._level = str(function.trigger.get("authLevel", "FUNCTION")).lower()
        self._clients = {binding["name"]: TypedData(string=client) for binding in function.inputs}
        self._late: set[asyncio.Task[TypedData | None]] = set()

    async def answer(self, request: Request) -> Response:
        if not self._keys.admits(request, self._level):
            return Response(status_code=401)
        body = await read_body(request)
        if body is None:
            return Response(f"The body is over {BODY_LIMIT} bytes.", status_code=413)
        payload = datums.http_request(request, body)
        inputs = {self._function.trigger["name"]: payload, **self._clients}
        trace = request.headers.get("traceparent", "")
        running = asyncio.create_task(self._worker.invoke(self._function, inputs, traceparent=trace))
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                return _response(await asyncio.shield(running))
        except InvocationFailed:  # the worker has logged it; as in Azure the caller learns no detail
            return Response(status_code=500)
        except TimeoutError:
            self._leave(running)
            return Response(status_code=504)
        except asyncio.CancelledError:
            running.cancel()
            raise

    def _leave(self, running: asyncio.Task[TypedData | None]) -> None:
        """The function goes on, only its answer is lost."""
        log.error("Function %s has not answered within %.0f s: 504.", self._function.name, ANSWER_SECONDS)
        self._worker.abandoned += 1
        self._late.add(running)
        running.add_done_callback(self._ended)

    def _ended(self, late: asyncio.Task[TypedData | None]) -> None:
        self._worker.abandoned -= 1
        self._late.discard(late)
        if not late.cancelled():
            late.exception()  # the worker has logged it


async def read_body(request: Request) -> bytes | None:
    """The whole body, or None when it is over the limit; no more than the limit is ever held."""
    chunks, size = [], 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > BODY_LIMIT:
            return None
        chunks.append(chunk)
    return b"".join(chunks)


def _response(result: TypedData | None) -> Response:
    if result is None:
        return Response(status_code=204)
    if result.kind != "http":
        return Response(str(result.value), media_type="text/plain")
    answer = result.value
    body = answer.body.value if answer.body is not None else b""
    response = Response(body, status_code=int(answer.status_code))
    for name, value in answer.headers.items():
        if name.lower() not in {"content-length", "transfer-encoding"}:  # set by Starlette and uvicorn from the body
            response.headers[name] = value
    for cookie in answer.cookies or ():
        _set_cookie(response, cookie)
    return response


def _set_cookie(response: Response, cookie: Cookie) -> None:
    def given(field: Any) -> Any:
        return None if field is None else field.value

    expires = given(cookie.expires)
    max_age = given(cookie.max_age)
    response.set_cookie(
        cookie.name,
        cookie.value,
        max_age=None if max_age is None else int(max_age),
        expires=None if expires is None else expires.seconds,
        path=given(cookie.path) or "/",
        domain=given(cookie.domain) or None,
        secure=bool(given(cookie.secure)),
        httponly=bool(given(cookie.http_only)),
        samesite=cookie.same_site.lower() if cookie.same_site else None,  # type: ignore[arg-type]
    )
