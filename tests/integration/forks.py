"""Makes processes that tests start again and again: forks of one that has their imports, most of a start, behind it."""

from __future__ import annotations

import multiprocessing

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(
    ["local.host.__main__", "tests.integration.host.sample_host", "tests.integration.taskhub.crash_host"]
)
