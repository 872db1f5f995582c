"""The HTTP face of the simulated Claude API: Messages, token counts, Message Batches (docs: Claude API reference)."""

from __future__ import annotations

import json
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from local.simulators.batches import BatchStore
from local.simulators.errors import ApiError, ErrorAnswer, ErrorType, invalid, refusal
from local.simulators.faults import Fault, FaultBoard, FaultKind
from local.simulators.message import compose_message
from local.simulators.message_request import read_message_request
from local.simulators.prompt_cache import PromptCache, count_prompt_tokens
from local.simulators.request_log import LoggedCall, RequestLog, without_secrets
from shared.routing.models import TIERS

MAX_BODY_BYTES = {"/v1/messages": 32 * 1024 * 1024, "/v1/messages/batches": 256 * 1024 * 1024}
PAGE_LIMIT = 1000
DEFAULT_PAGE = 20


@dataclass(frozen=True)
class _Call:
    """One checked call: ``body`` is its JSON, None for GET."""

    request: Request
    body: Any
    owner: str
    fault: Fault | None

    @property
    def base_url(self) -> str:
        """Where the client reaches this API, without a slash at the end."""
        url = self.request.url
        return f"{url.scheme}://{url.netloc}{self.request.scope['root_path']}"


class _CutResponse(Response):
    """A response without its second half: it stays incomplete, so the server closes, and the client gets too little."""

    def __init__(self, whole: Response) -> None:
        super().__init__(whole.body, status_code=whole.status_code, media_type=whole.media_type)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        half = bytes(self.body[: len(self.body) // 2])
        await send({"type": "http.response.body", "body": half, "more_body": True})


@dataclass(frozen=True)
class Claude:
    """The simulated API with its state; ``routes`` are to be mounted under any prefix."""

    batches: BatchStore
    faults: FaultBoard = field(default_factory=FaultBoard)
    log: RequestLog = field(default_factory=RequestLog)
    cache: PromptCache = field(default_factory=PromptCache)

    @property
    def routes(self) -> list[Route]:
        """The routes below the mount point."""
        batch = "/v1/messages/batches/{batch_id}"
        return [
            Route("/v1/models", self._endpoint(self._models), methods=["GET"]),
            Route("/v1/messages", self._endpoint(self._message), methods=["POST"]),
            Route("/v1/messages/count_tokens", self._endpoint(self._count), methods=["POST"]),
            Route("/v1/messages/batches", self._endpoint(self._create_batch), methods=["POST"]),
            Route("/v1/messages/batches", self._endpoint(self._list_batches), methods=["GET"]),
            Route(batch, self._endpoint(self._show_batch), methods=["GET"]),
            Route(f"{batch}/cancel", self._endpoint(self._cancel_batch), methods=["POST"]),
            Route(f"{batch}/results", self._endpoint(self._batch_results), methods=["GET"]),
        ]

    def _endpoint(self, handle: Callable[[_Call], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
        """Wraps a handler with what all calls share: key, version, body, fault, log, error body, headers."""

        async def endpoint(request: Request) -> Response:
            request_id = f"req_{secrets.token_hex(12)}"
            try:
                call = await self._read(request, request_id)
                response = await self._answer(call, handle)
            except ApiError as error:
                response = _error_response(error.answer, request_id)
            response.headers["request-id"] = request_id
            return response

        return endpoint

    async def _read(self, request: Request, request_id: str) -> _Call:
        # The client's version 2 sends its key as a bearer token; plain HTTP callers use x-api-key.
        key = request.headers.get("x-api-key") or request.headers.get("authorization", "").removeprefix("Bearer ")
        if not key:
            raise refusal(ErrorType.AUTHENTICATION, "x-api-key header is required")
        if not request.headers.get("anthropic-version"):
            raise invalid("anthropic-version: header is required")
        path = request.url.path[len(request.scope["root_path"]) :]
        raw = await request.body()
        if len(raw) > MAX_BODY_BYTES.get(path, MAX_BODY_BYTES["/v1/messages"]):
            raise refusal(ErrorType.REQUEST_TOO_LARGE, "Request exceeds the maximum size")
        try:
            body = json.loads(raw) if raw else None
        except ValueError as error:
            raise invalid(f"The request body is not valid JSON: {error}") from error
        fault = self._fault(path, body) if request.method == "POST" else None
        shown = without_secrets(request.headers)
        self.log.add(LoggedCall(request_id, request.method, path, shown, body, fault.kind.value if fault else None))
        return _Call(request, body, key, fault)

    def _fault(self, path: str, body: object) -> Fault | None:
        """The fault for this call. A batch's own answers come out clean: faults hit its creation only."""
        if not isinstance(body, dict):
            return None
        if path == "/v1/messages":
            return self.faults.take({str(body.get("model"))})
        if path == "/v1/messages/batches" and isinstance(body.get("requests"), list):
            params = [request.get("params") for request in body["requests"] if isinstance(request, dict)]
            return self.faults.take(
                {str(part.get("model")) for part in params if isinstance(part, dict)}, content=False
            )
        return None

    async def _answer(self, call: _Call, handle: Callable[[_Call], Awaitable[Response]]) -> Response:
        """The handler's response, or what the call's fault makes of it. A lost answer does not undo the work."""
        if call.fault and call.fault.error:
            raise ApiError(call.fault.error)
        response = await handle(call)
        if call.fault and call.fault.kind is FaultKind.TIMEOUT:
            await _wait_for_hang_up(call.request)
        if call.fault and call.fault.kind is FaultKind.CUT_CONNECTION:
            return _CutResponse(response)
        return response

    async def _models(self, call: _Call) -> Response:
        ids = sorted({row.model_id for row in TIERS.values()})
        models = [{"type": "model", "id": one, "display_name": f"simulated {one}"} for one in ids]
        return JSONResponse({"data": models, "has_more": False, "first_id": ids[0], "last_id": ids[-1]})

    async def _message(self, call: _Call) -> Response:
        request = read_message_request(call.body)
        tokens = self.cache.use(request, owner=call.owner)
        kind = call.fault.kind if call.fault else None
        return JSONResponse(compose_message(request, tokens, service_tier="standard", fault=kind))

    async def _count(self, call: _Call) -> Response:
        return JSONResponse({"input_tokens": count_prompt_tokens(read_message_request(call.body, counting=True))})

    async def _create_batch(self, call: _Call) -> Response:
        return JSONResponse(self.batches.create(call.body))

    async def _list_batches(self, call: _Call) -> Response:
        query = call.request.query_params
        limit = query.get("limit", str(DEFAULT_PAGE))
        if not limit.isdecimal() or not 1 <= int(limit) <= PAGE_LIMIT:
            raise invalid(f"limit: Input should be a number from 1 to {PAGE_LIMIT}")
        page = self.batches.page(
            after=query.get("after_id"), before=query.get("before_id"), limit=int(limit), base_url=call.base_url
        )
        return JSONResponse(page)

    async def _show_batch(self, call: _Call) -> Response:
        return JSONResponse(self.batches.show(call.request.path_params["batch_id"], base_url=call.base_url))

    async def _cancel_batch(self, call: _Call) -> Response:
        return JSONResponse(self.batches.cancel(call.request.path_params["batch_id"], base_url=call.base_url))

    async def _batch_results(self, call: _Call) -> Response:
        results = self.batches.results(call.request.path_params["batch_id"])
        lines = (json.dumps(result, ensure_ascii=False) + "\n" for result in results)
        return StreamingResponse(lines, media_type="application/x-jsonl")


def _error_response(answer: ErrorAnswer, request_id: str) -> Response:
    headers = {} if answer.retry_after is None else {"retry-after": f"{answer.retry_after:g}"}
    return JSONResponse(answer.body(request_id), status_code=answer.status, headers=headers)


async def _wait_for_hang_up(request: Request) -> None:
    """Returns when the client has gone away, which is how its time-out looks from here."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
