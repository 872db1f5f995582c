"""A site that ends with the process that uses it: its services are stopped and its data removed, however that went.

The guard is a process of its own (``python -m local.services.guard SITE_FOLDER``) that waits for its standard input to
close, which the kernel does even when the user of the site is killed.
"""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from local.services import process
from local.services.site import CHECKOUT, Site

GRACE = 5.0  # seconds


@contextmanager
def guarded(folder: Path) -> Iterator[Site]:
    """Make a site in ``folder`` for the length of the context."""
    site = Site(folder)
    folder.mkdir(parents=True)
    command = [sys.executable, "-m", "local.services.guard", str(folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, cwd=CHECKOUT, start_new_session=True):
        try:
            yield site
        finally:
            _remove(site)


def _remove(site: Site) -> None:
    process.stop_all(site.processes(), gently=signal.SIGINT, grace=GRACE)
    shutil.rmtree(site.folder, ignore_errors=True)


def main() -> None:
    """Wait for the end of input, then stop every recorded process and remove the site."""
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)  # only the end of input may end it: its work comes after the run
    sys.stdin.buffer.read()
    _remove(Site(Path(sys.argv[1])))


if __name__ == "__main__":
    main()
