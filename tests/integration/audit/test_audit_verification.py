import re
import threading
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from shared.audit import rolling, verification
from shared.audit.chain import digest
from shared.audit.event import audit_event
from shared.audit.ledger import AuditLedger
from shared.audit.service import AuditService
from shared.audit.verification import verify_chain
from shared.contracts.audit import AuditEvent, ChainVerification
from shared.errors import InvalidInput, StoreUnavailable
from shared.stores.postgres import Postgres
from tests.integration.audit.checks import checked, drain, passed, runs, stretches

Tamper = Callable[[str], None]


def event(tenant: str) -> AuditEvent:
    return audit_event(
        tenant_id=tenant,
        event_type="alert.classified",
        actor_id="agent",
        source_service="test",
        decision={"classification": "true_positive", "confidence": 0.9},
    )


@pytest.fixture
async def tenant(store: Postgres) -> str:
    """A tenant with a chain of five records: genesis and four events."""
    name = f"tenant-{uuid4()}"
    await AuditLedger(store).append([event(name) for _ in range(4)])
    return name


@pytest.fixture
def tamper(owner: psycopg.Connection, tenant: str) -> Tamper:
    """Runs SQL as the owner with the guard switched off; ``:t`` is the tenant's rows."""

    def run(statement: str) -> None:
        owner.execute("ALTER TABLE audit_records DISABLE TRIGGER audit_immutable_guard")
        owner.execute(statement.replace(":t", f"tenant_id = '{tenant}'"))
        owner.execute("ALTER TABLE audit_records ENABLE TRIGGER audit_immutable_guard")

    return run


async def errors(store: Postgres, tenant: str, *stretch: int) -> list[str]:
    return (await AuditService(store).verify(tenant, *stretch)).errors


async def test_untouched_chain_is_valid_and_the_run_is_logged(store: Postgres, tenant: str) -> None:
    verification = await AuditService(store).verify(tenant)
    assert (verification.chain_valid, verification.records_checked, verification.to_sequence) == (True, 5, 4)
    async with store.transaction(tenant) as connection:
        cursor = await connection.execute("SELECT chain_valid, records_checked FROM audit_verification_log")
        assert await cursor.fetchall() == [{"chain_valid": True, "records_checked": 5}]


@pytest.mark.parametrize(
    ("method", "action"), [("verify_recent", "audit.chain_broken"), ("verify_whole", "audit.integrity_failed")]
)
async def test_broken_chain_is_told_to_operators_by_its_action(
    store: Postgres, tenant: str, tamper: Tamper, caplog: pytest.LogCaptureFixture, method: str, action: str
) -> None:
    tamper("UPDATE audit_records SET canonical = canonical || ' ' WHERE :t AND sequence_number = 3")
    await getattr(AuditService(store), method)()
    told = [record for record in caplog.records if getattr(record, "tenant_id", "") == tenant]
    assert [(record.action, record.levelname) for record in told] == [(action, "CRITICAL")]  # type: ignore[attr-defined]


@pytest.mark.parametrize("method", ["verify_recent", "verify_whole"])
@pytest.mark.parametrize(
    "change",
    [
        pytest.param("canonical = repeat('[', 100000)", id="lists"),
        pytest.param("canonical = repeat('{\"a\":', 50000)", id="objects"),
        pytest.param("context = (repeat('[', 2000) || repeat(']', 2000))::jsonb", id="column"),
        pytest.param("canonical = replace(canonical, ':0.9', ':1e99999999999999999999')", id="number"),
    ],
)
async def test_record_that_no_parser_can_read_is_found_and_other_chains_are_checked(
    *, store: Postgres, tenant: str, tamper: Tamper, method: str, change: str
) -> None:
    other = f"tenant-{uuid4()}"
    await AuditLedger(store).append([event(other)])
    tamper(f"UPDATE audit_records SET {change} WHERE :t AND sequence_number = 3")
    found = {one.tenant_id: one for one in await getattr(AuditService(store), method)()}
    assert found[other].chain_valid
    unreadable = "record 3: it cannot be read, it is nested too deeply or holds a number out of range"
    assert {"record 3: column context differs from the hashed text", unreadable} & set(found[tenant].errors)


