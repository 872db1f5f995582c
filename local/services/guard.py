"""A site that ends with the process that uses it: its services are stopped and its data removed, however that went.

The guard is a process of its own (``python -m local.services.guard SITE_FOLDER``) that waits for its standard input to
close, which the kernel does even when the user of the site is killed. Both hold the lock that says the site is in use.
"""

from __future__ import annotations

import fcntl
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from local.services import process
from local.services.process import ServiceFailed
from local.services.site import CHECKOUT, Site

GRACE = 5.0  # seconds
KEEP = "--keep"
LEAVE = b"leave"  # what the guard reads when what runs in the site is to go on


@contextmanager
def guarded(folder: Path, *, keep: bool = False, leave: Callable[[], bool] = lambda: False) -> Iterator[Site]:
    """Make an empty site in ``folder`` for the length of the context; with ``keep`` its files stay for a look, and when
    ``leave`` then says so its services go on.

    Without ``keep`` the folders beside it belong to such sites too, and those whose user and guard were killed go.

    :raises ServiceFailed: another process uses the folder.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with _one_maker(folder.parent):
        if not keep:
            _remove_abandoned(folder.parent)
        lock = _lock(_lock_file(folder))
    if lock is None:
        raise ServiceFailed(f"Another process uses {folder}, or is still stopping there. Try again when it has ended.")
    with lock:
        _end(folder, keep=False)
        _make_empty(folder)
        command = [sys.executable, "-m", "local.services.guard", str(folder), *([KEEP] if keep else [])]
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, cwd=CHECKOUT, start_new_session=True, pass_fds=[lock.fileno()]
        ) as guard:
            left = False
            try:
                yield Site(folder)
                left = leave()
            finally:
                if left and guard.stdin is not None:
                    guard.stdin.write(LEAVE)
                else:
                    _end(folder, keep=keep)
        if not keep:
            _lock_file(folder).unlink()


def _end(folder: Path, *, keep: bool) -> None:
    """Stop what runs in the site. Only the holder of its lock may."""
    if folder.exists():
        process.stop_all(Site(folder).processes(), gently=signal.SIGINT, grace=GRACE)
    if not keep:
        shutil.rmtree(folder, ignore_errors=True)


def _make_empty(folder: Path) -> None:
    """A mount point, whose files alone can be removed, will do."""
    folder.mkdir(exist_ok=True)
    if left := sorted(folder.iterdir()):
        raise ServiceFailed(f"{folder} cannot be emptied, {left[0].name} stays. Remove it, or make it removable.")


def _lock_file(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.lock")


def _lock(path: Path) -> IO[bytes] | None:
    """Take the lock until the file is closed here and in every process that inherits it; None when it is held."""
    handle = path.open("ab")
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        handle.close()
        return None
    return handle


@contextmanager
def _one_maker(parent: Path) -> Iterator[None]:
    """Make one site at a time: whoever looks for abandoned ones tries the locks of sites that are being made, too."""
    with (parent / "making").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _remove_abandoned(parent: Path) -> None:
    for path in parent.glob("*.lock"):
        lock = _lock(path)
        if lock is not None:
            with lock:
                _end(path.with_suffix(""), keep=False)
                path.unlink(missing_ok=True)


def main() -> None:
    """Wait for the end of input, then stop every recorded process and remove the site."""
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)  # only the end of input may end it: its work comes after the run
    if sys.stdin.buffer.read() == LEAVE:
        return
    _end(Path(sys.argv[1]), keep=KEEP in sys.argv)


if __name__ == "__main__":
    main()
