"""``aluskort exposures`` and ``aluskort graph``: scanners' reports into the product, and what it knows of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO

import typer

from cli.api import HOME, Tenant, as_operator
from cli.deployment.commands import EnvironmentFile, chosen
from cli.screen import AsJson, Reason, console, say, say_json
from shared.contracts.exposure import ExposureSeverity, ExposureStatus
from shared.ctem.finding import Tool
from shared.errors import ConfigurationError, InvalidInput

if TYPE_CHECKING:
    from shared.ctem.reading import Reading
    from shared.ctem.scans import Scan

exposures = typer.Typer(no_args_is_help=True, help="Exposures: what scanners found.")
graph = typer.Typer(no_args_is_help=True, help="The graph that says what is at stake behind an asset.")

Key = Annotated[str, typer.Argument(metavar="KEY", help="The exposure's key, as `list` shows it.")]
SHOWN = 20  # refused rows


@exposures.command("import")
def import_report(  # noqa: PLR0913, PLR0917 - one for each thing that the command line can say
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A scanner's report.")],
    tool: Annotated[Tool, typer.Option("--tool", help="The scanner.")],
    full_scan_of: Annotated[
        str,
        typer.Option(
            "--full-scan-of",
            help="A name for what was scanned, if the report shows everything that is open there: what an earlier "
            "report of the same name showed and this one does not is then resolved.",
        ),
    ] = "",
    asset: Annotated[str, typer.Option("--asset", help="What it is about, for reports that do not say.")] = "",
    scanned_at: Annotated[
        datetime | None, typer.Option("--scanned-at", help="When the scanner ran, in UTC; else the file's own time.")
    ] = None,
    tenant: Annotated[str, typer.Option("--tenant", help="Whose exposures they are.")] = HOME,
    as_json: AsJson = False,
    environment_file: EnvironmentFile = None,
) -> None:
    """Store a report's findings. The same report again changes nothing."""
    import asyncio

    from shared.ctem.scans import Scan

    if not file.is_file():
        raise InvalidInput("FILE", got=str(file), expected="a file that can be read")
    chosen(environment_file)
    at = scanned_at.replace(tzinfo=UTC) if scanned_at else datetime.fromtimestamp(file.stat().st_mtime, UTC)
    scan = Scan(tenant_id=tenant, tool=tool, at=at, scope=full_scan_of)
    with file.open("rb") as report:
        reading = asyncio.run(_read(report, file.stat().st_size, scan, asset))
    if as_json:
        refused = [{"where": one.where, "reason": one.reason} for one in reading.refusals]
        changes = {"found": reading.found, "changes": dict(scan.changes), "refused": reading.refused}
        say_json({"tool": scan.tool, "layout": reading.layout, **changes, "refusals": refused})
    else:
        _show(scan, reading)
    if reading.refused:
        raise typer.Exit(1)


async def _read(report: BinaryIO, size: int, scan: Scan, asset: str) -> Reading:
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    from shared.bootstrap import services

    product = services()
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    try:
        with Progress(*columns, console=console(stderr=True), transient=True) as bar:
            task = bar.add_task(f"{scan.tool}", total=size)
            return await product.exposures.reports.read(
                report, scan, asset=asset, progress=lambda place: bar.update(task, completed=place)
            )
    finally:
        await product.bus.outbox.settled()
        await product.bus.producer.close()
        await product.stores.postgres.close()
        await product.stores.postgres_for_relay.close()


def _show(scan: Scan, reading: Reading) -> None:
    from shared.ctem.life import Change

    screen = console()
    screen.print(f"{reading.found:,} findings ({scan.tool} {reading.layout}):", markup=False)
    for change in Change:
        if count := scan.changes[change]:
            screen.print(f"  {count:>8,} {change}", markup=False)
    if reading.refused:
        screen.print(f"  {reading.refused:>8,} rows refused:", markup=False, style="yellow")
        for one in reading.refusals[:SHOWN]:
            screen.print(f"           {one.where}: {one.reason}", markup=False, soft_wrap=True)
        if scan.scope:
            screen.print(
                "Nothing was resolved: rows that cannot be read may be those that are missing.", style="yellow"
            )


