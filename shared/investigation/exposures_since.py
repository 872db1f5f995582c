"""What scanners have found on an open case's assets since it gathered its context: whoever reads the case sees it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shared.contracts.entity import AlertEntities
from shared.contracts.investigation import InvestigationState
from shared.ctem.exposures import open_exposures
from shared.investigation.agents.ctem_correlator import named_assets, ranked_exposures
from shared.stores.postgres import Connection

_ENDED = {InvestigationState.CLOSED, InvestigationState.FAILED}


async def exposures_since(connection: Connection, tenant_id: str, case: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The most telling first, each with its reason; none of a case that has ended or has named no asset yet."""
    state = case["graph_state"] or {}
    entities = state.get("entities")
    if case["state"] in _ENDED or not entities:
        return []
    names = named_assets(AlertEntities.from_stored(entities, where=f"investigation_state {case['investigation_id']}"))
    if not names:
        return []
    known = {one.get("exposure_key") for one in state.get("ctem_exposures", [])}
    asked = open_exposures(tenant_id, sorted(names))
    found = asked.read(await (await connection.execute(asked.text, asked.values)).fetchall())
    return ranked_exposures([one for one in found if one["exposure_key"] not in known], names)
