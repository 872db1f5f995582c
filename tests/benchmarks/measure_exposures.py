"""Exposures: findings scored and stored a second, beside psycopg's executemany of the same rows without any of the
product's rules; and the memory that a large export takes.
"""

from __future__ import annotations

import asyncio
import resource
import tempfile
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.benchmarks.harness import OURS, ROOT, ROUNDS, Bench, Figure, faster

FINDINGS = 5_000  # of one round
BATCH = 1_000
GOAL = 10_000.0  # a second
EXPORT_BYTES = 200_000_000
MOST_MEGABYTES = 300.0
AT = datetime(2026, 11, 28, tzinfo=UTC)


def _findings() -> list[Any]:
    from shared.ctem.finding import Finding, Tool  # noqa: PLC0415 - a worker imports what it works with
    from shared.ctem.severity import Exploitability  # noqa: PLC0415

    return [
        Finding(
            tool=Tool.WIZ,
            title=f"CVE-2024-{number} in openssl (/usr/lib/{number})",
            asset_id=f"/subscriptions/1/virtualMachines/vm-{number % 997}",
            asset_name=f"vm-{number % 997}.northlight.example",
            asset_type="VIRTUAL_MACHINE",
            zone="Zone3_Enterprise",
            severity="HIGH",
            level=Exploitability.HIGH,
            score=0.9,
            description="A flaw that is described in some three hundred characters. " * 5,
            remediation="Upgrade to 3.0.14.",
            url=f"https://app.wiz.io/{number}",
            cves=(f"CVE-2024-{number}",),
        )
        for number in range(FINDINGS)
    ]


def product(given: dict[str, str]) -> Callable[[], Any]:
    """Every finding scored and stored for a new tenant, with its messages and records in the outbox."""
    from shared.bus.outbox import Outbox  # noqa: PLC0415
    from shared.bus.producer import MemoryProducer  # noqa: PLC0415
    from shared.ctem.finding import Tool  # noqa: PLC0415
    from shared.ctem.scans import Scan, Scans  # noqa: PLC0415
    from shared.ctem.scoring import scored  # noqa: PLC0415
    from shared.stores.postgres import Postgres  # noqa: PLC0415

    class Waiting(Outbox):
        """Another process relays."""

        def notify(self) -> None:
            """See Outbox."""

    loop, store, found = asyncio.new_event_loop(), Postgres(given["url"]), _findings()
    scans = Scans(store, Waiting(store, MemoryProducer()))

    async def run() -> None:
        scan = Scan(tenant_id=uuid.uuid4().hex, tool=Tool.WIZ, at=AT)
        for start in range(0, FINDINGS, BATCH):
            part = found[start : start + BATCH]
            await scans.record(scan, [scored(one, tenant_id=scan.tenant_id, at=AT) for one in part])

    return lambda: loop.run_until_complete(run())


def executemany(given: dict[str, str]) -> Callable[[], Any]:
    """The same rows, made beforehand, through psycopg's executemany, a transaction a batch."""
    import psycopg  # noqa: PLC0415

    from shared.ctem.scoring import scored  # noqa: PLC0415

    made = [scored(one, tenant_id="t", at=AT) for one in _findings()]
    rows = [
        (
            one.exposure.exposure_key,
            one.exposure.asset_id,
            one.asset_name,
            one.exposure.severity,
            one.exposure.ctem_score,
            one.exposure.to_json().decode(),
        )
        for one in made
    ]
    connection = psycopg.connect(given["owner_url"])
    statement = (
        "INSERT INTO ctem_exposures (tenant_id, exposure_key, asset_id, asset_name, severity, status, ctem_score, "
        "source_tool, exposure) VALUES (%s, %s, %s, %s, %s, 'Open', %s, 'wiz', %s::jsonb) "
        "ON CONFLICT (tenant_id, exposure_key) DO UPDATE SET exposure = excluded.exposure"
    )

    def run() -> None:
        tenant = uuid.uuid4().hex
        for start in range(0, FINDINGS, BATCH):
            with connection.transaction(), connection.cursor() as cursor:
                cursor.executemany(statement, [(tenant, *row) for row in rows[start : start + BATCH]])

    return run


