"""Whole runs of pytest with workers: they share one service, and leave nothing behind when they are killed."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil  # type: ignore[import-untyped]
import pytest

from local.services.site import CHECKOUT

# Each file runs on a worker of its own; both wait until the other is there, or until the run is killed.
TESTS = """
import os, pathlib, time

def test_redis_answers(redis_url, site, worker):
    notes = pathlib.Path({notes!r})
    pid = (site.folder / "processes" / "redis.json").read_text()
    (notes / f"{{worker}}").write_text(f"{{redis_url}}\\n{{pid}}")
    deadline = time.monotonic() + 60
    while len(list(notes.iterdir())) < 2 + {hold} and time.monotonic() < deadline:
        time.sleep(0.02)
"""


@pytest.fixture
def start(tmp_path: Path) -> Callable[[bool], tuple[subprocess.Popen[bytes], Path]]:
    """Starts a run of two workers, which hold their tests when asked to; gives it and the folder of their notes."""

    def run(hold: bool) -> tuple[subprocess.Popen[bytes], Path]:
        notes = tmp_path / "notes"
        notes.mkdir()
        folder = tmp_path / "tests"
        folder.mkdir()
        for name in ("test_one.py", "test_two.py"):
            (folder / name).write_text(TESTS.format(notes=str(notes), hold=int(hold)))
        command = [sys.executable, "-m", "pytest", "-n", "2", "--dist", "loadfile", "-p", "tests.conftest"]
        options = [
            "-p",
            "no:cacheprovider",
            "-c",
            str(CHECKOUT / "pyproject.toml"),
            f"--rootdir={tmp_path}",
            str(folder),
        ]
        return subprocess.Popen([*command, *options], cwd=CHECKOUT, stdout=subprocess.DEVNULL), notes

    return run


def until(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


def read(notes: Path) -> list[tuple[str, str]]:
    found = [path.read_text().partition("\n") for path in sorted(notes.iterdir())]
    return [(url, process) for url, _, process in found]


def test_workers_share_one_server_and_no_database(
    start: Callable[[bool], tuple[subprocess.Popen[bytes], Path]],
) -> None:
    run, notes = start(False)
    assert run.wait(120) == 0
    (first_url, first_process), (second_url, second_process) = read(notes)
    assert first_process == second_process
    assert (first_url[-2:], second_url[-2:]) == ("/0", "/1")
    assert first_url[:-1] == second_url[:-1]


def test_killed_run_leaves_neither_processes_nor_data(
    start: Callable[[bool], tuple[subprocess.Popen[bytes], Path]],
) -> None:
    run, notes = start(True)
    until(lambda: len(list(notes.iterdir())) == 2, "both workers in their tests")
    family = psutil.Process(run.pid).children(recursive=True)
    site = CHECKOUT / ".local" / "tests" / str(run.pid)
    assert site.is_dir()
    run.send_signal(signal.SIGKILL)
    run.wait(10)
    until(lambda: not site.exists(), "the end of the run's site")
    gone, alive = psutil.wait_procs(family, timeout=60)
    assert (alive, len(gone) >= 3) == ([], True)
