"""`aluskort migrate` and `aluskort preflight`: a deployment's database and topics, and whether it works."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.screen import AsJson, console, say_json
from cli.stack import local_stack
from shared.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from rich.console import Console

    from cli.deployment.environment import Deployment
    from cli.deployment.finding import Finding

OWNER = "ALUSKORT_POSTGRES_OWNER_URL"
EnvironmentFile = Annotated[
    Path | None,
    typer.Option(
        "--environment-file",
        "--environment",
        help="The deployment's settings: NAME=value lines, local.settings.json, or what "
        "`az functionapp config appsettings list` prints. Without it: this environment, or else the local stack.",
    ),
]


def chosen(file: Path | None) -> Deployment:
    """The deployment, whose variables become this process's."""
    from cli.deployment.environment import deployment

    found = deployment(file, local_stack({}))
    found.enter()
    return found


def migrate(
    environment_file: EnvironmentFile = None,
    as_json: AsJson = False,
    check: Annotated[
        bool, typer.Option("--check", help="Change nothing; exit code 1 if something is missing.")
    ] = False,
    topics: Annotated[
        bool, typer.Option("--topics", help="Create the topics too, on a Kafka that is not an Event Hubs namespace.")
    ] = False,
    entra_principals: Annotated[
        str,
        typer.Option(
            envvar="ALUSKORT_ENTRA_PRINCIPALS",
            help="Azure identities that may log in: a file, or JSON, with [{name, object_id, role}].",
        ),
    ] = "",
) -> None:
    """Bring the database (and topics) of a deployment up to date. Repeatable; the running version keeps working."""
    target, screen = chosen(environment_file), console(stderr=as_json)
    url = target.variables.get(OWNER)
    if not url:
        raise ConfigurationError(f"{OWNER} is not set in {target.source}: the schema's owner makes the tables.")
    screen.print(f"The database of {target.source}:", markup=False)
    names, complete = _schema(screen, url, check=check)
    if entra_principals:
        _admit(screen, url, entra_principals, check=check)
    if topics:
        complete &= _topics(screen, check=check)
    if as_json:
        say_json({"missing" if check else "applied": names, "complete": complete})
    if not complete:
        raise typer.Exit(1)


def preflight(
    environment_file: EnvironmentFile = None,
    as_json: AsJson = False,
    synthetic_alert: Annotated[
        bool, typer.Option("--synthetic-alert", help="Send one harmless alert and follow it to its audit proof.")
    ] = False,
    before_migration: Annotated[
        bool,
        typer.Option("--before-migration", help="Only warn about what the migration and the new package will fix."),
    ] = False,
    timeout: Annotated[float, typer.Option(min=1, help="Seconds that the synthetic alert may take.")] = 300,
) -> None:
    """Name what a deployment lacks, before or after it is created. Exit code 0 only if nothing failed."""
    import asyncio

    from cli.deployment.finding import State

    target, screen = chosen(environment_file), console(stderr=as_json)
    screen.print(f"Preflight of {target.source}:", markup=False)
    coming = _findings(target, follow_for=timeout if synthetic_alert else None, excuse=before_migration)
    found = asyncio.run(_collected(screen, coming))
    if as_json:
        from cli.deployment.preflight import as_json as write

        typer.echo(write(found))
    if any(finding.state is State.FAILED for finding in found):
        raise typer.Exit(1)


async def _findings(target: Deployment, *, follow_for: float | None, excuse: bool) -> AsyncIterator[Finding]:
    from cli.deployment.finding import State, Target
    from cli.deployment.preflight import preflight as checks
    from cli.deployment.synthetic import follow
    from shared.settings import settings

    complete = True
    async for finding in checks(target):
        complete &= not (finding.name == "Settings" and finding.state is State.FAILED)
        excused = excuse and finding.mended and finding.state is State.FAILED
        yield replace(finding, state=State.WARNING) if excused else finding
    if follow_for is not None and complete:
        async for finding in follow(Target(target.variables, settings()), timeout_seconds=follow_for):
            yield finding


async def _collected(screen: Console, coming: AsyncIterator[Finding]) -> list[Finding]:
    from cli.deployment.report import print_report, shown

    found = await shown(screen, coming)
    print_report(screen, found)
    return found


def _schema(screen: Console, url: str, *, check: bool) -> tuple[list[str], bool]:
    """The migrations that are missing or were applied, and whether none is missing now."""
    from shared.stores.migrations import migrate as apply
    from shared.stores.migrations import missing

    if check:
        names = missing(url)
        for name in names:
            screen.print(f"  missing  {name}")
        screen.print("The schema is up to date." if not names else "`aluskort migrate` applies what is missing.")
        return names, not names
    applied = apply(url, report=lambda name: screen.print(f"  applying {name}"))
    screen.print(f"Applied {len(applied)} migrations." if applied else "The schema was up to date.")
    return list(applied), True


def _admit(screen: Console, url: str, given: str, *, check: bool) -> None:
    import asyncio

    from shared.stores.principals import admit, read_principals

    principals = read_principals(given if given.lstrip().startswith("[") else _text(Path(given)))
    if check:
        return  # whether an identity can log in shows only when it does, which the preflight tests
    made = asyncio.run(admit(url, principals))
    for principal in principals:
        state = "made" if principal.name in made else "was there"
        screen.print(f"  login {principal.name} ({principal.role}): {state}", markup=False)


def _topics(screen: Console, *, check: bool) -> bool:
    import asyncio

    from cli.deployment.topics import make_missing, topic_faults
    from shared.settings import settings

    if not check:
        for name in asyncio.run(make_missing(settings())):
            screen.print(f"  made topic {name}")
    faults = asyncio.run(topic_faults(settings()))
    for fault in faults:
        screen.print(f"  {fault}", markup=False)
    screen.print("The topics match the catalogue." if not faults else "The topics do not match the catalogue.")
    return not faults


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"Entra principals: {path} cannot be read: {error}") from error
