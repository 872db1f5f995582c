"""Route: health, public as the front page is. It says up or down, nothing to help an attacker; causes are logged."""

from __future__ import annotations

import asyncio
import logging
from http import HTTPStatus
from typing import Literal

from fastapi import APIRouter, Response

from shared.api.services import HealthCheck, Services
from shared.contracts.contract import Contract
from shared.errors import AluskortError

PATIENCE_SECONDS = 3.0
MODEL = "model"  # without it cases wait or go on by rules; no restart of an instance, which a 503 brings, mends that

State = Literal["up", "down"]

log = logging.getLogger(__name__)
router = APIRouter()


class Health(Contract):
    """``healthy`` when every dependency is up; status 503 when one is down that requests need, so not for the model."""

    status: Literal["healthy", "degraded"]
    dependencies: dict[str, State]


@router.get("/health", responses={HTTPStatus.SERVICE_UNAVAILABLE.value: {"model": Health}})
async def health(response: Response, services: Services) -> Health:
    """Ask every dependency at once."""
    names = list(services.health_checks)
    states = await asyncio.gather(*(_state(name, services.health_checks[name]) for name in names))
    found = dict(zip(names, states, strict=True))
    down = {name for name, state in found.items() if state == "down"}
    response.status_code = HTTPStatus.SERVICE_UNAVAILABLE if down - {MODEL} else HTTPStatus.OK
    return Health(status="degraded" if down else "healthy", dependencies=found)


async def _state(name: str, check: HealthCheck) -> State:
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            await check()
    except (AluskortError, TimeoutError) as error:
        log.warning("%s is down: %r", name, error)
        return "down"
    return "up"
