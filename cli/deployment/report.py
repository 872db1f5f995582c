"""The preflight on a person's screen: how far it is, then a table of all findings."""

from __future__ import annotations

from collections.abc import AsyncIterator

from rich.console import Console
from rich.table import Table
from rich.text import Text

from cli.deployment.finding import Finding, State
from cli.deployment.preflight import passed

STYLES = {State.OK: "green", State.WARNING: "yellow", State.FAILED: "red", State.NOT_APPLICABLE: "dim"}


async def shown(console: Console, coming: AsyncIterator[Finding]) -> list[Finding]:
    """All findings; while they come, the last one on a terminal's last line."""
    found: list[Finding] = []
    with console.status("checking ...") as status:
        async for finding in coming:
            found.append(finding)
            status.update(f"{len(found)} checks made, the last one: {finding.name} ...")
    return found


def print_report(console: Console, found: list[Finding]) -> None:
    """Everything that was found, with what to do; last, whether it passed."""
    table = Table("check", "state", "found", "what to do", box=None, header_style="bold")
    for finding in found:
        state = Text(finding.state, style=STYLES[finding.state])
        table.add_row(Text(finding.name), state, Text(finding.found), Text(finding.todo))
    console.print()
    console.print(table)
    counts = ", ".join(
        f"{count} {state}" for state in State if (count := sum(finding.state is state for finding in found))
    )
    verdict = (
        "[green]Nothing blocks the deployment[/]" if passed(found) else "[red]This deployment will not work as it is[/]"
    )
    console.print(f"\n{verdict}: {counts}.")
