"""What holds for every command: JSON for programs, help that says what it does."""

from collections.abc import Iterator
from typing import Any

import pytest
from typer.core import TyperGroup
from typer.main import get_command

from cli.app import app

# These print JSON anyhow, or start, stop and show what runs on this machine.
WITHOUT = {"playbooks show", "patterns show", "indicators show", "up", "down", "logs", "demo"}


def commands(group: Any, *before: str) -> Iterator[tuple[str, Any]]:
    for name, command in group.commands.items():
        if isinstance(command, TyperGroup):
            yield from commands(command, *before, name)
        else:
            yield " ".join((*before, name)), command


ALL = dict(commands(get_command(app)))


@pytest.mark.parametrize("name", sorted(ALL))
def test_command_has_json_for_programs_and_says_what_it_does(name: str) -> None:
    options = {option for parameter in ALL[name].params for option in parameter.opts}
    assert ("--json" in options) is (name not in WITHOUT)
    assert (ALL[name].help or "").strip()


def test_commands_without_json_are_there() -> None:
    assert set(ALL) >= WITHOUT
