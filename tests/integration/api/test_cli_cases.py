"""The analyst's commands on the API over HTTP: list, show, approve, deny, dispose, prove, count."""

import json
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.integration.api.conftest import OPERATOR_TENANT
from tests.integration.api.test_api_contract import server, token
from tests.integration.api.test_api_investigations import approval, investigation, owner
from tests.integration.api.test_cli_actions import Run, run

__all__ = ["owner", "run", "server", "token"]

HOSTILE = "Beacon to http://203.0.113.7/\x1b[2J [red]"


@pytest.fixture
def waiting(owner: psycopg.Connection) -> str:
    """A case that asks for an action; its id."""
    number = owner.execute("SELECT count(*) FROM investigation_state").fetchone()
    case = investigation(owner, OPERATOR_TENANT, 1000 + (number or (0,))[0], state="awaiting_human")
    approval(owner, OPERATOR_TENANT, case)
    return case


def stored(owner: psycopg.Connection, case: str, sql: str, value: Any) -> None:
    owner.execute(f"UPDATE investigation_state SET {sql} WHERE investigation_id = %s".encode(), (value, case))


def test_cases_lists_what_waits_and_names_the_next_command(run: Run, waiting: str) -> None:
    done = run("cases", "--state", "awaiting_human")
    assert done.exit_code == 0
    assert "awaiting human: waits" in done.output
    assert "for a person" in done.output
    assert "Next: `aluskort case ID`" in done.output


def test_cases_as_json_are_the_apis_items(run: Run, waiting: str) -> None:
    found = json.loads(run("cases", "--json", "-n", "100").stdout)
    assert waiting in {item["investigation_id"] for item in found}


def test_case_shows_why_actions_and_audit_and_obeys_nothing_of_the_alert(
    run: Run, owner: psycopg.Connection, waiting: str
) -> None:
    stored(owner, waiting, "alert_title = %s", HOSTILE)
    done = run("case", waiting)
    assert done.exit_code == 0
    assert "hxxp://203[.]0[.]113[.]7/\\x1b[2J [red]" in done.output
    assert "isolate host ws-014" in done.output
    assert "Audit" in done.output
    assert f"`aluskort deny {waiting[:8]}`" in done.output


def test_case_shows_an_injection_to_whoever_may_read_cases(run: Run, owner: psycopg.Connection, waiting: str) -> None:
    facts = json.dumps({"injection_risk": "medium", "answer_flags": ["instructions_repeated"]})
    stored(owner, waiting, "graph_state = jsonb_set(graph_state, '{case_facts}', %s::jsonb)", facts)
    shown = run("case", waiting).output
    assert "text of the alert carries orders to a model (risk medium)" in shown
    assert "instructions_repeated" in shown


@pytest.mark.parametrize(
    ("case", "sentence"),
    [
        ("abc", "at least the first 4 characters"),
        ("no-such-case", "no case of this tenant has an id that begins with 'no-such-case'"),
        ("inv-", "the beginning of one case's id"),
    ],
)
def test_case_that_is_not_one_ends_with_a_sentence(
    run: Run, owner: psycopg.Connection, waiting: str, case: str, sentence: str
) -> None:
    investigation(owner, OPERATOR_TENANT, 2000 + len(case))
    done = run("case", case)
    assert done.exit_code == 1
    assert sentence in done.output


def test_approve_grants_by_number_and_a_second_answer_is_refused(run: Run, waiting: str) -> None:
    done = run("approve", waiting, "--only", "0", "-m", "agreed")
    assert done.exit_code == 0
    assert "granted by casey. Granted: isolate host ws-014." in done.output
    again = run("deny", waiting)
    assert again.exit_code == 1
    assert "asks for nothing" in again.output


def test_approve_of_what_is_not_asked_lists_what_is(run: Run, waiting: str) -> None:
    done = run("approve", waiting, "--only", "purge_mail")
    assert done.exit_code == 1
    assert "expected one of 0 isolate_host ws-014" in done.output


