"""Checks of every chain in turn: the newest records often, all records once a day.

What one invocation has no time for, the next goes on with; a kill loses the part under way only. Progress is in
``audit_verification_progress``.
"""

from __future__ import annotations

import time
from datetime import timedelta
from pathlib import Path

from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from shared.audit.verification import VerificationType, report_broken, verify_chain
from shared.contracts.audit import ChainVerification
from shared.contracts.tenant import EVERY_TENANT
from shared.errors import StoreUnavailable
from shared.stores.postgres import Postgres
from shared.stores.statements import statements
from shared.telemetry import LogAction

EVERY = timedelta(hours=20)  # between two passes over one chain: each is checked whole once a day
PART = 50_000  # records of one transaction: ten seconds or so
BUDGET_SECONDS = 240.0  # of one invocation; the timer comes again after 10 minutes
NEWEST = 100  # records (spec/security-and-audit §4)
NEWEST_MOST = 5_000  # records of one transaction, where more than the newest came since the last check
NEWEST_BUDGET_SECONDS = 120.0  # of one invocation; the timer comes again after 5 minutes

_SQL = statements(Path(__file__).with_name("verification.sql"))


async def verify_newest(
    postgres: Postgres, *, budget_seconds: float = NEWEST_BUDGET_SECONDS
) -> list[ChainVerification]:
    """Check what is new in every chain, the longest unchecked first; the broken ones are logged as critical.

    Of more than NEWEST_MOST new records the first and the newest are checked, and the next invocation goes on. The log
    table keeps a run whose result is not that of the run before. Raises StoreUnavailable.
    """
    deadline = time.monotonic() + budget_seconds
    async with postgres.transaction(EVERY_TENANT) as connection:
        chains = await (await connection.execute(_SQL["newest_due"])).fetchall()
    found: list[ChainVerification] = []
    for chain in chains:
        if time.monotonic() >= deadline:
            break
        found += await _newest(postgres, chain)
    return found


async def _newest(postgres: Postgres, chain: DictRow) -> list[ChainVerification]:
    tenant_id = chain["tenant_id"]
    async with postgres.transaction(tenant_id) as connection:
        ends = await (await connection.execute(_SQL["chain_ends"], {"tenant_id": tenant_id})).fetchone()
    assert ends is not None  # max() gives a row always
    end = ends["highest"]  # by the records: the chain's state may have been deleted or changed
    newest = max(0, end - NEWEST + 1)
    unseen = 0 if ends["head_sequence"] is None else ends["head_sequence"] + 1
    firsts = [min(newest, unseen)]
    if end - firsts[0] >= NEWEST_MOST:
        firsts.append(newest)
    checks = [
        await _check(*(postgres, tenant_id, first, "continuous"), most=NEWEST_MOST, known_errors=chain["newest_errors"])
        for first in firsts
    ]
    errors = list(dict.fromkeys(error for checked in checks for error in checked.errors))
    async with postgres.transaction(tenant_id) as connection:
        await connection.execute(_SQL["newest_checked"], {"tenant_id": tenant_id, "errors": Jsonb(errors)})
    for checked in checks:
        report_broken(checked, LogAction.AUDIT_CHAIN_BROKEN)
    return checks


async def continue_passes(postgres: Postgres, *, budget_seconds: float = BUDGET_SECONDS) -> list[ChainVerification]:
    """Check parts of the chains that are due until the time is used up; broken ones are logged as critical.

    Returns what was checked, part by part. Raises StoreUnavailable.
    """
    deadline = time.monotonic() + budget_seconds
    async with postgres.transaction(EVERY_TENANT) as connection:
        due = await (await connection.execute(_SQL["due"], {"every": EVERY})).fetchall()
    found: list[ChainVerification] = []
    for chain in due:
        # A chain that was cut since its last part ends before the next one.
        first: int | None = min(chain["next_sequence"], max(chain["last_sequence"], 0))
        while first is not None and time.monotonic() < deadline:
            checked = await _part(postgres, chain["tenant_id"], first)
            found.append(checked)
            first = checked.next_sequence
    return found


async def _part(postgres: Postgres, tenant_id: str, first: int) -> ChainVerification:
    checked = await _check(postgres, tenant_id, first, "daily_full", most=PART)
    report_broken(checked, LogAction.AUDIT_INTEGRITY_FAILED)
    ended = checked.next_sequence is None
    moved = {"tenant_id": tenant_id, "next_sequence": checked.next_sequence or 0, "ended": ended}
    async with postgres.transaction(tenant_id) as connection:
        await connection.execute(_SQL["move_on"], moved)
    return checked


async def _check(  # noqa: PLR0913 - see verify_chain
    postgres: Postgres,
    tenant_id: str,
    first: int,
    kind: VerificationType,
    *,
    most: int,
    known_errors: list[str] | None = None,
) -> ChainVerification:
    """Check one stretch; a check that fails is a finding about its chain, for the others must be checked still."""
    try:
        return await verify_chain(
            *(postgres, tenant_id, first), verification_type=kind, most=most, known_errors=known_errors
        )
    except StoreUnavailable:
        raise
    except Exception as error:
        return ChainVerification(
            tenant_id=tenant_id,
            chain_valid=False,
            records_checked=0,
            from_sequence=first,
            to_sequence=first,
            errors=[f"not checked from record {first} on: the check failed with {error!r}"],
        )
