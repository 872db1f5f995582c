"""What the person who approves is shown: what stops, for whom, and whether it can be undone."""

import pytest

from shared.contracts.action import Action, ActionName
from shared.response.assets import AssetFacts, possible_keys, short_name
from shared.response.blast_radius import consequence

DC = AssetFacts(
    entity_type="host",
    entity_name="dc-1.contoso.example",
    criticality="critical",
    role="domain_controller",
    owner="Identity team",
    normal_services=["dns", "kerberos", "ldap", "gpo"],
    normal_admin_users=["ada", "bo"],
)
EXPOSURES = [
    {
        "asset_id": "DC-1.contoso.example",
        "severity": "CRITICAL",
        "ctem_score": 9.1,
        "physical_consequence": "safety_life",
    },
    {"asset_id": "dc-1", "severity": "LOW", "ctem_score": 2, "physical_consequence": ""},
    {"asset_id": "ws-9", "severity": "CRITICAL", "ctem_score": 10},
]


def isolate(**parameters: str | int) -> Action:
    return Action(action=ActionName.ISOLATE_HOST, target="dc-1", parameters=parameters)


def test_known_host_says_what_it_is_who_uses_it_and_what_is_open_on_it() -> None:
    assert consequence(isolate(hours=4), [DC], EXPOSURES) == (
        "dc-1 loses its network but for Defender itself: whoever works on it or uses its services is cut off. "
        "dc-1.contoso.example is a domain controller of critical criticality; "
        "it is used by 4 services (dns, kerberos, ldap, ...) and 2 administrators (ada, bo); "
        "its owner is Identity team. "
        "It has 2 open exposures, the worst CRITICAL, which may cause safety life. "
        "It ends by itself after 4 hours."
    )


def test_unknown_host_says_that_nothing_is_known() -> None:
    text = consequence(isolate(), [], [])
    assert text.endswith("The asset list does not know it. It can be undone.")


@pytest.mark.parametrize("name", [ActionName.REVOKE_SESSIONS, ActionName.QUARANTINE_FILE, ActionName.RESET_CREDENTIALS])
def test_action_without_an_undo_says_so(name: ActionName) -> None:
    assert consequence(Action(action=name, target="x"), [], []).endswith("It cannot be undone from here.")


def test_harmless_action_says_that_nothing_stops() -> None:
    text = consequence(Action(action=ActionName.ADD_COMMENT, target="alert-1"), [], [])
    assert text == "Nothing stops: the incident gets a comment."


def test_hostile_target_is_cut_and_formats_nothing() -> None:
    text = consequence(Action(action=ActionName.BLOCK_URL, target="{target.__class__}" + "x" * 500), [], [])
    assert text.startswith("No managed device reaches {target.__class__}xxx")
    assert len(text) < 400


@pytest.mark.parametrize(
    ("kind", "stored", "targets"),
    [
        ("host", "DC-1.contoso.example", ["dc-1", "DC-1.other.example", "dc-1.contoso.example"]),
        ("host", "10.0.0.5", ["10.0.0.5"]),
        ("account", "CONTOSO\\jane.doe", ["jane.doe", "jane.doe@contoso.example", "OTHER\\Jane.Doe"]),
        ("mailbox", "ceo@contoso.example", ["CEO@contoso.example", "ceo"]),
    ],
)
def test_asset_is_found_under_every_spelling_of_its_name(kind: str, stored: str, targets: list[str]) -> None:
    key = short_name(kind, stored)  # type: ignore[arg-type]
    assert [target for target in targets if key not in possible_keys(target)] == []


@pytest.mark.parametrize(("stored", "target"), [("10.0.0.5", "10.0.0.6"), ("dc-1", "dc-10"), ("dc-1", "dc")])
def test_another_host_is_not_taken_for_it(stored: str, target: str) -> None:
    assert short_name("host", stored) not in possible_keys(target)
