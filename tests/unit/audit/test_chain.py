import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.audit.chain import GENESIS_ID, ZERO_HASH, Link, canonical, check_event, digest, genesis, link
from shared.audit.event import audit_event
from shared.audit.uuid7 import uuid7
from shared.audit.verifier import ChainVerifier, StoredRecord
from shared.contracts.audit import AuditEvent
from shared.errors import InvalidInput

NOW = "2026-11-23T06:00:00.000000Z"

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def event(**changes: object) -> AuditEvent:
    fields: dict[str, object] = {
        "tenant_id": "contoso",
        "event_type": "alert.classified",
        "actor_id": "reasoning_agent",
        "source_service": "test",
    }
    return audit_event(**{**fields, **changes})  # type: ignore[arg-type]


def chained(*events: AuditEvent) -> list[Link]:
    links: list[Link] = []
    for number, item in enumerate((genesis("contoso"), *map(check_event, events))):
        previous = links[-1].record_hash if links else ZERO_HASH
        links.append(link(item, sequence_number=number, previous_hash=previous, ingested_at=NOW))
    return links


def errors_in(links: list[Link]) -> list[str]:
    verifier = ChainVerifier("contoso")
    found: list[str] = []
    for item in links:
        found += verifier.check(StoredRecord(item.sequence_number, item.canonical, item.record_hash, "{}"))
    return found


def test_canonical_text_is_sorted_compact_and_unescaped() -> None:
    assert canonical({"b": {"z": 1, "a": "é"}, "a": [1.5, None]}) == '{"a":[1.5,null],"b":{"a":"é","z":1}}'


def test_digest_is_the_published_sha256_of_abc() -> None:
    assert digest("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"  # FIPS 180-4, example


def test_genesis_has_sequence_zero_a_zero_id_and_follows_zeros() -> None:
    (first,) = chained()
    fields = json.loads(first.canonical)
    assert (fields["sequence_number"], fields["audit_id"], fields["previous_hash"]) == (0, GENESIS_ID, "0" * 64)
    assert fields["event_type"] == "system.genesis"


@given(st.lists(st.dictionaries(st.text(), JSON, max_size=3), min_size=1, max_size=4))
def test_verifier_accepts_every_chain_that_the_writer_makes(contexts: list[dict[str, object]]) -> None:
    assert errors_in(chained(*(event(context=context) for context in contexts))) == []


@given(st.data())
def test_verifier_finds_any_changed_character(data: st.DataObject) -> None:
    links = chained(event(context={"note": "quiet"}), event())
    at = data.draw(st.integers(0, len(links) - 1))
    text = links[at].canonical
    position = data.draw(st.integers(0, len(text) - 1))
    changed = text[:position] + ("0" if text[position] != "0" else "1") + text[position + 1 :]
    links[at] = Link(links[at].audit_id, at, changed, links[at].record_hash, links[at].occurred_at)
    assert errors_in(links)


def test_verifier_finds_an_edit_whose_own_hash_was_recomputed() -> None:
    links = chained(event(actor_id="mallory"), event())
    edited = links[1].canonical.replace("mallory", "alice")
    links[1] = Link(links[1].audit_id, 1, edited, digest(edited), links[1].occurred_at)
    assert errors_in(links) == ["record 2: it does not continue record 1"]


def test_verifier_rejects_reordered_records() -> None:
    first, second, third = chained(event(), event())
    assert errors_in([first, third, second])


def test_verifier_names_the_missing_records() -> None:
    links = chained(event(), event(), event())
    assert errors_in([links[0], links[3]]) == ["gap: records 1 to 2 are missing"]


def test_verifier_rejects_a_first_record_that_is_no_genesis() -> None:
    first = link(check_event(event()), sequence_number=0, previous_hash=ZERO_HASH, ingested_at=NOW)
    assert errors_in([first]) == ["record 0: it is no genesis record"]


def test_verifier_rejects_a_duplicate_key_that_hides_a_value() -> None:
    text = chained()[0].canonical.replace('"actor_id":"audit"', '"actor_id":"mallory","actor_id":"audit"')
    verifier = ChainVerifier("contoso")
    assert list(verifier.check(StoredRecord(0, text, digest(text), "{}"))) == [
        "record 0: the hashed text is not in canonical form"
    ]


def test_verifier_rejects_a_record_of_another_tenant() -> None:
    (first,) = chained()
    verifier = ChainVerifier("fabrikam")
    found = list(verifier.check(StoredRecord(0, first.canonical, first.record_hash, "{}")))
    assert found == ["record 0: it was hashed for another tenant"]


def test_verifier_finds_a_column_that_differs_from_the_hashed_text() -> None:
    (first,) = chained()
    columns = json.dumps({"actor_id": "mallory", "occurred_at": NOW, "context": {"tenant": "contoso"}})
    found = list(ChainVerifier("contoso").check(StoredRecord(0, first.canonical, first.record_hash, columns)))
    assert [text.partition(": ")[2] for text in found] == [
        "column actor_id differs from the hashed text",
        "column occurred_at differs from the hashed text",
    ]


@pytest.mark.parametrize("time", ["0001-12-31T10:00:00+00:00 BC", "infinity"])
def test_verifier_finds_a_time_that_no_event_can_have(time: str) -> None:
    (first,) = chained()
    stored = StoredRecord(0, first.canonical, first.record_hash, json.dumps({"occurred_at": time}))
    assert list(ChainVerifier("contoso").check(stored)) == ["record 0: column occurred_at differs from the hashed text"]


def test_verifier_finds_a_cut_tail_by_the_head() -> None:
    links = chained(event(), event())
    verifier = ChainVerifier("contoso")
    for item in links[:2]:
        assert list(verifier.check(StoredRecord(item.sequence_number, item.canonical, item.record_hash, "{}"))) == []
    found = list(verifier.finish(last_sequence=2, last_hash=links[2].record_hash))
    assert found == ["the chain should end at record 2, it ends at 1"]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"audit_id": GENESIS_ID}, "audit_id"),
        ({"audit_id": str(uuid7()).upper()}, "audit_id"),
        ({"audit_id": "x" * 36}, "audit_id"),
        ({"tenant_id": "*"}, "tenant_id"),
        ({"timestamp": "yesterday"}, "timestamp"),
        ({"timestamp": "2026-11-23T06:00:00"}, "timestamp"),
        ({"timestamp": "0001-01-01T00:00:00+14:00"}, "timestamp"),
        ({"timestamp": "9999-12-31T23:59:59-14:00"}, "timestamp"),
        ({"event_type": "system.genesis", "event_category": "system"}, "event_type"),
        ({"actor_id": "a" * 257}, "actor_id"),
        ({"investigation_id": "i" * 257}, "investigation_id"),
        ({"context": {"score": float("nan")}}, "JSON"),
        ({"context": {"title": "a\x00b"}}, "NUL"),
        ({"actor_id": "a\ud800"}, "JSON"),
    ],
)
def test_event_that_no_chain_can_hold_is_refused_with_the_reason(changes: dict[str, object], field: str) -> None:
    broken = AuditEvent.model_construct(**(dict(event()) | changes))
    with pytest.raises(InvalidInput, match=field):
        check_event(broken)


