"""Every check of the preflight in its order, and what they found as a person or a program reads it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import asdict

from local.deployment import azure, network, services, stores, streams
from local.deployment.environment import Deployment
from local.deployment.finding import Check, Finding, State, Target, failed, findings, not_applicable
from shared.errors import ConfigurationError
from shared.settings import settings

# The name of each, which for a service is its endpoint's: what cannot be reached is not asked.
CHECKS: tuple[tuple[str, Check], ...] = (
    ("PostgreSQL", stores.postgresql),
    ("PostgreSQL", stores.schema),
    ("Redis", stores.redis),
    ("Kafka", streams.kafka),
    ("Event Hubs", streams.event_hubs),
    ("Blob storage", stores.blob),
    ("Qdrant", stores.qdrant),
    ("Identity provider", services.identity_provider),
    ("Model provider", services.model_provider),
    ("Taxonomy", services.taxonomy),
    ("API", services.api),
    ("Azure", azure.management),
)


async def preflight(deployment: Deployment) -> AsyncIterator[Finding]:
    """Each finding as soon as it is there. The process must have entered the deployment."""
    try:
        target = Target(deployment.variables, settings())
    except ConfigurationError as error:
        yield failed("Settings", error, f"Complete the settings of {deployment.source}.")
        yield not_applicable("All else", "the other checks need complete settings")
        return
    for finding in services.platform_settings(deployment.variables):
        yield finding
    away = set()
    async for finding in findings("Network", network.network, target):
        if finding.state is State.FAILED:
            away.add(finding.name)
        yield finding
    for name, check in CHECKS:
        if network.line(name) in away:
            yield not_applicable(name, "it cannot be reached, see above")
            continue
        async for finding in findings(name, check, target):
            yield finding


def passed(found: Sequence[Finding]) -> bool:
    """Whether a deployment with these findings works."""
    return all(finding.state is not State.FAILED for finding in found)


def as_json(found: Sequence[Finding]) -> str:
    """For programs: whether it passed, and every finding."""
    return json.dumps({"passed": passed(found), "findings": [asdict(finding) for finding in found]}, indent=2)
