"""Sent alerts on their way to a verdict, a line for each step."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.text import Text

from cli.api import as_operator
from cli.case_screen import shown, stands, verdict
from cli.find_case import SHORT

if TYPE_CHECKING:
    from local.demo.api import Person
    from shared.contracts.alert import CanonicalAlert

POLL_SECONDS = 0.5
CLOCKS_DIFFER = timedelta(seconds=30)  # at most, between here and a deployment
PATIENCE_SECONDS = 180.0
SETTLED = frozenset({"closed", "failed", "awaiting_human"})


def follow_alerts(console: Console, alerts: Sequence[CanonicalAlert]) -> list[dict[str, Any]]:
    """Print each change of the alerts' cases until all are settled, and return them; those that took too long are left
    out.
    """
    by_tenant: dict[str, list[str]] = {}
    for alert in alerts:
        by_tenant.setdefault(alert.tenant_id, []).append(alert.alert_id)
    each = (as_operator(partial(_follow, console, wanted), tenant) for tenant, wanted in by_tenant.items())
    return [case for cases in each for case in cases]


async def _follow(console: Console, wanted: Sequence[str], person: Person) -> list[dict[str, Any]]:
    waiting, versions = set(wanted), dict[str, int]()
    settled: list[dict[str, Any]] = []
    began = datetime.now(UTC)
    for alert_id in dict.fromkeys(wanted):
        console.print(Text(f"  sent      alert {alert_id}"), style="dim", soft_wrap=True)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while waiting and time.monotonic() < deadline:
        for item in reversed(await person.investigations()):
            alert_id = item["alert_id"]
            if alert_id not in waiting or versions.get(alert_id) == item["version"]:
                continue
            versions[alert_id] = item["version"]
            parts = [Text(f"  {item['investigation_id'][:SHORT]}"), stands(item), verdict(item)]
            console.print(Text("  ").join([*parts, shown(item["alert_title"], limit=60)]), soft_wrap=True)
            if since := _known_since(item, began):
                known = f"known already: an alert with this id came at {since:%Y-%m-%d %H:%M} UTC, no case was opened"
                line = f"  {item['investigation_id'][:SHORT]}  {known}; give it another id to send it as another alert"
                console.print(Text(line), style="yellow", soft_wrap=True)
            if item["state"] in SETTLED:
                waiting.discard(alert_id)
                settled.append(item)
        await asyncio.sleep(POLL_SECONDS)
    for alert_id in sorted(waiting):
        seen = "its case is still open" if alert_id in versions else "no case was opened"
        why = "`aluskort stats` and `aluskort logs host` may say why."
        console.print(Text(f"  {alert_id}: {seen} after {PATIENCE_SECONDS:.0f} s. {why}"), style="red", soft_wrap=True)
    return settled


def _known_since(case: dict[str, Any], began: datetime) -> datetime | None:
    """When an earlier message about the alert opened the case; None for one that was opened just now."""
    opened = datetime.fromisoformat(case["created_at"]).astimezone(UTC)
    return opened if opened < began - CLOCKS_DIFFER else None