def test_text_that_spells_an_escaped_nul_is_no_nul() -> None:
    assert "\\\\u0000" in check_event(event(context={"title": "a\\u0000"})).fields["context"]
    with pytest.raises(InvalidInput, match="NUL"):
        check_event(AuditEvent.model_construct(**(dict(event()) | {"context": {"title": "a\\\x00"}})))


def test_event_is_hashed_as_it_was_checked() -> None:
    checked = check_event(event(context={"b": 1.0, "a": "é"}, actor_type="human"))
    made = link(checked, sequence_number=1, previous_hash=ZERO_HASH, ingested_at=NOW)
    fields = json.loads(made.canonical)
    assert canonical(fields) == made.canonical
    assert {name: canonical(fields[name]) for name in checked.fields} == checked.fields


def test_built_event_makes_hostile_text_storable() -> None:
    built = event(context={"title": "a\x00b\ud800", "score": float("inf"), "tags": ("x",)})
    check_event(built)
    assert built.context == {"title": "a\ufffdb\ufffd", "score": "inf", "tags": ["x"]}


def test_built_event_derives_its_category() -> None:
    assert event(event_type="access.denied").event_category == "security"


def test_event_type_outside_the_vocabulary_is_refused_at_the_producer() -> None:
    with pytest.raises(InvalidInput, match=r"alert\.vanished"):
        event(event_type="alert.vanished")


def test_uuid7_carries_version_variant_and_the_order_of_time() -> None:
    made = [uuid7() for _ in range(50)]
    milliseconds = [item.int >> 80 for item in made]
    assert milliseconds == sorted(milliseconds)
    assert len(set(made)) == 50
    assert all(
        re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", str(m)) for m in made
    )
