"""Neo4j 5.26, community edition: one process with a small heap, started for tests and on demand.

Its jars come from Maven Central through ``neo4j-pom.xml``; Neo4jLauncher.java beside this starts what is in them.
"""

from __future__ import annotations

import shutil
import signal
import socket
from dataclasses import dataclass
from pathlib import Path

from local.services.process import Command, ServiceFailed
from local.services.service import NotReady
from local.services.site import CACHE, Site

JARS = CACHE / "neo4j"
LAUNCHER = Path(__file__).with_name("Neo4jLauncher.java")
JVM = (
    "-Xms64m",
    "-Xmx384m",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",  # starts sooner; one machine never needs the slow compiler's code
    "--add-opens=java.base/java.nio=ALL-UNNAMED",
    "--add-opens=java.base/java.lang=ALL-UNNAMED",
)


@dataclass(frozen=True, slots=True)
class Neo4j:
    """The database, without a password, as it listens on this machine only."""

    site: Site
    name: str = "neo4j"
    patience: float = 300.0
    stop_signal: signal.Signals = signal.SIGTERM

    def url(self) -> str:
        """Return the URL for clients."""
        return f"bolt://127.0.0.1:{self.ports()[0]}"

    def ports(self) -> tuple[int, ...]:
        """Return the port of Bolt."""
        return (self.site.port(self.name),)

    def prepare(self) -> None:
        """Make its folder."""
        self.site.data(self.name).mkdir(parents=True, exist_ok=True)

    def command(self) -> Command:
        """Run the launcher from its source."""
        folder = self.site.data(self.name)
        return Command([*_java(), str(LAUNCHER), str(folder), str(self.ports()[0])], {}, folder)

    def probe(self) -> None:
        """Say hello in Bolt and wait for its answer."""
        try:
            with socket.create_connection(("127.0.0.1", self.ports()[0]), timeout=5) as connection:
                connection.sendall(b"\x60\x60\xb0\x17\x00\x00\x04\x05" + bytes(12))  # Bolt's handshake: version 5.4
                if connection.recv(4) != b"\x00\x00\x04\x05":
                    raise NotReady("it speaks another version of Bolt")
        except OSError as cause:
            raise NotReady(str(cause)) from cause

    def initialise(self) -> None:
        """Nothing: whoever loads a graph makes its constraints."""

    def version(self) -> str:
        """Return the version that the database's own jar carries."""
        jar = next(iter(JARS.glob("neo4j-kernel-[0-9]*.jar")), None)
        return jar.stem.rpartition("-")[2] if jar else "unknown"


def _java() -> list[str]:
    if shutil.which("java") is None:
        raise ServiceFailed(
            "Neo4j needs Java 17 or newer, and there is no `java` on PATH (Debian: apt install openjdk-17-jdk)"
        )
    if not any(JARS.glob("neo4j-kernel-*.jar")):
        raise ServiceFailed(f"Neo4j's jars are not in {JARS}: `make neo4j` fetches them")
    return ["java", *JVM, "-cp", f"{JARS}/*"]
