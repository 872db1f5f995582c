"""What every command writes, to the console for people or one JSON value for programs, and options that many share."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.console import Console

WIDE = 160  # columns in a file or a pipe, where no terminal has a width

AsJson = Annotated[bool, typer.Option("--json", help="As JSON, for programs.")]
Reason = Annotated[str, typer.Option("--reason", help="Why; kept in the audit chain.")]


def console(*, stderr: bool = False) -> Console:
    """A console whose tables stay readable in a file or a pipe, and that colours nothing by itself."""
    found = Console(highlight=False, stderr=stderr)
    return found if found.is_terminal else Console(highlight=False, stderr=stderr, width=WIDE)


def say_json(value: Any) -> None:
    """One JSON value on standard output, and nothing else."""
    import json

    typer.echo(json.dumps(value, indent=2, ensure_ascii=False))


def say(sentence: str, value: Any, *, as_json: bool) -> None:
    """What a command has done: a sentence for people, or the value for programs."""
    if as_json:
        say_json(value)
    else:
        console().print(sentence, markup=False, soft_wrap=True)
