"""The command for telemetry that looks real: ``simulate``."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from cli.deployment.commands import OWNER, EnvironmentFile, chosen
from cli.screen import AsJson, console, say_json
from shared.errors import ConfigurationError

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterable

    from local.telemetry.attacks.attack import Attack
    from local.telemetry.tables import Block

MAX_DAYS = 400


def simulate(  # noqa: PLR0913, PLR0917 - each is an option
    folder: Annotated[Path, typer.Argument(help="Where to write one file a table, and attacks.json.")],
    days: Annotated[int, typer.Option(min=1, max=MAX_DAYS, help="How many days, the last one today.")] = 30,
    until: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The last day, if it is not today.")
    ] = None,
    tenants: Annotated[int, typer.Option(min=1, max=3, help="How many companies.")] = 3,
    tenant: Annotated[str, typer.Option(help="The tenant id of the first company, in place of its name.")] = "",
    size: Annotated[float, typer.Option(min=0.1, max=100, help="People, nodes and partners, times this.")] = 1.0,
    seed: Annotated[int, typer.Option(min=0, help="The same seed and days give the same rows.")] = 1,
    clean: Annotated[bool, typer.Option("--clean", help="Ordinary days only, without attacks.")] = False,
    form: Annotated[Literal["csv", "jsonl"], typer.Option("--format", help="Of the files.")] = "csv",
    database: Annotated[
        bool, typer.Option("--database", help="Load the rows into the database instead; alerts are left out.")
    ] = False,
    as_json: AsJson = False,
    environment_file: EnvironmentFile = None,
) -> None:
    """Write telemetry of ordinary days with labelled attacks on machine-learning systems in it."""
    from local.telemetry.campaign import campaign
    from local.telemetry.simulation import companies, simulated
    from local.telemetry.simulation import until as before
    from local.telemetry.writing import write_files, write_labels

    now = datetime.now(UTC)
    last: date = until.date() if until else now.date()
    first = last - timedelta(days=days - 1)
    sites = companies(tenants, seed, size=size, tenant_id=tenant)
    # The first half is what the rules compare with, as far as there are days for it.
    planned = [] if clean else campaign(sites, first + timedelta(days=days // 2), max(1, days // 2))
    attacks = [attack for attack in planned if attack.label.start < now]
    blocks = before(simulated(sites, first, days, attacks), now)
    write_labels(attacks, folder)
    counts = _loaded(blocks, environment_file) if database else write_files(blocks, folder, form)
    if as_json:
        span = {"first_day": str(first), "last_day": str(last), "folder": str(folder), "database": database}
        say_json({"rows": dict(counts), "attacks": len(attacks), **span})
    else:
        _show(counts, attacks, f"{first} to {last}", "the database" if database else str(folder))


def _loaded(blocks: Iterable[Block], environment_file: Path | None) -> Counter[str]:
    from local.telemetry.writing import load

    target = chosen(environment_file)
    if not (url := target.variables.get(OWNER)):
        raise ConfigurationError(f"{OWNER} is not set in {target.source}: only the schema's owner may COPY.")
    return load(url, blocks)


def _show(counts: Counter[str], attacks: list[Attack], span: str, where: str) -> None:
    from rich.table import Table

    screen = console()
    table = Table("table", "rows")
    for name, count in sorted(counts.items()):
        table.add_row(name, f"{count:,}")
    screen.print(table)
    screen.print(f"{sum(counts.values()):,} rows of {span} are in {where}, with {len(attacks)} attacks.", markup=False)
