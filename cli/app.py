"""The ``aluskort`` command: its groups of commands, and what all share. Errors are sentences, exit code 1."""

from __future__ import annotations

import logging
from typing import Any

import typer
from rich.console import Console
from typer.core import TyperGroup

from cli.actions import actions, assets
from cli.alerts import parse, send
from cli.batches import batch
from cli.dead_letters.commands import dlq
from cli.deployment.commands import migrate, preflight
from cli.kill_switches import kill_switches
from cli.pattern_review import pattern_review
from cli.questions import questions
from cli.shadow import shadow
from cli.stack import demo, down, logs, status, up
from cli.threat_intelligence import ti
from shared.errors import AluskortError

INTERRUPTED = 130  # the exit code of a program that Ctrl-C ended
HINTS = {
    "up": "What has started keeps running: `aluskort up` starts the rest, `aluskort down` stops everything.",
    "demo": "Nothing of the demo is running any more.",
}


class SentencesForErrors(TyperGroup):
    """Turns the project's own errors and Ctrl-C into a sentence; all others are defects and keep their trace."""

    def invoke(self, ctx: Any) -> Any:
        """Run the chosen command."""
        logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # it also logs what it raises
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            Console(stderr=True).print(f"Interrupted. {HINTS.get(ctx.invoked_subcommand, '')}", style="yellow")
            raise typer.Exit(INTERRUPTED) from None
        except AluskortError as error:
            Console(stderr=True, highlight=False).print(str(error), style="red", markup=False, soft_wrap=True)
            raise typer.Exit(1) from error


app = typer.Typer(
    cls=SentencesForErrors,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="ALUSKORT on this machine, without Azure; and what an operator runs against a deployment.",
)
for command in (up, down, status, demo, send, parse, questions, logs, migrate, preflight):
    app.command()(command)
app.add_typer(dlq, name="dlq")
app.add_typer(kill_switches, name="kill-switches")
app.add_typer(shadow, name="shadow")
app.add_typer(actions, name="actions")
app.add_typer(assets, name="assets")
app.add_typer(batch, name="batch")
app.add_typer(ti, name="ti")
app.add_typer(pattern_review, name="patterns")

if __name__ == "__main__":
    app()
