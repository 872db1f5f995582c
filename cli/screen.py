"""The console that every command writes to."""

from __future__ import annotations

from rich.console import Console

WIDE = 160  # columns in a file or a pipe, where no terminal has a width


def console(*, stderr: bool = False) -> Console:
    """A console whose tables stay readable in a file or a pipe, and that colours nothing by itself."""
    found = Console(highlight=False, stderr=stderr)
    return found if found.is_terminal else Console(highlight=False, stderr=stderr, width=WIDE)
