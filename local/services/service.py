"""What every local service offers, and the one place that starts, reuses and stops it.

A service only says how it is prepared, run and probed; :func:`ensure` and :func:`stop` do the rest.
"""

from __future__ import annotations

import signal
import threading
import time
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

import psutil  # type: ignore[import-untyped]

from local.services import process
from local.services.process import Command, ServiceFailed
from local.services.site import Site, is_free

PROBE_PAUSE = 0.1  # seconds between two probes of a starting service
STOP_GRACE = 10.0  # seconds between the gentle signal and SIGKILL


class NotReady(Exception):
    """The service does not answer as it should yet; the message says what was seen."""


class Health(StrEnum):
    """What a look at one service found."""

    STOPPED = "stopped"
    SILENT = "silent"  # the process lives and does not answer
    HEALTHY = "healthy"


class Service(Protocol):
    """One local service. ``name`` names its folder, log and port; it may take ``patience`` seconds to start."""

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def patience(self) -> float: ...  # noqa: D102
    @property
    def stop_signal(self) -> signal.Signals: ...  # noqa: D102

    def ports(self) -> tuple[int, ...]:
        """Return the ports that it listens on."""

    def prepare(self) -> None:
        """Make what must be there before it starts. Repeatable."""

    def command(self) -> Command:
        """Return how it is run."""

    def probe(self) -> None:
        """Return if it is up and answers as itself, else raise :class:`NotReady`."""

    def initialise(self) -> None:
        """Make what can only be made once it runs: roles, databases, topics. Repeatable."""

    def version(self) -> str:
        """Return the version of what runs, for people."""


@dataclass(frozen=True, slots=True)
class ServiceStatus:
    """What :func:`look` found; ``memory`` in bytes."""

    health: Health
    pid: int | None
    memory: int


def ensure(service: Service, site: Site, *, given_up: threading.Event | None = None) -> bool:
    """Bring ``service`` up, reusing it when it runs this command and answers. True when it had to be started.

    :raises ServiceFailed: it ended or did not answer in time, and the message shows the end of its log; or somebody
        set ``given_up`` meanwhile, after which nothing more is started.
    """
    given_up = given_up or threading.Event()
    record, log = site.record(service.name), site.log(service.name)
    remembered = process.read(record)
    same = remembered is not None and remembered.digest == service.command().digest()
    if same and look(service, site).health is Health.HEALTHY:
        return False
    process.stop(record, gently=service.stop_signal, grace=STOP_GRACE)
    for port in service.ports():
        if not is_free(port):
            raise ServiceFailed(
                f"{service.name} needs port {port} of 127.0.0.1, which another program has taken. "
                f"End that program, or remove {site.folder / 'ports.json'} to have ports chosen again."
            )
    service.prepare()
    if not given_up.is_set():
        process.start(service.command(), log=log, record=record)
    _wait(service, site, given_up)
    service.initialise()
    return True


def look(service: Service, site: Site) -> ServiceStatus:
    """Say whether ``service`` runs, answers, and what memory it holds."""
    found = process.find(site.record(service.name))
    if found is None:
        return ServiceStatus(Health.STOPPED, None, 0)
    try:
        memory = process.resident_bytes(found)
        service.probe()
    except NotReady:
        return ServiceStatus(Health.SILENT, found.pid, memory)
    except psutil.NoSuchProcess:
        return ServiceStatus(Health.STOPPED, None, 0)
    return ServiceStatus(Health.HEALTHY, found.pid, memory)


def stop(service: Service, site: Site) -> bool:
    """Stop ``service`` if it runs. True when it ran."""
    return process.stop(site.record(service.name), gently=service.stop_signal, grace=STOP_GRACE)


def _wait(service: Service, site: Site, given_up: threading.Event) -> None:
    deadline = time.monotonic() + service.patience
    record, log = site.record(service.name), site.log(service.name)
    while not given_up.wait(PROBE_PAUSE):
        try:
            service.probe()
            return
        except NotReady as seen:
            reason = str(seen)
        ended = process.find(record) is None
        if ended or time.monotonic() > deadline:
            process.stop(record, gently=service.stop_signal, grace=STOP_GRACE)
            what = "ended by itself" if ended else f"did not answer within {service.patience:.0f} s ({reason})"
            raise ServiceFailed(f"{service.name} {what}. The end of its log {log}:\n{process.tail(log)}")
    raise ServiceFailed(f"the start of {service.name} was given up")
