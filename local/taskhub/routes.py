"""The Durable Functions HTTP API, for the SDK's client and for people. The host mounts it and checks the keys."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from local.taskhub.hub import InstanceFinished, TaskHub
from local.taskhub.instance import FINISHED, PAYLOAD_LIMIT, InstanceFilter, Status
from local.taskhub.wire import management_urls, status_payload
from shared.errors import Conflict, InvalidInput, NotFound, StoreUnavailable

type Handler = Callable[[Request], Awaitable[Response]]

RETRY_AFTER = "10"  # seconds until a status query is worth it, as on the platform


def durable_routes(hub: TaskHub) -> list[BaseRoute]:
    """The routes, to be mounted at /durabletask and /runtime/webhooks/durabletask."""
    api = _Api(hub)
    table: list[tuple[str, str, Handler]] = [
        ("POST", "/orchestrators/{name}", api.start),
        ("POST", "/orchestrators/{name}/{instance_id}", api.start),
        ("GET", "/instances", api.query),
        ("GET", "/instances/", api.query),
        ("DELETE", "/instances", api.purge_by),
        ("DELETE", "/instances/", api.purge_by),
        ("GET", "/instances/{instance_id}", api.status),
        ("DELETE", "/instances/{instance_id}", api.purge),
        ("POST", "/instances/{instance_id}/raiseEvent/{event_name}", api.raise_event),
        ("POST", "/instances/{instance_id}/terminate", api.terminate),
        ("POST", "/instances/{instance_id}/suspend", api.suspend),
        ("POST", "/instances/{instance_id}/resume", api.resume),
        ("POST", "/instances/{instance_id}/restart", api.restart),
        ("POST", "/instances/{instance_id}/rewind", api.not_offered),
        ("POST", "/entities/{rest:path}", api.not_offered),
        ("GET", "/entities/{rest:path}", api.not_offered),
    ]
    return [Route(path, _answering(handler), methods=[method]) for method, path, handler in table]


def _answering(handler: Handler) -> Handler:
    """The handler with our errors turned into the status codes that the SDK knows."""

    async def answer(request: Request) -> Response:
        try:
            return await handler(request)
        except InvalidInput as error:
            return _refusal(400, error)
        except NotFound as error:
            return _refusal(404, error)
        except InstanceFinished as error:
            return _refusal(410, error)
        except Conflict as error:
            return _refusal(409, error)
        except StoreUnavailable as error:
            return _refusal(503, error)

    return answer


def _refusal(code: int, error: Exception) -> Response:
    # The SDK reads ExceptionMessage from a 400; the other codes it reports by itself.
    return JSONResponse({"Message": str(error), "ExceptionMessage": str(error)}, status_code=code)


class _Api:
    def __init__(self, hub: TaskHub) -> None:
        self._hub = hub

    async def start(self, request: Request) -> Response:
        instance_id = await self._hub.start_new(
            request.path_params["name"],
            instance_id=request.path_params.get("instance_id"),
            input_json=await _body(request) or None,
            version=request.query_params.get("version"),
        )
        urls = management_urls(_base(request), quote(instance_id, safe=":"), request.url.query)
        headers = {"Location": urls["statusQueryGetUri"], "Retry-After": RETRY_AFTER}
        return JSONResponse({"id": instance_id, **urls}, status_code=202, headers=headers)

    async def raise_event(self, request: Request) -> Response:
        content_type = request.headers.get("content-type", "")
        if content_type.partition(";")[0].strip().lower() != "application/json":
            raise InvalidInput("content-type", got=content_type, expected="application/json")
        body = await _body(request)
        await self._hub.raise_event(
            request.path_params["instance_id"], request.path_params["event_name"], data_json=body or "null"
        )
        return Response(status_code=202)

    async def terminate(self, request: Request) -> Response:
        await self._hub.terminate(request.path_params["instance_id"], reason=request.query_params.get("reason", ""))
        return Response(status_code=202)

    async def suspend(self, request: Request) -> Response:
        await self._hub.suspend(request.path_params["instance_id"], reason=request.query_params.get("reason", ""))
        return Response(status_code=202)

    async def resume(self, request: Request) -> Response:
        await self._hub.resume(request.path_params["instance_id"], reason=request.query_params.get("reason", ""))
        return Response(status_code=202)

    async def restart(self, request: Request) -> Response:
        new_id = _flag(request, "restartWithNewInstanceId", absent=True)
        return JSONResponse(await self._hub.restart(request.path_params["instance_id"], new_id=new_id), status_code=202)

    async def status(self, request: Request) -> Response:
        instance = await self._hub.get_status(request.path_params["instance_id"])
        history = None
        if _flag(request, "showHistory", absent=False):
            history = await self._hub.get_history(instance.instance_id)
        payload = status_payload(
            instance,
            show_input=_flag(request, "showInput", absent=True),
            history=history,
            show_outputs=_flag(request, "showHistoryOutput", absent=False),
        )
        if instance.status not in FINISHED:
            headers = {"Location": str(request.url), "Retry-After": RETRY_AFTER}
            return JSONResponse(payload, status_code=202, headers=headers)
        broken = instance.status is Status.FAILED and _flag(request, "returnInternalServerErrorOnFailure", absent=False)
        return JSONResponse(payload, status_code=500 if broken else 200)

    async def query(self, request: Request) -> Response:
        found = await self._hub.list_statuses(_filter(request))
        show_input = _flag(request, "showInput", absent=True)
        return JSONResponse([status_payload(instance, show_input=show_input) for instance in found])

    async def purge(self, request: Request) -> Response:
        return JSONResponse({"instancesDeleted": await self._hub.purge(request.path_params["instance_id"])})

    async def purge_by(self, request: Request) -> Response:
        if "createdTimeFrom" not in request.query_params:
            raise InvalidInput(
                "createdTimeFrom", got="", expected="an ISO 8601 time", hint="A purge needs a beginning."
            )
        deleted = await self._hub.purge_by(_filter(request))
        return JSONResponse({"instancesDeleted": deleted}, status_code=200 if deleted else 404)

    async def not_offered(self, request: Request) -> Response:
        message = "entities and rewind are not offered by the local host; they need Azure"
        return JSONResponse(message, status_code=501)


def _base(request: Request) -> str:
    """The address under which these routes are mounted."""
    return str(request.url.replace(path=request.scope.get("root_path", ""), query="", fragment="")).rstrip("/")


async def _body(request: Request) -> str:
    """The body as text; refused as soon as it grows past the limit."""
    received = bytearray()
    async for chunk in request.stream():
        received += chunk
        if len(received) > PAYLOAD_LIMIT:
            raise InvalidInput(
                "body", got=f"more than {PAYLOAD_LIMIT} bytes", expected="less", hint="Store it and send its address."
            )
    try:
        return received.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InvalidInput("body", got=bytes(received[:80]), expected="JSON in UTF-8") from error


def _filter(request: Request) -> InstanceFilter:
    prefix = request.query_params.get("instanceIdPrefix", "")
    if not prefix.isprintable() or len(prefix) > 100:
        raise InvalidInput("instanceIdPrefix", got=prefix, expected="at most 100 printable characters")
    return InstanceFilter(
        created_from=_time(request, "createdTimeFrom"),
        created_to=_time(request, "createdTimeTo"),
        statuses=_statuses(request.query_params.get("runtimeStatus", "")),
        id_prefix=prefix,
    )


def _statuses(text: str) -> frozenset[Status]:
    names = [name.strip() for name in text.split(",") if name.strip()]
    # The platform knows two more, which no instance here can have.
    known = {status.value for status in Status}
    unknown = set(names) - known - {"Canceled", "ContinuedAsNew"}
    if unknown:
        raise InvalidInput("runtimeStatus", got=text, expected=f"names out of {', '.join(sorted(known))}")
    return frozenset(Status(name) for name in names if name in known)


def _time(request: Request, name: str) -> datetime | None:
    text = request.query_params.get(name)
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise InvalidInput(name, got=text, expected="an ISO 8601 time") from error
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _flag(request: Request, name: str, *, absent: bool) -> bool:
    text = request.query_params.get(name)
    return absent if text is None else text.lower() == "true"
