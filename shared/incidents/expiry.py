"""Traces that are too old to link an alert to others are removed."""

from __future__ import annotations

from datetime import UTC, datetime

from shared.contracts.tenant import EVERY_TENANT
from shared.incidents.linking import LOOK_AROUND
from shared.incidents.repository import SQL
from shared.incidents.traces import BELIEVED, LONGEST_ACTIVITY
from shared.stores.postgres import Postgres

# The oldest activity that an alert is believed to be about, and what is looked for around it.
KEPT = BELIEVED + LOOK_AROUND + LONGEST_ACTIVITY
MOST_REMOVED = 20_000  # in one run of the timer


async def forget_traces(postgres: Postgres) -> int:
    """Remove the oldest traces of every tenant; how many. Raises StoreUnavailable."""
    values = {"older_than": datetime.now(UTC) - KEPT, "limit": MOST_REMOVED}
    [removed] = await postgres.together(EVERY_TENANT, (SQL["forget_traces"], values))
    return removed.count
