"""Which alert a false-positive pattern fits: name and entities, in RE2 only."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.contracts.batch import FPPattern
from shared.contracts.entity import AlertEntities, EntityType, NormalizedEntity
from shared.knowledge.fp_patterns import fits

SCANNER = AlertEntities.model_validate(
    {
        "hosts": [{"entity_type": "host", "primary_value": "scanner-1"}],
        "ips": [{"entity_type": "ip", "primary_value": "10.0.0.7"}],
    }
)
HOST = {"type": "host", "value_regex": "scanner-[0-9]+"}


def pattern(**fields: Any) -> FPPattern:
    return FPPattern.model_validate(
        {
            "pattern_id": "fp-1",
            "alert_name": "Port scan",
            "entity_patterns": [HOST],
            "confidence": 0.97,
            "status": "active",
            "scope_tenant_id": "t",
            "created_at": "2026-11-01T00:00:00Z",
            "updated_at": "2026-11-01T00:00:00Z",
        }
        | fields
    )


@pytest.mark.parametrize("name", ["Port scan", "port SCAN"])
def test_pattern_fits_its_alert_with_its_entity(name: str) -> None:
    assert fits(pattern(), name, SCANNER)


@pytest.mark.parametrize(
    "fields",
    [
        {"entity_patterns": []},
        {"alert_name": "Port scanning"},
        {"entity_patterns": [HOST, {"type": "account", "value_regex": ".*"}]},
        {"entity_patterns": [{"type": "ip", "value_regex": "scanner-1"}]},
        {"entity_patterns": [{"type": "host", "value_regex": "scanner"}]},
        {"entity_patterns": [{"type": "host", "value_regex": "canner-1"}]},
        {"entity_patterns": [{"type": "host", "value_regex": "scanner-(?=1)."}]},
        {"entity_patterns": [{"type": "host", "value_regex": "([0-9"}]},
        {"entity_patterns": [{"type": "host", "value_regex": ""}]},
        {"entity_patterns": [HOST, {"type": "ip", "value_regex": "10.0.0.8"}]},
        {"alert_name_regex": "Port"},
        {"alert_name_regex": "("},
    ],
    ids=[
        "no entities",
        "another name",
        "one entity missing",
        "entity of another type",
        "only the start",
        "only the end",
        "lookahead is no RE2",
        "broken expression",
        "empty expression",
        "another address",
        "name only in part",
        "broken name",
    ],
)
def test_pattern_does_not_fit(fields: dict[str, Any]) -> None:
    assert not fits(pattern(**fields), "Port scan", SCANNER)


def test_name_expression_replaces_the_name() -> None:
    assert fits(pattern(alert_name="", alert_name_regex="port scan( from .*)?"), "Port scan from outside", SCANNER)


def test_every_entity_pattern_may_find_its_own_entity() -> None:
    wanted = [HOST, {"type": "ip", "value_regex": r"10\.0\.0\.\d+"}]
    assert fits(pattern(entity_patterns=wanted), "Port scan", SCANNER)


def test_second_host_beside_the_known_one_fits_only_a_pattern_that_names_it() -> None:
    both = SCANNER.model_copy(
        update={"hosts": [*SCANNER.hosts, NormalizedEntity(entity_type=EntityType.HOST, primary_value="dc-1")]}
    )
    assert not fits(pattern(), "Port scan", both)
    assert fits(pattern(entity_patterns=[HOST, {"type": "host", "value_regex": "dc-1"}]), "Port scan", both)


def test_expression_that_a_backtracking_engine_would_never_finish_is_answered() -> None:
    hostile = AlertEntities.model_validate({"hosts": [{"entity_type": "host", "primary_value": "a" * 2000 + "!"}]})
    assert not fits(pattern(entity_patterns=[{"type": "host", "value_regex": "(a+)+"}]), "Port scan", hostile)


@given(expression=st.text(max_size=30), name=st.text(max_size=30))
def test_no_expression_breaks_the_check(expression: str, name: str) -> None:
    wanted = [{"type": "host", "value_regex": expression}]
    fits(pattern(alert_name_regex=expression, entity_patterns=wanted), name, SCANNER)
