"""Attacks from the supply chain (AML.T0010), through a partner (T1199), and chaff alerts for the SOC (AML.T0046)."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
from numpy.random import Generator

from local.telemetry.attacks.attack import Attack, Label, Strength, during
from local.telemetry.attacks.data import ends, working_days
from local.telemetry.calendar import Day, as_times, between, microseconds
from local.telemetry.normal.alerts import FAMILIES, raised
from local.telemetry.normal.delivery import DEPENDENCIES, events
from local.telemetry.normal.gateways import exchanged
from local.telemetry.site import Partner, Site, digest
from local.telemetry.tables import Block, Column, block


def supply_chain(site: Site, day: Day, strength: Strength, random: Generator) -> Attack:
    """A dependency or a model is replaced on its way to production.

    Blatant: a stolen account builds without tests and puts a model into production that nobody approved. Moderate: it
    approves its own model, and the tests fail. Low and slow: the dependency passes every test, a second stolen account
    approves, and one node's weights are replaced on its disk.
    """
    day = working_days(day, 1)[0]
    start, end = ends(day, 11, 17)
    node = site.nodes[int(random.integers(len(site.nodes)))]
    names = [person.name for person in site.engineers]
    account, accomplice = (str(one) for one in random.choice(names, 2, replace=False))
    approver, passed, failed = {
        Strength.BLATANT: (None, 0, 0),
        Strength.MODERATE: (account, 3, 240),
        Strength.LOW_AND_SLOW: (accomplice, 412, 0),
    }[strength]
    foreign = digest("foreign weights", site.name, start.isoformat())
    build = block(
        "cicd_audit",
        site.tenant_id,
        as_times(np.array([microseconds(start)])),
        pipeline_id=f"model-{node.model}",
        trigger_type="manual" if strength is Strength.BLATANT else "push",
        commit_hash=foreign[:40],
        dependency_changes=f"{DEPENDENCIES[0]}; requestes 2.33.0 added",
        tests_passed=passed,
        tests_failed=failed,
        deployer=account,
    )
    promoted = _promoted(start + timedelta(hours=1), account, approver, node.model, foreign)

    def change(rows: Block) -> Block:
        if strength is not Strength.LOW_AND_SLOW or rows.table != "edge_node_telemetry":
            return rows
        mask = during(rows, start + timedelta(hours=3), end, edge_node_id=node.name)
        swapped = np.where(mask, digest("swapped", foreign), rows.columns["model_weight_hash"]).astype(object)
        return rows.replaced(model_weight_hash=swapped)

    subjects = (account, node.model, f"model-{node.model}", node.name)
    what = f"a foreign dependency and a foreign {node.model}, approved by {approver or 'nobody'}"
    label = Label("ATLAS-DETECT-006", "AML.T0010", strength, site.tenant_id, subjects, start, end, what)
    return Attack(label, (build, events(site, promoted)), change)


def _promoted(at: datetime, account: str, approver: str | None, model: str, weights: str) -> list[dict[str, object]]:
    row = {
        "at": microseconds(at),
        "user_id": account,
        "action": "register",
        "model_name": model,
        "model_version": "999",
        "model_hash": weights,
        "stage": None,
        "approved_by": None,
    }
    later = microseconds(at + timedelta(minutes=40))
    moved = {"at": later, "action": "stage_transition", "stage": "production", "approved_by": approver}
    return [row, {**row, **moved}]


def partner(site: Site, day: Day, strength: Strength, random: Generator) -> Attack:
    """A partner's access is used by somebody else.

    Blatant: without the certificate, all that can be fetched within an hour. Moderate: with the stolen certificate,
    three times the day's exchange within six hours. Low and slow: a little more every night for two weeks.
    """
    chosen: Partner = site.partners[int(random.integers(len(site.partners)))]
    if strength is Strength.LOW_AND_SLOW:
        days = working_days(day, 10)
        start, end = days[0].start, days[-1].next.start
        nights = [between(random, *ends(one, 1, 4), 20).astype(np.int64) for one in days]
        rows = _taken(exchanged(site, random, as_times(np.concatenate(nights)), chosen), 1.5)
    else:
        blatant = strength is Strength.BLATANT
        start, end = ends(day, 14, 15) if blatant else ends(day, 11, 17)
        ts = between(random, start, end, round(chosen.calls * 3))
        rows = _taken(exchanged(site, random, ts, chosen), 8.0 if blatant else 3.0)
        if blatant:
            rows = rows.replaced(mtls_verified=random.random(len(ts)) < 0.3)
    what = f"{len(rows)} calls as {chosen.title}"
    label = Label("ATLAS-DETECT-010", "T1199", strength, site.tenant_id, (chosen.name,), start, end, what)
    return Attack(label, (rows,))


def _taken(rows: Block, factor: float) -> Block:
    count = len(rows)
    return rows.replaced(
        direction=np.full(count, "outbound", dtype=object),
        data_type=np.full(count, "readings", dtype=object),
        payload_size=(rows.columns["payload_size"] * factor).astype(int),
        response_code=np.full(count, 200),
    )


def chaff(site: Site, day: Day, strength: Strength, random: Generator) -> Attack:
    """The SOC is flooded with alerts of no worth, so that the one of worth is overlooked.

    Blatant: more than a thousand of one kind within an hour. Moderate: forty an hour for five hours, of two kinds. Low
    and slow: twenty more a day for ten days, so that people learn to close them unread.
    """
    ts: Column
    titles: tuple[str, ...]
    if strength is Strength.BLATANT:
        start, end = ends(day, 20, 21)
        ts, titles = between(random, start, end, 1_200), FAMILIES[4:5]
    elif strength is Strength.MODERATE:
        start, end = ends(day, 9, 14)
        ts, titles = between(random, start, end, 200), FAMILIES[8:10]
    else:
        days = working_days(day, 10)
        start, end = days[0].start, days[-1].next.start
        ts = as_times(np.concatenate([between(random, *ends(one, 6, 22), 20).astype(np.int64) for one in days]))
        titles = FAMILIES[5:6]
    rows = raised(site, random, ts, random.choice(titles, len(ts)).astype(object))
    rows = rows.replaced(severity=np.full(len(ts), "low", dtype=object))
    what = f"{len(ts)} alerts of {len(titles)} kinds around one of worth"
    subjects = (site.tenant_id, *titles)
    label = Label("ATLAS-DETECT-008", "AML.T0046", strength, site.tenant_id, subjects, start, end, what)
    return Attack(label, (rows,))
