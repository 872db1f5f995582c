from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import psutil  # type: ignore[import-untyped]
import psycopg
import pytest
import redis
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from local.services import topics
from local.services.process import ServiceFailed
from local.services.service import Health
from local.services.site import Site
from local.services.stack import CATALOGUE, Stack, Step

BACKING = {"kafka", "postgres", "redis", "azurite", "eventhubs", "simulators", "qdrant"}


def quiet(name: str, step: Step) -> None:
    """The report of an ``up`` that nobody watches."""


@pytest.fixture(scope="module")
def built(own_site: Site) -> Stack:
    return Stack(own_site, {})


@pytest.fixture
def stack(built: Stack) -> Iterator[Stack]:
    """All but the host, up: what a test before stopped is started again."""
    built.up(quiet, with_host=False)
    yield built


def pids(stack: Stack) -> dict[str, int | None]:
    return {name: look.pid for name, look in stack.statuses().items() if name in BACKING}


def processes_of(site: Site) -> list[str]:
    """Command lines of living processes that name the site's folder."""
    found = []
    for process in psutil.process_iter(["cmdline", "status"]):
        line = " ".join(process.info["cmdline"] or [])
        if str(site.folder) in line and "guard" not in line and process.info["status"] != psutil.STATUS_ZOMBIE:
            found.append(line)
    return found


def test_every_service_is_healthy_with_a_version_after_up(stack: Stack) -> None:
    healthy = {name for name, look in stack.statuses().items() if look.health is Health.HEALTHY}
    versions = stack.versions()

    assert healthy == BACKING == versions.keys()
    assert versions["postgres"].startswith("18.")
    assert versions["kafka"].startswith("4.1.")


def test_second_up_starts_nothing(stack: Stack) -> None:
    before = pids(stack)

    assert stack.up(quiet, with_host=False) == []
    assert pids(stack) == before


def test_up_after_a_kill_starts_just_the_killed_service(stack: Stack) -> None:
    before = pids(stack)
    assert before["redis"] is not None
    psutil.Process(before["redis"]).kill()

    assert stack.up(quiet, with_host=False) == ["redis"]
    after = pids(stack)
    assert {name for name in BACKING if before[name] != after[name]} == {"redis"}


def test_down_leaves_no_process_and_keeps_the_data(stack: Stack) -> None:
    url = stack.environment()["ALUSKORT_REDIS_URL"]
    with redis.Redis.from_url(url) as client:
        client.set("kept", "yes")
    assert processes_of(stack.site)

    assert set(stack.down()) == BACKING
    assert processes_of(stack.site) == []
    assert {look.health for look in stack.statuses().values()} == {Health.STOPPED}

    stack.up(quiet, with_host=False)
    assert stack.environment()["ALUSKORT_REDIS_URL"] == url
    with redis.Redis.from_url(url) as client:
        assert client.get("kept") == b"yes"


def test_product_logs_in_as_a_role_that_cannot_change_the_schema(stack: Stack) -> None:
    with psycopg.connect(stack.environment()["ALUSKORT_POSTGRES_URL"]) as connection:
        row = connection.execute("SELECT current_user, usesuper FROM pg_user WHERE usename = current_user").fetchone()
        assert row == ("aluskort_app", False)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("CREATE TABLE mine (id int)")


async def test_topics_of_the_catalogue_exist_with_their_figures(stack: Stack) -> None:
    catalogue = {topic["name"]: topic for topic in json.loads(CATALOGUE.read_text())["topics"]}
    client = AIOKafkaAdminClient(bootstrap_servers=stack.environment()["ALUSKORT_KAFKA_BROKERS"])
    await client.start()
    try:
        answers = await client.describe_topics(list(catalogue))
        resource = ConfigResource(ConfigResourceType.TOPIC, "alerts.raw")
        (answer,) = await client.describe_configs([resource])
    finally:
        await client.close()
    described = {topic["topic"]: len(topic["partitions"]) for topic in answers}
    settings = {entry[0]: entry[1] for entry in answer.resources[0][4]}

    assert described == {name: topic["partitions"] for name, topic in catalogue.items()}
    assert int(settings["retention.ms"]) == catalogue["alerts.raw"]["retention_days"] * 86_400_000
    assert settings["max.message.bytes"] == "1048576"


async def test_creating_topics_again_makes_none(stack: Stack) -> None:
    assert await topics.create(CATALOGUE, brokers=stack.environment()["ALUSKORT_KAFKA_BROKERS"]) == []


async def test_damaged_catalogue_fails_by_its_path(stack: Stack, tmp_path: Path) -> None:
    damaged = tmp_path / "topics.json"
    damaged.write_text('{"topics": [{"name": "alerts.raw"}]}')

    with pytest.raises(ServiceFailed, match=r"topics\.json.*partitions"):
        await topics.create(damaged, brokers=stack.environment()["ALUSKORT_KAFKA_BROKERS"])


def test_silent_service_is_seen_as_silent(stack: Stack) -> None:
    pid = pids(stack)["eventhubs"]
    assert pid is not None
    psutil.Process(pid).suspend()
    try:
        assert stack.statuses()["eventhubs"].health is Health.SILENT
    finally:
        psutil.Process(pid).resume()
    deadline = time.monotonic() + 10
    while stack.statuses()["eventhubs"].health is not Health.HEALTHY and time.monotonic() < deadline:
        time.sleep(0.1)
    assert stack.statuses()["eventhubs"].health is Health.HEALTHY