def test_deny_says_that_nothing_is_carried_out(run: Run, waiting: str) -> None:
    done = run("deny", waiting, "-m", "wrong host")
    assert done.exit_code == 0
    assert "denied by casey. Nothing is carried out." in done.output


def test_disposition_of_a_closed_case_stands_beside_the_machines_verdict_and_is_counted(
    run: Run, owner: psycopg.Connection
) -> None:
    case = investigation(owner, OPERATOR_TENANT, 8)
    wrong = run("disposition", case, "false_positive", "--reason", "maintenance")
    assert wrong.exit_code == 1
    assert "incorrect_rule" in wrong.output
    done = run("disposition", case, "false_positive", "--reason", "incorrect_rule")
    assert done.exit_code == 0
    assert "false positive (incorrect rule), says casey. The machine said: true positive." in done.output
    assert "dispositions agree with the verdict" in run("stats").output
    assert json.loads(run("stats", "--json").stdout)["cases"]["agreement"]["differed"] >= 1


def test_evidence_is_written_once_and_verify_checks_the_chain(run: Run, waiting: str, tmp_path: Path) -> None:
    file = tmp_path / "case.json"
    done = run("evidence", waiting, "-o", str(file))
    assert done.exit_code == 0
    assert json.loads(file.read_text())["investigation_id"] == waiting
    assert run("evidence", waiting, "-o", str(file)).exit_code == 1
    assert run("evidence", waiting, "-o", str(file), "--force").exit_code == 0
    assert "is valid" in run("verify").output
    assert json.loads(run("verify", "--json").stdout)["chain_valid"]


def test_token_is_refused_for_anything_but_the_local_stack(run: Run) -> None:
    done = run("token", "--role", "admin")
    assert done.exit_code == 1
    assert "ALUSKORT_API_URL" in done.output


def test_somebody_elses_name_is_refused_where_the_token_says_who_asks(run: Run, waiting: str) -> None:
    done = run("approve", waiting, "--as", "somebody")
    assert done.exit_code == 1
    assert "--as is for the local stack" in done.output


def test_playbooks_are_loaded_listed_shown_and_retired(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "playbook.json"
    book = {"playbook_id": "pb-cli", "title": "Note", "tactics": ["discovery"], "actions": ["add_comment"]}
    file.write_text(json.dumps({"playbooks": [book]}))
    assert "1 playbooks are loaded." in run("playbooks", "load", str(file)).output
    assert "pb-cli" in run("playbooks", "list").output
    assert json.loads(run("playbooks", "show", "pb-cli").stdout)["approved_by"] == "casey"
    assert run("playbooks", "retire", "pb-cli", "--reason", "old").exit_code == 0
    again = run("playbooks", "retire", "pb-cli", "--reason", "old")
    assert again.exit_code == 1
    assert "in use; nothing was changed" in again.output


def test_load_takes_what_the_api_takes_and_names_what_it_left_out(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "known.json"
    indicator = {"type": "ip", "value": "203.0.113.77", "confidence": 90, "severity": "high", "sources": ["t"]}
    file.write_text(json.dumps({"threat_intel_iocs": [indicator], "incidents": [{"doc_id": "x"}]}))
    done = run("load", str(file))
    assert done.exit_code == 0
    assert "1 indicators are known." in done.output
    assert "Left out: incidents" in done.output
    assert "203[.]0[.]113[.]77" in run("indicators", "list").output
    assert run("indicators", "retire", "203.0.113.77", "--reason", "test").exit_code == 0


@pytest.mark.parametrize("text", ["{", "[]", '{"title": "x"}', '{"playbooks": [7]}'])
def test_file_without_knowledge_is_refused(run: Run, tmp_path: Path, text: str) -> None:
    file = tmp_path / "known.json"
    file.write_text(text)
    for command in (["load"], ["playbooks", "load"]):
        done = run(*command, str(file))
        assert done.exit_code == 1
        assert "FILE: got" in done.output
