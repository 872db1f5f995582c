"""Who may do what: keys, hubs, partitions, groups and owner levels."""

from __future__ import annotations

import asyncio
import gc
import time

import pytest
from azure.eventhub import EventData
from azure.eventhub._pyamqp.utils import generate_sas_token
from azure.eventhub.aio import EventHubProducerClient
from azure.eventhub.exceptions import AuthenticationError, ConnectError, EventHubError

from local.eventhubs.refusal import Refused
from local.eventhubs.tokens import SAS_TYPE, Grants
from tests.integration.eventhubs.namespace_process import KEY, POLICY, NamespaceProcess
from tests.integration.eventhubs.receiving import receiving


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
    async with receiving() as open_receiver:
        receiver = open_receiver(namespace.connection_string("refusals"), group="nobody")
        await namespace.wait_log("no consumer group 'nobody'")  # the client reports nothing to its caller
    assert receiver.events == []


def token(resource: str, *, lives: int = 3600) -> str:
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


async def test_owner_level_decides_who_reads(namespace: NamespaceProcess) -> None:
    connection = namespace.connection_string("levels")
    await send_one(connection)
    async with receiving() as open_receiver:
        plain = open_receiver(connection)
        await plain.wait_events(1)
        owner = open_receiver(connection, owner_level=2)
        await owner.wait_events(1)
        lower, without, equal = (open_receiver(connection, owner_level=level) for level in (1, None, 2))

        assert "with epoch '2'" in await plain.wait_error()
        assert "higher epoch '2'" in await lower.wait_error()
        assert "non-epoch receiver is not allowed" in await without.wait_error()
        assert len(await equal.wait_events(1)) == 1
        assert "with epoch '2'" in await owner.wait_error()
        assert (lower.events, without.events) == ([], [])


# The refused client connects again and again; ended amid that, it leaves the connection to the garbage collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
async def test_sixth_receiver_without_owner_level_is_refused(namespace: NamespaceProcess) -> None:
    connection = namespace.connection_string("crowd")
    await send_one(connection)
    async with receiving() as open_receiver:
        crowd = [open_receiver(connection) for _ in range(5)]
        await asyncio.gather(*(receiver.wait_events(1) for receiver in crowd))
        sixth = open_receiver(connection)
        await namespace.wait_log("at most 5 receivers")
    assert sixth.events == []
    gc.collect()  # warns here, not in whichever test is collected in next
