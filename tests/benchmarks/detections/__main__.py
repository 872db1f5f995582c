"""`make detection-report`: attacks against the rules, written to docs/detections.md; `--tuning` only shows figures."""

from __future__ import annotations

import asyncio
import sys
from datetime import UTC, datetime, timedelta
from time import monotonic

from rich.console import Console

from local.services.guard import guarded
from local.services.postgres import Postgres
from local.services.service import ensure
from local.services.site import CHECKOUT
from shared.detection.catalogue import catalogue
from shared.stores.migrations import migrate
from tests.benchmarks.detections.page import show, write
from tests.benchmarks.detections.running import Spans, raised
from tests.benchmarks.detections.scoring import Scores, score
from tests.benchmarks.detections.world import REPORT_SEEDS, ROUNDS, TUNING_SEEDS, World, fill, world

DAYS = 90
screen = Console(stderr=True, highlight=False)


def main(arguments: list[str]) -> None:
    """Measure each seed on a database of its own. ``--days=N --rounds=N`` make it shorter, and the page says so."""
    tuning, days, rounds = "--tuning" in arguments, _of(arguments, "--days", DAYS), _of(arguments, "--rounds", ROUNDS)
    scores, last = Scores(), datetime.now(UTC).date() - timedelta(days=1)
    with guarded(CHECKOUT / ".local" / "detection-report") as site:
        for seed in TUNING_SEEDS if tuning else REPORT_SEEDS:
            server = Postgres(site, databases=(f"seed_{seed}",))
            ensure(server, site)
            server.initialise()
            owner = server.url(database=f"seed_{seed}")
            migrate(owner)
            server.allow_app()
            _measure(
                scores, owner, server.url(role="aluskort_app", database=f"seed_{seed}"), world(seed, last, days, rounds)
            )
    show(scores, screen)
    if not tuning:
        write(scores, days, rounds)


def _of(arguments: list[str], name: str, default: int) -> int:
    return next((int(one.removeprefix(f"{name}=")) for one in arguments if one.startswith(f"{name}=")), default)


def _measure(scores: Scores, owner: str, url: str, own: World) -> None:
    began = monotonic()
    count = fill(owner, own.blocks())
    screen.print(f"{count:,} rows in {monotonic() - began:.0f} s, {len(own.attacks)} attacks")
    began = monotonic()
    lookbacks = {rule_id: timedelta(hours=found.rule.lookback) for rule_id, found in catalogue().items()}
    tenants: dict[str, tuple[datetime, datetime, Spans]] = {
        site.tenant_id: (own.start, own.end, {}) for site in own.ordinary
    } | {site.tenant_id: (own.start, own.end_of_attacks, own.spans(lookbacks)) for site in own.attacked}
    alerts = asyncio.run(raised(url, tenants, screen.print))
    screen.print(f"The rules ran in {monotonic() - began:.0f} s, {len(alerts):,} alerts")
    score(
        scores,
        [attack.label for attack in own.attacks],
        alerts,
        lookbacks=lookbacks,
        ordinary={
            attacked.tenant_id: plain.tenant_id for attacked, plain in zip(own.attacked, own.ordinary, strict=True)
        },
        days=own.days,
    )


if __name__ == "__main__":
    main(sys.argv[1:])
