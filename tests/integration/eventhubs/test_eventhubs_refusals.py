"""Who may do what: keys, hubs, partitions, groups and owner levels."""

from __future__ import annotations

import asyncio
import time

import pytest
from azure.eventhub import EventData
from azure.eventhub._pyamqp.utils import generate_sas_token
from azure.eventhub.aio import EventHubProducerClient
from azure.eventhub.exceptions import AuthenticationError, ConnectError, EventHubError
from namespace_process import KEY, POLICY, NamespaceProcess
from receiving import Receiver

from local.eventhubs.refusal import Refused
from local.eventhubs.tokens import SAS_TYPE, Grants


async def send_one(connection: str, *, partition: str | None = None) -> None:
    async with EventHubProducerClient.from_connection_string(connection, retry_total=0) as sender:
        await sender.send_batch([EventData("x")], partition_id=partition)


async def test_wrong_key_is_refused(namespace: NamespaceProcess) -> None:
    with pytest.raises(AuthenticationError, match="InvalidSignature"):
        await send_one(namespace.connection_string("refusals", key="wrong"))


async def test_unknown_hub_is_refused_by_name(namespace: NamespaceProcess) -> None:
    with pytest.raises(EventHubError, match="'absent' could not be found"):
        await send_one(namespace.connection_string("absent"))


async def test_unknown_partition_is_refused(namespace: NamespaceProcess) -> None:
    connection = namespace.connection_string("refusals")
    async with EventHubProducerClient.from_connection_string(connection, retry_total=0) as sender:
        with pytest.raises(ConnectError, match="no partition '9', only 0 to 1"):
            await sender.get_partition_properties("9")


async def test_unknown_consumer_group_is_refused(namespace: NamespaceProcess) -> None:
    async with Receiver(namespace.connection_string("refusals"), group="nobody", owner_level=1) as receiver:
        await namespace.wait_log("no consumer group 'nobody'")
        assert receiver.events == []


def token(resource: str, *, lives: int = 60) -> str:
    return str(generate_sas_token(resource, POLICY, KEY, int(time.time()) + lives))  # type: ignore[no-untyped-call]


@pytest.mark.parametrize(
    ("given_token", "audience", "reason"),
    [
        (token("sb://localhost/alerts", lives=-1), "sb://localhost/alerts", "ExpiredToken"),
        (token("sb://localhost/alerts"), "sb://localhost/alerts-of-others", "InvalidAudience"),
        (token("sb://localhost/alerts").replace("alerts", "others"), "sb://localhost/others", "InvalidSignature"),
        (token("sb://localhost/alerts").replace(POLICY, "Unknown"), "sb://localhost/alerts", "InvalidSignature"),
        ("SharedAccessSignature ", "sb://localhost/alerts", "InvalidSignature"),
        ("Bearer abc", "sb://localhost/alerts", "MalformedToken"),
    ],
)
def test_put_token_refuses_what_the_key_did_not_sign_for(given_token: str, audience: str, reason: str) -> None:
    grants = Grants({POLICY: KEY})

    with pytest.raises(Refused, match=reason):
        grants.put_token(given_token, SAS_TYPE, audience)
    with pytest.raises(Refused, match="no valid token"):
        grants.check("alerts")


def test_grant_covers_its_path_and_what_is_below_only() -> None:
    grants = Grants({POLICY: KEY})
    grants.put_token(token("sb://localhost/alerts"), SAS_TYPE, "sb://localhost/alerts")

    grants.check("alerts/consumergroups/triage/partitions/0")
    with pytest.raises(Refused):
        grants.check("alerts-of-others")


async def test_higher_or_equal_owner_level_takes_over_and_lower_is_refused(namespace: NamespaceProcess) -> None:
    connection = namespace.connection_string("levels")
    await send_one(connection)
    async with Receiver(connection) as plain:
        await plain.wait_events(1)
        async with Receiver(connection, owner_level=1) as one:
            await one.wait_events(1)
            assert "with epoch '1'" in await plain.wait_error()
            async with Receiver(connection, owner_level=2) as two:
                await two.wait_events(1)
                assert "with epoch '2'" in await one.wait_error()
                async with Receiver(connection, owner_level=1) as low, Receiver(connection) as none:
                    assert "higher epoch '2'" in await low.wait_error()
                    assert "non-epoch receiver is not allowed" in await none.wait_error()
                    assert (low.events, none.events) == ([], [])


async def test_sixth_receiver_without_owner_level_is_refused(namespace: NamespaceProcess) -> None:
    connection = namespace.connection_string("levels")
    await send_one(connection)
    async with asyncio.TaskGroup() as group:
        crowd = [Receiver(connection, group="crowd") for _ in range(5)]
        for receiver in crowd:
            group.create_task(receiver.__aenter__())
    try:
        await asyncio.gather(*(receiver.wait_events(1) for receiver in crowd))
        async with Receiver(connection, group="crowd") as sixth:
            await namespace.wait_log("at most 5 receivers")
            assert sixth.events == []
    finally:
        for receiver in crowd:
            await receiver.__aexit__(None, None, None)
