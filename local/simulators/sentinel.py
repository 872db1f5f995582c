"""The simulated Microsoft.SecurityInsights of Azure Resource Manager: incidents, their alerts, comments and tasks."""

from __future__ import annotations

import uuid
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local.simulators.product_faults import SimulatedProduct, refusal

ROLE = "Microsoft Sentinel Responder"
WORKSPACE = (
    "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.OperationalInsights/workspaces/{name}"
)
REQUIRED = ("title", "severity", "status")


class Sentinel:
    """State: incidents [{name, etag, alerts: [ids], comments: {id: message}, tasks: {id: properties}, properties}], the
    newest first.
    """

    def __init__(self) -> None:
        self.product = SimulatedProduct("sentinel")

    @property
    def routes(self) -> list[Route]:
        """The routes below the mount point."""
        at, incidents = self.product.route, f"{WORKSPACE}/providers/Microsoft.SecurityInsights/incidents"
        one = f"{incidents}/{{incident}}"
        return [
            at(incidents, "GET", self._list, role=ROLE),
            at(one, "GET", self._read, role=ROLE),
            at(one, "PUT", self._change, role=ROLE),
            at(f"{one}/alerts", "POST", self._alerts, role=ROLE),
            at(f"{one}/comments/{{comment}}", "GET", self._comment, role=ROLE),
            at(f"{one}/comments/{{comment}}", "PUT", self._write, role=ROLE),
            at(f"{one}/tasks/{{task}}", "GET", self._task, role=ROLE),
            at(f"{one}/tasks/{{task}}", "PUT", self._open_task, role=ROLE),
        ]

    def _found(self, request: Request) -> dict[str, Any]:
        listed: list[dict[str, Any]] = self.product.state.get("incidents", [])
        return next((one for one in listed if one["name"] == request.path_params["incident"]), {})

    def _list(self, request: Request, _: Any) -> Response:
        listed = self.product.state.get("incidents", [])[: int(request.query_params.get("$top", "50"))]
        return JSONResponse({"value": [_shown(request.url.path.partition("/sentinel")[2], one) for one in listed]})

    def _read(self, request: Request, _: Any) -> Response:
        found = self._found(request)
        return JSONResponse(_shown(_collection(request), found)) if found else _missing()

    def _change(self, request: Request, body: Any) -> Response:
        found = self._found(request)
        if not found:
            return _missing()
        if any(name not in body["properties"] for name in REQUIRED):
            return refusal(400, "BadRequest", "title, severity and status are required.")
        if body.get("etag") != found["etag"]:
            return refusal(409, "Conflict", "The etag does not match: newer instance of incident exists.")
        found["properties"] = body["properties"]
        found["etag"] = str(uuid.uuid4())
        return JSONResponse(_shown(_collection(request), found))

    def _alerts(self, request: Request, _: Any) -> Response:
        names = self._found(request).get("alerts", [])
        return JSONResponse({"value": [{"name": name, "properties": {"systemAlertId": name}} for name in names]})

    def _comment(self, request: Request, _: Any) -> Response:
        written = self._found(request).get("comments", {}).get(request.path_params["comment"])
        return JSONResponse({"properties": {"message": written}}) if written else _missing()

    def _write(self, request: Request, body: Any) -> Response:
        message = body["properties"]["message"]
        self._found(request).setdefault("comments", {})[request.path_params["comment"]] = message
        return JSONResponse({"properties": {"message": message}}, status_code=201)

    def _task(self, request: Request, _: Any) -> Response:
        properties = self._found(request).get("tasks", {}).get(request.path_params["task"])
        return JSONResponse({"properties": properties}) if properties else _missing()

    def _open_task(self, request: Request, body: Any) -> Response:
        properties = body["properties"]
        if any(name not in properties for name in ("title", "status")):
            return refusal(400, "BadRequest", "title and status are required.")
        self._found(request).setdefault("tasks", {})[request.path_params["task"]] = properties
        return JSONResponse({"properties": properties}, status_code=201)


def _collection(request: Request) -> str:
    return request.url.path.partition("/sentinel")[2].rpartition("/")[0]


def _shown(collection: str, incident: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": f"{collection}/{incident['name']}",
        **{name: incident[name] for name in ("name", "etag", "properties")},
    }


def _missing() -> Response:
    return refusal(404, "NotFound", "Not found.")
