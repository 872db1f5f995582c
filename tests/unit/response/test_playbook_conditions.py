"""A playbook may act without a person only on what the person who wrote it had in mind."""

from typing import Any

import pytest
from pydantic import ValidationError

from shared.contracts.entity import AlertEntities
from shared.response.playbook_conditions import PlaybookConditions

CONDITIONS = PlaybookConditions.model_validate(
    {
        "products": ["Office 365 Advanced Threat Protection"],
        "rules": ["Email reported by user as (phish|malware)"],
        "entities": [
            {"type": "mailbox", "value_regex": r".*@corp\.example"},
            {"type": "url", "value_regex": "https?://.*"},
        ],
    }
)


URL = ("url", "https://evil.example/x")


def unmet(
    *entities: tuple[str, str],
    product: str = "Office 365 Advanced Threat Protection",
    rule: str = "Email reported by user as phish",
    losses: int = 0,
) -> list[str]:
    fields = {"mailbox": "mailboxes", "url": "urls", "host": "hosts"}
    found: dict[str, list[dict[str, Any]]] = {}
    for kind, value in entities:
        found.setdefault(fields[kind], []).append({"entity_type": kind, "primary_value": value})
    return CONDITIONS.unmet(
        product=product, rule=rule, entities=AlertEntities.model_validate({**found, "losses": losses})
    )


def test_alert_that_was_in_mind_meets_all_in_any_case() -> None:
    assert unmet(("mailbox", "Ann@CORP.example"), ("url", "https://evil.example/x")) == []


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        (unmet(URL, product="Microsoft Defender XDR"), "not written for this product"),
        (unmet(URL, rule="Email reported by user as phish and closed"), "not written for this rule"),
        (unmet(URL, rule="Email reported by user as phish\n"), "not written for this rule"),
        (unmet(), "the alert names no entity"),
        (unmet(URL, losses=1), "some of the entities could not be read"),
        (unmet(("mailbox", "ceo@partner.example")), "entities (mailbox)"),
        (unmet(("mailbox", "a@corp.example"), ("mailbox", "b@corp.example.evil")), "entities (mailbox)"),
        (unmet(("mailbox", "a@corp.example"), ("host", "dc-1")), "entities (host)"),
        (unmet(("url", "javascript:x"), ("host", "dc-1")), "entities (host, url)"),
    ],
)
def test_anything_else_is_named_without_the_alerts_own_words(found: list[str], reason: str) -> None:
    assert len(found) == 1
    assert reason in found[0]
    assert "evil" not in found[0]


@pytest.mark.parametrize("missing", ["products", "rules", "entities"])
def test_conditions_say_something_about_product_rule_and_entities(missing: str) -> None:
    with pytest.raises(ValidationError, match=missing):
        PlaybookConditions.model_validate(CONDITIONS.model_dump() | {missing: []})


def test_expression_that_cannot_be_read_matches_nothing() -> None:
    broken = CONDITIONS.model_copy(update={"rules": ["(unclosed"]})
    assert (
        broken.unmet(product="Office 365 Advanced Threat Protection", rule="(unclosed", entities=AlertEntities())[0]
        == "the playbook was not written for this rule"
    )
