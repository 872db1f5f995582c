"""What the gateway's tests hold in their hands: a gateway, its clock and events, and the simulator's switches."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx

from shared.contracts.routing import LLMProvider
from shared.gateway.gateway import ContextGateway
from shared.gateway.spend import SpendGuard
from shared.routing.circuit_breaker import CircuitBreaker


class Events:
    """An AuditSink that keeps what it is told."""

    def __init__(self) -> None:
        self.all: list[dict[str, Any]] = []

    async def emit(self, **event: Any) -> None:
        self.all.append(event)

    def of(self, event_type: str) -> list[dict[str, Any]]:
        return [event["context"] for event in self.all if event["event_type"] == event_type]


class Clock:
    """Time that passes only by sleeping."""

    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@dataclass
class Harness:
    """A gateway and all that stands around it."""

    gateway: ContextGateway
    spend: SpendGuard
    events: Events = field(default_factory=Events)
    clock: Clock = field(default_factory=Clock)
    breakers: dict[LLMProvider, CircuitBreaker] = field(default_factory=dict)


MakeHarness = Callable[..., Harness]


@dataclass(frozen=True)
class Control:
    """The simulated Claude's switches and its log of requests."""

    client: httpx.AsyncClient

    async def fault(self, kind: str, *, times: int | None = 1, **options: Any) -> None:
        (await self.client.post("/faults", json={"fault": kind, "times": times, **options})).raise_for_status()

    async def clear(self) -> None:
        (await self.client.delete("/faults")).raise_for_status()

    async def total(self) -> int:
        return int((await self.client.get("/requests")).json()["total"])

    async def sent(self) -> list[dict[str, Any]]:
        """The last requests, oldest first."""
        calls: list[dict[str, Any]] = (await self.client.get("/requests")).json()["requests"]
        return calls
