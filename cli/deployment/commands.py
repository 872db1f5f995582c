"""`aluskort migrate` and `aluskort preflight`: a deployment's database and topics, and whether it works."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from cli.deployment.environment import Deployment, deployment
from cli.deployment.finding import Finding, State, Target
from local.services.site import CHECKOUT, Site
from local.services.stack import Stack
from shared.errors import ConfigurationError

WIDE = 140  # columns in a file or a pipe, where no terminal tells its width
OWNER = "ALUSKORT_POSTGRES_OWNER_URL"
EnvironmentFile = Annotated[
    Path | None,
    typer.Option(
        "--environment-file",
        "--environment",
        help="The deployment's settings: NAME=value lines, local.settings.json, or what "
        "`az functionapp config appsettings list` prints. Left out: this environment, else the local stack.",
    ),
]


def chosen(file: Path | None) -> Deployment:
    """The deployment, entered by this process."""
    found = deployment(file, Stack(Site(CHECKOUT / ".local"), {}))
    found.enter()
    return found


def migrate(
    environment_file: EnvironmentFile = None,
    check: Annotated[
        bool, typer.Option("--check", help="Change nothing; exit code 1 if something is missing.")
    ] = False,
    topics: Annotated[
        bool, typer.Option("--topics", help="Make the topics too, on a Kafka that is no Event Hubs namespace.")
    ] = False,
    entra_principals: Annotated[
        str,
        typer.Option(
            envvar="ALUSKORT_ENTRA_PRINCIPALS",
            help="Identities to let in on Azure: a file, or JSON, of [{name, object_id, role}].",
        ),
    ] = "",
) -> None:
    """Bring the database (and topics) of a deployment up to date. Repeatable; the running version goes on."""
    target, console = chosen(environment_file), Console(highlight=False)
    url = target.variables.get(OWNER)
    if not url:
        raise ConfigurationError(f"{OWNER} is not set in {target.source}: the schema's owner makes the tables.")
    console.print(f"The database of {target.source}:", markup=False)
    complete = _schema(console, url, check=check)
    if entra_principals:
        _admit(console, url, entra_principals, check=check)
    if topics:
        complete &= _topics(console, check=check)
    if not complete:
        raise typer.Exit(1)


def preflight(
    environment_file: EnvironmentFile = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON and nothing else.")] = False,
    synthetic_alert: Annotated[
        bool, typer.Option("--synthetic-alert", help="Send one harmless alert and follow it to its audit proof.")
    ] = False,
    before_migration: Annotated[
        bool, typer.Option("--before-migration", help="What the migration and the new package mend is a warning only.")
    ] = False,
    timeout: Annotated[float, typer.Option(min=1, help="Seconds that the synthetic alert may take.")] = 300,
) -> None:
    """Say what a deployment lacks, by name, before and after it was made. Exit code 0 only if nothing failed."""
    target = chosen(environment_file)
    console = Console(highlight=False, stderr=as_json, width=None if sys.stdout.isatty() else WIDE)
    console.print(f"Preflight of {target.source}:", markup=False)
    coming = _findings(target, follow_for=timeout if synthetic_alert else None, excuse=before_migration)
    found = asyncio.run(_collected(console, coming))
    if as_json:
        from cli.deployment.preflight import as_json as write  # noqa: PLC0415 - as below

        typer.echo(write(found))
    if any(finding.state is State.FAILED for finding in found):
        raise typer.Exit(1)


async def _findings(target: Deployment, *, follow_for: float | None, excuse: bool) -> AsyncIterator[Finding]:
    from cli.deployment.preflight import preflight as checks  # noqa: PLC0415 - the clients take seconds to import
    from cli.deployment.synthetic import follow  # noqa: PLC0415
    from shared.settings import settings  # noqa: PLC0415

    complete = True
    async for finding in checks(target):
        complete &= not (finding.name == "Settings" and finding.state is State.FAILED)
        excused = excuse and finding.mended and finding.state is State.FAILED
        yield replace(finding, state=State.WARNING) if excused else finding
    if follow_for is not None and complete:
        async for finding in follow(Target(target.variables, settings()), timeout_seconds=follow_for):
            yield finding


async def _collected(console: Console, coming: AsyncIterator[Finding]) -> list[Finding]:
    from cli.deployment.report import print_report, shown  # noqa: PLC0415 - as above

    found = await shown(console, coming)
    print_report(console, found)
    return found


def _schema(console: Console, url: str, *, check: bool) -> bool:
    from shared.stores.migrations import migrate as apply  # noqa: PLC0415 - the other commands start faster without
    from shared.stores.migrations import missing  # noqa: PLC0415

    if check:
        names = missing(url)
        for name in names:
            console.print(f"  missing  {name}")
        console.print("The schema is up to date." if not names else "`aluskort migrate` applies what is missing.")
        return not names
    applied = apply(url, report=lambda name: console.print(f"  applying {name}"))
    console.print(f"Applied {len(applied)} migrations." if applied else "The schema was up to date.")
    return True


def _admit(console: Console, url: str, given: str, *, check: bool) -> None:
    from shared.stores.principals import admit, read_principals  # noqa: PLC0415 - as above

    principals = read_principals(given if given.lstrip().startswith("[") else _text(Path(given)))
    if check:
        return  # whether an identity may log in shows when it does: that is the preflight's to find
    made = asyncio.run(admit(url, principals))
    for principal in principals:
        state = "made" if principal.name in made else "was there"
        console.print(f"  login {principal.name} ({principal.role}): {state}", markup=False)


def _topics(console: Console, *, check: bool) -> bool:
    from cli.deployment.topics import make_missing, topic_faults  # noqa: PLC0415 - as above
    from shared.settings import settings  # noqa: PLC0415

    if not check:
        for name in asyncio.run(make_missing(settings())):
            console.print(f"  made topic {name}")
    faults = asyncio.run(topic_faults(settings()))
    for fault in faults:
        console.print(f"  {fault}", markup=False)
    console.print("The topics are as the catalogue says." if not faults else "The topics are not as they should be.")
    return not faults


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"Entra principals: {path} cannot be read: {error}") from error
