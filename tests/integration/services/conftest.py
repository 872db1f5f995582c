from __future__ import annotations

import os
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from local.services.guard import guarded
from local.services.process import Command
from local.services.service import NotReady
from local.services.site import CHECKOUT, Site

LISTENER = """
import signal, socket, sys, time
if sys.argv[2] == "stubborn":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
if sys.argv[2] == "broken":
    sys.exit("the disk is full")
with socket.create_server(("127.0.0.1", int(sys.argv[1]))):
    signal.pause()
"""


@dataclass(frozen=True)
class Listener:
    """The least that a service can be: a listener. ``manner``: plain, stubborn (ignores SIGTERM) or broken."""

    site: Site
    manner: str = "plain"
    name: str = "listener"
    patience: float = 10.0
    stop_signal: signal.Signals = signal.SIGTERM

    def ports(self) -> tuple[int, ...]:
        return (self.site.port(self.name),)

    def prepare(self) -> None: ...

    def command(self) -> Command:
        return Command([sys.executable, "-c", LISTENER, str(self.ports()[0]), self.manner], {}, Path("/"))

    def probe(self) -> None:
        try:
            socket.create_connection(("127.0.0.1", self.ports()[0]), timeout=2).close()
        except OSError as cause:
            raise NotReady(str(cause)) from cause

    def initialise(self) -> None: ...

    def version(self) -> str:
        return "1"


@pytest.fixture(scope="module")
def own_site() -> Iterator[Site]:
    """A site apart from the run's, whose services a test may kill."""
    with guarded(CHECKOUT / ".local" / "tests" / f"{os.getpid()}-own") as site:
        yield site


@pytest.fixture
def listener(own_site: Site) -> Callable[..., Listener]:
    return lambda manner="plain", name="listener": Listener(own_site, manner, name)
