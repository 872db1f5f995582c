"""What is enough for a pattern and what it may say; most tests are an attacker who wants to be ignored."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from shared.batch.pattern_rules import backtest, common_entities, counted, not_enough, pattern_of
from shared.contracts.batch import FPPattern
from shared.contracts.batch_answers import PatternProposal
from shared.contracts.entity import AlertEntities
from shared.contracts.judged_case import JudgedCase
from shared.errors import InvalidInput
from shared.knowledge.fp_patterns import fits


def entities(**values: str | list[str]) -> AlertEntities:
    lists = {"host": "hosts", "ip": "ips", "account": "accounts", "process": "processes"}
    return AlertEntities.model_validate(
        {
            lists[kind]: [
                {"entity_type": kind, "primary_value": one} for one in ([value] if isinstance(value, str) else value)
            ]
            for kind, value in values.items()
        }
    )


def case(number: int, *, by: str = "ann", day: int = 1, **fields: Any) -> JudgedCase:
    return JudgedCase.model_validate(
        {
            "investigation_id": f"i-{number}",
            "alert_title": "Port scan",
            "incident_id": f"c-{number}",
            "entities": entities(host="scanner-1", ip=f"203.0.113.{number % 250}"),
            "disposition": "false_positive",
            "decided_by": by,
            "decided_at": f"2026-11-{day:02}T08:00:00+00:00",
        }
        | fields
    )


CONFIRMED = [case(1), case(2, by="bob", day=2), case(3, day=3)]


def proposal(**fields: Any) -> PatternProposal:
    return PatternProposal.model_validate(
        {
            "alert_name": "Port scan",
            "conditions": [{"entity_type": "host", "values": ["scanner-1"]}],
            "reason": "our own scanner",
            "confidence": 1.0,
        }
        | fields
    )


def draft(offered: PatternProposal, cases: list[JudgedCase] = CONFIRMED) -> FPPattern:
    return pattern_of(offered, cases, pattern_id="fp-1", tenant_id="t", now="2026-11-28T00:00:00Z")


def test_three_cases_of_two_analysts_on_three_days_are_enough() -> None:
    assert not_enough(CONFIRMED) == ""


@pytest.mark.parametrize(
    "cases",
    [
        pytest.param([case(n) for n in range(500)], id="a flood that one tired analyst closes in one day"),
        pytest.param([case(n, day=n % 28 + 1) for n in range(500)], id="a month of floods, and one analyst"),
        pytest.param([case(n, by=f"analyst-{n}") for n in range(500)], id="a flood that everybody closes in one day"),
        pytest.param(
            [case(n, by=f"analyst-{n % 9}", day=n % 28 + 1, incident_id="c-1") for n in range(500)],
            id="one incident kept alive for a month",
        ),
        pytest.param([*CONFIRMED, case(9, disposition="true_positive")], id="one of them was an attack"),
        pytest.param(
            [case(n, by="bob", day=n + 1, disposition="undetermined") for n in range(20)], id="nobody confirmed them"
        ),
        pytest.param(
            [case(n, by=f"analyst-{n}", day=n + 1, disposition="", classification="false_positive") for n in range(20)],
            id="the model's word only",
        ),
    ],
)
def test_attacker_who_raises_look_alike_alerts_gains_no_pattern(cases: list[JudgedCase]) -> None:
    assert not_enough(cases) != ""


def test_flood_counts_as_one_beside_honest_confirmations() -> None:
    flood = [case(n, incident_id="flood", day=4) for n in range(100, 400)]
    assert len(counted([*CONFIRMED, *flood])) == len(CONFIRMED) + 1


def test_draft_fits_the_cases_and_nothing_that_only_looks_like_them() -> None:
    pattern = draft(proposal())
    assert all(fits(pattern, one.alert_title, one.entities) for one in CONFIRMED)
    assert not fits(pattern, "Port scan", entities(host="scanner-10"))
    assert not fits(pattern, "Port scan.", entities(host="scanner-1"))
    assert pattern.status == "pending_review"
    assert pattern.confidence == pytest.approx(0.95)  # not what the model says of itself


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"alert_name": ".*"}, id="another name"),
        pytest.param({"conditions": [{"entity_type": "host", "values": [".*"]}]}, id="an expression"),
        pytest.param({"conditions": [{"entity_type": "host", "values": ["scanner-1", "dc-1"]}]}, id="a host besides"),
        pytest.param(
            {"conditions": [{"entity_type": "ip", "values": [f"203.0.113.{n}" for n in (1, 2, 3)]}]},
            id="addresses alone",
        ),
        pytest.param({"conditions": [{"entity_type": "process", "values": ["nmap"]}]}, id="what no case has"),
        pytest.param(
            {
                "conditions": [
                    {"entity_type": "host", "values": ["scanner-1"]},
                    {"entity_type": "ip", "values": ["203.0.113.1"]},
                ]
            },
            id="what one case only has",
        ),
    ],
)
def test_model_that_obeys_an_attacker_proposes_nothing_that_lands(fields: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        draft(proposal(**fields))


def test_special_characters_of_a_name_are_no_expression() -> None:
    odd = [one.model_copy(update={"entities": entities(host="a.*|b")}) for one in CONFIRMED]
    pattern = draft(proposal(conditions=[{"entity_type": "host", "values": ["a.*|b"]}]), odd)
    assert fits(pattern, "Port scan", entities(host="a.*|b"))
    assert not fits(pattern, "Port scan", entities(host="anything"))
    assert not fits(pattern, "Port scan", entities(host="b"))


def test_common_entities_leave_out_kinds_that_differ_too_much() -> None:
    many = [case(n) for n in range(9)]
    assert common_entities(many) == {"host": ["scanner-1"]}


async def _each(cases: list[JudgedCase]) -> AsyncIterator[JudgedCase]:
    for one in cases:
        yield one


@pytest.mark.parametrize(
    ("history", "alerts", "blocked"),
    [
        (CONFIRMED, 1000, ""),
        ([*CONFIRMED, case(9, disposition="true_positive")], 1000, "1 confirmed attack(s): i-9"),
        (
            [*CONFIRMED, case(9, disposition="", outcome="approved", classification="true_positive")],
            1000,
            "1 confirmed attack(s): i-9",
        ),
        ([case(n) for n in range(21)], 100, "21 of 100 alerts"),
    ],
)
def test_backtest_blocks_what_would_close_an_attack_or_nearly_everything(
    history: list[JudgedCase], alerts: int, blocked: str
) -> None:
    result = asyncio.run(backtest(draft(proposal()), _each(history), alerts=alerts))
    assert blocked in result.blocked
    assert bool(result.blocked) is bool(blocked)
    assert result.matched == len(history)
