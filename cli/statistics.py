"""``aluskort stats``: cases, queues, dead letters, spend, the model, and how often people agree with the machine."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rich.table import Table
from rich.text import Text

from cli.api import HOME, Tenant, as_operator
from cli.screen import AsJson, console, say_json

NOT_MEASURED = "not measured"


def stats(as_json: AsJson = False, tenant: Tenant = HOME) -> None:
    """Count the tenant's cases by state and age; for administrators also queues, dead letters, spend and the model."""
    found = as_operator(lambda person: person.get("/stats"), tenant)
    if as_json:
        say_json(found)
        return
    screen = console()
    screen.print(open_cases(found["cases"]["open"]))
    table = Table("", "", box=None, show_header=False, padding=(0, 2, 0, 0))
    for name, value in [*_cases(found["cases"]), *(_platform(found["platform"]) if found["platform"] else [])]:
        table.add_row(Text(name, style="bold"), Text(value))
    screen.print(table)
    if not found["platform"]:
        screen.print("Queues, spend and the model are for administrators.", style="dim")
    screen.print(
        "Next: `aluskort cases --state awaiting_human`, `aluskort dlq list`; for Prometheus, /api/metrics.", style="dim"
    )


def open_cases(found: list[dict[str, Any]]) -> Table | Text:
    """Open cases by state and time since their last step."""
    if not found:
        return Text("No case is open.")
    table = Table("open cases", "< 15 min", "< 4 h", "older", "stuck", box=None, header_style="bold")
    for one in found:
        counts = (one["under_15_minutes"], one["under_4_hours"], one["older"], one["stuck"])
        table.add_row(one["state"].replace("_", " "), *(str(count) for count in counts))
    return table


def _cases(cases: dict[str, Any]) -> Iterator[tuple[str, str]]:
    since = f" since {cases['newest_since'][:16].replace('T', ' ')} UTC" if cases["newest_since"] else ""
    yield "newest cases", f"{cases['newest']}{since}: {cases['closed']} closed, {cases['failed']} failed"
    yield "decided by", ", ".join(f"{row} {count}" for row, count in cases["verdicts_by_row"].items()) or "nothing yet"
    yield "agreement", agreement(cases["agreement"])


def agreement(found: dict[str, Any]) -> str:
    """How often people's dispositions agree with the verdict, and who abstained."""
    rate = NOT_MEASURED if found["rate"] is None else f"{found['rate']:.0%}"
    compared = found["agreed"] + found["differed"]
    return (
        f"{rate}: {found['agreed']} of {compared} dispositions agree with the verdict; abstained: "
        f"the machine {found['machine_abstained']}, a person {found['person_abstained']}"
    )


def _platform(platform: dict[str, Any]) -> Iterator[tuple[str, str]]:
    backlog, model, spend = platform["backlog"], platform["model"], platform["spend"]
    yield "outbox", f"{backlog['outbox']} messages wait"
    queues = backlog["queues"]
    waiting = [f"{one['topic']} {one['waiting']}" for one in queues or [] if one["waiting"]]
    yield "queues", NOT_MEASURED if queues is None else ", ".join(waiting) or f"nothing waits on {len(queues)}"
    dead = backlog["dead_letters"]
    kept = [f"{topic} {count}" for topic, count in (dead or {}).items() if count]
    yield "dead letters", NOT_MEASURED if dead is None else ", ".join(kept) or "none"
    why = f" ({model['detail']})" if model["detail"] else ""
    yield "model", f"{model['provider']} is {model['state']}{why}, its breaker is {model['breaker'].replace('_', ' ')}"
    limits = f"soft limit {spend['soft_limit_usd']:.0f}, hard limit {spend['hard_limit_usd']:.0f}"
    simulated = " (simulated)" if model["provider"] == "simulated" else ""
    yield f"spend {spend['month']}", f"USD {spend['spent_usd']:.2f}{simulated} of all tenants; {limits}"
