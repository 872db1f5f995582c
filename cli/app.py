"""The ``aluskort`` command: its groups of commands, and what all share. Errors are sentences, exit code 1."""

from __future__ import annotations

import logging
from typing import Any

import typer
from rich.console import Console
from typer.core import TyperGroup

from cli.access import env, token
from cli.actions import actions, assets
from cli.alerts import parse, send
from cli.answers import approve, deny, disposition
from cli.batches import batch
from cli.cases import case, cases
from cli.dead_letters.commands import dlq
from cli.deployment.commands import migrate, preflight
from cli.detection import detection
from cli.exposures import exposures, graph
from cli.kill_switches import kill_switches
from cli.knowledge import indicators, load, patterns, playbooks
from cli.pattern_review import pattern_review
from cli.playbook_review import playbook_review
from cli.proof import evidence, verify
from cli.questions import questions
from cli.shadow import shadow
from cli.simulate import simulate
from cli.stack import demo, down, logs, status, up
from cli.statistics import stats
from cli.telemetry import telemetry
from cli.threat_intelligence import ti
from shared.errors import AluskortError

INTERRUPTED = 130  # the exit code of a program that Ctrl-C ended
HINTS = {
    "up": "What has started keeps running: `aluskort up` starts the rest, `aluskort down` stops all.",
    "demo": "Nothing of the demo is running any more.",
}


class SentencesForErrors(TyperGroup):
    """Turns the project's own errors and Ctrl-C into a sentence; all others are defects and keep their trace."""

    def invoke(self, ctx: Any) -> Any:
        """Run the chosen command."""
        for library in ("aiokafka", "psycopg.pool"):  # which also log what they raise
            logging.getLogger(library).setLevel(logging.CRITICAL)
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            Console(stderr=True).print(f"Interrupted. {HINTS.get(ctx.invoked_subcommand, '')}", style="yellow")
            raise typer.Exit(INTERRUPTED) from None
        except AluskortError as error:
            Console(stderr=True, highlight=False).print(str(error), style="red", markup=False, soft_wrap=True)
            raise typer.Exit(1) from error
        except BrokenPipeError:  # whoever read has enough: typer ends without a word
            raise
        except OSError as error:  # a full disk, a folder that is somebody else's
            Console(stderr=True, highlight=False).print(f"This machine refused: {error}", style="red", markup=False)
            raise typer.Exit(1) from error


app = typer.Typer(
    cls=SentencesForErrors,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="ALUSKORT on this machine, without Azure; and what an operator runs against a deployment.",
    epilog="Exit codes: 0 done; 1 refused, failed or not healthy, and the sentence says why; 2 wrong arguments; "
    "130 interrupted.",
)
COMMANDS = {
    "The local stack": (up, down, status, env, token, logs, demo),
    "Alerts": (send, parse, simulate),
    "Cases": (cases, case, approve, deny, disposition),
    "What the SOC knows": (load, questions),
    "Proof and figures": (evidence, verify, stats),
    "A deployment": (migrate, preflight),
}
for panel, commands in COMMANDS.items():
    for command in commands:
        app.command(rich_help_panel=panel)(command)
app.add_typer(dlq, name="dlq")
app.add_typer(kill_switches, name="kill-switches")
app.add_typer(shadow, name="shadow")
app.add_typer(exposures, name="exposures")
app.add_typer(graph, name="graph")
app.add_typer(actions, name="actions")
app.add_typer(assets, name="assets")
app.add_typer(playbooks, name="playbooks", rich_help_panel="What the SOC knows")
app.add_typer(patterns, name="patterns", rich_help_panel="What the SOC knows")
app.add_typer(indicators, name="indicators", rich_help_panel="What the SOC knows")
app.add_typer(telemetry, name="telemetry")
app.add_typer(detection, name="detection")
app.add_typer(batch, name="batch")
patterns.add_typer(pattern_review)  # without a name: its commands are among the others
playbooks.add_typer(playbook_review)
app.add_typer(ti, name="ti")

if __name__ == "__main__":
    app()
