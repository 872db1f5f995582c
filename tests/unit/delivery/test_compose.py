"""local/compose.yaml against what local/services runs. `docker compose config` itself runs in ci.yml."""

import json
import re
import subprocess
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest
import yaml

from local.services.event_hubs import GROUP, HUB, PARTITIONS, SIEM_HUB
from local.services.kafka import MESSAGE_LIMIT
from local.services.postgres import APP, OWNER, programs
from local.services.redis import program
from local.services.site import CHECKOUT
from shared.contracts.topics import topics

COMPOSE = CHECKOUT / "local" / "compose.yaml"
CATALOGUE = CHECKOUT / "shared" / "contracts" / "topics.json"
WITHOUT_SHELL = {"eventhubs", "durable-task-scheduler"}  # images in which nothing can check their health
ONE_SHOT = {"topics"}


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(COMPOSE.read_text())["services"]
    return found


def tag(services: dict[str, Any], name: str) -> str:
    image: str = services[name]["image"].partition("@")[0]
    return image.rpartition(":")[2]


def version_of(program: Path) -> str:
    done = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
    found = re.search(r"\d+(\.\d+)+", done.stdout)
    assert found
    return found[0]


def kafka_version() -> str:
    space = {"m": "http://maven.apache.org/POM/4.0.0"}
    found = ET.parse(CHECKOUT / "local" / "services" / "kafka-pom.xml").findtext(
        ".//m:dependency/m:version", None, space
    )
    assert found
    return found


def test_postgres_and_redis_are_the_versions_that_run_without_docker(services: dict[str, Any]) -> None:
    assert tag(services, "postgres") == version_of(programs() / "postgres")
    assert tag(services, "redis").partition(".")[0] == version_of(Path(program())).partition(".")[0]


def test_kafka_and_azurite_are_the_versions_that_run_without_docker(services: dict[str, Any]) -> None:
    package = json.loads((CHECKOUT / "local" / "services" / "package.json").read_text())
    assert tag(services, "kafka") == tag(services, "topics") == kafka_version()
    assert tag(services, "azurite") == package["dependencies"]["azurite"]


def test_qdrant_is_the_version_of_its_client(services: dict[str, Any]) -> None:
    (pin,) = re.findall(r"^qdrant-client==(.*)$", (CHECKOUT / "requirements.txt").read_text(), re.MULTILINE)
    assert tag(services, "qdrant") == f"v{pin}"


def test_every_image_has_a_fixed_tag(services: dict[str, Any]) -> None:
    for service in services.values():
        name, _, digest = service["image"].partition("@")
        assert re.fullmatch(r"v?\d+\.\d+\.?\d*(-[a-z]+)?", name.rpartition(":")[2]), name
        assert not digest or re.fullmatch(r"sha256:[0-9a-f]{64}", digest)


def test_every_port_is_on_this_machine_only(services: dict[str, Any]) -> None:
    published = [port for service in services.values() for port in service.get("ports", [])]
    assert published
    assert [port for port in published if not re.fullmatch(r"127\.0\.0\.1:(\d+):\1", port)] == []


def test_ports_are_those_of_the_example_settings(services: dict[str, Any]) -> None:
    published = {port.split(":")[1] for service in services.values() for port in service.get("ports", [])}
    values = json.loads((CHECKOUT / "local.settings.json.example").read_text())["Values"].values()
    wanted = {port for value in values for port in re.findall(r"(?:127\.0\.0\.1|localhost):(\d+)", value)}
    assert wanted
    assert wanted <= published


def test_every_service_that_can_be_asked_has_a_health_check(services: dict[str, Any]) -> None:
    asked = {name for name, service in services.items() if service.get("healthcheck")}
    assert set(services) - asked == WITHOUT_SHELL | ONE_SHOT


def test_what_holds_data_keeps_it_in_a_volume(services: dict[str, Any]) -> None:
    volumes = yaml.safe_load(COMPOSE.read_text())["volumes"]
    used = {mount.partition(":")[0] for service in services.values() for mount in service.get("volumes", [])}
    assert set(volumes) == {name for name in used if not name.startswith(".")}


def test_mounted_files_are_there(services: dict[str, Any]) -> None:
    mounts = {mount.split(":")[0] for service in services.values() for mount in service.get("volumes", [])}
    files = {name for name in mounts if name.startswith(".")}
    assert files
    assert [name for name in files if not (COMPOSE.parent / name).is_file()] == []


def test_passwords_come_from_the_env_file_and_have_no_default() -> None:
    wanted = set(re.findall(r"\$\{([A-Z0-9_]+)", COMPOSE.read_text()))
    given = dict(re.findall(r"^([A-Z0-9_]+)=(.*)$", (COMPOSE.parent / ".env.example").read_text(), re.MULTILINE))
    assert set(given) == wanted
    assert set(re.findall(r"\$\{[A-Z0-9_]+(.)", COMPOSE.read_text())) == {":"}  # ${NAME:?...}: refused when not set
    assert given["EVENTHUBS_EMULATOR_ACCEPT_EULA"] != "Y"


def test_topics_script_reads_the_whole_catalogue() -> None:
    script = CHECKOUT / "local" / "compose" / "create-topics.sh"
    done = subprocess.run(["sh", script, CATALOGUE], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [
        f"{name} {topic.partitions} {topic.retention_days}" for name, topic in topics().items()
    ]
    assert f"max.message.bytes={MESSAGE_LIMIT}" in script.read_text()


def test_databases_and_roles_are_those_of_the_embedded_server() -> None:
    script = (CHECKOUT / "local" / "compose" / "create-roles.sh").read_text()
    assert set(re.findall(r"CREATE ROLE (\w+)", script)) == {OWNER, APP}
    assert set(re.findall(r"CREATE DATABASE (\w+) OWNER (\w+)", script)) == {("aluskort", OWNER), ("taskhub", OWNER)}


def test_emulated_namespace_has_the_hubs_and_the_group_of_the_triggers() -> None:
    config = json.loads((CHECKOUT / "local" / "compose" / "eventhubs.json").read_text())
    (namespace,) = config["UserConfig"]["NamespaceConfig"]
    hubs = {hub["Name"]: (hub["PartitionCount"], hub["ConsumerGroups"]) for hub in namespace["Entities"]}
    assert hubs == dict.fromkeys((HUB, SIEM_HUB), (str(PARTITIONS), [{"Name": GROUP}]))


def test_task_hub_is_the_one_of_host_json(services: dict[str, Any]) -> None:
    hub = json.loads((CHECKOUT / "host.json").read_text())["extensions"]["durableTask"]["hubName"]
    assert services["durable-task-scheduler"]["environment"]["DTS_TASK_HUB_NAMES"] == hub
