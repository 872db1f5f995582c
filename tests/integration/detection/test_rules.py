"""Each rule on its own fixtures, and on every other's (design §7.16)."""

import pytest

from shared.detection.catalogue import catalogue
from shared.detection.fixtures import failures, results_of
from shared.detection.rule import Fixture
from shared.stores.postgres import Postgres

CASES = [
    pytest.param(rule_id, fixture, id=f"{rule_id[-3:]}-{fixture.name}")
    for rule_id, detection in catalogue().items()
    for fixture in (*detection.rule.firing, *detection.rule.silent)
]


@pytest.mark.parametrize(("rule_id", "fixture"), CASES)
async def test_rule_does_what_its_fixture_says_and_no_other_rule_fires(
    store: Postgres, rule_id: str, fixture: Fixture
) -> None:
    results = await results_of(store, list(catalogue().values()), fixture)
    assert failures(fixture, results[rule_id]) == []
    others = {
        other: [(result.signal, result.triggers) for result in found if result.triggered]
        for other, found in results.items()
        if other != rule_id
    }
    assert {other: found for other, found in others.items() if found} == {}
