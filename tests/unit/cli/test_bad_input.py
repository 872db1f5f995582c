"""Whatever file a command is given, it ends with a sentence that names what is wrong, and with exit code 1."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.app import app

COMMANDS = (
    "parse FILE",
    "send FILE",
    "load FILE",
    "assets import FILE",
    "playbooks load FILE",
    "patterns load FILE",
    "indicators load FILE",
    "graph load FILE",
    "ti import FILE --source a-feed --dry-run",
    "migrate --environment-file FILE",
)


@pytest.fixture
def files(tmp_path: Path) -> Path:
    (tmp_path / "binary.json").write_bytes(bytes(range(256)) * 4)
    (tmp_path / "empty.json").touch()
    (tmp_path / "folder.json").mkdir()
    (tmp_path / "list.json").write_text("[]")
    return tmp_path


@pytest.mark.parametrize("file", ["binary.json", "empty.json", "folder.json", "absent.json", "list.json"])
@pytest.mark.parametrize("command", COMMANDS)
def test_useless_file_ends_a_command_with_a_sentence(files: Path, command: str, file: str) -> None:
    done = CliRunner().invoke(app, command.replace("FILE", str(files / file)).split())
    assert isinstance(done.exception, SystemExit)
    assert done.exit_code == 1
    assert done.output.strip()
    assert "Traceback" not in done.output


@pytest.mark.parametrize("file", ["binary.json", "empty.json", "folder.json", "absent.json"])
def test_useless_telemetry_ends_with_a_sentence(files: Path, file: str) -> None:
    done = CliRunner().invoke(app, ["telemetry", "convert", "otel-host", str(files / file), "--tenant", "a-tenant"])
    assert isinstance(done.exception, SystemExit)
    assert (done.exit_code, bool(done.output.strip())) == (1, True)
