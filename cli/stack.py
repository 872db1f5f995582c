"""The commands for the local services: ``up``, ``down``, ``status``, ``logs`` and ``demo``."""

from __future__ import annotations

import os
import subprocess
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated

import typer

from cli.screen import console

if TYPE_CHECKING:
    from collections.abc import Mapping

    from local.services.stack import Stack


def local_stack(given: Mapping[str, str]) -> Stack:
    """The stack of this checkout, with the services that ``given`` names in place of its own."""
    from local.services.site import CHECKOUT, Site
    from local.services.stack import Stack

    return Stack(Site(CHECKOUT / ".local"), given)


def up() -> None:
    """Start the services and the host, or whichever of them are not yet running, and leave them running."""
    from cli.stack_screen import Steps
    from local.services.functions_host import PORT

    screen, stack = console(), local_stack(os.environ)
    with (steps := Steps(screen)).progress:
        stack.up(steps.report)
    url = stack.host().url()
    screen.print(f"The product is running at [bold]{url}[/]. `aluskort down` stops it.")
    if not url.endswith(f":{PORT}"):
        screen.print(f"(Another program uses port {PORT}, so a free one was chosen.)")


def down() -> None:
    """Stop the host and all services. Their data stays."""
    stopped = local_stack(os.environ).down()
    console().print(f"Stopped: {', '.join(stopped)}." if stopped else "Nothing was running.")


def status() -> None:
    """Show each service; exit code 1 unless all are healthy."""
    from cli.stack_screen import status_table

    table, healthy = status_table(local_stack(os.environ))
    console().print(table)
    if not healthy:
        raise typer.Exit(1)


def logs(
    name: Annotated[str, typer.Argument(help="One service; all of them when left out.")] = "",
    lines: Annotated[int, typer.Option("--lines", "-n", min=1, help="How many of the last lines to show.")] = 40,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Keep printing new lines until Ctrl-C.")] = False,
) -> None:
    """Show the end of the services' logs."""
    stack = local_stack(os.environ)
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
    import asyncio

    from cli.stack_screen import Steps
    from local.demo.run import Demo
    from local.services.guard import guarded
    from local.services.site import CHECKOUT
    from local.services.stack import Stack

    screen = console()
    with guarded(CHECKOUT / ".local" / "demo", keep=True) as site:  # stops all even if this process is killed
        stack = Stack(site, os.environ)
        try:
            with (steps := Steps(screen)).progress:
                stack.up(steps.report)
            succeeded = asyncio.run(Demo(stack, screen).run())
        finally:
            screen.print("Stopping the demo's services ...")
            stack.down()
    if not succeeded:
        screen.print("[red]The demo did not end as it should: see above and .local/demo/logs/.[/]")
        raise typer.Exit(1)
