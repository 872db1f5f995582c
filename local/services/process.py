"""Detached processes that outlive the command that started them, found again by pid and start time.

A pid alone proves nothing after a reboot or a long day: the start time tells ours from a stranger's.
"""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil  # type: ignore[import-untyped]

from shared.errors import AluskortError

LOG_TAIL = 15  # lines that an error shows
START_TIME_SLACK = 1.0  # seconds; the kernel counts in clock ticks since a boot time that is itself rounded


class ServiceFailed(AluskortError):
    """A local service did not start, answer or stop; the message says which, why and where its log is."""


@dataclass(frozen=True, slots=True)
class Command:
    """What to run: ``environment`` is added to this process's own, ``folder`` is the working directory."""

    arguments: Sequence[str]
    environment: Mapping[str, str]
    folder: Path

    def digest(self) -> str:
        """Return a digest that changes with any argument or variable."""
        text = json.dumps([list(self.arguments), sorted(self.environment.items()), str(self.folder)])
        return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Record:
    """A started process as its record file remembers it.

    ``started`` in seconds since the epoch; ``digest`` tells commands apart without keeping their secrets.
    """

    pid: int
    started: float
    digest: str


def start(command: Command, *, log: Path, record: Path) -> None:
    """Start ``command`` in a session of its own, output appended to ``log``, and remember it in ``record``.

    :raises ServiceFailed: the program cannot be run at all.
    """
    with log.open("ab") as output:
        try:
            child = subprocess.Popen(
                list(command.arguments),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=command.folder,
                env={**os.environ, **command.environment},
                start_new_session=True,
            )
        except OSError as cause:
            raise ServiceFailed(f"{command.arguments[0]} cannot be run: {cause}") from cause
    child.returncode = 0  # we never wait for it, on purpose: without this Popen warns when it is collected
    started = Record(pid=child.pid, started=psutil.Process(child.pid).create_time(), digest=command.digest())
    draft = record.with_suffix(".new")
    draft.write_text(json.dumps(asdict(started)))
    draft.replace(record)  # a reader never sees half of it


def read(record: Path) -> Record | None:
    """Return what ``record`` remembers, None when there is no such file."""
    try:
        return Record(**json.loads(record.read_text()))
    except FileNotFoundError:
        return None


def find(record: Path) -> psutil.Process | None:
    """Return the live process that ``record`` remembers, or None when it has ended or its pid is now a stranger's."""
    remembered = read(record)
    if remembered is None:
        return None
    try:
        process = psutil.Process(remembered.pid)
        ours = abs(process.create_time() - remembered.started) < START_TIME_SLACK
    except psutil.NoSuchProcess:
        return None
    return process if ours and _runs(process) else None


def stop(record: Path, *, gently: signal.Signals, grace: float) -> bool:
    """End the remembered process and its children: signal ``gently``, SIGKILL after ``grace`` seconds. True if it ran.

    :raises ServiceFailed: something still runs after SIGKILL.
    """
    process = find(record)
    if process is None:
        record.unlink(missing_ok=True)
        return False
    family = [process, *_children(process)]
    with suppress(psutil.NoSuchProcess):
        process.send_signal(gently)
    for survivor in _alive_after(grace, family):
        with suppress(psutil.NoSuchProcess):
            survivor.kill()
    alive = _alive_after(5.0, family)
    if alive:
        raise ServiceFailed(f"process {alive[0].pid} does not end, not even by SIGKILL")
    record.unlink(missing_ok=True)
    return True


def stop_all(records: Path, *, gently: signal.Signals, grace: float) -> None:
    """End every process remembered in the folder ``records``, side by side: each may use up its grace."""
    remembered = sorted(records.glob("*.json"))
    with ThreadPoolExecutor(max(1, len(remembered))) as pool:
        list(pool.map(lambda record: stop(record, gently=gently, grace=grace), remembered))


def resident_bytes(process: psutil.Process) -> int:
    """Return the resident memory of ``process`` and its children in bytes, shared pages counted once where possible."""
    total = 0
    for member in [process, *_children(process)]:
        with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
            memory = member.memory_full_info()
            total += getattr(memory, "pss", memory.rss)  # only Linux counts shared pages in proportion
    return total


def tail(log: Path) -> str:
    """Return the last lines of ``log``, for an error message."""
    if not log.exists():
        return "(no log)"
    with log.open("rb") as handle:
        handle.seek(max(0, log.stat().st_size - 8192))
        lines = handle.read().decode(errors="replace").splitlines()
    return "\n".join(lines[-LOG_TAIL:]) or "(empty log)"


def _runs(process: psutil.Process) -> bool:
    """A zombie does not run. Our own child is cleared away; another's parent may be busy elsewhere, or never look."""
    try:
        if process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
            return True
        if process.ppid() == os.getpid():
            return os.waitpid(process.pid, os.WNOHANG)[0] == 0  # 0 while its last threads still end
    except (psutil.NoSuchProcess, ChildProcessError):
        pass
    return False


def _alive_after(seconds: float, family: list[psutil.Process]) -> list[psutil.Process]:
    """Wait until all of ``family`` have ended, ``seconds`` at most, and return those that have not."""
    deadline = time.monotonic() + seconds
    while (alive := [member for member in family if _runs(member)]) and time.monotonic() < deadline:
        time.sleep(0.02)
    return alive


def _children(process: psutil.Process) -> list[psutil.Process]:
    with suppress(psutil.NoSuchProcess):
        found: list[psutil.Process] = process.children(recursive=True)
        return found
    return []