@pytest.mark.parametrize(
    ("method", "noted"), [("verify_recent", "newest_checked_at"), ("verify_whole", "pass_ended_at")]
)
async def test_check_that_fails_is_reported_and_noted_and_other_chains_are_checked(
    *,
    store: Postgres,
    tenant: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    method: str,
    noted: str,
) -> None:
    other = f"tenant-{uuid4()}"
    await AuditLedger(store).append([event(other)])

    async def failing(store: Postgres, tenant_id: str, *arguments: Any, **options: Any) -> ChainVerification:
        if tenant_id == tenant:
            raise ZeroDivisionError("a fault of the check itself")
        return await verify_chain(store, tenant_id, *arguments, **options)

    monkeypatch.setattr(rolling, "verify_chain", failing)
    found = {one.tenant_id: one for one in await getattr(AuditService(store), method)()}
    assert found[other].chain_valid
    assert "a fault of the check itself" in found[tenant].errors[0]
    assert [one.levelname for one in caplog.records if getattr(one, "tenant_id", "") == tenant] == ["CRITICAL"]
    async with store.transaction(tenant) as connection:
        cursor = await connection.execute("SELECT * FROM audit_verification_progress")
        assert [row[noted] is not None for row in await cursor.fetchall()] == [True]


async def test_middle_stretch_is_checked_alone(store: Postgres, tenant: str) -> None:
    verification = await AuditService(store).verify(tenant, 2, 3)
    assert (verification.chain_valid, verification.records_checked) == (True, 2)


async def test_tenant_without_records_has_a_valid_empty_chain(store: Postgres) -> None:
    verification = await AuditService(store).verify("nobody")
    assert (verification.chain_valid, verification.records_checked) == (True, 0)


async def test_stretch_beyond_the_end_is_refused(store: Postgres, tenant: str) -> None:
    with pytest.raises(InvalidInput, match="at most 4"):
        await AuditService(store).verify(tenant, 9)


async def test_edited_column_is_found(store: Postgres, tenant: str, tamper: Tamper) -> None:
    tamper("UPDATE audit_records SET actor_id = 'eve' WHERE :t AND sequence_number = 2")
    assert await errors(store, tenant) == ["record 2: column actor_id differs from the hashed text"]


async def test_edited_json_column_is_found(store: Postgres, tenant: str, tamper: Tamper) -> None:
    tamper("UPDATE audit_records SET decision = decision || '{\"confidence\": 0.91}' WHERE :t AND sequence_number = 2")
    assert await errors(store, tenant) == ["record 2: column decision differs from the hashed text"]


async def test_edited_text_is_found(store: Postgres, tenant: str, tamper: Tamper) -> None:
    tamper(
        "UPDATE audit_records SET canonical = replace(canonical, 'true_p', 'false_p') WHERE :t AND sequence_number = 2"
    )
    assert "record 2: its content does not match its hash" in await errors(store, tenant)


async def test_edit_with_a_recomputed_hash_breaks_the_next_link(
    store: Postgres, owner: psycopg.Connection, tenant: str, tamper: Tamper
) -> None:
    row = owner.execute(
        "SELECT canonical FROM audit_records WHERE tenant_id = %s AND sequence_number = 2", (tenant,)
    ).fetchone()
    assert row is not None
    forged = row[0].replace('"agent"', '"eve"')
    tamper(
        f"UPDATE audit_records SET canonical = replace(canonical, '\"agent\"', '\"eve\"'), actor_type = 'eve', "
        f"record_hash = '{digest(forged)}' WHERE :t AND sequence_number = 2"
    )
    assert "record 3: it does not continue record 2" in await errors(store, tenant)


async def test_deleted_record_is_found(store: Postgres, tenant: str, tamper: Tamper) -> None:
    tamper("DELETE FROM audit_records WHERE :t AND sequence_number = 2")
    assert await errors(store, tenant) == ["gap: records 2 to 2 are missing"]
    assert await errors(store, tenant, 1, 2) == ["gap: records 2 to 2 are missing"]


async def test_deleted_first_record_is_found(store: Postgres, tenant: str, tamper: Tamper) -> None:
    tamper("DELETE FROM audit_records WHERE :t AND sequence_number = 0")
    assert await errors(store, tenant) == ["gap: records 0 to 0 are missing"]


