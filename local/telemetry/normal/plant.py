"""Edge nodes: inferences, the physics checks of their inputs, OPC-UA reports and the nodes' own health."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.random import Generator

from local.telemetry.calendar import HOUR, Day, every, microseconds
from local.telemetry.deployments import ROLL_OUT, deployment, version_at_start, weights
from local.telemetry.site import CONSTRAINTS, Node, Site
from local.telemetry.tables import Block, Column, block

INFERENCE_EVERY = 90  # seconds between two inferences of a node
EVERY = 300  # seconds between two reports or health messages of a node
CHECKS = 2  # constraints that the oracle checks for one input
CHECK_FAILS, SKIPPED = 0.004, 0.002
ORACLE_ERROR, SLOW_CHECK = 2e-4, 2e-5
GRADE_CHANGE = 1 / 25  # the chance on a day that a node's process changes: the model is less sure for some hours
RESTART = 1 / 20  # of a node's OPC-UA gateway, on a day
CALIBRATION = 1 / 45  # some sensors off for some hours
OLD_SERVER = 5  # every fifth node has an OPC-UA server that breaks the protocol now and then
ORACLE_RESTART_DAY = 3  # of the month: no check for five minutes


def plant(site: Site, day: Day) -> Iterator[Block]:
    """The four tables of the edge."""
    for number, node in enumerate(site.nodes):
        random = site.random("plant", node.name, day.date.toordinal())
        yield from _inferences(site, day, node, random)
        yield _opcua(site, day, node, random, old_server=number % OLD_SERVER == OLD_SERVER - 1)
        yield _health(site, day, node, random)


def versions(site: Site, day: Day, node: Node, ts: Column) -> Column:
    """The version of its model that the node runs at each time; a new one arrives within ROLL_OUT."""
    version = np.full(len(ts), version_at_start(site, node.model, day))
    new = deployment(site, node.model, day)
    if new and not new.rolled_back:
        delay = site.random("roll-out", node.name, new.version).random() * ROLL_OUT
        version[ts.astype(np.int64) >= microseconds(new.at + delay)] = new.version
    return version


def hashes(random: Generator, count: int) -> Column:
    """``count`` SHA-256 of unknown content."""
    text = random.bytes(32 * count).hex()
    return np.array([text[place : place + 64] for place in range(0, 64 * count, 64)], dtype=object)


def _inferences(site: Site, day: Day, node: Node, random: Generator) -> Iterator[Block]:
    ts = every(random, day, INFERENCE_EVERY, 30)
    count = len(ts)
    version = versions(site, day, node, ts)
    known, place = np.unique(version, return_inverse=True)
    shift = np.array([site.random("version", node.name, int(one)).normal(0, 0.25) for one in known])[place]
    confidence = random.normal(node.confidence + shift * node.spread, node.spread)
    if random.random() < GRADE_CHANGE:
        start, length = random.integers(0, count - 160), random.integers(40, 160)  # one to four hours
        confidence[start : start + length] -= 1.2 * node.spread
    fails = random.random((count, CHECKS)) < CHECK_FAILS
    skipped = random.random(count) < SKIPPED
    result = np.where(skipped, "SKIP", np.where(fails.any(axis=1), "FAIL", "PASS")).astype(object)
    inputs = hashes(random, count)
    yield block(
        "orbital_inference_logs",
        site.tenant_id,
        ts,
        edge_node_id=node.name,
        model_version=[f"{node.model}-v{one}" for one in version.tolist()],
        input_hash=inputs,
        output_hash=hashes(random, count),
        physics_check_result=result,
        confidence_score=np.clip(confidence, 0.02, 0.999),
        inference_latency_ms=(random.lognormal(0, 0.3, count) * node.latency).astype(int),
    )
    checked = np.repeat(~skipped & ~_oracle_restarts(site, day, ts), CHECKS)
    checks = _checks(site, random, np.repeat(ts, CHECKS), fails.ravel())
    yield checks.replaced(
        edge_node_id=np.full(len(checks), node.name, dtype=object), input_hash=np.repeat(inputs, CHECKS)
    ).where(checked)


def _oracle_restarts(site: Site, day: Day, ts: Column) -> Column:
    if day.date.day != ORACLE_RESTART_DAY:
        return np.zeros(len(ts), dtype=bool)
    start = day.start_us + site.random("oracle restart", day.date.toordinal()).integers(2 * HOUR, 5 * HOUR)
    return (ts.astype(np.int64) >= start) & (ts.astype(np.int64) < start + HOUR // 12)


def _checks(site: Site, random: Generator, ts: Column, fails: Column) -> Block:
    """What the oracle says, of whichever node and input."""
    count = len(ts)
    latency = random.lognormal(4.1, 0.4, count)
    slow = random.random(count) < SLOW_CHECK
    return block(
        "orbital_physics_oracle",
        site.tenant_id,
        ts + random.integers(50_000, 400_000, count).astype("timedelta64[us]"),
        edge_node_id="",
        constraint_id=np.resize(np.array(CONSTRAINTS[:CHECKS], dtype=object), count),
        check_result=np.where(fails, "FAIL", "PASS").astype(object),
        latency_ms=np.where(slow, random.uniform(5_100, 9_000, count), latency).astype(int),
        error_state=np.where(random.random(count) < ORACLE_ERROR, "UNAVAILABLE", "NONE").astype(object),
        input_hash="",
    )


def _opcua(site: Site, day: Day, node: Node, random: Generator, *, old_server: bool) -> Block:
    ts = every(random, day, EVERY, 5)
    count = len(ts)
    hours = np.arange(count) * 24 / count
    points = node.points * (1 + 0.015 * np.sin(hours / 24 * 2 * np.pi)) * random.normal(1, 0.012, count)
    sensors = node.sensors - random.binomial(node.sensors, 0.003, count)
    state = np.full(count, "Connected", dtype=object)
    if random.random() < RESTART:
        restart = random.integers(0, count - 2)
        points[restart : restart + 2] *= random.uniform(0.1, 0.6, 2)
        state[restart] = "Reconnecting"
    if random.random() < CALIBRATION and not day.is_off:
        start, off = int(random.integers(84, 140)), int(random.integers(3, 10))
        span = slice(start, start + int(random.integers(24, 72)))
        sensors[span] -= off
        points[span] *= 1 - off / node.sensors
    return block(
        "opcua_telemetry",
        site.tenant_id,
        ts,
        edge_node_id=node.name,
        sensor_count=np.maximum(sensors, 0),
        data_points_received=points.astype(int),
        connection_state=state,
        auth_method="certificate",
        protocol_violations=random.poisson(0.003 if old_server else 0.0002, count),
    )


def _health(site: Site, day: Day, node: Node, random: Generator) -> Block:
    ts = every(random, day, EVERY, 5)
    count = len(ts)
    version = versions(site, day, node, ts)
    known = {one: weights(site, node.model, one) for one in set(version.tolist())}
    return block(
        "edge_node_telemetry",
        site.tenant_id,
        ts,
        edge_node_id=node.name,
        model_weight_hash=[known[one] for one in version.tolist()],
        disk_integrity="ok",
        boot_attestation=np.where(random.random(count) < 0.001, "unavailable", "ok").astype(object),
        active_connections=random.poisson(20, count),
        cpu_utilisation=np.clip(random.normal(35, 9, count), 1, 100),
        memory_utilisation=np.clip(random.normal(55, 5, count), 1, 100),
    )
