"""How well attacks are gathered into incidents from among 500 everyday alerts, in the database, with several seeds.

    python -m tests.benchmarks.incidents POSTGRES_URL [FOLDER]

POSTGRES_URL is a migrated database for the application's role. FOLDER holds real rows of `SecurityAlert`, a file
`<incident>.alerts.jsonl` each, and `incidents.jsonl` with the rows of `SecurityIncident`; without one, the attacks are
those of tests/unit/incidents. Everyday alerts touch the attacks' own hosts and accounts and share a domain with them.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from rich.console import Console

from shared.bus.outbox import Outbox
from shared.bus.producer import MemoryProducer
from shared.contracts.alert import NormalizedAlert
from shared.contracts.incident import SourceIncident
from shared.incidents.regrouping import Regrouping
from shared.incidents.repository import Incidents
from shared.ingestion.shapes import grouping_of
from shared.stores.postgres import Postgres
from tests.unit.incidents.alerts import normalized
from tests.unit.incidents.attacks import attacks
from tests.unit.incidents.everyday import Company, everyday
from tests.unit.incidents.gathering import incidents_holding, pairwise

EVERYDAY, SEEDS = 500, range(5)


@dataclass
class Corpus:
    """Rows of attacks, which attack each alert is of, and the rows of `SecurityIncident` that say so."""

    rows: list[dict[str, Any]]
    truth: dict[str, str]
    groupings: list[dict[str, Any]]

    def mixed(self, seed: int) -> list[NormalizedAlert]:
        """The attacks' alerts and everyday ones, shuffled."""
        began = [datetime.fromisoformat(row["StartTime"]).astimezone(UTC) for row in self.rows]
        named = [entity for row in self.rows for entity in json.loads(row["Entities"])]
        plain = [{name: value for name, value in entity.items() if isinstance(value, str)} for entity in named]
        hosts = [entity for entity in plain if entity.get("Type") == "host"]
        company = Company(
            domain=Counter(host.get("DnsDomain", "") for host in hosts).most_common(1)[0][0],
            also_hosts=hosts,
            also_accounts=[entity for entity in plain if entity.get("Type") == "account" and "AadUserId" in entity],
        )
        since, until = min(began) - timedelta(days=2), max(began) + timedelta(days=2)
        rows = [*self.rows, *everyday(EVERYDAY, since=since, until=until, company=company, seed=seed)]
        random.Random(seed).shuffle(rows)
        return [normalized(row) for row in rows]


def corpus(folder: Path | None) -> Corpus:
    """The real attacks of a folder, or the made ones."""
    if folder is None:
        rows, truth = attacks()
        alerts = {attack: [name for name, of in truth.items() if of == attack] for attack in set(truth.values())}
        said = {"Type": "SecurityIncident", "TenantId": "t", "Title": "Attack"}
        groupings = [said | {"IncidentNumber": number, "AlertIds": names} for number, names in alerts.items()]
        return Corpus(rows, truth, groupings)
    rows, truth = [], {}
    for file in sorted(folder.glob("*.alerts.jsonl")):
        for line in file.read_text().splitlines():
            row = json.loads(line)
            rows.append(row)
            truth[normalized(row).alert_id] = file.name
    return Corpus(rows, truth, [json.loads(line) for line in (folder / "incidents.jsonl").read_text().splitlines()])


async def gathered(
    store: Postgres, alerts: Sequence[NormalizedAlert], groupings: Sequence[dict[str, Any]]
) -> dict[str, str]:
    """The incident of each alert; the rows of `SecurityIncident` come when half of the alerts have."""
    tenant, incidents = f"tenant-{uuid4().hex[:12]}", Incidents(store)
    regrouping = Regrouping(store, Outbox(store, MemoryProducer()))
    for place, alert in enumerate(alerts):
        if place == len(alerts) // 2:
            for row in groupings:
                grouping = grouping_of(row)
                assert isinstance(grouping, SourceIncident)
                await regrouping.from_source(grouping.model_copy(update={"tenant_id": tenant}))
        await incidents.link(alert.model_copy(update={"tenant_id": tenant}), f"i-{alert.alert_id}")
    found = [await incidents.of_alert(tenant, alert.alert_id) for alert in alerts]
    return {alert.alert_id: incident.incident_id for alert, incident in zip(alerts, found, strict=True) if incident}


async def main(url: str, folder: Path | None) -> None:
    """Print a line for each seed, without the source's grouping and with it."""
    console, store, made = Console(), Postgres(url), corpus(folder)
    for groupings, title in (([], "by rules"), (made.groupings, "with the source's own incidents")):
        for seed in SEEDS:
            alerts = made.mixed(seed)
            found = await gathered(store, alerts, groupings)
            precision, recall, score = pairwise(found, made.truth)
            console.print(
                f"{title}, seed {seed}: precision {precision:.3f}, recall {recall:.3f}, F1 {score:.3f}; "
                f"{incidents_holding(found, made.truth)} incidents hold the {len(made.truth)} alerts; "
                f"{len(alerts)} alerts in {len(set(found.values()))} incidents"
            )
    await store.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Path(sys.argv[2]) if len(sys.argv) > 2 else None))
