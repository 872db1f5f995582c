"""`aluskort migrate` as an operator or CI runs it."""

import asyncio

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from local.services.topics import DAY_MS
from shared.contracts.topics import topics
from shared.stores.migrations import FOLDER
from tests.integration.deployment.conftest import Run


def test_check_finds_what_migrate_applies_once(run: Run, empty_database: str) -> None:
    variables = {"ALUSKORT_POSTGRES_OWNER_URL": empty_database}
    before = run("migrate", "--check", **variables)
    assert (before.exit_code, before.output.count("missing  ")) == (1, len(list(FOLDER.glob("*.sql"))))
    applied = run("migrate", **variables)
    assert applied.exit_code == 0
    assert "applying 0001_create_the_app_role_and_the_tenant_scope" in applied.output
    assert run("migrate", "--check", **variables).exit_code == 0
    assert "The schema was up to date." in run("migrate", **variables).output


def test_owner_url_that_is_missing_is_named(run: Run) -> None:
    refused = run("migrate")
    assert refused.exit_code == 1
    assert "ALUSKORT_POSTGRES_OWNER_URL is not set in" in refused.output


def test_environment_file_that_cannot_be_read_is_a_sentence(run: Run) -> None:
    refused = run("migrate", "--environment-file", "/nowhere.env")
    assert refused.exit_code == 1
    assert "/nowhere.env cannot be read" in refused.output


@pytest.mark.usefixtures("whole_postgres")
def test_principals_on_a_server_without_entra_are_refused(run: Run, empty_database: str) -> None:
    principals = '[{"name": "id-app", "object_id": "1", "role": "aluskort_app"}]'
    refused = run("migrate", "--entra-principals", principals, ALUSKORT_POSTGRES_OWNER_URL=empty_database)
    assert refused.exit_code == 1
    assert "this server cannot make a login for 'id-app'" in refused.output


async def keep(brokers: str, topic: str, days: int) -> None:
    """Change how long a topic is kept, and wait until the broker has heard of it from its controller."""
    client = AIOKafkaAdminClient(bootstrap_servers=brokers)
    await client.start()
    kept = str(days * DAY_MS)
    await client.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, {"retention.ms": kept})])
    asked = [ConfigResource(ConfigResourceType.TOPIC, topic, {"retention.ms": None})]
    async with asyncio.timeout(30):
        while (await client.describe_configs(asked))[0].resources[0][4][0][1] != kept:
            pass
    await client.close()


def test_topics_are_made_and_one_that_keeps_too_little_is_found(
    run: Run, empty_database: str, kafka_brokers: str
) -> None:
    variables = {"ALUSKORT_POSTGRES_OWNER_URL": empty_database, "ALUSKORT_KAFKA_BROKERS": kafka_brokers}
    made = run("migrate", "--topics", **variables)
    assert (made.exit_code, "The topics match the catalogue." in made.output) == (0, True)
    asyncio.run(keep(kafka_brokers, "ctem.raw.art", 1))
    try:
        found = run("migrate", "--check", "--topics", **variables)
    finally:
        asyncio.run(keep(kafka_brokers, "ctem.raw.art", topics()["ctem.raw.art"].retention_days))
    assert found.exit_code == 1
    assert "ctem.raw.art keeps messages 1 days, expected 30" in found.output


def test_topics_of_event_hubs_are_terraforms(run: Run, empty_database: str) -> None:
    refused = run(
        "migrate",
        "--topics",
        ALUSKORT_POSTGRES_OWNER_URL=empty_database,
        ALUSKORT_KAFKA_SECURITY="entra",
        ALUSKORT_KAFKA_TRIGGER_CONNECTION="Endpoint=sb://none",
    )
    assert refused.exit_code == 1
    assert "made by Terraform" in refused.output
