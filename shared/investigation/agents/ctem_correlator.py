"""CTEMCorrelatorAgent (no model): open exposures of what the alert names, the most telling first, with reasons."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from typing import Any
from urllib.parse import urlsplit

from shared.contracts.entity import AlertEntities
from shared.contracts.exposure import ExposureSeverity
from shared.contracts.investigation import AgentRole, GraphState
from shared.ctem.exposures import Exposures
from shared.investigation.agents.agent import decision_entry

MOST_NAMES = 200  # that are looked up for one alert
_SEVERITIES = list(ExposureSeverity)


class Match(IntEnum):
    """What of the alert an exposure's asset is; the closest first."""

    RESOURCE = 0
    HOST = 1
    MODEL = 2
    ENDPOINT = 3

    @property
    def words(self) -> str:
        """For people."""
        return f"the alert's {self.name.lower()}"


class CTEMCorrelatorAgent:
    """Fills ``ctem_exposures`` and ``ctem_stale``."""

    def __init__(self, exposures: Exposures) -> None:
        self._exposures = exposures

    async def execute(self, state: GraphState) -> GraphState:
        """See Agent."""
        names = named_assets(state.parsed_entities)
        found = await self._exposures.open_on(state.tenant_id, sorted(names)) if names else []
        ranked = ranked_exposures(found, names)
        stale = any(exposure["stale"] for exposure in found)
        entry = decision_entry(
            state,
            step="correlate_exposures",
            agent=AgentRole.CTEM_CORRELATOR,
            action="matched exposures",
            reasoning=f"{len(found)} open exposure(s) on {len(names)} asset(s)"
            + (f"; the first: {ranked[0]['reason']}" if ranked else "")
            + (", some older than 24 h" if stale else ""),
        )
        return state.model_copy(
            update={
                "ctem_exposures": ranked,
                "ctem_stale": stale,
                "queries_executed": state.queries_executed + 1,
                "decision_chain": [*state.decision_chain, entry],
            }
        )


def named_assets(entities: AlertEntities) -> dict[str, Match]:
    """What the alert names that may be an asset, in lower case, and what it is there."""
    found: dict[str, Match] = {}

    def add(name: Any, match: Match) -> None:
        if isinstance(name, str) and name.strip() and len(found) < MOST_NAMES:
            found.setdefault(name.strip().lower(), match)

    for item in entities.all():
        add(item.properties.get("resource_id"), Match.RESOURCE)
    for host in entities.hosts:
        add(host.primary_value, Match.HOST)
        add(host.properties.get("hostname"), Match.HOST)
    for item in entities.other:
        add(item.primary_value, Match.MODEL)
    for url in entities.urls:
        add(_host_of(url.primary_value), Match.ENDPOINT)
    for record in (*entities.dns_records, *entities.ips):
        add(record.primary_value, Match.ENDPOINT)
    return found


def ranked_exposures(found: list[dict[str, Any]], names: Mapping[str, Match]) -> list[dict[str, Any]]:
    """The exposures by severity, then by the day that a scan last saw them, then by the closest match; each says how
    it matches.
    """
    matched = [one | _match(one, names) for one in found]
    order = {severity.value: place for place, severity in enumerate(_SEVERITIES)}
    return sorted(
        matched,
        key=lambda one: (
            order.get(one["severity"], len(order)),
            one["age_hours"] // 24,
            Match[one["match"].upper()],
        ),
    )


def _match(one: Mapping[str, Any], names: Mapping[str, Match]) -> dict[str, str]:
    fits = [(names[key], key) for key in (one["asset_id"].lower(), one["asset_name"].lower()) if key in names]
    match, name = min(fits)
    accepted = "; its risk is accepted for now" if one["accepted"] else ""
    seen = f"seen {one['age_hours']:g} h ago by {one['source_tool']}"
    return {
        "match": match.name.lower(),
        "reason": f"{one['title']}: {one['severity']}, {seen}, on {match.words} {name}{accepted}",
    }


def _host_of(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""
