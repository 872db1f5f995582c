"""The commands for the local services: ``up``, ``down``, ``status``, ``logs`` and ``demo``."""

from __future__ import annotations

import os
import shutil
import subprocess
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated

import typer

from cli.screen import AsJson, console, say_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rich.console import Console

    from local.services.site import Site
    from local.services.stack import Stack

KEPT = (
    "It stays up, with everything that you saw. Go on with:\n"
    "  .venv/bin/aluskort cases --severity high\n"
    "  .venv/bin/aluskort case {case}\n"
    "  .venv/bin/aluskort stats\n"
    "`.venv/bin/aluskort down` stops it, and its cases end with it: `make up` starts a stack of your own."
)
ENDED = (
    "`make demo KEEP=1` leaves it running for a look around. A stack of your own, with the same knowledge:\n"
    "  make up\n"
    "  .venv/bin/aluskort send local/samples/credential-dumping.json --follow\n"
    "  .venv/bin/aluskort cases"
)


def local_stack(given: Mapping[str, str]) -> Stack:
    """The stack of this checkout, with the services that ``given`` names in place of its own; while only a demo runs,
    the demo's.
    """
    from local.services import process
    from local.services.functions_host import NAME
    from local.services.stack import Stack

    own, demos = own_stack(given), Stack(_demo_site(), given)
    runs = [stack for stack in (own, demos) if process.find(stack.site.folder / "processes" / f"{NAME}.json")]
    return runs[0] if runs else own


def own_stack(given: Mapping[str, str]) -> Stack:
    """The stack that ``up`` starts."""
    from local.services.site import CHECKOUT, Site
    from local.services.stack import Stack

    return Stack(Site(CHECKOUT / ".local"), given)


def up(
    empty: Annotated[bool, typer.Option("--empty", help="Load nothing that the SOC would know already.")] = False,
    port: Annotated[
        list[str] | None,
        typer.Option("--port", metavar="PORT", help="The API's port; SERVICE=PORT for another service. Repeatable."),
    ] = None,
) -> None:
    """Start the services and the host, or whichever of them are not yet running, and leave them running.

    A new stack is given what a SOC knows already: playbooks, false-positive patterns, indicators, earlier incidents.
    """
    from cli.stack_screen import Steps
    from local.services.functions_host import PORT
    from local.services.process import ServiceFailed

    screen, stack = console(), own_stack(os.environ)
    ports = _ports(port or [], [service.name for service in stack.services()])
    try:
        with (steps := Steps(screen)).progress:
            stack.up(steps.report, ports=ports)
    except ServiceFailed as failed:
        what_now = "What has started keeps running: `aluskort up` tries the rest again, `aluskort down` stops all."
        raise ServiceFailed(f"{failed}\n\n{what_now}") from failed
    _say_what_it_knows(screen, stack, empty=empty)
    url = stack.host().url()
    screen.print(f"The product is running at [bold]{url}[/]. `aluskort down` stops it.")
    if not ports and not url.endswith(f":{PORT}"):
        screen.print(f"(Another program uses port {PORT}, so a free one was chosen; --port chooses one.)")
    if shutil.which("aluskort") is None:
        screen.print("`aluskort` is in .venv/bin: `source .venv/bin/activate` lets you type it as it stands here.")
    screen.print("Next: `aluskort send local/samples/credential-dumping.json --follow`, then `aluskort cases`.")


def down(
    reset: Annotated[bool, typer.Option("--reset", help="Remove all data too, and choose ports anew.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="With --reset: do not ask.")] = False,
) -> None:
    """Stop the host and all services. Their data stays, unless --reset."""
    stack = local_stack(os.environ)
    stopped = stack.down()
    screen = console()
    screen.print(f"Stopped: {', '.join(stopped)}." if stopped else "Nothing was running.")
    if reset:
        if not (yes or typer.confirm(f"Remove all data in {stack.site.folder}?")):
            raise typer.Exit(1)
        removed = stack.site.reset()
        screen.print(f"Removed: {', '.join(removed)}." if removed else "There was no data.", markup=False)
    screen.print("Next: `aluskort up`.")


def status(as_json: AsJson = False) -> None:
    """Show each service and the model; exit code 1 unless all are healthy."""
    from cli.stack_screen import model_line, status_rows, status_table
    from local.services.service import Health

    stack = local_stack(os.environ)
    rows = status_rows(stack)
    healthy = all(row["state"] == Health.HEALTHY for row in rows)
    line, up = model_line(stack.host().url()) if healthy else ("", False)
    if as_json:
        say_json({"healthy": up, "services": rows, "given_by_the_environment": stack.replaced(), "product": line})
    else:
        screen = console()
        screen.print(status_table(rows, stack.replaced()))
        if healthy:
            screen.print(line, style="" if up else "red", markup=False)
            screen.print("Next: `aluskort stats` for cases and queues, `aluskort env` for URLs.")
        else:
            screen.print("Next: `aluskort up` starts what is stopped; `aluskort logs SERVICE` says why it stopped.")
    if not up:
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


def demo(
    keep: Annotated[bool, typer.Option("--keep", help="Leave the services running, to look around.")] = False,
    full: Annotated[bool, typer.Option("--full", help="Show every case and every answer.")] = False,
) -> None:
    """Show the main job on services of its own: alerts to verdicts, approvals, the audit chain. Stops them again."""
    import asyncio

    from cli.stack_screen import Steps
    from local.demo.run import Demo, Ending
    from local.services.guard import guarded
    from local.services.stack import Stack

    screen, ending = console(), Ending()
    # stops all even if this process is killed
    with guarded(_demo_site().folder, keep=True, leave=lambda: keep and ending.succeeded) as site:
        stack = Stack(site, os.environ)
        try:
            with (steps := Steps(screen, transient=True)).progress:
                stack.up(steps.report)
            screen.print(f"Started: {', '.join(service.name for service in stack.services())}.")
            ending = asyncio.run(Demo(stack, screen, full=full).run())
        finally:
            if not (keep and ending.succeeded):
                screen.print("Stopping the demo's services ...")
                stack.down()
    if not ending.succeeded:
        screen.print("[red]The demo did not end as it should: see above and .local/demo/logs/.[/]")
        raise typer.Exit(1)
    screen.print((KEPT if keep else ENDED).format(case=ending.first_case[:8]), markup=False)


def _say_what_it_knows(screen: Console, stack: Stack, *, empty: bool) -> None:
    import asyncio

    from local.demo.knowledge import load_knowledge

    loaded = stack.site.folder / "knowledge-loaded"
    if loaded.exists() or stack.replaced():
        return  # the services of others are not filled unasked
    if empty:
        screen.print("Nothing was loaded: every case waits for a person. `aluskort load FILE` loads knowledge.")
    else:
        known = asyncio.run(load_knowledge(stack.environment()))
        screen.print(f"Loaded what the sample company's SOC knows: {known} (local/demo/knowledge.json).")
    loaded.touch()


def _ports(given: list[str], services: list[str]) -> dict[str, int]:
    found = {}
    for text in given:
        name, _, number = text.rpartition("=")
        name = name or "host"
        if name not in services or not number.isdecimal() or not 0 < int(number) < 65_536:
            raise typer.BadParameter(f"--port {text}: expected a port, or SERVICE=PORT with {', '.join(services)}")
        found[name] = int(number)
    return found


def _demo_site() -> Site:
    from local.services.site import CHECKOUT, Site

    return Site(CHECKOUT / ".local" / "demo")
