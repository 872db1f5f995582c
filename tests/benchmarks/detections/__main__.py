"""`make detection-report`: attacks against the rules, written to docs/detections.md; `--tuning` only shows figures."""

from __future__ import annotations

import asyncio
import sys
from datetime import UTC, date, datetime, timedelta
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
from tests.benchmarks.detections.world import REPORT_SEEDS, TUNING_SEEDS, fill, world

DAYS = 90
screen = Console(stderr=True, highlight=False)


def main(arguments: list[str]) -> None:
    """Measure each seed on a database of its own. ``--tuning`` and ``--days=N`` try; only the whole is written down."""
    tuning = "--tuning" in arguments
    days = next((int(one.removeprefix("--days=")) for one in arguments if one.startswith("--days=")), DAYS)
    scores, last = Scores(), datetime.now(UTC).date() - timedelta(days=1)
    with guarded(CHECKOUT / ".local" / "detection-report") as site:
        for seed in TUNING_SEEDS if tuning else REPORT_SEEDS:
            server = Postgres(site, databases=(f"seed_{seed}",))
            ensure(server, site)
            server.initialise()
            owner = server.url(database=f"seed_{seed}")
            migrate(owner)
            server.allow_app()
            _measure(scores, owner, server.url(role="aluskort_app", database=f"seed_{seed}"), seed, last, days)
    show(scores, screen)
    if not tuning and days == DAYS:
        write(scores, days)


def _measure(scores: Scores, owner: str, url: str, seed: int, last: date, days: int) -> None:
    own, began = world(seed, last, days), monotonic()
    count = fill(owner, own.blocks())
    screen.print(f"seed {seed}: {count:,} rows in {monotonic() - began:.0f} s, {len(own.attacks)} attacks")
    began = monotonic()
    lookbacks = {rule_id: timedelta(hours=found.rule.lookback) for rule_id, found in catalogue().items()}
    tenants: dict[str, tuple[datetime, datetime, Spans]] = {
        site.tenant_id: (own.start, own.end, {}) for site in own.ordinary
    } | {site.tenant_id: (own.start, own.end_of_attacks, own.spans(lookbacks)) for site in own.attacked}
    alerts = asyncio.run(raised(url, tenants, screen.print))
    screen.print(f"seed {seed}: the rules ran in {monotonic() - began:.0f} s, {len(alerts):,} alerts")
    score(
        scores,
        [attack.label for attack in own.attacks],
        alerts,
        lookbacks=lookbacks,
        ordinary={
            attacked.tenant_id: plain.tenant_id for attacked, plain in zip(own.attacked, own.ordinary, strict=True)
        },
        days=days,
    )


if __name__ == "__main__":
    main(sys.argv[1:])