async def test_cut_tail_is_found(store: Postgres, tenant: str, tamper: Tamper) -> None:
    tamper("DELETE FROM audit_records WHERE :t AND sequence_number > 2")
    assert await errors(store, tenant) == ["the chain should end at record 4, it ends at 2"]


async def test_swapped_records_are_found(store: Postgres, tenant: str, tamper: Tamper) -> None:
    tamper("UPDATE audit_records SET sequence_number = 99 WHERE :t AND sequence_number = 2")
    tamper("UPDATE audit_records SET sequence_number = 2 WHERE :t AND sequence_number = 3")
    tamper("UPDATE audit_records SET sequence_number = 3 WHERE :t AND sequence_number = 99")
    assert "record 2: it was hashed for another place in the chain" in await errors(store, tenant)


async def test_forged_last_record_is_found_by_the_head(store: Postgres, tenant: str, tamper: Tamper) -> None:
    tamper(
        "UPDATE audit_records SET canonical = replace(canonical, 'true_p', 'false_p'), "
        "decision = jsonb_set(decision, '{classification}', '\"false_positive\"'), "
        "record_hash = encode(sha256(convert_to(replace(canonical, 'true_p', 'false_p'), 'UTF8')), 'hex') "
        "WHERE :t AND sequence_number = 4"
    )
    assert await errors(store, tenant) == ["record 4: its hash is not the one that the chain's head remembers"]


async def test_pass_over_a_chain_goes_on_where_it_was_cut_off(
    store: Postgres, tenant: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rolling, "PART", 2)
    await drain(store, but=tenant)

    async def parts(*, budget_seconds: float = 60) -> list[tuple[int, int]]:
        checked = await rolling.continue_passes(store, budget_seconds=budget_seconds)
        return [(one.from_sequence, one.to_sequence) for one in checked if one.tenant_id == tenant]

    made = list[int]()

    async def cut_off(*arguments: Any, **options: Any) -> ChainVerification:
        if made:
            raise StoreUnavailable("PostgreSQL", "gone in the middle of the second part")
        made.append(1)
        return await verify_chain(*arguments, **options)

    with monkeypatch.context() as broken:
        broken.setattr(rolling, "verify_chain", cut_off)
        with pytest.raises(StoreUnavailable):
            await parts()
    assert await parts() == [(2, 3), (4, 4)]
    assert await parts() == []
    async with store.transaction(tenant) as connection:
        await connection.execute("UPDATE audit_verification_progress SET pass_ended_at = now() - interval '2 days'")
    assert await parts(budget_seconds=0) == []
    assert await parts() == [(0, 1), (2, 3), (4, 4)]


async def test_tampering_before_the_verified_records_is_found_by_the_next_pass(
    store: Postgres, tenant: str, tamper: Tamper
) -> None:
    await rolling.continue_passes(store)
    tamper("UPDATE audit_records SET canonical = canonical || ' ' WHERE :t AND sequence_number = 1")
    (found,) = await passed(store, tenant)
    assert not found.chain_valid


CUT = (
    "DELETE FROM audit_records WHERE :t AND sequence_number > 2",
    "UPDATE audit_chain_state SET last_sequence = 2, last_hash ="
    " (SELECT record_hash FROM audit_records WHERE :t AND sequence_number = 2) WHERE :t",
)
DELETED = ("DELETE FROM audit_records WHERE :t", "DELETE FROM audit_chain_state WHERE :t")


@pytest.mark.parametrize(
    ("changes", "appended", "sentence"),
    [
        pytest.param(CUT, 0, "cut: record 4 was there at the check of .*, the chain now ends at record 2", id="cut"),
        pytest.param(CUT, 1, "cut: record 4 .*, the chain now ends at record 3", id="cut and continued"),
        pytest.param(CUT, 3, "rewritten: record 4 .* with another hash than it has now", id="cut and grown beyond"),
        pytest.param(DELETED, 6, "rewritten: record 4 .* with another hash than it has now", id="written anew"),
        pytest.param(DELETED, 0, "deleted: record 4 .*, the chain has no records now", id="deleted"),
    ],
)
async def test_chain_that_is_sound_in_itself_is_held_to_what_the_last_check_saw(
    *, store: Postgres, tenant: str, tamper: Tamper, changes: tuple[str, ...], appended: int, sentence: str
) -> None:
    assert (await checked(store, tenant)).chain_valid
    for change in changes:
        tamper(change)
    await AuditLedger(store).append([event(tenant) for _ in range(appended)])
    for found in (await checked(store, tenant), *await passed(store, tenant), *await passed(store, tenant)):
        assert len(found.errors) == 1
        assert re.fullmatch(sentence, found.errors[0])
    logged = [row["errors"] for row in await runs(store, tenant)]
    assert logged == [[], found.errors, found.errors, found.errors]


