"""Our side of investigations: transitions and whole cases, in the product's wiring; the model answers at once."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import Callable
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


def _services(given: dict[str, Any]) -> Any:
    """The product's services on these databases, messages kept in memory instead of Kafka."""
    from shared.bootstrap import Services  # noqa: PLC0415
    from shared.bus.producer import MemoryProducer  # noqa: PLC0415
    from shared.settings import Settings  # noqa: PLC0415

    class Measured(Services):
        def _gateway(self) -> Any:
            return InstantModel()

    settings = Settings.model_validate(
        {
            "postgres": {"url": given["ours"]},
            "redis": {"url": given["redis"]},
            "kafka": {"brokers": "127.0.0.1:1"},
            "qdrant": {"path": ":memory:"},
            "ANTHROPIC_API_KEY": "none",
            "oidc": {"issuer": "none", "audience": "none", "jwks_url": "none"},
            "allowlisted_playbooks": ["pb-bench"],
        }
    )
    services = Measured(settings)
    services.bus.producer = MemoryProducer()  # type: ignore[assignment]
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
