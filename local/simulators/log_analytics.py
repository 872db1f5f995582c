"""The simulated Log Analytics query API: `POST /v1/workspaces/{id}/query` with the service's answers and errors, and
its switches under `/control`. A workspace exists once a row was added to it; that of the samples has their logs.
"""

from __future__ import annotations

import json
import uuid
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local.samples.logs import WORKSPACE, sample_logs
from local.simulators.kusto import Row, Workspace, as_table
from shared.errors import InvalidInput

TABLE = "SecurityAlert"
KEPT = 200  # queries that a test can look at


class FaultKind(StrEnum):
    """What the service may do instead of answering well."""

    THROTTLED = "throttled"  # 429 with Retry-After
    SERVER_ERROR = "server_error"
    GATEWAY_TIMEOUT = "gateway_timeout"
    FORBIDDEN = "forbidden"
    SLOW = "slow"  # no answer until the client hangs up
    PARTIAL = "partial"  # answers with `rows` rows or more are cut to them and say so
    MALFORMED = "malformed"  # the last row lacks its last value
    NO_TABLE = "no_table"
    NO_JSON = "no_json"


ERRORS = {
    FaultKind.THROTTLED: (429, "ThrottledError", "The request was throttled. Please try again later."),
    FaultKind.SERVER_ERROR: (500, "InternalServerError", "Something went wrong processing your query on the server."),
    FaultKind.GATEWAY_TIMEOUT: (504, "GatewayTimeout", "The query took too long."),
    FaultKind.FORBIDDEN: (
        *(403, "InsufficientAccessError"),
        "The provided credentials have insufficient access to perform the requested operation",
    ),
}
TOO_LARGE = "Query result set has exceeded the internal data size limit 64000000 (E_QUERY_RESULT_SET_TOO_LARGE)."


@dataclass
class Fault:
    """One switched-on fault of one workspace. ``times`` None: until cleared."""

    kind: FaultKind
    times: int | None = 1
    retry_after: str = ""
    rows: int = 0


