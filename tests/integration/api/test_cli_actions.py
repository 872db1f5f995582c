"""The commands of actions, assets, kill switches and shadow mode, on the API over HTTP."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from cli.app import app
from tests.integration.api.test_api_contract import server, token

__all__ = ["server", "token"]

Run = Callable[..., Result]


@pytest.fixture
def run(server: str, token: str, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs `aluskort` signed in to the server."""
    monkeypatch.setenv("ALUSKORT_API_URL", server)
    monkeypatch.setenv("ALUSKORT_API_TOKEN", token)

    def command(*arguments: str) -> Result:
        return CliRunner().invoke(app, [*arguments])

    return command


def test_assets_are_imported_protected_listed_and_unprotected(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "assets.json"
    file.write_text(json.dumps([{"entity_type": "host", "entity_name": f"host-{number}"} for number in range(501)]))
    assert run("assets", "import", str(file)).output == "501 assets are stored.\n"
    assert run("assets", "protect", "host", "hmi-3", "--reason", "runs the kiln").exit_code == 0
    listed = run("assets", "protected").output
    assert "hmi-3" in listed
    assert "runs the kiln" in listed
    assert run("assets", "unprotect", "host", "hmi-3").exit_code == 0
    assert "hmi-3" not in run("assets", "protected").output


def test_undo_of_an_unknown_action_ends_with_the_apis_sentence(run: Run) -> None:
    done = run("actions", "undo", "i-1:0")
    assert done.exit_code == 1
    assert "action i-1:0 does not exist for this tenant" in done.output


def test_draft_is_listed_with_all_that_it_would_close_and_for_how_long(run: Run, tmp_path: Path) -> None:
    file, now = tmp_path / "patterns.json", datetime.now(UTC)
    pattern: dict[str, Any] = {
        "pattern_id": "fp-wide",
        "alert_name": "Port scan",
        "alert_name_regex": "(port scan|ransom.*)",
        "entity_patterns": [{"type": "host", "value_regex": "scanner-1"}],
        "confidence": 0.97,
        "status": "pending_review",
        "expiry_date": (now + timedelta(days=30)).isoformat(),
        "scope_tenant_id": "t",
        "created_at": now.isoformat(),
        "updated_at": now.isoformat(),
    }
    file.write_text(json.dumps([pattern]))
    assert run("patterns", "load", str(file)).exit_code == 0
    listed = run("patterns", "drafts").output
    for told in (pattern["alert_name_regex"], "0.97", f"{now + timedelta(days=30):%Y-%m-%d}"):
        assert told in listed


@pytest.mark.parametrize("text", ["{", '{"assets": []}'])
def test_file_that_is_no_list_is_refused_before_anything_is_sent(run: Run, tmp_path: Path, text: str) -> None:
    file = tmp_path / "assets.json"
    file.write_text(text)
    done = run("assets", "import", str(file))
    assert done.exit_code == 1
    assert "expected a JSON list of assets" in done.output


def test_url_without_a_token_is_refused(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ALUSKORT_API_TOKEN")
    assert "Set both ALUSKORT_API_URL and ALUSKORT_API_TOKEN" in run("assets", "protected").output


def test_kill_switch_is_turned_on_listed_with_its_reason_and_turned_off(run: Run) -> None:
    assert "No kill switch is on." in run("kill-switches", "list").output
    on = run("kill-switches", "activate", "technique", "t1059", "--reason", "the feed is spoiled")
    assert "technique T1059 is on since" in on.output
    listed = run("kill-switches", "list").output
    assert "T1059" in listed
    assert "the feed is spoiled" in listed
    assert run("kill-switches", "deactivate", "technique", "T1059", "--reason", "clean again").exit_code == 0
    again = run("kill-switches", "deactivate", "technique", "T1059", "--reason", "clean again")
    assert again.exit_code == 1
    assert "kill switch technique:T1059 is not on for this tenant" in again.output


def test_rule_enters_shadow_mode_and_goes_live(run: Run) -> None:
    entered = run("shadow", "enter", "--rule", "Port scan", "--reason", "two weeks of comparing")
    assert "Rule Port scan is in shadow mode" in entered.output
    assert "two weeks of comparing" in run("shadow", "list").output
    assert "Rule port scan is live." in run("shadow", "go-live", "--rule", "port scan", "--reason", "agreed").output
    assert "Nothing is in shadow mode." in run("shadow", "list").output


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (["assets", "protect", "host", "hmi-9", "--reason", "kiln"], {"entity_name": "hmi-9", "protected": True}),
        (["assets", "protected"], []),
        (["assets", "unprotect", "host", "hmi-9"], {"entity_name": "hmi-9", "protected": False}),
        (["kill-switches", "activate", "technique", "T1046", "--reason", "noise"], {"value": "T1046"}),
        (["kill-switches", "list"], []),
        (["kill-switches", "deactivate", "technique", "T1046", "--reason", "done"], {"active": False}),
        (["shadow", "enter", "--rule", "Dig", "--reason", "new"], {"rule": "Dig"}),
        (["shadow", "list"], []),
        (["shadow", "go-live", "--rule", "Dig", "--reason", "agreed"], {"shadow": False}),
        (["patterns", "drafts"], []),
        (["batch", "status"], {"jobs": []}),
        (["exposures", "list"], []),
    ],
)
def test_command_with_json_writes_one_value_and_nothing_else(run: Run, arguments: list[str], part: Any) -> None:
    done = run(*arguments, "--json")
    assert (done.exit_code, done.stderr) == (0, "")
    found = json.loads(done.stdout)
    assert isinstance(found, type(part))
    if isinstance(part, dict):
        assert found.items() >= part.items()
