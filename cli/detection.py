"""``aluskort detection``: the rules against attacks on machine learning, and the path of who writes one."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.deployment.commands import EnvironmentFile, chosen
from cli.screen import AsJson, Reason, console, say, say_json
from shared.errors import InvalidInput, NotFound

if TYPE_CHECKING:
    from datetime import timedelta

    from shared.detection.catalogue import Detection
    from shared.stores.postgres import Postgres

detection = typer.Typer(no_args_is_help=True, help="Rules that detect attacks on machine-learning systems.")

Name = Annotated[str, typer.Argument(metavar="NAME", help="The rule's file name, or its id.")]
Tenant = Annotated[str, typer.Option("--tenant", help="The tenant.")]


@detection.command("list")
def list_all(as_json: AsJson = False) -> None:
    """List the rules with their thresholds."""
    from rich.table import Table

    from shared.detection.catalogue import catalogue

    if as_json:
        say_json(
            [
                {"rule": rule.rule_id, "name": rule.name, "severity": rule.severity, "every_minutes": rule.every}
                | {"thresholds": dict(rule.documented)}
                for rule in (found.rule for found in catalogue().values())
            ]
        )
        return
    table = Table("rule", "what", "severity", "every", "thresholds", box=None, header_style="bold")
    for found in catalogue().values():
        rule = found.rule
        limits = " ".join(f"{name}={value}" for name, value in rule.documented.items())
        table.add_row(rule.rule_id, rule.name, rule.severity, f"{rule.every} min", limits)
    console().print(table)


@detection.command("new")
def new(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Such as label_flipping.")], as_json: AsJson = False
) -> None:
    """Write the three files of a new rule, which works as it is and is to be changed."""
    from shared.detection.catalogue import RULES, catalogue
    from shared.detection.template import write_rule

    number = max(int(rule_id[-3:]) for rule_id in catalogue()) + 1
    written = [str(path) for path in write_rule(RULES, name, f"ATLAS-DETECT-{number:03d}")]
    lines = [f"wrote {path}" for path in written] + [f"Change what it counts, then: aluskort detection test {name}"]
    say("\n".join(lines), {"files": written}, as_json=as_json)


@detection.command("test")
def test(
    name: Annotated[str, typer.Argument(metavar="[NAME]", help="One rule; all when left out.")] = "",
    as_json: AsJson = False,
    environment_file: EnvironmentFile = None,
) -> None:
    """Run a rule's cases on a real PostgreSQL, in a transaction that is undone. Exit code 1 if one does not hold."""
    from shared.detection.catalogue import catalogue
    from shared.detection.fixtures import failures, results_of

    chosen(environment_file)
    detections = [_named(name)] if name else list(catalogue().values())

    screen = console(stderr=as_json)

    async def run(store: Postgres) -> list[dict[str, Any]]:
        cases = []
        for found in detections:
            for fixture in (*found.rule.firing, *found.rule.silent):
                results = await results_of(store, [found], fixture)
                sentences = failures(fixture, results[found.rule.rule_id])
                cases.append({"rule": found.rule.name, "case": fixture.name, "failures": sentences})
                mark = "[red]fails[/]" if sentences else "[green]holds[/]"
                screen.print(f"{mark} {found.rule.name}: {fixture.name}")
                for sentence in sentences:
                    screen.print(f"      {sentence}", markup=False, highlight=False, soft_wrap=True)
        return cases

    cases = _with_store(run)
    if as_json:
        say_json(cases)
    if wrong := sum(bool(case["failures"]) for case in cases):
        screen.print(f"{wrong} case(s) do not hold.")
        raise typer.Exit(1)


@detection.command("backtest")
def backtest(
    name: Name,
    since: Annotated[str, typer.Option("--since", help="How far back: 12h, 7d.")] = "7d",
    tenant: Tenant = "default",
    as_json: AsJson = False,
    environment_file: EnvironmentFile = None,
) -> None:
    """Show the alerts that a rule would have made of the telemetry that is there. Nothing is published."""
    from datetime import UTC, datetime

    from shared.detection.backtest import backtest as alerts_of

    chosen(environment_file)
    found, now, reach = _named(name), datetime.now(UTC), _duration(since)

    screen, made = console(stderr=as_json), list[dict[str, Any]]()

    async def run(store: Postgres) -> Counter[str]:
        counts = Counter[str]()
        async for result in alerts_of(store, found, tenant, since=now - reach, until=now):
            counts[result.signal] += 1
            if as_json:
                made.append(result.model_dump(mode="json"))
                continue
            line = f"{result.window_end}  {result.signal}  {result.confidence:.2f}  {result.alert_title}: "
            screen.print(line + result.description, markup=False, soft_wrap=True)
        return counts

    counts = _with_store(run)
    if as_json:
        say_json(made)
    days = reach.total_seconds() / 86400
    for signal, count in sorted(counts.items()):
        screen.print(f"{signal}: {count} alerts, {count / days:.2f} a day", markup=False)
    if not counts:
        screen.print(f"No alert in the last {since}.", markup=False)


@detection.command("tune")
def tune(  # noqa: PLR0913, PLR0917 - one for each thing that the command line can say
    name: Name,
    reason: Reason,
    changes: Annotated[list[str], typer.Option("--set", metavar="NAME=VALUE", help="A threshold.")],
    tenant: Tenant = "default",
    as_json: AsJson = False,
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

    version, rule_id = _with_store(run), found.rule.rule_id
    now_in_force = {"rule": rule_id, "tenant": tenant, "version": version}
    say(f"{rule_id} for {tenant}: version {version} is in force.", now_in_force, as_json=as_json)


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
