"""The gateway on a database of its own and on the simulated Claude, with a clock that tests turn."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Callable
from datetime import date

import anthropic
import httpx
import pytest

from shared.contracts.routing import LLMProvider
from shared.gateway.client import AluskortAnthropicClient
from shared.gateway.gateway import ContextGateway
from shared.gateway.spend import SpendGuard
from shared.routing.circuit_breaker import CircuitBreaker
from shared.routing.router import LLMRouter
from shared.stores.postgres import Postgres
from tests.conftest import Database
from tests.integration.gateway.harness import Clock, Control, Events, Harness, MakeHarness

NUMBERS = itertools.count()


@pytest.fixture(scope="session")
async def store(database: Callable[[str], Database]) -> AsyncIterator[Postgres]:
    own = Postgres(database("gateway_tests").url)
    yield own
    await own.close()


@pytest.fixture
def month() -> date:
    """A month of this test alone, so that no test spends another's money."""
    number = next(NUMBERS)
    return date(2030 + number // 12, number % 12 + 1, 1)


@pytest.fixture
async def control(claude_url: str) -> AsyncIterator[Control]:
    """The simulator's switches; every fault is off before and after the test."""
    async with httpx.AsyncClient(base_url=f"{claude_url.removesuffix('/claude')}/control") as client:
        own = Control(client)
        await own.clear()
        yield own
        await own.clear()


@pytest.fixture
async def make_harness(claude_url: str, store: Postgres, month: date) -> AsyncIterator[MakeHarness]:
    clients: list[AluskortAnthropicClient] = []

    def make(*providers: LLMProvider, hard: float = 1000.0, soft: float = 500.0, url: str = claude_url) -> Harness:
        clock, events = Clock(), Events()
        for provider in providers or (LLMProvider.SIMULATED,):
            sdk = anthropic.AsyncAnthropic(api_key="test-key", base_url=url, max_retries=0)
            breaker = CircuitBreaker(clock=clock)
            clients.append(
                AluskortAnthropicClient(sdk, provider=provider, breaker=breaker, sleep=clock.sleep, clock=clock)
            )
        own = clients[-len(providers or (1,)) :]
        breakers = {client.provider: client.breaker for client in own}
        spend = SpendGuard(store, soft_limit_usd=soft, hard_limit_usd=hard, month=lambda: month)
        gateway = ContextGateway(router=LLMRouter(breakers), clients=own, spend=spend, audit=events)
        return Harness(gateway, spend, events, clock, breakers)

    yield make
    for client in clients:
        await client.close()
