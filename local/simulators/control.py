"""The switches that tests and demonstrations use: faults on and off, and a look at what was sent."""

from __future__ import annotations

import json
from dataclasses import asdict

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local.simulators.faults import FaultBoard, read_fault
from local.simulators.request_log import RequestLog
from shared.errors import InvalidInput


def control_routes(faults: FaultBoard, log: RequestLog) -> list[Route]:
    """GET, POST and DELETE /faults, and GET /requests: {"total": n, "requests": [...]}, oldest first."""

    async def show_faults(_: Request) -> Response:
        return JSONResponse({"faults": faults.shown()})

    async def switch_on(request: Request) -> Response:
        try:
            faults.switch_on(read_fault(json.loads(await request.body())))
        except (InvalidInput, ValueError) as error:
            return JSONResponse({"error": str(error)}, status_code=400)
        return await show_faults(request)

    async def clear(request: Request) -> Response:
        faults.clear()
        return await show_faults(request)

    async def show_requests(_: Request) -> Response:
        return JSONResponse({"total": log.total, "requests": [asdict(call) for call in log.last]})

    return [
        Route("/faults", show_faults, methods=["GET"]),
        Route("/faults", switch_on, methods=["POST"]),
        Route("/faults", clear, methods=["DELETE"]),
        Route("/requests", show_requests, methods=["GET"]),
    ]
