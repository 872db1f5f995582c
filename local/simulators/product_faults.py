"""What Microsoft's simulated products share: bearer tokens, application roles, faults, and a look at the requests."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

KEPT = 200  # requests that a test can look at
SLOW = "slow"  # no answer until the client hangs up
LOST = "lost"  # the request is done, and its answer is a 503

Handle = Callable[[Request, Any], Awaitable[Response] | Response]


@dataclass
class SimulatedProduct:
    """State that a test replaces: PUT {"roles": [...], "faults": [...], ...}; GET shows it, with the requests.

    ``roles`` None: the application has every role. A fault is {"on": part of "METHOD path", "times": n, "status": 429,
    "code", "message", "retry_after"} or {"on", "fault": "slow" or "lost"}.
    """

    name: str
    state: dict[str, Any] = field(default_factory=dict)
    requests: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=KEPT))

    @property
    def control_routes(self) -> list[Route]:
        """The switches."""
        return [
            Route(f"/{self.name}", self._replace, methods=["PUT"]),
            Route(f"/{self.name}", self._show, methods=["GET"]),
        ]

    def route(self, path: str, method: str, handle: Handle, *, role: str) -> Route:
        """A route that needs one of the application roles ``role`` (separated by ``|``)."""

        async def endpoint(request: Request) -> Response:
            raw = await request.body()
            body = json.loads(raw) if raw else None
            asked = f"{method} {request.url.path}"
            self.requests.append({"asked": asked, "query": str(request.url.query), "body": body})
            fault = self._fault(asked)
            if not request.headers.get("authorization", "").startswith("Bearer "):
                return refusal(401, "InvalidAuthenticationToken", "Access token is empty.")
            if (roles := self.state.get("roles")) is not None and not set(role.split("|")) & set(roles):
                needed = role.replace("|", ", ")
                message = f"The application does not have any of the required application permissions ({needed})."
                return refusal(403, "Forbidden", message)
            if fault and fault.get("fault") == SLOW:
                while (await request.receive())["type"] != "http.disconnect":
                    pass
            if fault and "status" in fault:
                wait = {"Retry-After": str(fault["retry_after"])} if "retry_after" in fault else {}
                return refusal(fault["status"], fault.get("code", ""), fault.get("message", "simulated"), wait)
            answer = handle(request, body)
            done = answer if isinstance(answer, Response) else await answer
            return refusal(503, "ServiceUnavailable", "The answer was lost.") if fault else done

        return Route(path, endpoint, methods=[method])

    def _fault(self, asked: str) -> dict[str, Any] | None:
        for fault in self.state.get("faults", []):
            if fault["on"] in asked and fault.get("times", 1) > 0:
                fault["times"] = fault.get("times", 1) - 1
                return dict(fault)
        return None

    async def _replace(self, request: Request) -> Response:
        self.state = await request.json()
        self.requests.clear()
        return Response(status_code=204)

    async def _show(self, _: Request) -> Response:
        return JSONResponse({"state": self.state, "requests": list(self.requests), "simulated": True})


def refusal(status: int, code: str, message: str, headers: dict[str, str] | None = None) -> Response:
    """An error as Defender, Graph and Resource Manager word it."""
    return JSONResponse({"error": {"code": code, "message": message}}, status_code=status, headers=headers)
