"""False-positive patterns in force: the tenant's own, approved by two people, in date."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from shared.contracts.batch import FPPattern, FPPatternStatus
from shared.contracts.entity import AlertEntities
from shared.errors import InvalidInput
from shared.knowledge.fp_patterns import FPPatterns
from shared.stores.postgres import Postgres

ENTITIES = AlertEntities.model_validate({"hosts": [{"entity_type": "host", "primary_value": "scanner-1"}]})


def pattern(tenant: str, **fields: Any) -> FPPattern:
    now = datetime.now(UTC)
    return FPPattern.model_validate(
        {
            "pattern_id": f"fp-{uuid4().hex}",
            "alert_name": "Port scan",
            "entity_patterns": [{"type": "host", "value_regex": "scanner-[0-9]+"}],
            "confidence": 0.97,
            "status": "active",
            "approved_by_1": "first",
            "approved_by_2": "second",
            "expiry_date": (now + timedelta(days=90)).isoformat(),
            "scope_tenant_id": tenant,
            "created_at": now.isoformat(),
            "updated_at": now.isoformat(),
        }
        | fields
    )


async def matched(store: Postgres, tenant: str) -> str | None:
    [found] = await store.read(tenant, FPPatterns(store).matching(tenant, alert_name="Port scan", entities=ENTITIES))
    return found.pattern_id if found else None


@pytest.mark.parametrize("status", ["active", "approved"])
async def test_pattern_in_force_matches_its_own_tenant_only(store: Postgres, tenant: str, status: str) -> None:
    own = pattern(tenant, status=status)
    await FPPatterns(store).store(own)
    assert await matched(store, tenant) == own.pattern_id
    assert await matched(store, f"{tenant}-other") is None


@pytest.mark.parametrize(
    ("fields", "matches"),
    [
        ({"alert_name": "PORT SCAN"}, True),
        ({"alert_name": "Something else"}, False),
        ({"alert_name": "Something else", "alert_name_regex": "port .*"}, True),
        ({"alert_name": "Port scan", "alert_name_regex": "something else"}, False),
    ],
)
async def test_pattern_with_an_expression_is_held_to_it_and_any_other_to_its_name(
    store: Postgres, tenant: str, fields: dict[str, Any], matches: bool
) -> None:
    await FPPatterns(store).store(pattern(tenant, **fields))
    assert (await matched(store, tenant) is not None) is matches


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"expiry_date": (datetime.now(UTC) - timedelta(seconds=1)).isoformat()}, id="expired just now"),
        {"expiry_date": None},
        {"status": "expired"},
        {"status": "revoked"},
        {"status": "shadow"},
        {"status": "pending_review"},
        {"status": "deprecated"},
    ],
    ids=str,
)
async def test_pattern_out_of_force_matches_nothing(store: Postgres, tenant: str, fields: dict[str, Any]) -> None:
    await FPPatterns(store).store(pattern(tenant, **fields))
    assert await matched(store, tenant) is None


async def test_revoked_pattern_stops_matching(store: Postgres, tenant: str) -> None:
    own = pattern(tenant)
    await FPPatterns(store).store(own)
    await FPPatterns(store).store(own.model_copy(update={"status": FPPatternStatus.REVOKED}))
    assert await matched(store, tenant) is None


async def test_most_confident_pattern_is_the_match(store: Postgres, tenant: str) -> None:
    patterns = [pattern(tenant, confidence=confidence) for confidence in (0.91, 0.99, 0.95)]
    for one in patterns:
        await FPPatterns(store).store(one)
    assert await matched(store, tenant) == patterns[1].pattern_id


async def test_broken_expression_of_one_pattern_leaves_the_others_in_force(store: Postgres, tenant: str) -> None:
    broken = pattern(tenant, confidence=1.0, entity_patterns=[{"type": "host", "value_regex": "(scanner"}])
    good = pattern(tenant)
    await FPPatterns(store).store(broken)
    await FPPatterns(store).store(good)
    assert await matched(store, tenant) == good.pattern_id


@pytest.mark.parametrize("status", ["active", "approved"])
@pytest.mark.parametrize(
    "approvers",
    [("same", "same"), ("one", None), (None, "one"), (None, None)],
    ids=["same person", "only the first", "only the second", "nobody"],
)
async def test_database_refuses_a_pattern_in_force_without_two_different_approvers(
    store: Postgres, tenant: str, status: str, approvers: tuple[str | None, str | None]
) -> None:
    own = pattern(tenant, status=status, approved_by_1=approvers[0], approved_by_2=approvers[1])
    with pytest.raises(InvalidInput, match="fp_patterns_check"):
        await FPPatterns(store).store(own)
    assert await matched(store, tenant) is None


async def test_database_refuses_to_activate_a_pattern_that_one_person_approved(store: Postgres, tenant: str) -> None:
    own = pattern(tenant, status="pending_review", approved_by_2=None)
    await FPPatterns(store).store(own)
    with pytest.raises(InvalidInput):
        await FPPatterns(store).store(own.model_copy(update={"status": FPPatternStatus.ACTIVE}))
    assert await matched(store, tenant) is None


async def test_tenant_cannot_take_over_another_tenants_pattern(store: Postgres, tenant: str) -> None:
    own = pattern(tenant)
    await FPPatterns(store).store(own)
    taken = own.model_copy(update={"scope_tenant_id": f"{tenant}-other", "status": FPPatternStatus.REVOKED})
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        await FPPatterns(store).store(taken)
    assert await matched(store, tenant) == own.pattern_id


@pytest.mark.parametrize(
    ("wanted", "key"),
    [
        ([{"type": "host", "value_regex": r"SCANNER\-1"}], "host:scanner-1"),
        (
            [{"type": "host", "value_regex": "scanner-1"}, {"type": "ip", "value_regex": "10\\.0\\.0\\.77"}],
            "ip:10.0.0.77",
        ),
        ([{"type": "file", "value_regex": r"C:\\Tools\\scan\.exe"}], r"file:c:\tools\scan.exe"),
        ([{"type": "host", "value_regex": r"scanner\-1|scanner\-2"}], ""),
        ([{"type": "host", "value_regex": "scanner-."}], ""),
        ([{"type": "host", "value_regex": "scanner-1?"}], ""),
        ([{"type": "host", "value_regex": r"scanner-\d"}], ""),
        ([{"type": "host", "value_regex": "Straße"}], ""),
        ([], ""),
    ],
)
async def test_pattern_is_found_by_the_longest_value_that_it_names_or_by_its_name_alone(
    store: Postgres, tenant: str, wanted: list[dict[str, str]], key: str
) -> None:
    own = pattern(tenant, entity_patterns=wanted)
    await FPPatterns(store).store(own)
    async with store.transaction(tenant) as connection:
        query = "SELECT entity_key FROM fp_patterns WHERE pattern_id = %s"
        row = await (await connection.execute(query, (own.pattern_id,))).fetchone()
    assert row == {"entity_key": key}


@pytest.mark.parametrize("expression", ["scanner-1", r"SCANNER\-1", "scanner-[0-9]", r"scanner\-1|scanner\-2"])
async def test_pattern_matches_however_it_says_its_value(store: Postgres, tenant: str, expression: str) -> None:
    own = pattern(tenant, entity_patterns=[{"type": "host", "value_regex": expression}])
    for other in ("scanner-2", "dc-1"):
        await FPPatterns(store).store(pattern(tenant, entity_patterns=[{"type": "host", "value_regex": other}]))
    await FPPatterns(store).store(own)
    assert await matched(store, tenant) == own.pattern_id
