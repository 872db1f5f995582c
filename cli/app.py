"""The ``aluskort`` command: the local services, and what a person does with them. Errors are sentences, exit code 1."""

from __future__ import annotations

import asyncio
import logging
import os
import subprocess
import threading
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table
from typer.core import TyperGroup

from cli.dead_letters.commands import dlq
from cli.deployment.commands import migrate, preflight
from local.services.functions_host import PORT
from local.services.guard import guarded
from local.services.service import Health, ServiceStatus
from local.services.site import CHECKOUT, Site
from local.services.stack import Stack, Step
from shared.errors import AluskortError

STYLES = {
    Step.STARTING: "[yellow]starting[/]",
    Step.STARTED: "[green]ready[/]",
    Step.REUSED: "[green]ready (was running)[/]",
    Step.FAILED: "[red]failed[/]",
    Health.HEALTHY: "[green]healthy[/]",
    Health.SILENT: "[red]does not answer[/]",
    Health.STOPPED: "[yellow]stopped[/]",
}


INTERRUPTED = 130  # the exit code of a program that Ctrl-C ended
HINTS = {
    "up": "What has started goes on: `aluskort up` starts the rest, `aluskort down` stops all.",
    "demo": "Nothing of the demo runs any more.",
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


class Steps:
    """A live line per service while they start; :meth:`report` may be called from any thread."""

    def __init__(self, console: Console) -> None:
        columns = (
            SpinnerColumn(finished_text=" "),
            TextColumn("{task.description:12}"),
            TextColumn("{task.fields[step]}"),
        )
        self.progress = Progress(*columns, TimeElapsedColumn(), console=console)
        self._tasks: dict[str, TaskID] = {}
        self._lock = threading.Lock()

    def report(self, name: str, step: Step) -> None:
        """Show that ``name`` came to ``step``."""
        with self._lock:
            if name not in self._tasks:
                self._tasks[name] = self.progress.add_task(name, total=1, step=STYLES[step])
            done = step is not Step.STARTING
            self.progress.update(self._tasks[name], step=STYLES[step], completed=int(done))


def local_stack() -> Stack:
    """Return the stack of this checkout, with the services that the environment gives."""
    return Stack(Site(CHECKOUT / ".local"), os.environ)


def up() -> None:
    """Start the services and the host, or what of them does not run yet, and leave them running."""
    console, stack = Console(highlight=False), local_stack()
    steps = Steps(console)
    with steps.progress:
        stack.up(steps.report)
    url = stack.host().url()
    console.print(f"The product runs at [bold]{url}[/]. `aluskort down` stops it.")
    if not url.endswith(f":{PORT}"):
        console.print(f"(Port {PORT} is another program's, so a free port was taken.)")


def down() -> None:
    """Stop the host and all services. Their data stays."""
    stopped = local_stack().down()
    Console(highlight=False).print(f"Stopped: {', '.join(stopped)}." if stopped else "Nothing was running.")


def status() -> None:
    """Show each service; exit code 1 unless all are healthy."""
    stack = local_stack()
    statuses, versions = stack.statuses(), stack.versions()
    table = Table("service", "state", "pid", "port", "version", "memory", box=None, header_style="bold")
    for service in stack.services():
        seen = statuses[service.name]
        port, pid = str(service.ports()[0]), str(seen.pid or "")
        table.add_row(
            service.name, STYLES[seen.health], pid, port, versions.get(service.name, ""), _megabytes(seen.memory)
        )
    for name in stack.replaced():
        table.add_row(name, "given by the environment")
    table.add_row("", "", "", "", "[bold]together[/]", f"[bold]{_megabytes(_memory(statuses))}[/]")
    Console(highlight=False).print(table)
    if any(seen.health is not Health.HEALTHY for seen in statuses.values()):
        raise typer.Exit(1)


def logs(
    name: Annotated[str, typer.Argument(help="One service; all of them when left out.")] = "",
    lines: Annotated[int, typer.Option("--lines", "-n", min=1, help="How many of the last lines.")] = 40,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with new lines until Ctrl-C.")] = False,
) -> None:
    """Show the end of the services' logs."""
    stack = local_stack()
    names = [service.name for service in stack.services()]
    if name and name not in names:
        raise typer.BadParameter(f"there is no service {name!r}; there are {', '.join(names)}")
    files = [str(log) for one in ([name] if name else names) if (log := stack.site.log(one)).exists()]
    if not files:
        raise typer.BadParameter("there is no log yet: `aluskort up` starts the services")
    with suppress(KeyboardInterrupt):  # the way to end --follow
        subprocess.run(["tail", "-n", str(lines), *(["-F"] if follow else []), *files], check=False)


def demo() -> None:
    """Show the main job on services of its own: alerts to verdicts, approvals, the audit chain. Stops them again."""
    from local.demo.run import Demo  # noqa: PLC0415 - the other commands start faster without the product

    console = _wide_console()
    with guarded(CHECKOUT / ".local" / "demo", keep=True) as site:  # stops all even if this process is killed
        stack = Stack(site, os.environ)
        try:
            steps = Steps(console)
            with steps.progress:
                stack.up(steps.report)
            succeeded = asyncio.run(Demo(stack, console).run())
        finally:
            console.print("Stopping the demo's services ...")
            stack.down()
    if not succeeded:
        console.print("[red]The demo did not end as it should: see above and .local/demo/logs/.[/]")
        raise typer.Exit(1)


def send(
    files: Annotated[list[Path], typer.Argument(help="Alerts as JSON files, as Sentinel exports them.")],
) -> None:
    """Send alerts to the event hub that the host listens to."""
    from local.send import send as send_files  # noqa: PLC0415 - as above

    environment = local_stack().environment()
    connection, hub = environment["ALUSKORT_SENTINEL_EVENTHUB"], environment["ALUSKORT_SENTINEL_HUB"]
    console = Console(highlight=False)
    count = send_files(files, connection, hub, lambda path: console.print(f"sent {path}", markup=False))
    console.print(f"The event hub {hub} has {count} more. `aluskort dlq list` counts what the product cannot read.")


def parse(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Alerts as JSON, or any text; - is standard input.")],
    siem: Annotated[
        Literal["elastic", "splunk"] | None, typer.Option("--siem", help="Whose alerts; Sentinel's when left out.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Show the entities of alerts, or the indicators of a text, and what could not be mapped."""
    from cli.parse import parse as parse_file  # noqa: PLC0415 - as above
    from cli.parse import print_parsed  # noqa: PLC0415

    found = parse_file(file, siem)
    print_parsed(found, _wide_console(), as_json=as_json)
    if all(parsed.entities is None for parsed in found):
        raise typer.Exit(1)


def _wide_console() -> Console:
    """A console whose tables stay readable in a file or a pipe, where no terminal tells its width."""
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=140)


def _memory(statuses: dict[str, ServiceStatus]) -> int:
    return sum(seen.memory for seen in statuses.values())


def _megabytes(count: int) -> str:
    return f"{count / 1_000_000:.0f} MB" if count else ""


app = typer.Typer(
    cls=SentencesForErrors,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="ALUSKORT on this machine, without Azure; and what an operator runs against a deployment.",
)
for command in (up, down, status, demo, send, parse, logs, migrate, preflight):
    app.command()(command)
app.add_typer(dlq, name="dlq")

if __name__ == "__main__":
    app()