@exposures.command("list")
def list_all(  # noqa: PLR0913, PLR0917 - one for each thing that the command line can say
    severity: Annotated[ExposureSeverity | None, typer.Option("--severity")] = None,
    status: Annotated[ExposureStatus | None, typer.Option("--status")] = None,
    tool: Annotated[Tool | None, typer.Option("--tool")] = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=100, help="How many of the worst.")] = 30,
    as_json: AsJson = False,
    tenant: Tenant = HOME,
) -> None:
    """List the worst exposures first."""
    from rich.table import Table
    from rich.text import Text

    filters = {"severity": severity, "status": status, "source_tool": tool}
    query = {name: value.value for name, value in filters.items() if value is not None}
    items = as_operator(lambda person: person.get("/exposures", limit=limit, **query), tenant)["items"]
    if as_json:
        say_json(items)
        return
    if not items:
        console().print("There are no such exposures.")
        return
    table = Table(
        "key", "priority", "severity", "score", "status", "due", "tool", "asset", "title", box=None, header_style="bold"
    )
    for item in items:
        one = item["exposure"]
        due = "accepted" if item["accepted_until"] else "late" if item["sla_breached"] else one["sla_deadline"][:16]
        name = item["asset_name"] or one["asset_id"]
        score = f"{item['adjusted_score']:g}"
        cells = (
            one["exposure_key"],
            str(item["priority"]),
            one["severity"],
            score,
            one["status"],
            due,
            one["source_tool"],
            name,
            one["title"],
        )
        table.add_row(*map(Text, cells))
    console().print(table)


@exposures.command("show")
def show(key: Key, as_json: AsJson = False, tenant: Tenant = HOME) -> None:
    """Show one exposure: what was found, why it is graded so, what has become of it."""
    from urllib.parse import quote

    found = as_operator(lambda person: person.get(f"/exposures/{quote(key, safe='')}"), tenant)
    say("\n".join(f"{name:>16}  {value}" for name, value in _lines(found)), found, as_json=as_json)


def _lines(found: dict[str, Any]) -> list[tuple[str, str]]:
    one, details = found["exposure"], found["details"]
    lines = {
        "title": one["title"],
        "asset": f"{one['asset_id']} ({one['asset_type']}, {one['asset_zone'] or 'no zone'})",
        "severity": f"{one['severity']}, score {one['ctem_score']:g}; {one['source_tool']} said "
        f"{one['original_severity'] or 'nothing'}",
        "at stake": f"{one['physical_consequence']}, by {details.get('consequence_source', '')}",
        "why": "; ".join(details.get("why", [])),
        "reached by": " > ".join(details.get("consequence_path", [])),
        "techniques": " ".join(filter(None, (one["attack_technique"], one["atlas_technique"]))),
        "priority": f"{found['priority']} of 7"
        + (
            f"; score {found['adjusted_score']:g}, as an alert named its technique at {found['alerted_at']}"
            if found["alerted_at"]
            else ""
        ),
        "status": f"{one['status']}, reopened {found['reopened']} times",
        "due": one["sla_deadline"] + (" (late)" if found["sla_breached"] else ""),
        "owner": one["assigned_to"],
        "accepted": f"until {found['accepted_until']} by {found['accepted_by']}: {found['accepted_reason']}"
        if found["accepted_until"]
        else "",
        "seen": f"{found['first_seen']} to {found['last_seen']}, {found['occurrences']} times in the last scan",
        "to do": one["remediation_guidance"],
        "more": one["evidence_url"],
    }
    return [(name, value) for name, value in lines.items() if value]


@exposures.command("accept")
def accept(
    key: Key,
    reason: Reason,
    days: Annotated[int, typer.Option("--days", min=1, max=365, help="For how long.")],
    as_json: AsJson = False,
    tenant: Tenant = HOME,
) -> None:
    """Take the risk of an exposure for some days."""
    from urllib.parse import quote

    body = {"until": (datetime.now(UTC) + timedelta(days=days)).isoformat(), "reason": reason}
    found = as_operator(lambda person: person.post(f"/exposures/{quote(key, safe='')}/accept", body), tenant)
    say(f"The risk of {key} is taken until {found['accepted_until']}.", found, as_json=as_json)


@graph.command("load")
def load_graph(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="JSON with nodes and relations, or CSV of assets.")],
    tenant: Annotated[str, typer.Option("--tenant", help="Whose assets they are.")] = HOME,
    as_json: AsJson = False,
    environment_file: EnvironmentFile = None,
) -> None:
    """Load assets, zones, models and threats into Neo4j; what is there already is brought up to date."""
    import asyncio

    from shared.ctem.graph_file import GraphFile, read_graph
    from shared.settings import settings
    from shared.stores.neo4j import Neo4j

    if not file.is_file():
        raise InvalidInput("FILE", got=str(file), expected="a file that can be read")
    read = read_graph(file.read_bytes())
    chosen(environment_file)
    given = settings().neo4j
    if not given.url:
        raise ConfigurationError("ALUSKORT_NEO4J_URL is not set: without a graph the table of zones is used.")

    async def load() -> dict[str, int]:
        neo4j = Neo4j(given.url, user=given.user, password=given.password.get_secret_value())
        try:
            return await GraphFile(neo4j).load(tenant, read)
        finally:
            await neo4j.close()

    counts = asyncio.run(load())
    say("\n".join(f"{count:>8,} {name}" for name, count in counts.items()), counts, as_json=as_json)
