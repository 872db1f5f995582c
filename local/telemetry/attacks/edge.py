"""Attacks beside the plant: evasion (AML.T0015), denial of the oracle (AML.T0029), spoofed sensors (T0856)."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
from numpy.random import Generator

from local.telemetry.attacks.attack import Attack, Label, Strength, during
from local.telemetry.calendar import Day
from local.telemetry.site import Node, Site
from local.telemetry.tables import Block


def _node(site: Site, random: Generator) -> Node:
    return site.nodes[int(random.integers(len(site.nodes)))]


def _time(day: Day, random: Generator, hours: float, days: int = 0) -> tuple[datetime, datetime]:
    """At any hour: a plant does not sleep, nor do those who attack it."""
    start = day.start + timedelta(hours=float(random.uniform(0, 20)))
    return start, start + timedelta(hours=hours, days=days)


def _of_rows(site: Site, rows: Block) -> Generator:
    """Numbers that belong to these rows: changing them twice gives the same."""
    return site.random("changed", rows.table, str(rows.columns["edge_node_id"][0]), str(rows.columns["ts"][0]))


def evasion(site: Site, day: Day, strength: Strength, random: Generator) -> Attack:
    """Inputs are crafted so that the model decides wrongly.

    Blatant: nearly every input for two hours, badly crafted: the model is unsure and physics contradicts it. Moderate:
    two of five inputs for three hours, made with a copy of the model. Low and slow: six of a hundred for five days, so
    well made that the model is sure of the wrong answer.
    """
    node = _node(site, random)
    share, confidence, contradicted = {
        Strength.BLATANT: (0.9, -0.35, 0.5),
        Strength.MODERATE: (0.4, -0.15, 0.2),
        Strength.LOW_AND_SLOW: (0.06, 0.02, 0.08),
    }[strength]
    hours, days = {Strength.BLATANT: (2.0, 0), Strength.MODERATE: (3.0, 0), Strength.LOW_AND_SLOW: (0.0, 5)}[strength]
    start, end = _time(day, random, hours, days)
    seed = int(random.integers(2**31))

    def change(rows: Block) -> Block:
        if rows.table not in {"orbital_inference_logs", "orbital_physics_oracle"}:
            return rows
        mask = during(rows, start, end, edge_node_id=node.name)
        if not mask.any():
            return rows
        # Both tables must agree on which input is crafted: by its hash.
        lot = np.array([(int(one[:8], 16) ^ seed) / 2**32 for one in rows.columns["input_hash"]])
        crafted, fails = mask & (lot < share), mask & (lot < share * contradicted)
        if rows.table == "orbital_physics_oracle":
            return rows.replaced(check_result=np.where(fails, "FAIL", rows.columns["check_result"]).astype(object))
        shifted = np.clip(rows.columns["confidence_score"] + np.where(crafted, confidence, 0.0), 0.02, 0.999)
        result = np.where(fails, "FAIL", rows.columns["physics_check_result"]).astype(object)
        return rows.replaced(confidence_score=shifted, physics_check_result=result)

    what = f"{share:.0%} of the inputs of {node.name} crafted"
    label = Label("ATLAS-DETECT-004", "AML.T0015", strength, site.tenant_id, (node.name,), start, end, what)
    return Attack(label, change=change)


def oracle_denial(site: Site, day: Day, strength: Strength, random: Generator) -> Attack:
    """The physics oracle is kept busy until it no longer checks in time, or at all.

    Blatant: flooded for twenty minutes, then down for forty. Moderate: inputs that are costly to check make a third of
    the checks late for three quarters of an hour. Low and slow: three of a hundred for two days, and inferences go
    unchecked.
    """
    node = _node(site, random)
    hours, days = {Strength.BLATANT: (1.0, 0), Strength.MODERATE: (0.75, 0), Strength.LOW_AND_SLOW: (0.0, 2)}[strength]
    late, errors = {
        Strength.BLATANT: (1.0, 0.6),
        Strength.MODERATE: (0.33, 0.08),
        Strength.LOW_AND_SLOW: (0.03, 0.0),
    }[strength]
    start, end = _time(day, random, hours, days)
    down = start + timedelta(minutes=20) if strength is Strength.BLATANT else end

    def change(rows: Block) -> Block:
        if not len(rows) or rows.table not in {"orbital_inference_logs", "orbital_physics_oracle"}:
            return rows
        numbers = _of_rows(site, rows)
        if rows.table == "orbital_inference_logs":
            unchecked = during(rows, start, end, edge_node_id=node.name) & (numbers.random(len(rows)) < late / 2)
            unchecked |= during(rows, down, end, edge_node_id=node.name)
            result = np.where(unchecked, "SKIP", rows.columns["physics_check_result"]).astype(object)
            return rows.replaced(physics_check_result=result)
        busy = during(rows, start, down, edge_node_id=node.name)
        slow = busy & (numbers.random(len(rows)) < late)
        wait = numbers.uniform(8_000, 20_000, len(rows)) if late == 1 else numbers.uniform(3_000, 9_000, len(rows))
        failed = busy & (numbers.random(len(rows)) < errors)
        changed = rows.replaced(
            latency_ms=np.where(slow, wait.astype(int), rows.columns["latency_ms"]),
            error_state=np.where(failed, "TIMEOUT", rows.columns["error_state"]).astype(object),
        )
        return changed.where(~during(rows, down, end, edge_node_id=node.name))

    what = f"{late:.0%} of the checks of {node.name} late" + (", then none" if down < end else "")
    label = Label("ATLAS-DETECT-005", "AML.T0029", strength, site.tenant_id, (node.name,), start, end, what)
    return Attack(label, change=change)


def spoofing(site: Site, day: Day, strength: Strength, random: Generator) -> Attack:
    """False readings are reported in place of those of the sensors.

    Blatant: a crude client floods the gateway and breaks the protocol. Moderate: some sensors are cut off and the rest
    falsified, for an hour, through a stolen user name. Low and slow: three days of recorded values at the right rate.
    """
    node = _node(site, random)
    hours, days = {Strength.BLATANT: (1.0, 0), Strength.MODERATE: (1.0, 0), Strength.LOW_AND_SLOW: (0.0, 3)}[strength]
    start, end = _time(day, random, hours, days)

    def change(rows: Block) -> Block:
        if rows.table != "opcua_telemetry":
            return rows
        numbers = _of_rows(site, rows)
        mask, count = during(rows, start, end, edge_node_id=node.name), len(rows)
        points, sensors = rows.columns["data_points_received"], rows.columns["sensor_count"]
        if strength is Strength.BLATANT:
            return rows.replaced(
                data_points_received=np.where(mask, (points * 2.2).astype(int), points),
                protocol_violations=np.where(mask, numbers.poisson(4, count), rows.columns["protocol_violations"]),
                auth_method=np.where(mask, "anonymous", rows.columns["auth_method"]).astype(object),
                connection_state=np.where(
                    mask & (numbers.random(count) < 0.4), "Reconnecting", rows.columns["connection_state"]
                ).astype(object),
            )
        if strength is Strength.MODERATE:
            return rows.replaced(
                data_points_received=np.where(mask, (points * 0.88).astype(int), points),
                sensor_count=np.where(mask, sensors - round(node.sensors * 0.1), sensors),
                auth_method=np.where(mask, "user", rows.columns["auth_method"]).astype(object),
            )
        recorded = node.points + numbers.integers(-3, 4, count)
        return rows.replaced(
            data_points_received=np.where(mask, recorded, points),
            sensor_count=np.where(mask, node.sensors, sensors),
        )

    what = f"the readings of {node.name} are not its sensors'"
    label = Label("ATLAS-DETECT-009", "T0856", strength, site.tenant_id, (node.name,), start, end, what)
    return Attack(label, change=change)
