from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil  # type: ignore[import-untyped]
import pytest

from local.services import process, service
from local.services.guard import guarded
from local.services.process import ServiceFailed
from local.services.service import Health, Service, ensure, look, stop
from local.services.site import CHECKOUT, Site

Make = Callable[..., Service]


def test_running_service_is_reused(own_site: Site, listener: Make) -> None:
    ensure(listener(), own_site)
    before = look(listener(), own_site)

    assert ensure(listener(), own_site) is False
    assert before.health is Health.HEALTHY
    assert look(listener(), own_site).pid == before.pid


def test_changed_command_restarts_the_service(own_site: Site, listener: Make) -> None:
    ensure(listener("plain"), own_site)
    before = look(listener("plain"), own_site).pid

    assert ensure(listener("stubborn"), own_site) is True
    assert look(listener("stubborn"), own_site).pid != before


def test_service_that_ignores_sigterm_is_killed(
    own_site: Site, listener: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "STOP_GRACE", 0.2)
    stubborn = listener("stubborn", "stubborn")
    ensure(stubborn, own_site)
    pid = look(stubborn, own_site).pid
    assert pid is not None

    assert stop(stubborn, own_site) is True
    assert not psutil.pid_exists(pid)
    assert look(stubborn, own_site).health is Health.STOPPED


def test_service_that_ends_at_once_fails_with_its_log(own_site: Site, listener: Make) -> None:
    with pytest.raises(ServiceFailed, match=r"broken ended by itself[\s\S]*the disk is full"):
        ensure(listener("broken", "broken"), own_site)


def test_port_of_a_stranger_fails_by_number(own_site: Site, listener: Make) -> None:
    blocked = listener("plain", "blocked")
    port = blocked.ports()[0]
    with socket.create_server(("127.0.0.1", port)), pytest.raises(ServiceFailed, match=f"needs port {port}"):
        ensure(blocked, own_site)


def test_released_port_is_chosen_anew_only_when_taken(own_site: Site) -> None:
    kept = own_site.port("moving")
    own_site.release_ports("moving")
    assert own_site.port("moving") == kept

    with socket.create_server(("127.0.0.1", kept)):
        own_site.release_ports("moving")
        assert own_site.port("moving") != kept


def test_two_sites_choose_different_free_ports(own_site: Site, site: Site) -> None:
    ports = {own_site.port("a"), own_site.port("b"), site.port("a"), site.port("b")}
    assert len(ports) == 4


def test_recycled_pid_is_not_taken_for_ours(own_site: Site) -> None:
    record = own_site.record("recycled")
    stranger = psutil.Process(os.getpid())
    record.write_text(json.dumps({"pid": stranger.pid, "started": stranger.create_time() - 3600, "digest": ""}))

    assert process.find(record) is None
    assert process.stop(record, gently=signal.SIGTERM, grace=1) is False
    assert not record.exists()


def test_secret_is_kept_and_only_its_owner_reads_it(own_site: Site) -> None:
    assert own_site.secret("key") == own_site.secret("key") != own_site.secret("other")
    assert (own_site.folder / "secrets" / "key").stat().st_mode & 0o777 == 0o600


def test_start_that_was_given_up_starts_nothing(own_site: Site, listener: Make) -> None:
    given_up = threading.Event()
    given_up.set()
    with pytest.raises(ServiceFailed, match="start of late was given up"):
        ensure(listener("plain", "late"), own_site, given_up=given_up)
    assert look(listener("plain", "late"), own_site).health is Health.STOPPED


@contextmanager
def user_of(folder: Path) -> Iterator[tuple[psutil.Process, psutil.Process, psutil.Process]]:
    """A process that uses a guarded site in ``folder``, killed at the end; its guard; its one service."""
    program = (
        "import sys, time, pathlib\n"
        "from local.services import process\n"
        "from local.services.guard import guarded\n"
        f"with guarded(pathlib.Path({str(folder)!r})) as site:\n"
        "    command = process.Command([sys.executable, '-c', 'import signal; signal.pause()'], {}, site.folder)\n"
        "    process.start(command, log=site.log('one'), record=site.record('one'))\n"
        "    print(process.find(site.record('one')).pid, flush=True)\n"
        "    time.sleep(600)\n"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, cwd=CHECKOUT) as started:
        assert started.stdout is not None
        one = psutil.Process(int(started.stdout.readline()))
        user = psutil.Process(started.pid)
        (guard,) = [child for child in user.children() if child != one]
        try:
            yield user, guard, one
        finally:
            started.kill()


def has_ended(process: psutil.Process) -> bool:
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


def test_guard_ends_services_of_a_killed_user(own_site: Site) -> None:
    folder = own_site.folder.with_name(f"{os.getpid()}-killed")
    with user_of(folder) as (user, _, one):
        user.kill()
    deadline = time.monotonic() + 20
    while folder.exists() and time.monotonic() < deadline:
        time.sleep(0.05)

    assert not folder.exists()
    assert has_ended(one)


def test_site_whose_guard_was_killed_too_goes_when_the_next_is_made(own_site: Site) -> None:
    folder = own_site.folder.with_name(f"{os.getpid()}-abandoned")
    with user_of(folder) as (user, guard, one):
        guard.kill()
        user.kill()
        deadline = time.monotonic() + 20
        while not (has_ended(guard) and has_ended(user)) and time.monotonic() < deadline:
            time.sleep(0.01)  # they hold the site's lock until then
    assert folder.exists()
    with guarded(own_site.folder.with_name(f"{os.getpid()}-next")):
        deadline = time.monotonic() + 20  # another run that begins just now may be clearing it away
        while folder.exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        assert not folder.exists()
        assert has_ended(one)


def test_folder_of_a_site_in_use_is_refused(own_site: Site) -> None:
    with pytest.raises(ServiceFailed, match=r"Another process uses .*-own"), guarded(own_site.folder):
        pass
    assert own_site.folder.exists()
