"""kill -9 of the host at random moments while 100 alerts run: nothing is lost, nothing happens twice."""

import random
from pathlib import Path

import pytest

from local.taskhub.export import export_histories, read_history
from local.taskhub.replay import replay_differences
from tests.e2e.product import MIMIKATZ, PHISH, PORT_SCAN, Product, envelope, security_alert, until
from tests.replay.test_stored_histories import handles

ALERTS = 100
KILLS = 10


async def test_ten_kills_lose_nothing_and_double_nothing(
    product: Product, tenant: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    chance = random.Random()
    kinds, severities = (MIMIKATZ, PORT_SCAN, PHISH), ("High", "Medium", "Low")
    rows = [
        security_alert(tenant, f"a-{number}", kinds[number % 3], AlertSeverity=severities[number % 3])
        for number in range(ALERTS)
    ]
    await product.send(*(envelope(*rows[start : start + 10]) for start in range(0, ALERTS, 10)))
    unfinished_at_kill = []
    for _ in range(KILLS):
        await _work_done(product, tenant, chance.randint(0, 50))
        unfinished_at_kill.append(ALERTS - len(await _settled(product, tenant)))
        product.kill_host()
        await product.start()
    await until(lambda: product.settled(tenant, ALERTS))
    await _approve_all(product, tenant)
    states = await product.states(tenant)
    assert set(states) == {f"a-{number}" for number in range(ALERTS)}
    assert set(states.values()) == {"closed"}
    await _chained(product, tenant)
    counts = await _counts(product, tenant)
    async with product.api() as client:
        auditor = await product.person(client, tenant, "audit_reader")
        verified = await auditor.post("/audit/verify", {})
    replayed = await _replay(product, tmp_path)
    with capsys.disabled():
        print(  # noqa: T201 - the counts are wanted in the run's output
            f"\n{KILLS} kills with {unfinished_at_kill} alerts unfinished: {len(states)} investigations, "
            f"{counts['transitions']} transitions, {counts['changes']} audited once each, "
            f"{counts['actions']} actions, {counts['double_actions']} of them twice, "
            f"chain of {verified['records_checked']} records {'valid' if verified['chain_valid'] else 'BROKEN'}, "
            f"{replayed} histories replayed"
        )
    assert unfinished_at_kill[0] > 0
    assert counts["double_transitions"] == counts["double_changes"] == 0
    assert counts["double_actions"] == counts["double_verdicts"] == 0
    assert counts["changes"] == counts["transitions"] == counts["versions"]
    assert verified["chain_valid"]
    assert replayed > 0


async def _work_done(product: Product, tenant: str, more: int) -> None:
    """Wait for a random amount of work, so that the kill hits a host that is busy, whatever the machine's speed."""
    sql = "SELECT count(*) FROM investigation_transitions WHERE tenant_id = %s"
    ((before,),) = await product.rows(sql, tenant)

    async def done() -> bool:
        ((now,),) = await product.rows(sql, tenant)
        return bool(now >= before + more)

    await until(done)


async def _approve_all(product: Product, tenant: str) -> None:
    async with product.api() as client:
        senior = await product.person(client, tenant)
        while waiting := (await senior.get("/approvals"))["items"]:
            for approval in waiting:
                answer = {"approved": True, "actions_hash": approval["actions_hash"]}
                await senior.post(f"/approvals/{approval['approval_id']}", answer)

    async def closed() -> bool:
        return set((await product.states(tenant)).values()) == {"closed"}

    await until(closed)


async def _settled(product: Product, tenant: str) -> set[str]:
    states = await product.states(tenant)
    return {alert for alert, state in states.items() if state in {"closed", "awaiting_human", "failed"}}


async def _chained(product: Product, tenant: str) -> None:
    """Wait until the audit consumer has caught up with the transitions."""

    async def caught_up() -> bool:
        counts = await _counts(product, tenant)
        return counts["changes"] >= counts["transitions"]

    await until(caught_up)


async def _counts(product: Product, tenant: str) -> dict[str, int]:
    sql = """
        WITH changes AS (
            SELECT investigation_id, context ->> 'from_state' AS before, context ->> 'to_state' AS after
            FROM audit_records WHERE tenant_id = %(tenant)s AND event_type = 'investigation.state_changed'),
        steps AS (SELECT * FROM investigation_transitions WHERE tenant_id = %(tenant)s)
        SELECT
            (SELECT count(*) FROM steps),
            (SELECT count(*) FROM (SELECT 1 FROM steps GROUP BY investigation_id, state_before, state_after
                                   HAVING count(*) > 1) AS twice),
            (SELECT count(*) FROM changes),
            (SELECT count(*) FROM (SELECT 1 FROM changes GROUP BY investigation_id, before, after
                                   HAVING count(*) > 1) AS twice),
            (SELECT coalesce(sum(version), 0) FROM investigation_state WHERE tenant_id = %(tenant)s),
            (SELECT count(*) FROM executed_actions WHERE tenant_id = %(tenant)s),
            (SELECT count(*) FROM (SELECT 1 FROM audit_records
                                   WHERE tenant_id = %(tenant)s AND event_type = 'response.executed'
                                   GROUP BY investigation_id, context ->> 'action', context ->> 'target'
                                   HAVING count(*) > 1) AS twice),
            (SELECT count(*) FROM (SELECT 1 FROM audit_records
                                   WHERE tenant_id = %(tenant)s AND event_type = 'alert.classified'
                                   GROUP BY investigation_id HAVING count(*) > 1) AS twice)
    """.replace("%(tenant)s", f"'{tenant}'")
    (row,) = await product.rows(sql)
    names = (
        "transitions",
        "double_transitions",
        "changes",
        "double_changes",
        "versions",
        "actions",
        "double_actions",
        "double_verdicts",
    )
    return dict(zip(names, row, strict=True))


async def _replay(product: Product, folder: Path) -> int:
    """Replay the history of every finished orchestration of this run against today's code."""
    files = await export_histories(
        url=product.environment["ALUSKORT_TASKHUB_URL"],
        hub="aluskort",
        module="durable.investigation.orchestrator",
        into=folder,
    )
    for path in files:
        module, history = read_history(path)
        assert replay_differences(history, handles(module)["investigate"]) == []
    return len(files)
