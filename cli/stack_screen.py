"""The local services on a person's screen: a live line for each while they start, then a table of them."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import httpx
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from local.services.service import Health
from local.services.stack import Stack, Step

STYLES = {
    Step.STARTING: "[yellow]starting[/]",
    Step.STARTED: "[green]ready[/]",
    Step.REUSED: "[green]ready (was running)[/]",
    Step.FAILED: "[red]failed[/]",
    Health.HEALTHY: "[green]healthy[/]",
    Health.SILENT: "[red]does not answer[/]",
    Health.STOPPED: "[yellow]stopped[/]",
}


class Steps:
    """A live line per service while they start; :meth:`report` may be called from any thread."""

    def __init__(self, console: Console, *, transient: bool = False) -> None:
        columns = (
            SpinnerColumn(finished_text=" "),
            TextColumn("{task.description:12}"),
            TextColumn("{task.fields[step]}"),
        )
        self.progress = Progress(*columns, TimeElapsedColumn(), console=console, transient=transient)
        self._tasks: dict[str, TaskID] = {}
        self._lock = threading.Lock()

    def report(self, name: str, step: Step) -> None:
        """Show that ``name`` came to ``step``."""
        with self._lock:
            if name not in self._tasks:
                self._tasks[name] = self.progress.add_task(name, total=1, step=STYLES[step])
            done = step is not Step.STARTING
            self.progress.update(self._tasks[name], step=STYLES[step], completed=int(done))


def status_rows(stack: Stack) -> list[dict[str, Any]]:
    """What is known of each service that runs here; memory in bytes."""
    statuses, versions = stack.statuses(), stack.versions()
    return [
        {"service": service.name, "state": seen.health, "pid": seen.pid, "port": service.ports()[0]}
        | {"version": versions.get(service.name, ""), "memory": seen.memory}
        for service in stack.services()
        if (seen := statuses[service.name])
    ]


def status_table(rows: Sequence[Mapping[str, Any]], replaced: Iterable[str]) -> Table:
    """A row for each service, and those of others."""
    table = Table("service", "state", "pid", "port", "version", "memory", box=None, header_style="bold")
    for row in rows:
        cells = (str(row["pid"] or ""), str(row["port"]), row["version"], _megabytes(row["memory"]))
        table.add_row(row["service"], STYLES[row["state"]], *cells)
    for name in replaced:
        table.add_row(name, "given by the environment")
    together = _megabytes(sum(row["memory"] for row in rows))
    table.add_row("", "", "", "", "[bold]together[/]", f"[bold]{together}[/]")
    return table


def model_line(url: str) -> tuple[str, bool]:
    """What the product's health route says of the model and of what else it cannot reach, and whether all is well."""
    try:
        states = httpx.get(f"{url}/api/health", timeout=10, trust_env=False).json()["dependencies"]
    except (httpx.HTTPError, ValueError, KeyError) as error:
        return f"The product's health route does not answer: {error}", False
    down = [name for name, state in states.items() if state != "up"]
    if "model" in down:
        return "The model is down: cases wait for it, or go to a person without its word.", False
    return ("The model answers.", True) if not down else (f"The product cannot reach {', '.join(down)}.", False)


def _megabytes(count: int) -> str:
    return f"{count / 1_000_000:.0f} MB" if count else ""
