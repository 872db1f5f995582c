from collections.abc import Callable
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from shared.audit import rolling
from shared.audit.chain import digest
from shared.audit.event import audit_event
from shared.audit.service import AuditService
from shared.audit.verification import verify_chain
from shared.contracts.audit import ChainVerification
from shared.contracts.tenant import EVERY_TENANT
from shared.errors import InvalidInput, StoreUnavailable
from shared.stores.postgres import Postgres

Tamper = Callable[[str], None]


@pytest.fixture
async def tenant(store: Postgres) -> str:
    """A tenant with a chain of five records: genesis and four events."""
    name = f"tenant-{uuid4()}"
    events = [
        audit_event(
            tenant_id=name,
            event_type="alert.classified",
            actor_id="agent",
            source_service="test",
            decision={"classification": "true_positive", "confidence": 0.9},
        )
        for _ in range(4)
    ]
    await AuditService(store).append_messages([event.to_json() for event in events])
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
    async with store.transaction(tenant) as connection:
        await connection.execute("UPDATE audit_verification_progress SET pass_ended_at = now() - interval '2 days'")
    (found,) = [one for one in await rolling.continue_passes(store) if one.tenant_id == tenant]
    assert not found.chain_valid


async def test_tail_that_was_cut_with_its_head_moved_along_is_found_by_what_was_verified(
    store: Postgres, tenant: str, tamper: Tamper, owner: psycopg.Connection
) -> None:
    await rolling.continue_passes(store)
    tamper("DELETE FROM audit_records WHERE :t AND sequence_number > 2")
    tamper(
        "UPDATE audit_chain_state SET last_sequence = 2, last_hash ="
        " (SELECT record_hash FROM audit_records WHERE :t AND sequence_number = 2) WHERE :t"
    )
    async with store.transaction(tenant) as connection:
        await connection.execute("UPDATE audit_verification_progress SET pass_ended_at = now() - interval '2 days'")
    (found,) = [one for one in await rolling.continue_passes(store) if one.tenant_id == tenant]
    assert found.errors == ["cut: records up to 4 were there before, the chain now ends at 2"]


async def drain(store: Postgres, *, but: str) -> None:
    """Let no other chain of this database be due."""
    async with store.transaction(EVERY_TENANT) as connection:
        await connection.execute(
            "INSERT INTO audit_verification_progress (tenant_id, pass_ended_at)"
            " SELECT tenant_id, now() FROM audit_chain_state WHERE tenant_id <> %s"
            " ON CONFLICT (tenant_id) DO UPDATE SET pass_ended_at = now(), next_sequence = 0",
            (but,),
        )