def memory(given: dict[str, str]) -> Callable[[], Any]:
    """Megabytes that reading, scoring and storing the export takes at most, the process included."""
    from shared.bus.outbox import Outbox  # noqa: PLC0415
    from shared.bus.producer import MemoryProducer  # noqa: PLC0415
    from shared.ctem.finding import Tool  # noqa: PLC0415
    from shared.ctem.reading import Reports  # noqa: PLC0415
    from shared.ctem.scans import Scan, Scans  # noqa: PLC0415
    from shared.stores.postgres import Postgres  # noqa: PLC0415

    class Waiting(Outbox):
        """Another process relays."""

        def notify(self) -> None:
            """See Outbox."""

    async def run() -> float:
        store = Postgres(given["url"])
        reports = Reports(Scans(store, Waiting(store, MemoryProducer())), None)
        scan = Scan(tenant_id=uuid.uuid4().hex, tool=Tool.WIZ, at=AT)
        with Path(given["export"]).open("rb") as report:  # noqa: ASYNC230 - nothing else runs here
            await reports.read(report, scan)
        await store.close()
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1_000

    return lambda: asyncio.run(run())


def _export(path: Path) -> None:
    """A Wiz export of issues, each row some two kilobytes with a resource of its own."""
    header, row, *_ = (ROOT / "local/samples/scans/wiz-issues.csv").read_text().split("\n2026-")
    row = "2026-" + row.replace("{}", '"{""tags"": ""' + "x" * 1_200 + '""}"', 1)
    with path.open("w") as out:
        out.write(header + "\n")
        number = 0
        while out.tell() < EXPORT_BYTES:
            out.writelines(row.replace("web-03", f"vm-{number + place}") + "\n" for place in range(500))
            number += 500


def measure(bench: Bench) -> list[Figure]:
    """Both figures, on a PostgreSQL of their own."""
    from local.services.guard import guarded  # noqa: PLC0415 - this side runs in our interpreter only
    from local.services.postgres import APP, Postgres  # noqa: PLC0415
    from local.services.service import ensure, stop  # noqa: PLC0415
    from shared.stores.migrations import migrate  # noqa: PLC0415

    with guarded(ROOT / ".local/bench/site") as site, tempfile.TemporaryDirectory() as folder:
        server = Postgres(site, databases=("bench",))
        ensure(server, site)
        try:
            migrate(server.url(database="bench"))
            server.allow_app()
            given = {"owner_url": server.url(database="bench"), "url": server.url(role=APP, database="bench")}
            given["export"] = str(Path(folder) / "export.csv")
            _export(Path(given["export"]))
            return [_stored(bench, given), _remembered(bench, given)]
        finally:
            stop(server, site)


def _stored(bench: Bench, given: dict[str, str]) -> Figure:
    assert OURS.exists()
    with bench.worker("ours", product, given) as ours, bench.worker("ours", executemany, given) as peer:
        for side in (ours, peer):
            side.seconds()  # the first round pays for connections and plans
        rounds = [(FINDINGS / ours.seconds(), FINDINGS / peer.seconds()) for _ in range(ROUNDS)]
    mine, theirs = [pair[0] for pair in rounds], [pair[1] for pair in rounds]
    return faster(
        "findings stored", mine, theirs, peer_name="psycopg executemany", unit="findings/s", times=0, least=GOAL
    )


def _remembered(bench: Bench, given: dict[str, str]) -> Figure:
    used = float(bench.result("ours", memory, given))
    size = EXPORT_BYTES / 1e6
    return Figure(
        name=f"memory for a Wiz export of {size:g} MB",
        ours=used,
        peer=None,
        peer_name="",
        unit="MB",
        ratio=None,
        spread=None,
        goal=f"at most {MOST_MEGABYTES:g} MB",
        met=used <= MOST_MEGABYTES,
    )
