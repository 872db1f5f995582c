import asyncio
from uuid import uuid4

import psycopg
import pytest
from psycopg import errors

from shared.audit.event import audit_event
from shared.audit.ledger import AuditLedger, RecordFilters
from shared.audit.service import AuditService
from shared.contracts.audit import AuditEvent, AuditRecord
from shared.contracts.listing import Listing
from shared.contracts.tenant import EVERY_TENANT
from shared.errors import InvalidInput, NotFound
from shared.stores.postgres import Postgres


def event(tenant: str, **changes: object) -> AuditEvent:
    fields: dict[str, object] = {"event_type": "alert.classified", "actor_id": "agent", "source_service": "test"}
    return audit_event(tenant_id=tenant, **{**fields, **changes})  # type: ignore[arg-type]


@pytest.fixture
def tenant() -> str:
    return f"tenant-{uuid4()}"


async def records(ledger: AuditLedger, tenant: str, **filters: str) -> list[AuditRecord]:
    """Newest first."""
    return (await ledger.records(tenant, RecordFilters(**filters), Listing(limit=100))).rows  # type: ignore[arg-type]


async def everything(ledger: AuditLedger, tenant: str) -> list[int]:
    return [record.sequence_number for record in await records(ledger, tenant)]


async def test_first_append_opens_the_chain_with_a_genesis_record(store: Postgres, tenant: str) -> None:
    ledger = AuditLedger(store)
    report = await ledger.append([event(tenant)])
    found = await records(ledger, tenant)
    assert (report.appended, report.duplicates) == (1, 0)
    assert [record.event_type for record in found] == ["alert.classified", "system.genesis"]
    assert found[0].previous_hash == found[1].record_hash
    assert found[1].previous_hash == "0" * 64


async def test_repeated_events_change_nothing(store: Postgres, tenant: str) -> None:
    ledger = AuditLedger(store)
    events = [event(tenant), event(tenant)]
    await ledger.append(events)
    report = await ledger.append([events[1], events[0], events[0]])
    assert (report.appended, report.duplicates) == (0, 3)
    assert await everything(ledger, tenant) == [2, 1, 0]


async def test_grave_events_are_logged_for_operators_by_their_type(
    store: Postgres, tenant: str, caplog: pytest.LogCaptureFixture
) -> None:
    grave = event(tenant, event_type="spend.hard_limit", severity="critical")
    await AuditService(store).append_messages([message.to_json() for message in (event(tenant), grave)])
    logged = [record for record in caplog.records if getattr(record, "tenant_id", "") == tenant]
    assert [(record.action, record.levelname) for record in logged] == [("spend.hard_limit", "CRITICAL")]  # type: ignore[attr-defined]


async def test_event_twice_in_one_batch_is_chained_once(store: Postgres, tenant: str) -> None:
    once = event(tenant)
    report = await AuditLedger(store).append([once, once])
    assert (report.appended, report.duplicates) == (1, 1)


async def test_two_writers_at_once_leave_one_chain_without_gap(store: Postgres, owner_url: str, tenant: str) -> None:
    service = AuditService(store)
    batches = [[event(tenant, context={"writer": writer, "n": n}) for n in range(25)] for writer in range(8)]
    await asyncio.gather(*(AuditLedger(store).append(batch) for batch in batches))
    verification = await service.verify(tenant)
    assert verification.errors == []
    assert verification.records_checked == 201


async def test_batch_of_two_tenants_goes_to_two_chains(store: Postgres, tenant: str) -> None:
    other = f"{tenant}-other"
    ledger = AuditLedger(store)
    await ledger.append([event(tenant), event(other), event(tenant)])
    assert await everything(ledger, tenant) == [2, 1, 0]
    assert await everything(ledger, other) == [1, 0]


async def test_batch_with_an_impossible_event_is_refused_whole(store: Postgres, tenant: str) -> None:
    ledger = AuditLedger(store)
    bad = event(tenant).model_copy(update={"timestamp": "yesterday"})
    with pytest.raises(InvalidInput, match="yesterday"):
        await ledger.append([event(tenant), bad])
    assert await everything(ledger, tenant) == []


async def test_longest_names_that_are_taken_fit_the_indexes(store: Postgres) -> None:
    tenant, name = (
        "".join(chr(0x1F600 + n) for n in range(78)) + "t" * 14 + str(uuid4()),
        "".join(chr(0x20000 + 37 * n) for n in range(256)),
    )
    report = await AuditLedger(store).append([event(tenant, actor_id=name, investigation_id=name)])
    assert report.appended == 1


async def test_numbers_survive_as_they_were_hashed(store: Postgres, tenant: str) -> None:
    context = {"a": 1e23, "b": 0.1 + 0.2, "c": -0.0, "d": 10**30, "e": 1.0, "f": 5e-324, "g": "naïve \u2028 ☃"}
    ledger = AuditLedger(store)
    await ledger.append([event(tenant, context=context)])
    found = await records(ledger, tenant)
    assert found[0].context == context
    assert (await AuditService(store).verify(tenant)).chain_valid


