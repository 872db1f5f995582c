"""From people's dispositions to a pattern in force, with the simulated Claude in between, and out of force again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from shared.access.identity import Identity, Role
from shared.batch.pattern_review import PatternReview
from shared.bus.received import Received
from shared.contracts.audit import AuditEvent
from shared.contracts.batch import FPPattern
from shared.errors import Conflict, NotFound
from shared.knowledge.fp_patterns import FPPatterns, is_drifting
from shared.knowledge.incidents import Incident
from shared.knowledge.pattern_rows import contradict, drift
from shared.stores.postgres import Postgres
from tests.integration.batch.conftest import Office
from tests.unit.batch.test_pattern_rules import CONFIRMED, case, entities


def person(office: Office, name: str) -> Identity:
    return Identity(name, name.title(), frozenset({Role.SENIOR_ANALYST}), office.tenant)


@pytest.fixture
def review(store: Postgres, office: Office) -> PatternReview:
    return PatternReview(store, office.outbox, office.cases)


async def drafted(office: Office, review: PatternReview) -> FPPattern:
    """A draft that the simulated Claude proposed."""
    office.cases.all = list(CONFIRMED)
    assert await office.batch.patterns.consider(office.tenant, "Port scan") == ""
    await office.run(rounds=1)
    (draft,) = await review.drafts(office.tenant)
    return draft


async def explains(store: Postgres, office: Office) -> str | None:
    asked = FPPatterns(store).matching(office.tenant, alert_name="Port scan", entities=entities(host="scanner-1"))
    (found,) = await store.read(office.tenant, asked)
    return found.pattern_id if found and found.confidence > 0.9 else None


async def test_confirmed_cases_become_a_draft_that_closes_nothing(
    office: Office, review: PatternReview, store: Postgres
) -> None:
    draft = await drafted(office, review)
    assert (draft.alert_name, draft.status) == ("Port scan", "pending_review")
    assert [(one.type, one.value_regex) for one in draft.entity_patterns] == [("host", r"scanner\-1")]
    assert draft.source_investigations == ["i-1", "i-2", "i-3"]
    assert await explains(store, office) is None


async def test_same_cases_are_asked_about_once(office: Office, review: PatternReview) -> None:
    await drafted(office, review)
    assert "already" in await office.batch.patterns.consider(office.tenant, "Port scan")


async def test_closed_case_is_looked_at_and_poison_goes_to_the_dead_letters(office: Office) -> None:
    office.cases.all = list(CONFIRMED)
    incident = Incident(
        doc_id="d",
        tenant_id=office.tenant,
        investigation_id="i-3",
        alert_name="Port scan",
        severity="low",
        final_classification="false_positive",
        outcome="disposed",
        summary="s",
        happened_at="2026-11-28T00:00:00Z",
    )
    for value in (b"no json", incident.to_json(), incident.to_json()):
        await office.batch.closed_cases.incident(Received("knowledge.incident.stored", value))
    assert office.states() == {"queued": 1}
    assert len(office.bus.on("alerts.raw.dlq")) == 1


async def test_two_persons_bring_a_pattern_into_force_on_every_instance_at_once(
    office: Office, review: PatternReview, store: Postgres
) -> None:
    draft = await drafted(office, review)
    first = await review.approve(draft.pattern_id, person(office, "ann"))
    assert (first.status, await explains(store, office)) == ("pending_review", None)
    with pytest.raises(Conflict, match="another person"):
        await review.approve(draft.pattern_id, person(office, "ann"))
    second = await review.approve(draft.pattern_id, person(office, "bob"))
    assert second.status == "active"
    assert second.expiry_date is not None
    lifetime = datetime.fromisoformat(second.expiry_date) - datetime.fromisoformat(second.updated_at)
    assert lifetime > timedelta(days=89)
    assert await explains(store, office) == draft.pattern_id
    await office.outbox.settled()
    await office.outbox.sweep()
    (message,) = [one for one in office.bus.on("knowledge.fp.approved") if one.key == draft.pattern_id]
    assert FPPattern.from_json(message.value).approved_by_2 == "bob"
    names = [AuditEvent.from_json(one.value) for one in office.bus.on("audit.events")]
    assert [one.event_type for one in names if one.tenant_id == office.tenant] == [
        *("fp_pattern.created", "fp_pattern.approved", "fp_pattern.approved", "fp_pattern.activated")
    ]


async def test_backtest_that_finds_an_attack_keeps_a_pattern_out(office: Office, review: PatternReview) -> None:
    draft = await drafted(office, review)
    office.cases.all.append(case(9, disposition="true_positive"))
    assert "i-9" in (await review.backtest(office.tenant, draft.pattern_id)).blocked
    with pytest.raises(Conflict, match="confirmed attack"):
        await review.approve(draft.pattern_id, person(office, "ann"))


async def test_attacker_who_floods_a_tenant_gains_neither_question_nor_draft(
    office: Office, review: PatternReview
) -> None:
    office.cases.all = [case(number, entities=entities(host="victim-1")) for number in range(300)]
    assert "needed are" in await office.batch.patterns.consider(office.tenant, "Port scan")
    assert office.states() == {}
    assert await review.drafts(office.tenant) == []


async def test_revoked_pattern_explains_nothing_any_more_and_stays_revoked(
    office: Office, review: PatternReview, store: Postgres
) -> None:
    draft = await drafted(office, review)
    with pytest.raises(Conflict, match="in force"):
        await review.revoke(draft.pattern_id, "wrong", person(office, "ann"))
    for name in ("ann", "bob"):
        await review.approve(draft.pattern_id, person(office, name))
    for _ in range(2):
        revoked = await review.revoke(draft.pattern_id, "it hid an attack", person(office, "cyd"))
        assert (revoked.status, revoked.reason) == ("revoked", "revoked: it hid an attack")
    assert await explains(store, office) is None
    with pytest.raises(Conflict, match="only a draft"):
        await review.approve(draft.pattern_id, person(office, "ann"))


async def test_one_contradiction_takes_a_pattern_below_what_closes_alerts(
    office: Office, review: PatternReview, store: Postgres
) -> None:
    draft = await drafted(office, review)
    for name in ("ann", "bob"):
        await review.approve(draft.pattern_id, person(office, name))
    async with store.transaction(office.tenant) as connection:
        await contradict(connection, office.tenant, draft.pattern_id)
    assert await explains(store, office) is None


async def test_rejected_draft_waits_no_longer(office: Office, review: PatternReview) -> None:
    draft = await drafted(office, review)
    await review.reject(draft.pattern_id, "too wide", person(office, "ann"))
    assert await review.drafts(office.tenant) == []


async def test_pattern_of_another_tenant_is_not_found(office: Office, review: PatternReview) -> None:
    draft = await drafted(office, review)
    stranger = Identity("eve", "Eve", frozenset({Role.ADMIN}), "another-tenant")
    with pytest.raises(NotFound):
        await review.approve(draft.pattern_id, stranger)


def written(office: Office, **fields: Any) -> FPPattern:
    """A pattern that a person wrote, with approvals that nobody gave."""
    now = datetime.now(UTC)
    return FPPattern.model_validate(
        {
            "pattern_id": f"fp-{uuid4()}",
            "alert_name": "Port scan",
            "entity_patterns": [{"type": "host", "value_regex": "scanner-1"}],
            "confidence": 0.95,
            "status": "active",
            "approved_by_1": "somebody",
            "approved_by_2": "somebody-else",
            "expiry_date": (now + timedelta(days=30)).isoformat(),
            "scope_tenant_id": office.tenant,
            "created_at": now.isoformat(),
            "updated_at": now.isoformat(),
        }
        | fields
    )


async def test_loaded_pattern_waits_for_another_persons_approval_and_keeps_its_day(
    office: Office, review: PatternReview, store: Postgres
) -> None:
    pattern = written(office)
    waiting = await review.load(pattern, person(office, "ann"))
    assert (waiting.status, waiting.approved_by_1, waiting.approved_by_2) == ("pending_review", "ann", None)
    with pytest.raises(Conflict, match="already"):
        await review.load(pattern, person(office, "ann"))
    assert await explains(store, office) is None
    active = await review.approve(pattern.pattern_id, person(office, "bob"))
    assert (active.status, active.expiry_date) == ("active", pattern.expiry_date)
    assert await explains(store, office) == pattern.pattern_id


async def test_pattern_that_would_have_closed_an_attack_is_neither_loaded_nor_stored(
    office: Office, review: PatternReview
) -> None:
    office.cases.all = [case(1, disposition="true_positive")]
    pattern = written(office)
    with pytest.raises(Conflict, match="confirmed attack"):
        await review.load(pattern, person(office, "ann"))
    assert await review.drafts(office.tenant) == []


async def test_pattern_that_is_loaded_with_another_meaning_needs_two_approvals_again(
    office: Office, review: PatternReview, store: Postgres
) -> None:
    pattern = written(office)
    await review.load(pattern, person(office, "ann"))
    await review.load(pattern, person(office, "bob"))
    assert await explains(store, office) == pattern.pattern_id
    changed = pattern.model_copy(update={"confidence": 0.99})
    assert (await review.load(changed, person(office, "bob"))).status == "pending_review"
    assert await explains(store, office) is None


async def test_loaded_pattern_drifts_as_people_found_and_not_as_its_file_says(
    office: Office, review: PatternReview, store: Postgres
) -> None:
    pattern = written(office, drifting_until="soon")
    for name in ("ann", "bob"):
        assert not (await review.load(pattern, person(office, name))).drifting_until
    async with store.transaction(office.tenant) as connection:
        await drift(connection, office.tenant, "Port scan")
    changed = pattern.model_copy(update={"confidence": 0.94, "drifting_until": ""})
    for name in ("ann", "bob"):
        assert is_drifting(await review.load(changed, person(office, name)))