@dataclass(frozen=True)
class LogAnalytics:
    """The API with its workspaces, faults and the last queries of each workspace."""

    workspaces: dict[str, Workspace] = field(default_factory=dict)
    faults: dict[str, list[Fault]] = field(default_factory=lambda: defaultdict(list))
    queries: dict[str, deque[str]] = field(default_factory=lambda: defaultdict(lambda: deque(maxlen=KEPT)))

    @property
    def routes(self) -> list[Route]:
        """The routes below the mount point."""
        workspace = "/control/workspaces/{workspace_id}"
        return [
            Route("/v1/workspaces/{workspace_id}/query", self._query, methods=["POST"]),
            Route(f"{workspace}/rows", _checked(self._add_rows), methods=["POST"]),
            Route(f"{workspace}/faults", _checked(self._switch_on), methods=["POST"]),
            Route(f"{workspace}/faults", self._clear, methods=["DELETE"]),
            Route(f"{workspace}/queries", self._show_queries, methods=["GET"]),
        ]

    async def _query(self, request: Request) -> Response:
        found = await self._rows(request)
        if isinstance(found, Response):
            return found
        fault = self._take_fault(request.path_params["workspace_id"])
        if fault and fault.kind is FaultKind.SLOW:
            await _wait_for_hang_up(request)
        if fault and fault.kind in ERRORS:
            return _error(*ERRORS[fault.kind], retry_after=fault.retry_after)
        answer = json.dumps(_with_fault({"tables": [as_table(found)]}, fault))  # ASCII: rows may hold half a surrogate
        if fault and fault.kind is FaultKind.NO_JSON:
            answer = answer[: len(answer) // 2]
        return Response(answer, media_type="application/json")

    async def _rows(self, request: Request) -> list[Row] | Response:
        """The rows that the request asks for, or the refusal."""
        workspace_id = request.path_params["workspace_id"]
        if workspace_id == WORKSPACE and workspace_id not in self.workspaces:
            self.workspaces[workspace_id] = _workspace_of_the_samples()
        workspace = self.workspaces.get(workspace_id)
        if not request.headers.get("authorization", "").startswith("Bearer "):
            return _error(401, "AuthorizationRequiredError", "Valid authentication was not provided")
        if workspace is None:
            return _error(404, "WorkspaceNotFoundError", "The workspace could not be found")
        try:
            query = json.loads(await request.body())["query"]
            rows = workspace.answer(query)
        except (KeyError, TypeError, ValueError):
            return _error(400, "BadArgumentError", "The request had some invalid properties")
        if rows is None:
            return _error(400, "SemanticError", "This simulated workspace answers the product's own queries only")
        self.queries[workspace_id].append(query)
        return rows

    def _take_fault(self, workspace_id: str) -> Fault | None:
        """The workspace's oldest fault, used up by one."""
        faults = self.faults[workspace_id]
        if not faults:
            return None
        fault = faults[0]
        if fault.times is not None:
            fault.times -= 1
            faults[:] = [fault for fault in faults if fault.times != 0]
        return fault

    async def _add_rows(self, request: Request) -> Response:
        """A JSON list of rows; `ingested` in a row is when it was stored, now by default. `?table=` names the table."""
        rows = json.loads(await request.body())
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise InvalidInput("rows", got=rows, expected="a JSON list of rows")
        workspace = self.workspaces.setdefault(request.path_params["workspace_id"], Workspace())
        for row in rows:
            columns = {name: value for name, value in row.items() if name != "ingested"}
            workspace.add(request.query_params.get("table", TABLE), columns, ingested=row.get("ingested"))
        return JSONResponse({"rows": len(rows), "simulated": True})

    async def _switch_on(self, request: Request) -> Response:
        body = json.loads(await request.body())
        try:
            fault = Fault(FaultKind(body.pop("fault")), **body)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise InvalidInput("fault", got=body, expected=f"`fault` ({', '.join(FaultKind)})") from error
        self.faults[request.path_params["workspace_id"]].append(fault)
        return JSONResponse({"fault": fault.kind, "simulated": True})

    async def _clear(self, request: Request) -> Response:
        self.faults.pop(request.path_params["workspace_id"], None)
        return JSONResponse({"simulated": True})

    async def _show_queries(self, request: Request) -> Response:
        return JSONResponse({"queries": list(self.queries[request.path_params["workspace_id"]])})


def _workspace_of_the_samples() -> Workspace:
    made = Workspace()
    for table, rows in sample_logs().items():
        for row in rows:
            made.add(table, row, ingested=row["TimeGenerated"])
    return made


def _checked(handle: Callable[[Request], Any]) -> Callable[[Request], Any]:
    """A switch that answers 400 with the reason for what it cannot read."""

    async def endpoint(request: Request) -> Response:
        try:
            response: Response = await handle(request)
        except (InvalidInput, ValueError) as error:
            return JSONResponse({"error": str(error)}, status_code=400)
        return response

    return endpoint


def _error(status: int, code: str, message: str, *, retry_after: str = "") -> Response:
    body = {"error": {"message": message, "code": code, "correlationId": str(uuid.uuid4())}}
    return JSONResponse(body, status_code=status, headers={"Retry-After": retry_after} if retry_after else {})


def _with_fault(answer: dict[str, Any], fault: Fault | None) -> dict[str, Any]:
    rows = answer["tables"][0]["rows"]
    if fault is None:
        return answer
    if fault.kind is FaultKind.NO_TABLE:
        return {}
    if fault.kind is FaultKind.MALFORMED and rows:
        rows[-1].pop()
    if fault.kind is FaultKind.PARTIAL and len(rows) >= fault.rows:
        del rows[fault.rows :]
        answer["error"] = {
            "code": "PartialError",
            "message": "There were some errors when processing your query.",
            "details": [{"code": "EngineError", "innererror": {"code": "-2133196797", "message": TOO_LARGE}}],
        }
    return answer


async def _wait_for_hang_up(request: Request) -> None:
    """Returns when the client has gone away, which is how its time-out looks from here."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
