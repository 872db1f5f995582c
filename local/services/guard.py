"""Ends a site's services when the process that holds the other end of its standard input is gone, however it went.

Run as ``python -m local.services.guard SITE_FOLDER``. A test run that is killed leaves no process behind this way.
"""

from __future__ import annotations

import shutil
import signal
import sys
from pathlib import Path

from local.services import process
from local.services.site import Site

GRACE = 5.0  # seconds


def remove(site: Site) -> None:
    """Stop every process of ``site`` and delete all that it holds."""
    process.stop_all(site.processes(), gently=signal.SIGINT, grace=GRACE)
    shutil.rmtree(site.folder, ignore_errors=True)


def main() -> None:
    """Wait for the end of input, then stop every recorded process and remove the site."""
    site = Site(Path(sys.argv[1]))
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)  # only the end of input may end it: its work comes after the run
    sys.stdin.buffer.read()
    remove(site)


if __name__ == "__main__":
    main()
