"""Apache Kafka in KRaft mode: one process that is broker and controller, with a small heap.

Its jars come from Maven Central through ``kafka-pom.xml``; ``make`` fetches them into the cache.
"""

from __future__ import annotations

import asyncio
import base64
import shutil
import signal
import socket
import subprocess
import uuid
from dataclasses import dataclass
from pathlib import Path

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from local.services import topics
from local.services.process import Command, ServiceFailed
from local.services.service import NotReady
from local.services.site import CACHE, Site

MESSAGE_LIMIT = 1_048_576  # bytes: the largest message that Event Hubs takes, which is Kafka in Azure
JARS = CACHE / "kafka"
JVM = (
    "-Xms64m",
    "-Xmx256m",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",  # starts sooner; one machine never needs the slow compiler's code
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
)


@dataclass(frozen=True, slots=True)
class Kafka:
    """The broker; ``catalogue`` is the topic catalogue whose topics it gets, None for none."""

    site: Site
    catalogue: Path | None = None
    name: str = "kafka"
    patience: float = 60.0
    stop_signal: signal.Signals = signal.SIGTERM

    def brokers(self) -> str:
        """Return ``host:port`` for clients."""
        return f"127.0.0.1:{self.ports()[0]}"

    def ports(self) -> tuple[int, ...]:
        """Return the client port and the controller's."""
        return (self.site.port(self.name), self.site.port("kafka-controller"))

    def prepare(self) -> None:
        """Write the settings and format the storage, unless it is formatted."""
        self._settings.write_text("".join(f"{key}={value}\n" for key, value in self._properties().items()))
        if (self._log_folder / "meta.properties").exists():
            return
        cluster = base64.urlsafe_b64encode(uuid.uuid4().bytes).rstrip(b"=").decode()
        done = subprocess.run(
            [*_java(), "kafka.tools.StorageTool", "format", f"--cluster-id={cluster}", "-c", str(self._settings)],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise ServiceFailed(f"Kafka's storage {self._log_folder} cannot be formatted: {done.stderr.strip()}")

    def command(self) -> Command:
        """Run the broker."""
        return Command([*_java(), "kafka.Kafka", str(self._settings)], {}, self.site.data(self.name))

    def probe(self) -> None:
        """Ask for the cluster's metadata, once somebody listens."""
        try:
            socket.create_connection(("127.0.0.1", self.ports()[0]), timeout=2).close()
            asyncio.run(self._describe())
        except (OSError, KafkaError, TimeoutError) as cause:
            raise NotReady(str(cause) or type(cause).__name__) from cause

    def initialise(self) -> None:
        """Make the catalogue's topics that are missing."""
        if self.catalogue is not None:
            asyncio.run(topics.create(self.catalogue, brokers=self.brokers()))

    def version(self) -> str:
        """Return the version that the broker's own jar carries."""
        jar = next(iter(JARS.glob("kafka-server-[0-9]*.jar")), None)
        return jar.stem.rpartition("-")[2] if jar else "unknown"

    async def _describe(self) -> None:
        client = AIOKafkaAdminClient(bootstrap_servers=self.brokers(), request_timeout_ms=3000)
        try:
            await client.start()
            await client.describe_cluster()
        finally:
            await client.close()

    def _properties(self) -> dict[str, object]:
        port, controller = self.ports()
        return {
            "process.roles": "broker,controller",
            "node.id": 1,
            "listeners": f"PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}",
            "controller.listener.names": "CONTROLLER",
            "controller.quorum.voters": f"1@127.0.0.1:{controller}",
            "log.dirs": self._log_folder,
            "auto.create.topics.enable": "false",  # a misspelt topic is an error, as in Azure
            "message.max.bytes": MESSAGE_LIMIT,
            "offsets.topic.replication.factor": 1,
            "offsets.topic.num.partitions": 4,
            "transaction.state.log.replication.factor": 1,
            "transaction.state.log.min.isr": 1,
            "transaction.state.log.num.partitions": 4,
            "share.coordinator.state.topic.replication.factor": 1,
            "share.coordinator.state.topic.min.isr": 1,
            "group.initial.rebalance.delay.ms": 0,  # nobody waits for more consumers on one machine
            "log.cleaner.dedupe.buffer.size": 8_388_608,  # the default of 128 MiB is half of the heap
        }

    @property
    def _settings(self) -> Path:
        return self.site.data(self.name) / "server.properties"

    @property
    def _log_folder(self) -> Path:
        return self.site.data(self.name) / "log"


def _java() -> list[str]:
    if shutil.which("java") is None:
        raise ServiceFailed(
            "Kafka needs Java 17 or newer, and there is no `java` on PATH (Debian: apt install openjdk-17-jdk)"
        )
    if not any(JARS.glob("kafka-server-*.jar")):
        raise ServiceFailed(f"Kafka's jars are not in {JARS}: run `make up` once, which fetches them")
    return ["java", *JVM, "-cp", f"{JARS}/*"]
