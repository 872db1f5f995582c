"""``aluskort detection``: the rules against attacks on machine learning, and the path of who writes one."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Annotated

import typer

from cli.deployment.commands import EnvironmentFile, chosen
from cli.screen import console
from shared.errors import InvalidInput, NotFound

if TYPE_CHECKING:
    from datetime import timedelta

    from shared.detection.catalogue import Detection
    from shared.stores.postgres import Postgres

detection = typer.Typer(no_args_is_help=True, help="Rules that detect attacks on machine-learning systems.")

Name = Annotated[str, typer.Argument(metavar="NAME", help="The rule's file name, or its id.")]
Tenant = Annotated[str, typer.Option("--tenant", help="The tenant.")]


@detection.command("list")
def list_all() -> None:
    """List the rules with their thresholds."""
    from rich.table import Table

    from shared.detection.catalogue import catalogue

    table = Table("rule", "what", "severity", "every", "thresholds", box=None, header_style="bold")
    for found in catalogue().values():
        rule = found.rule
        limits = " ".join(f"{name}={value}" for name, value in rule.documented.items())
        table.add_row(rule.rule_id, rule.name, rule.severity, f"{rule.every} min", limits)
    console().print(table)


@detection.command("new")
def new(name: Annotated[str, typer.Argument(metavar="NAME", help="Such as label_flipping.")]) -> None:
    """Write the three files of a new rule, which works as it is and is to be changed."""
    from shared.detection.catalogue import RULES, catalogue
    from shared.detection.template import write_rule

    number = max(int(rule_id[-3:]) for rule_id in catalogue()) + 1
    for path in write_rule(RULES, name, f"ATLAS-DETECT-{number:03d}"):
        console().print(f"wrote {path}", markup=False, soft_wrap=True)
    console().print(f"Change what it counts, then: aluskort detection test {name}")


@detection.command("test")
def test(
    name: Annotated[str, typer.Argument(metavar="[NAME]", help="One rule; all when left out.")] = "",
    environment_file: EnvironmentFile = None,
) -> None:
    """Run a rule's cases on a real PostgreSQL, in a transaction that is undone. Exit code 1 if one does not hold."""
    from shared.detection.catalogue import catalogue
    from shared.detection.fixtures import failures, results_of

    chosen(environment_file)
    detections = [_named(name)] if name else list(catalogue().values())

    async def run(store: Postgres) -> int:
        wrong = 0
        for found in detections:
            for fixture in (*found.rule.firing, *found.rule.silent):
                results = await results_of(store, [found], fixture)
                sentences = failures(fixture, results[found.rule.rule_id])
                wrong += bool(sentences)
                mark = "[red]fails[/]" if sentences else "[green]holds[/]"
                console().print(f"{mark} {found.rule.name}: {fixture.name}")
                for sentence in sentences:
                    console().print(f"      {sentence}", markup=False, highlight=False, soft_wrap=True)
        return wrong

    if wrong := _with_store(run):
        console().print(f"{wrong} case(s) do not hold.")
        raise typer.Exit(1)


@detection.command("backtest")
def backtest(
    name: Name,
    since: Annotated[str, typer.Option("--since", help="How far back: 12h, 7d.")] = "7d",
    tenant: Tenant = "default",
    environment_file: EnvironmentFile = None,
) -> None:
    """Show the alerts that a rule would have made of the telemetry that is there. Nothing is published."""
    from datetime import UTC, datetime

    from shared.detection.backtest import backtest as alerts_of

    chosen(environment_file)
    found, now, reach = _named(name), datetime.now(UTC), _duration(since)

    async def run(store: Postgres) -> dict[str, int]:
        counts: dict[str, int] = {}
        async for result in alerts_of(store, found, tenant, since=now - reach, until=now):
            counts[result.signal] = counts.get(result.signal, 0) + 1
            line = f"{result.window_end}  {result.signal}  {result.confidence:.2f}  {result.alert_title}: "
            line += result.description
            console().print(line, markup=False, highlight=False, soft_wrap=True)
        return counts

    counts = _with_store(run)
    days = reach.total_seconds() / 86400
    for signal, count in sorted(counts.items()):
        console().print(f"{signal}: {count} alerts, {count / days:.2f} a day", markup=False)
    if not counts:
        console().print(f"No alert in the last {since}.", markup=False)


@detection.command("tune")
def tune(
    name: Name,
    reason: Annotated[str, typer.Option("--reason", help="Why; kept in the audit chain.")],
    changes: Annotated[list[str], typer.Option("--set", metavar="NAME=VALUE", help="A threshold.")],
    tenant: Tenant = "default",
    environment_file: EnvironmentFile = None,
) -> None:
    """Change a tenant's thresholds of a rule. The old version stays, and each result names the one it was made with."""
    from getpass import getuser

    from shared.bootstrap import services
    from shared.detection.tuning import Tunings

    chosen(environment_file)
    found = _named(name)
    values = dict(_threshold(change, found.rule.thresholds) for change in changes)

    async def run(store: Postgres) -> str:
        bus = services().bus
        try:
            version = await Tunings(store, bus.outbox).change(tenant, found.rule, values, reason=reason, by=getuser())
            await bus.outbox.settled()
            return version
        finally:
            await bus.producer.close()

    console().print(f"{found.rule.rule_id} for {tenant}: version {_with_store(run)} is in force.", markup=False)


def _threshold(change: str, known: Mapping[str, float | str]) -> tuple[str, float | str]:
    name, equals, value = change.partition("=")
    if not equals:
        raise InvalidInput("--set", got=change, expected="NAME=VALUE, such as deviation=4")
    if isinstance(known.get(name), str):
        return name, value
    try:
        return name, float(value)
    except ValueError:
        raise InvalidInput(f"--set {name}", got=value, expected="a number") from None


def _named(name: str) -> Detection:
    from shared.detection.catalogue import catalogue

    for found in catalogue().values():
        if name in {found.rule.name, found.rule.rule_id}:
            return found
    raise NotFound(f"there is no rule {name!r}; `aluskort detection list` lists them")


def _duration(text: str) -> timedelta:
    from datetime import timedelta

    units = {"h": "hours", "d": "days"}
    if text[-1:] not in units or not text[:-1].isdecimal() or not int(text[:-1]):
        raise InvalidInput("--since", got=text, expected="a number and h or d, such as 12h or 7d")
    return timedelta(**{units[text[-1]]: int(text[:-1])})


def _with_store[T](run: Callable[[Postgres], Awaitable[T]]) -> T:
    from shared.bootstrap import services

    async def with_store() -> T:
        store = services().stores.postgres
        try:
            return await run(store)
        finally:
            await store.close()

    return asyncio.run(with_store())
