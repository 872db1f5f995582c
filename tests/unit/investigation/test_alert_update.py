"""What a later message about the same alert changes."""

from typing import Any

import pytest

from shared.contracts.alert import ENTITIES_MISSING, EVIDENCE_ONLY, NormalizedAlert
from shared.contracts.entity import MAX_ENTITIES, AlertEntities, EntityType, NormalizedEntity
from shared.investigation.alert_update import amended


def entities(*hosts: str) -> AlertEntities:
    return AlertEntities(hosts=[NormalizedEntity(entity_type=EntityType.HOST, primary_value=name) for name in hosts])


def alert(**fields: Any) -> NormalizedAlert:
    return NormalizedAlert.model_validate(
        {
            "alert_id": "a-1",
            "source": "sentinel",
            "timestamp": "2026-11-20T08:00:00Z",
            "title": "First",
            "severity": "medium",
            "parsed_entities": entities("ws-1"),
        }
        | fields
    )


def test_same_alert_again_changes_nothing() -> None:
    assert amended(alert(), alert()) == (alert(), [])


def test_newer_words_and_severity_count() -> None:
    update = alert(timestamp="2026-11-20T08:05:00Z", title="Second", severity="high")
    result, changed = amended(alert(), update)
    assert (result.title, result.severity, result.timestamp) == ("Second", "high", "2026-11-20T08:05:00Z")
    assert changed == ["title", "severity"]


def test_older_message_that_comes_late_adds_but_does_not_overwrite() -> None:
    older = alert(
        timestamp="2026-11-20T07:00:00",
        title="Old",
        severity="low",
        techniques=["T1003"],
        parsed_entities=entities("x"),
    )
    result, changed = amended(alert(), older)
    assert (result.title, result.severity) == ("First", "medium")
    assert [entity.primary_value for entity in result.parsed_entities.hosts] == ["ws-1", "x"]
    assert changed == ["techniques", "parsed_entities"]


def test_empty_words_and_a_missing_severity_say_nothing() -> None:
    update = alert(timestamp="2026-11-20T08:05:00Z", title="", severity=None)
    assert update.flags == ["severity_missing"]
    result, _ = amended(alert(severity="critical"), update)
    assert (result.title, result.severity) == ("First", "critical")


def test_evidence_adds_to_an_alert_and_never_speaks_for_it() -> None:
    seen = alert(timestamp="2026-11-20T08:05:00Z", title="Row", severity="low", flags=[EVIDENCE_ONLY])
    whole = alert(flags=[ENTITIES_MISSING], severity="high", parsed_entities={})
    for stored, update in ((whole, seen), (seen, whole)):
        result, _ = amended(stored, update)
        assert (result.title, result.severity, result.flags) == ("First", "high", [])
        assert [entity.primary_value for entity in result.parsed_entities.hosts] == ["ws-1"]


@pytest.mark.parametrize(("first", "second", "left"), [(True, True, True), (True, False, False), (False, True, False)])
def test_entities_are_missing_only_while_no_message_had_them(first: bool, second: bool, left: bool) -> None:
    flags = {True: [ENTITIES_MISSING, "title_cut"], False: ["title_cut"]}
    result, _ = amended(alert(flags=flags[first]), alert(flags=flags[second]))
    assert (ENTITIES_MISSING in result.flags) is left
    assert "title_cut" in result.flags


def test_one_entity_spelt_in_two_cases_is_one() -> None:
    result, changed = amended(alert(), alert(parsed_entities=entities("WS-1")))
    assert (len(result.parsed_entities.hosts), changed) == (1, [])


def many(count: int) -> AlertEntities:
    return entities(*(f"ws-{number}" for number in range(count)))


def test_entities_of_many_messages_stay_within_the_bound_of_one_and_the_rest_is_counted() -> None:
    result, _ = amended(alert(parsed_entities=many(999)), alert(parsed_entities=many(1_009)))
    assert len(result.parsed_entities.hosts) == MAX_ENTITIES
    assert result.parsed_entities.losses == 9
    assert result.parsed_entities.parse_errors == ["entities: 9 of a later message were not kept, there are 1000"]


def of(kind: EntityType, value: str, **properties: Any) -> AlertEntities:
    entity = NormalizedEntity(entity_type=kind, primary_value=value, properties=properties)
    return AlertEntities(accounts=[entity]) if kind is EntityType.ACCOUNT else AlertEntities(processes=[entity])


@pytest.mark.parametrize(
    ("first", "second", "kept"),
    [
        (of(EntityType.PROCESS, "a", command_line="a -x"), of(EntityType.PROCESS, "a", command_line="a -y"), 2),
        (of(EntityType.ACCOUNT, "ann", nt_domain="CORP"), of(EntityType.ACCOUNT, "ann", nt_domain="LAB"), 2),
        (of(EntityType.ACCOUNT, "ann", nt_domain="CORP"), of(EntityType.ACCOUNT, "ANN", nt_domain="corp", sid="S"), 1),
        (of(EntityType.ACCOUNT, "a@b.example"), of(EntityType.ACCOUNT, "a@b.example", nt_domain="LAB"), 1),
    ],
)
def test_entities_of_two_messages_are_told_apart_as_in_one(
    first: AlertEntities, second: AlertEntities, kept: int
) -> None:
    assert sum(1 for _ in first.merged_with(second).all()) == kept


def test_later_message_fills_in_what_an_entity_lacked() -> None:
    joined = of(EntityType.ACCOUNT, "ann", name="ann").merged_with(of(EntityType.ACCOUNT, "ANN", name="x", sid="S-1"))
    assert joined.accounts[0].properties == {"name": "ann", "sid": "S-1"}


def test_raw_entities_that_came_late_replace_an_empty_list() -> None:
    first = alert(flags=[ENTITIES_MISSING], entities_raw="[]")
    assert amended(first, alert(entities_raw='[{"Type": "host"}]'))[0].entities_raw == '[{"Type": "host"}]'
    assert amended(alert(entities_raw="[1]"), alert(entities_raw="[2]"))[0].entities_raw == "[1]"
