"""The simulated API of Microsoft Defender for Endpoint: machines, their actions, files and indicators."""

from __future__ import annotations

import re
import uuid
from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local.simulators.product_faults import SimulatedProduct, refusal

REQUESTOR = "ALUSKORT (simulated)"
READ_MACHINES = "Machine.Read.All|Machine.ReadWrite.All"
READ_TI = "Ti.Read.All|Ti.ReadWrite|Ti.ReadWrite.All"
WRITE_TI = "Ti.ReadWrite|Ti.ReadWrite.All"
ENDS = {"Pending", "InProgress"}
_EQUALS = re.compile(r"(\w+) eq '((?:[^']|'')*)'")
_STARTS = re.compile(r"startswith\((\w+),'([^']*)'\)")


class Defender:
    """State: machines [{id, computerDnsName, lastSeen}], machine_actions, files {sha256: sha1}, indicators;
    ``polls``: looks at the list until an action has succeeded, null for never; ``ends_as`` for how it ends;
    ``takes_second``: a second isolate is taken and stays pending, as users report, in place of a 400.
    """

    def __init__(self) -> None:
        self.product = SimulatedProduct("defender")

    @property
    def routes(self) -> list[Route]:
        """The routes below the mount point."""
        at, machine = self.product.route, "/api/machines/{id}"
        return [
            at("/api/machines", "GET", self._machines, role=READ_MACHINES),
            at(machine, "GET", self._machine, role=READ_MACHINES),
            at(f"{machine}/isolate", "POST", self._isolate, role="Machine.Isolate"),
            at(f"{machine}/unisolate", "POST", self._isolate, role="Machine.Isolate"),
            at(f"{machine}/StopAndQuarantineFile", "POST", self._quarantine, role="Machine.StopAndQuarantine"),
            at("/api/machineactions", "GET", self._actions, role=READ_MACHINES),
            at("/api/files/{sha}", "GET", self._file, role="File.Read.All"),
            at("/api/indicators", "GET", self._indicators, role=READ_TI),
            at("/api/indicators", "POST", self._submit, role=WRITE_TI),
            at("/api/indicators/{id}", "DELETE", self._delete, role=WRITE_TI),
        ]

    def _listed(self, name: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.product.state.setdefault(name, [])
        return found

    def _machines(self, request: Request, _: Any) -> Response:
        field, start = _STARTS.findall(request.query_params.get("$filter", ""))[0]
        return _values([one for one in self._listed("machines") if one[field].lower().startswith(start)])

    def _machine(self, request: Request, _: Any) -> Response:
        found = [one for one in self._listed("machines") if one["id"] == request.path_params["id"]]
        return JSONResponse(found[0]) if found else refusal(404, "ResourceNotFound", "Machine was not found.")

    def _actions(self, request: Request, _: Any) -> Response:
        self._age()
        return _values([one for one in self._listed("machine_actions") if _fits(one, request)])

    def _age(self) -> None:
        """One look nearer to the end; only the oldest of a machine moves, as on a device."""
        polls, busy = self.product.state.get("polls", 0), set()
        for one in self._listed("machine_actions"):
            if one["status"] not in ENDS or one.get("stuck") or one["machineId"] in busy:
                continue
            busy.add(one["machineId"])
            one["looks"] = one.get("looks", 0) + 1
            if polls is not None and one["looks"] > polls:
                one["status"] = self.product.state.get("ends_as", "Succeeded")

    def _isolate(self, request: Request, body: Any) -> Response:
        machine = request.path_params["id"]
        kind = "Isolate" if request.url.path.endswith("/isolate") else "Unisolate"
        under_way = [
            one for one in self._listed("machine_actions") if one["machineId"] == machine and one["status"] in ENDS
        ]
        if under_way and not self.product.state.get("takes_second"):
            return refusal(400, "ActiveRequestAlreadyExists", "Action is already in progress")
        return self._begin(machine, kind, body, scope=body.get("IsolationType"), stuck=bool(under_way))

    def _quarantine(self, request: Request, body: Any) -> Response:
        file = {"fileIdentifier": body["Sha1"], "fileIdentifierType": "Sha1"}
        return self._begin(request.path_params["id"], "StopAndQuarantineFile", body, relatedFileInfo=file)

    def _begin(self, machine: str, kind: str, body: Any, **more: Any) -> Response:
        if not body.get("Comment"):
            return refusal(400, "InvalidRequestBody", "Comment is required.")
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f0Z")
        begun = {
            "id": str(uuid.uuid4()),
            "type": kind,
            "requestor": REQUESTOR,
            "requestorComment": body["Comment"],
            "status": "Pending",
            "machineId": machine,
            "creationDateTimeUtc": now,
            "lastUpdateDateTimeUtc": now,
            **more,
        }
        self._listed("machine_actions").append(begun)
        return JSONResponse(begun, status_code=201)

    def _file(self, request: Request, _: Any) -> Response:
        sha1 = self.product.state.get("files", {}).get(request.path_params["sha"])
        return JSONResponse({"sha1": sha1}) if sha1 else refusal(404, "ResourceNotFound", "File was not found.")

    def _indicators(self, request: Request, _: Any) -> Response:
        return _values([one for one in self._listed("indicators") if _fits(one, request)])

    def _submit(self, _: Request, body: Any) -> Response:
        listed = self._listed("indicators")
        known = next((one for one in listed if one["indicatorValue"] == body["indicatorValue"]), None)
        if known is None:
            listed.append(known := {"id": str(len(listed) + 1), "createdBy": REQUESTOR})
        known.update(body)
        return JSONResponse(known)

    def _delete(self, request: Request, _: Any) -> Response:
        listed = self._listed("indicators")
        left = [one for one in listed if one["id"] != request.path_params["id"]]
        if len(left) == len(listed):
            return refusal(404, "ResourceNotFound", "Indicator was not found.")
        self.product.state["indicators"] = left
        return Response(status_code=204)


def _fits(one: dict[str, Any], request: Request) -> bool:
    wanted = _EQUALS.findall(request.query_params.get("$filter", ""))
    return all(str(one.get(field)) == value.replace("''", "'") for field, value in wanted)


def _values(found: list[dict[str, Any]]) -> Response:
    return JSONResponse({"value": found})
