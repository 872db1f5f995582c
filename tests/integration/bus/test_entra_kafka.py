"""Our Kafka clients at a broker that takes what Event Hubs takes."""

import os
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from local.services.guard import guarded
from local.services.service import ensure
from local.services.simulators import Simulators
from local.services.site import CHECKOUT
from local.services.stack import CATALOGUE
from shared.bus.producer import KafkaProducer
from shared.errors import BusUnavailable, StoreUnavailable
from shared.settings import KafkaSecurity
from tests.integration.bus.entra_kafka import EntraKafka
from tests.integration.bus.reading import messages_of
from tests.integration.certificates import certificate
from tests.integration.host.sample_host import SampleHost, until

CONNECTION = "Endpoint=sb://127.0.0.1/;SharedAccessKeyName=listen;SharedAccessKey=c2VjcmV0"
APP = """
import os
import azure.functions as func
from functions.kafka_message import BROKER
app = func.FunctionApp()

@app.kafka_trigger(arg_name="event", topic="alerts.raw", consumer_group="entra", data_type="binary", **BROKER)
def take(event: func.KafkaEvent) -> None:
    with open(os.environ["SAMPLE_RECORD"], "a") as record:
        record.write('{"kind": "taken", "key": "%s"}\\n' % event.key)
"""


@pytest.fixture(scope="module")
def namespace(simulators: Simulators, tmp_path_factory: pytest.TempPathFactory) -> Iterator[EntraKafka]:
    pem = certificate(tmp_path_factory.mktemp("tls"))
    with guarded(CHECKOUT / ".local" / "tests" / f"{os.getpid()}-entra") as site:
        broker = EntraKafka(
            site, CATALOGUE, issuer=simulators.issuer(), pem=pem, connection_string=CONNECTION, patience=90
        )
        ensure(broker, site)
        yield broker


@pytest.fixture
def managed_identity(namespace: EntraKafka, simulators: Simulators, monkeypatch: pytest.MonkeyPatch) -> None:
    """This process has a managed identity and trusts the broker's certificate as it trusts the system's."""
    for name, value in (simulators.managed_identity() | {"SSL_CERT_FILE": str(namespace.pem)}).items():
        monkeypatch.setenv(name, value)


async def test_producer_publishes_as_the_managed_identity(namespace: EntraKafka, managed_identity: None) -> None:
    producer, key = KafkaProducer(namespace.namespace(), KafkaSecurity.ENTRA), uuid4().hex
    await producer.publish("alerts.raw", b"{}", key=key)
    await producer.close()
    assert [message.value for message in await messages_of(namespace.brokers(), "alerts.raw", key)] == [b"{}"]


async def test_token_for_another_namespace_is_refused_in_bounded_time(
    namespace: EntraKafka, managed_identity: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.bus.producer.CONNECT_SECONDS", 1)
    producer = KafkaProducer(namespace.namespace().replace("127.0.0.1", "localhost"), KafkaSecurity.ENTRA)
    with pytest.raises(BusUnavailable, match="Kafka"):
        await producer.publish("alerts.raw", b"{}", key="k")


async def test_process_without_an_identity_gets_a_clear_error(
    namespace: EntraKafka, managed_identity: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IDENTITY_HEADER", "wrong")
    producer = KafkaProducer(namespace.namespace(), KafkaSecurity.ENTRA)
    with pytest.raises(StoreUnavailable, match="Entra ID cannot be reached"):
        await producer.publish("alerts.raw", b"{}", key="k")


def test_triggers_binding_logs_in_on_the_local_host_too(namespace: EntraKafka, azurite: str, tmp_path: Path) -> None:
    (tmp_path / "function_app.py").write_text(APP)
    (tmp_path / "host.json").write_text((CHECKOUT / "host.json").read_text())
    host = SampleHost(
        tmp_path,
        app=tmp_path,
        ALUSKORT_KAFKA_SECURITY="entra",
        ALUSKORT_KAFKA_TRIGGER_CONNECTION=CONNECTION,
        ALUSKORT_KAFKA_BROKERS=namespace.namespace(),
        AzureWebJobsStorage=azurite,
        SSL_CERT_FILE=str(namespace.pem),
    )
    host.start()
    try:
        until(lambda: host.records("taken"), what=f"the message of the first test ({host.log})")
    finally:
        host.stop()
