"""Whatever file a command is given, it ends with a sentence that names what is wrong, and with exit code 1."""

import errno
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


def test_sending_nothing_names_how_to_look_at_the_file_and_no_case(files: Path) -> None:
    said = CliRunner().invoke(app, ["send", str(files / "empty.json")]).output
    assert "Next: `aluskort parse FILE`" in said
    assert "cases" not in said


def test_full_disk_ends_a_command_with_a_sentence_and_a_closed_pipe_without(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(error: OSError) -> str:
        def say(*_: object, **__: object) -> None:
            raise error

        monkeypatch.setattr("cli.questions.say", say)
        done = CliRunner().invoke(app, ["questions"])
        assert isinstance(done.exception, SystemExit)
        assert done.exit_code == 1
        return done.output

    refused = "This machine refused: [Errno 28] No space left on device\n"
    assert fails(OSError(errno.ENOSPC, "No space left on device")) == refused
    assert fails(BrokenPipeError(errno.EPIPE, "Broken pipe")) == ""
