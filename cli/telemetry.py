"""``aluskort telemetry``: files of telemetry into the tables that the detections read."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cli.deployment.commands import EnvironmentFile, chosen
from cli.screen import console

telemetry = typer.Typer(no_args_is_help=True, help="Telemetry of the systems that the detections defend.")


@telemetry.callback()
def _group() -> None:
    """Keeps `load` a subcommand."""


@telemetry.command("load")
def load(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="CSV, JSON lines (.jsonl) or Parquet.")],
    table: Annotated[str, typer.Option("--table", help="The table, when the file's name does not begin with it.")] = "",
    environment_file: EnvironmentFile = None,
) -> None:
    """Load files. A file that is loaded again adds nothing; exit code 1 if a row was refused."""
    import asyncio
    from time import perf_counter

    from shared.bootstrap import services
    from shared.detection.files import Loaded
    from shared.detection.files import load as load_file
    from shared.detection.telemetry import Telemetry

    chosen(environment_file)

    async def all_files() -> list[Loaded]:
        store = services().stores.postgres
        try:
            return [await load_file(Telemetry(store), file, table=table) for file in files]
        finally:
            await store.close()

    began = perf_counter()
    loaded = asyncio.run(all_files())
    seconds = perf_counter() - began
    for file, one in zip(files, loaded, strict=True):
        there = one.read - one.new - one.refused
        console().print(
            f"{file.name} -> {one.table}: {one.new:,} new, {there:,} there already, {one.refused:,} refused",
            markup=False,
        )
        for reason in one.reasons:
            console().print(f"  {reason}", markup=False, highlight=False, style="yellow", soft_wrap=True)
    read = sum(one.read for one in loaded)
    console().print(f"{read:,} rows in {seconds:.1f} s ({read / max(seconds, 0.001):,.0f} a second).")
    if any(one.refused for one in loaded):
        raise typer.Exit(1)
