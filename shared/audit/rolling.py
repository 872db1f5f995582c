"""A pass over every record of every chain, in parts: what one invocation has no time for, the next goes on with.

A pass that is cut off, by a kill or by its time, loses the part under way only. Progress is in
``audit_verification_progress``.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from shared.audit.verification import tell_operators, verify_chain
from shared.contracts.audit import ChainVerification
from shared.contracts.tenant import EVERY_TENANT
from shared.stores.postgres import Postgres
from shared.stores.statements import statements
from shared.telemetry import LogAction

EVERY = timedelta(hours=20)  # between two passes over one chain: each is checked whole once a day
PART = 20_000  # records of one transaction: some seconds
BUDGET_SECONDS = 240.0  # of one invocation; the timer comes again after 10 minutes

_SQL = statements(Path(__file__).with_name("verification.sql"))


async def continue_passes(postgres: Postgres, *, budget_seconds: float = BUDGET_SECONDS) -> list[ChainVerification]:
    """Check parts of the chains that are due until the time is used up; broken ones are logged as critical.

    Returns what was checked, part by part. Raises StoreUnavailable.
    """
    deadline = time.monotonic() + budget_seconds
    async with postgres.transaction(EVERY_TENANT) as connection:
        due = await (await connection.execute(_SQL["due"], {"every": EVERY})).fetchall()
    found: list[ChainVerification] = []
    for chain in due:
        first: int | None = chain["next_sequence"]
        while first is not None and time.monotonic() < deadline:
            checked, first = await _part(postgres, chain, first)
            tell_operators(checked, LogAction.AUDIT_INTEGRITY_FAILED)
            found.append(checked)
    return found


async def _part(postgres: Postgres, chain: Mapping[str, Any], first: int) -> tuple[ChainVerification, int | None]:
    """One part from ``first`` on, and where the next one begins; None when the pass has ended."""
    tenant_id, end = chain["tenant_id"], chain["last_sequence"]
    start = min(first, max(end, 0))
    checked = await verify_chain(postgres, tenant_id, start, start + PART - 1, verification_type="daily_full")
    if end < chain["verified_to"]:
        cut = f"cut: records up to {chain['verified_to']} were there before, the chain now ends at {end}"
        checked = checked.model_copy(update={"chain_valid": False, "errors": [*checked.errors, cut]})
    ended = checked.to_sequence >= end
    progress = {
        "tenant_id": tenant_id,
        "next_sequence": 0 if ended else checked.to_sequence + 1,
        "verified_to": checked.to_sequence,
        "ended": ended,
    }
    async with postgres.transaction(tenant_id) as connection:
        await connection.execute(_SQL["move_on"], progress)
    return checked, None if ended else checked.to_sequence + 1
