"""Our side of investigations: transitions and whole cases, in the product's wiring; the model answers at once."""

from __future__ import annotations

import asyncio
import itertools
import json
import time
from collections.abc import Callable
from statistics import quantiles
from typing import Any

NO_INDICATORS = ("ip_addresses", "file_hashes", "domains", "urls", "emails", "accounts", "registry_keys", "processes")


def transitions(given: dict[str, Any]) -> Callable[[], Any]:
    """``at_once`` transitions of one case, one after the other, each with its audit event."""
    from shared.contracts.investigation import InvestigationState  # noqa: PLC0415 - each side has its environment
    from shared.investigation.moves import move  # noqa: PLC0415

    loop, services = asyncio.new_event_loop(), _services(given)
    cases = services.investigation.cases
    state = loop.run_until_complete(services.investigation.graph.open(_alert("transitions")))

    async def make() -> None:
        nonlocal state
        for _ in range(given["at_once"]):
            begun = state.model_copy(update={"round": state.round + 1, "decision_chain": state.decision_chain[-5:]})
            state = await cases.advance(
                move(
                    begun,
                    begun,
                    step="bind_entities",
                    agent="orchestrator",
                    to=InvestigationState.RECEIVED,
                    reason="entities came after the case was opened; it is investigated again",
                )
            )

    return lambda: loop.run_until_complete(make())


def investigations(given: dict[str, Any]) -> Callable[[], Any]:
    """``at_once`` whole cases, from the alert to closed, ``side_by_side`` of them at a time."""
    loop, services, names = asyncio.new_event_loop(), _services(given), itertools.count()
    graph = services.investigation.graph

    async def one(gate: asyncio.Semaphore) -> str:
        async with gate:
            state = await graph._drive(await graph.open(_alert(f"alert-{next(names)}")))
        return str(state.state)

    async def make() -> None:
        gate = asyncio.Semaphore(given["side_by_side"])
        states = await asyncio.gather(*(one(gate) for _ in range(given["at_once"])))
        if set(states) != {"closed"}:
            raise RuntimeError(f"a case did not close: {states}")

    return lambda: loop.run_until_complete(make())


def parse_and_enrich(given: dict[str, Any]) -> Callable[[], Any]:
    """The p99 in milliseconds of parsing an alert and gathering its context, over ``at_once`` alerts one by one."""
    from shared.investigation.flow import PARALLEL, Step  # noqa: PLC0415
    from shared.parsing.service import EntityParserService  # noqa: PLC0415

    loop, services = asyncio.new_event_loop(), _services(given)
    graph, parser = services.investigation.graph, EntityParserService(services.bus.producer)

    async def one(row: dict[str, Any], place: int) -> float:
        raw = _canonical(row, f"parsed-{place}").to_json()
        began = time.perf_counter()
        alert = await parser.process_message(raw)
        parsed = time.perf_counter() - began
        case = (await graph.open(alert)).investigation_id
        for step in (Step.EXTRACT_IOCS, Step.CHECK_FALSE_POSITIVE):
            await graph.perform("bench", case, step)
        began = time.perf_counter()
        await asyncio.gather(*(graph.perform("bench", case, step) for step in PARALLEL))
        return parsed + time.perf_counter() - began

    async def every() -> float:
        rows = given["rows"]
        waited = [await one(rows[place % len(rows)], place) for place in range(given["at_once"])]
        return 1000 * quantiles(waited[10:], n=100)[-1]  # the first load what the others find

    return lambda: loop.run_until_complete(every())


def _canonical(row: dict[str, Any], alert_id: str) -> Any:
    from shared.ingestion.sentinel import read_security_alert  # noqa: PLC0415

    return read_security_alert({**row, "TenantId": "bench", "SystemAlertId": alert_id})


def _services(given: dict[str, Any]) -> Any:
    """The product's services on these databases, messages kept in memory instead of Kafka."""
    from shared.bootstrap import Services  # noqa: PLC0415
    from shared.bus.producer import MemoryProducer  # noqa: PLC0415
    from shared.settings import Settings  # noqa: PLC0415
    from tests.integration.vectors import own_qdrant  # noqa: PLC0415

    class Measured(Services):
        def _gateway(self) -> Any:
            return InstantModel()

    settings = Settings.model_validate(
        {
            "postgres": {"url": given["ours"]},
            "redis": {"url": given["redis"]},
            "kafka": {"brokers": "127.0.0.1:1"},
            "ANTHROPIC_API_KEY": "none",
            "oidc": {"issuer": "none", "audience": "none", "jwks_url": "none"},
            "allowlisted_playbooks": ["pb-bench"],
        }
    )
    services = Measured(settings)
    services.bus.producer = MemoryProducer()  # type: ignore[assignment]
    services.stores.qdrant = own_qdrant()
    return services


def _alert(alert_id: str) -> Any:
    from shared.contracts.alert import NormalizedAlert  # noqa: PLC0415

    return NormalizedAlert.model_validate(
        {
            "alert_id": alert_id,
            "source": "sentinel",
            "timestamp": "2026-11-20T08:00:00Z",
            "title": "Port scan from outside",
            "description": "A port scan of 20 ports was seen",
            "severity": "low",
            "tenant_id": "bench",
            "product": "Scanner",
            "techniques": ["T1595"],
            "tactics": ["reconnaissance"],
            "parsed_entities": {"hosts": [{"entity_type": "host", "primary_value": f"ws-{alert_id}"}]},
        }
    )


class InstantModel:
    """A gateway whose model answers at once: a true positive that a harmless playbook answers."""

    async def complete(self, request: Any, **_: Any) -> Any:
        """See shared.gateway.ContextGateway.complete."""
        from shared.contracts.gateway import APICallMetrics, GatewayResponse  # noqa: PLC0415

        indicators: dict[str, Any] = {kind: [] for kind in NO_INDICATORS} | {"none_found": True}
        content = indicators if request.task_type == "ioc_extraction" else VERDICT
        return GatewayResponse(
            content=json.dumps(content),
            model_id="instant",
            tokens_used=10,
            valid=True,
            raw_output="",
            metrics=APICallMetrics(model_id="instant", provider="simulated", cost_usd=0.01),
        )


VERDICT = {
    "classification": "true_positive",
    "confidence": 0.9,
    "severity": "low",
    "attack_techniques": ["T1595"],
    "atlas_techniques": [],
    "reasoning_chain": ["20 ports were scanned from outside", "the host answers on none of them"],
    "why": {
        "speaks_for": [{"claim": "it is a scan", "quote": "A port scan of 20 ports was seen"}],
        "speaks_against": [],
        "missing": [],
    },
    "recommended_actions": [
        {"action": "add_comment", "target": "the incident", "risk": "low", "needs_approval": False}
    ],
    "requires_human_approval": False,
    "risk_state": "unknown",
}