async def test_records_are_filtered_and_paged_newest_first(store: Postgres, tenant: str) -> None:
    ledger = AuditLedger(store)
    await ledger.append([event(tenant, investigation_id="inv-1") for _ in range(3)] + [event(tenant, actor_id="eve")])
    of_case = RecordFilters(investigation_id="inv-1")
    first = await ledger.records(tenant, of_case, Listing(limit=2))
    rest = await ledger.records(tenant, of_case, Listing(limit=2, after=first.last))
    assert [record.sequence_number for record in first.rows + rest.rows] == [3, 2, 1]
    assert rest.last is None
    by_actor = await records(ledger, tenant, actor_id="eve", event_type="alert.classified")
    assert [record.sequence_number for record in by_actor] == [4]


async def test_tenant_sees_only_its_own_records(store: Postgres, tenant: str) -> None:
    ledger = AuditLedger(store)
    secret = event(tenant)
    await ledger.append([secret])
    with pytest.raises(NotFound):
        await ledger.record("someone-else", secret.audit_id)
    async with store.transaction("someone-else") as connection:
        rows = await (await connection.execute("SELECT DISTINCT tenant_id FROM audit_records")).fetchall()
    assert tenant not in {row["tenant_id"] for row in rows}


async def test_tenant_cannot_write_into_another_chain(store: Postgres, tenant: str) -> None:
    with pytest.raises(errors.InsufficientPrivilege, match="row-level security"):
        async with store.transaction("someone-else") as connection:
            await connection.execute("SET LOCAL ROLE aluskort_audit")
            await connection.execute("INSERT INTO audit_chain_state (tenant_id) VALUES (%s)", (tenant,))


@pytest.mark.parametrize(
    "change",
    [
        "INSERT INTO audit_records SELECT * FROM audit_records",
        "INSERT INTO audit_chain_state (tenant_id) VALUES ('forged')",
        "UPDATE audit_chain_state SET last_hash = ''",
    ],
)
async def test_no_query_but_the_ledgers_may_write_a_chain(store: Postgres, tenant: str, change: str) -> None:
    # TC-AUD-020: the append before it, on the same pool, leaves no right behind.
    await AuditLedger(store).append([event(tenant)])
    with pytest.raises(errors.InsufficientPrivilege, match="permission denied"):
        async with store.transaction(tenant) as connection:
            await connection.execute(change.encode())


def test_the_audit_writer_may_write_nothing_else(owner: psycopg.Connection) -> None:
    rows = owner.execute(
        "SELECT table_name, privilege_type FROM information_schema.table_privileges WHERE grantee = 'aluskort_audit'"
    ).fetchall()
    assert set(rows) == {
        ("audit_records", "SELECT"),
        ("audit_records", "INSERT"),
        ("audit_chain_state", "SELECT"),
        ("audit_chain_state", "INSERT"),
        ("audit_chain_state", "UPDATE"),
    }


@pytest.mark.parametrize("change", ["UPDATE audit_records SET actor_id = 'eve'", "DELETE FROM audit_records"])
async def test_application_may_not_change_records(store: Postgres, change: str) -> None:
    with pytest.raises(errors.InsufficientPrivilege):
        async with store.transaction(EVERY_TENANT) as connection:
            await connection.execute(change)


@pytest.mark.parametrize(
    "change", ["UPDATE audit_records SET actor_id = 'eve'", "DELETE FROM audit_records", "TRUNCATE audit_records"]
)
def test_even_the_owner_may_not_change_records(owner: psycopg.Connection, change: str) -> None:
    with pytest.raises(errors.InsufficientPrivilege, match="append-only"):
        owner.execute(change)


async def test_poison_is_kept_with_its_bytes_and_blocks_nothing(store: Postgres, tenant: str) -> None:
    service = AuditService(store)
    poison = f'{{"tenant_id": "{tenant}", "event_type": "no.such"}}'.encode()
    impossible = event(tenant).model_copy(update={"timestamp": "yesterday"}).to_json()
    messages = [b"\x00\xff not json", poison, event(tenant).to_json(), impossible]
    first = await service.append_messages(messages)
    assert (first.appended, first.duplicates, first.rejected) == (1, 0, 3)
    again = await service.append_messages(messages)
    assert (again.appended, again.duplicates, again.rejected) == (0, 1, 3)
    async with store.transaction(EVERY_TENANT) as connection:
        cursor = await connection.execute("SELECT error_type FROM audit_rejected WHERE original = %s", (poison,))
        assert [row["error_type"] for row in await cursor.fetchall()] == ["InvalidInput"]
    async with store.transaction(tenant) as connection:
        assert await (await connection.execute("SELECT FROM audit_rejected")).fetchall() == []
