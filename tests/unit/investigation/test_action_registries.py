"""An action has its place in every registry: one that is added to one of them alone fails here."""

from local.simulators import judgement
from shared.contracts.action import DESTRUCTIVE, HARMLESS, PROPOSABLE, Action, ActionClass, ActionName
from shared.investigation.agents.reasoning import SCHEMA
from shared.response.catalogue import CATALOGUE

UNDOING = {entry.undo for entry in CATALOGUE.values() if entry.undo}


def test_every_action_is_harmless_or_destructive_or_undoes_one() -> None:
    assert set(ActionName) == HARMLESS | DESTRUCTIVE | UNDOING
    assert set() == HARMLESS & DESTRUCTIVE
    assert UNDOING.isdisjoint(HARMLESS | DESTRUCTIVE)


def test_action_of_no_set_needs_a_person() -> None:
    unknown = Action.model_construct(action="quarantine_fleet", target="x")  # type: ignore[arg-type]
    assert unknown.destructive
    assert all(Action(action=name, target="x").destructive for name in UNDOING)


def test_every_action_is_in_the_catalogue_and_says_what_stops() -> None:
    assert set(CATALOGUE) == set(ActionName)
    assert all(entry.stops.endswith(".") for entry in CATALOGUE.values())


def test_action_that_needs_a_person_names_what_it_may_target_unless_it_is_about_the_incident() -> None:
    without = {name for name in DESTRUCTIVE if not CATALOGUE[name].targets}
    assert without == {ActionName.CLOSE_INCIDENT}


def test_model_is_offered_what_may_be_proposed_and_no_more() -> None:
    proposals = SCHEMA["properties"]["recommended_actions"]
    assert proposals["items"]["properties"]["action"]["enum"] == list(PROPOSABLE)
    assert UNDOING.isdisjoint(PROPOSABLE)


def test_simulated_model_proposes_from_the_closed_list() -> None:
    assert set(judgement.HARMLESS) <= HARMLESS
    assert set(judgement.TARGET_KINDS) <= DESTRUCTIVE
    for action, kinds in judgement.TARGET_KINDS.items():
        assert set(kinds) <= {str(kind) for kind in CATALOGUE[ActionName(action)].targets}


def test_connector_is_taught_every_action_of_its_class() -> None:
    """A connector tells the actions of its class apart, and takes one that it does not know for another. Before you add
    a name here, teach the connector, and test it on the simulated product.
    """
    found = {kind: {name for name in ActionName if CATALOGUE[name].action_class is kind} for kind in ActionClass}
    assert found == {
        ActionClass.ENDPOINT: {"isolate_host", "release_host", "quarantine_file"},
        ActionClass.INDICATOR: {"block_ip", "block_url", "block_file", "unblock_ip", "unblock_url", "unblock_file"},
        ActionClass.IDENTITY: {"disable_account", "enable_account", "revoke_sessions", "reset_credentials"},
        ActionClass.MAIL: {"purge_mail", "restore_mail"},
        ActionClass.INCIDENT: {"add_comment", "tag_incident", "set_severity", "close_incident", "reopen_incident"},
        ActionClass.PEOPLE: {"notify_owner", "open_ticket"},
    }
