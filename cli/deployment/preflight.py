"""Every check of the preflight, in order, and their findings as JSON."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import asdict

from cli.deployment import actions, azure, network, services, stores, streams
from cli.deployment.environment import Deployment
from cli.deployment.finding import Check, Finding, State, Target, failed, findings, not_applicable
from shared.errors import ConfigurationError
from shared.settings import settings

# Each with its name, which for a service is its endpoint's: a service that cannot be reached is not checked.
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
    ("Actions", actions.live_actions),
    ("Azure", azure.management),
)
# Services that only the app may log in to. Anybody else sees them through the app's health route.
OF_THE_APP = (stores.postgresql, stores.redis, streams.kafka, streams.event_hubs, stores.blob, stores.qdrant)
APPS_ENDPOINTS = frozenset(map(network.line, ("Redis", "Kafka", "Blob storage", "Qdrant", "Model provider")))


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
    unreachable = set()
    async for finding in findings("Network", network.network, target):
        if finding.state is State.FAILED:
            unreachable.add(finding.name)
        yield _from_here(finding, target)
    for name, check in CHECKS:
        if check in OF_THE_APP and not target.of_the_app:
            yield not_applicable(name, "only the app logs in there; its health route, below, says whether it can")
        elif network.line(name) in unreachable:
            yield not_applicable(name, "it cannot be reached, see above")
        else:
            async for finding in findings(name, check, target):
                yield finding


def _from_here(finding: Finding, target: Target) -> Finding:
    """A connection that only the app needs may be blocked for everybody else, and should be."""
    if finding.state is State.OK or target.of_the_app or finding.name not in APPS_ENDPOINTS:
        return finding
    return not_applicable(finding.name, f"only the app needs this connection; from here: {finding.found}")


def passed(found: Sequence[Finding]) -> bool:
    """Whether a deployment with these findings works."""
    return all(finding.state is not State.FAILED for finding in found)


def as_json(found: Sequence[Finding]) -> str:
    """For programs: whether it passed, and every finding."""
    return json.dumps({"passed": passed(found), "findings": [asdict(finding) for finding in found]}, indent=2)
