"""dev's Kafka: Apache Kafka itself with the settings of the plan, and the script that makes the topics."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from cli.deployment.topics import make_missing, topic_faults
from local.services.guard import guarded
from local.services.kafka import Kafka
from local.services.service import ensure
from local.services.site import CHECKOUT
from shared.bus.producer import KafkaProducer
from shared.contracts.topics import topics
from shared.settings import Settings
from tests.iac.conftest import Planned
from tests.integration.bus.reading import messages_of
from tests.unit.test_settings import example

TOOL = "/opt/kafka/bin/kafka-topics.sh"
JVM = {"KAFKA_HEAP_OPTS", "KAFKA_JVM_PERFORMANCE_OPTS"}  # of the image's start script, no settings of the broker


@dataclass(frozen=True)
class PlannedKafka(Kafka):
    """The broker with the container's settings; only ports, host and folder are this machine's."""

    planned: dict[str, str] = field(default_factory=dict)

    def _properties(self) -> dict[str, object]:
        client, controller = self.ports()
        here = Kafka._properties(self)
        return self.planned | {
            "listeners": f"PLAINTEXT://127.0.0.1:{client},CONTROLLER://127.0.0.1:{controller}",
            "advertised.listeners": f"PLAINTEXT://127.0.0.1:{client}",
            **{name: here[name] for name in ("controller.quorum.voters", "log.dirs")},
        }


def _variables(resource: dict[str, Any]) -> dict[str, str]:
    return {env["name"]: env["value"] for env in resource["template"][0]["container"][0]["env"]}


@pytest.fixture(scope="module")
def properties(planned: Callable[[str], Planned]) -> dict[str, str]:
    """The broker's settings, as the image makes them of its variables."""
    (app,) = [app for app in planned("dev")["azurerm_container_app"] if app["name"] == "kafka"]
    given = {name: value for name, value in _variables(app).items() if name not in JVM}
    return {name.removeprefix("KAFKA_").lower().replace("_", "."): value for name, value in given.items()}


@pytest.fixture(scope="module")
def broker(properties: dict[str, str]) -> Iterator[PlannedKafka]:
    with guarded(CHECKOUT / ".local" / "tests" / f"{os.getpid()}-planned") as site:
        kafka = PlannedKafka(site, planned=properties, patience=90)
        ensure(kafka, site)
        yield kafka


@pytest.fixture
def job(planned: Callable[[str], Planned], tmp_path: Path) -> Callable[[list[str]], list[list[str]]]:
    """Runs the job on a broker that has the given topics; gives the arguments of each topic that it makes."""
    (planned_job,) = [job for job in planned("dev")["azurerm_container_app_job"] if job["name"] == "kafka-topics"]
    script: str = planned_job["template"][0]["container"][0]["args"][0]

    def run(present: list[str]) -> list[list[str]]:
        tool, record, there = tmp_path / "kafka-topics.sh", tmp_path / "record", tmp_path / "present"
        there.write_text("\n".join(present))
        record.write_text("")
        tool.write_text(f'#!/bin/sh\ncase "$*" in *--list*) cat {there};; *) cat; echo "$*" >> {record};; esac\n')
        tool.chmod(0o755)
        environment = {"PATH": os.environ["PATH"], **_variables(planned_job)}
        subprocess.run(["sh", "-c", script.replace(TOOL, str(tool))], env=environment, check=True)
        return [line.split() for line in record.read_text().splitlines()]

    return run


async def test_broker_takes_the_catalogue_and_our_messages(
    broker: PlannedKafka, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (example() | {"ALUSKORT_KAFKA_BROKERS": broker.brokers()}).items():
        monkeypatch.setenv(name, value)
    assert len(await make_missing(Settings())) == len(topics())
    assert await topic_faults(Settings()) == []

    producer, key = KafkaProducer(broker.brokers()), uuid4().hex
    await producer.publish("alerts.raw", b"x" * 1_000_000, key=key)
    await producer.close()
    assert [len(message.value) for message in await messages_of(broker.brokers(), "alerts.raw", key)] == [1_000_000]


def test_share_holds_every_partition_at_its_limit(properties: dict[str, str]) -> None:
    partitions = sum(topic.partitions for topic in topics().values())
    most = int(properties["log.retention.bytes"]) + int(properties["log.segment.bytes"])
    assert partitions * most < 50 * 1024**3  # of 100: Qdrant's snapshots are there too


def test_job_makes_every_topic_of_the_catalogue(job: Callable[[list[str]], list[list[str]]]) -> None:
    made = {arguments[arguments.index("--topic") + 1]: arguments for arguments in job([])}
    assert set(made) == set(topics())
    for name, topic in topics().items():
        assert made[name][made[name].index("--partitions") + 1] == str(topic.partitions)
        assert f"retention.ms={topic.retention_days * 86_400_000}" in made[name]
        assert "max.message.bytes=1048576" in made[name]


def test_job_makes_only_what_is_missing(job: Callable[[list[str]], list[list[str]]]) -> None:
    catalogue = json.loads((CHECKOUT / "shared/contracts/topics.json").read_text())["topics"]
    present = [entry["name"] for entry in catalogue if entry["name"] != "alerts.raw"]
    (made,) = job(present)  # alerts.raw.dlq is there and does not stand for it
    assert made[made.index("--topic") + 1] == "alerts.raw"
    assert job([*present, "alerts.raw"]) == []