async def test_newest_records_are_logged_when_the_result_is_another(
    store: Postgres, tenant: str, tamper: Tamper
) -> None:
    for _ in range(3):
        await checked(store, tenant)
    tamper("UPDATE audit_records SET actor_id = 'eve' WHERE :t AND sequence_number = 2")
    for _ in range(3):
        await checked(store, tenant)
    tamper("UPDATE audit_records SET actor_id = 'agent' WHERE :t AND sequence_number = 2")
    for _ in range(3):
        await checked(store, tenant)
    assert [row["chain_valid"] for row in await runs(store, tenant)] == [True, False, True]


async def test_newest_records_are_checked_from_the_last_seen_on_when_more_came(
    store: Postgres, tenant: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rolling, "NEWEST", 2)
    assert (await checked(store, tenant)).from_sequence == 0
    await AuditLedger(store).append([event(tenant) for _ in range(10)])
    assert (await checked(store, tenant)).from_sequence == 5
    assert (await checked(store, tenant)).from_sequence == 13


async def test_burst_is_checked_in_parts_beside_the_newest_records_and_a_cut_after_it_is_found(
    store: Postgres, tenant: str, tamper: Tamper, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rolling, "NEWEST", 2)
    monkeypatch.setattr(rolling, "NEWEST_MOST", 5)
    await checked(store, tenant)
    await AuditLedger(store).append([event(tenant) for _ in range(12)])
    assert await stretches(store, tenant) == [(5, 9), (15, 16)]
    assert await stretches(store, tenant) == [(10, 14), (15, 16)]
    assert await stretches(store, tenant) == [(15, 16)]
    for change in CUT:
        tamper(change)
    (found,) = (await checked(store, tenant)).errors
    assert found.startswith("cut: record 16 was there")


async def test_chain_whose_state_was_deleted_is_found_without_reading_all_of_it(
    store: Postgres, tenant: str, tamper: Tamper, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rolling, "NEWEST", 2)
    assert (await checked(store, tenant)).chain_valid
    tamper("DELETE FROM audit_chain_state WHERE :t")
    found = await checked(store, tenant)
    assert (found.from_sequence, found.errors) == (3, ["the chain should end at record -1, it ends at 4"])


async def test_check_that_runs_out_of_time_is_gone_on_with_by_the_next(store: Postgres, tenant: str) -> None:
    everyone = [one.tenant_id for one in await rolling.verify_newest(store)]
    async with store.transaction(tenant) as connection:
        await connection.execute("UPDATE audit_verification_progress SET newest_checked_at = now() - interval '1 day'")
    assert await rolling.verify_newest(store, budget_seconds=0) == []
    assert next(one.tenant_id for one in await rolling.verify_newest(store)) == tenant
    assert sorted(everyone) == sorted({one.tenant_id for one in await rolling.verify_newest(store)})


async def test_verify_checks_so_many_records_and_says_where_to_go_on(store: Postgres, tenant: str) -> None:
    service, stretches = AuditService(store), list[tuple[int, int, int]]()
    first: int | None = 0
    while first is not None:
        part = await service.verify(tenant, first, most=2)
        stretches.append((part.from_sequence, part.to_sequence, part.records_checked))
        first = part.next_sequence
    assert stretches == [(0, 1, 2), (2, 3, 2), (4, 4, 1)]
    assert (await service.verify(tenant, 1, 2, most=2)).next_sequence is None


async def test_records_are_hashed_beside_the_event_loop(
    store: Postgres, tenant: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads = set[int]()
    check = verification._check

    def noted(*arguments: Any) -> list[str]:
        threads.add(threading.get_ident())
        return check(*arguments)

    monkeypatch.setattr(verification, "_check", noted)
    await AuditService(store).verify(tenant)
    assert threads
    assert threading.get_ident() not in threads
