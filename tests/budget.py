"""What the suite may cost, so that three times as many tests still end within 12 minutes on two cores (`make test`).

Seconds say little on a busy machine, so this compares what was measured in one run. The mean test is held to a number
of starts of Python, which are timed as the run begins and ends; one test that takes more than its share of the whole
run is named, unless it carries the mark ``slow`` with a reason. Loaded by `make test` (`-p tests.budget`).
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections import defaultdict

import pytest

# 12 minutes of 3 workers for 3 x 2,320 tests are 0.31 s a test, and a start of Python takes 0.15 s of a core.
MEAN_IN_STARTS = 2.0
SHARE = 0.05  # of the time of all tests, for a single one
FEWEST = 500  # tests; of a handful each one is a large share
START = [sys.executable, "-c", "import asyncio, json, ssl"]


class Budget:
    """Adds up what each test took, its fixtures included, and names what is over budget.

    It fails nothing: a busy machine is no defect.
    """

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self.slow: set[str] = set()
        self.starts = [_start_of_python()]
        self.over: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count one phase of one test, whichever worker ran it."""
        self.seconds[report.nodeid] += report.duration
        if "slow" in report.keywords:
            self.slow.add(report.nodeid)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Judge the run; tests that failed are the first thing to mend, so they are not judged."""
        if len(self.seconds) < FEWEST or session.exitstatus != pytest.ExitCode.OK:
            return
        self.starts.append(_start_of_python())
        self.over = verdict(self.seconds, slow=self.slow, start=max(self.starts))

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say what is over budget."""
        for sentence in self.over:
            terminalreporter.write_line(f"over budget: {sentence}", yellow=True)


def verdict(seconds: dict[str, float], *, slow: set[str], start: float) -> list[str]:
    """Return a sentence for each way in which a run of these tests was too slow; ``start`` is one start of Python."""
    total = sum(seconds.values())
    mean = total / len(seconds) / start
    found = [
        f"{test} took {took / total:.0%} of the run, at most {SHARE:.0%}: mend its wait, split it, or mark it slow"
        for test, took in seconds.items()
        if took > SHARE * total and test not in slow
    ]
    if mean > MEAN_IN_STARTS:
        found.append(
            f"the mean test took {mean:.1f} starts of Python, at most {MEAN_IN_STARTS}: "
            "look among the slowest for waits, and for fixtures that could serve more tests"
        )
    return found


def _start_of_python() -> float:
    begin = time.perf_counter()
    for _ in range(5):
        subprocess.run(START, check=True)
    return (time.perf_counter() - begin) / 5


def pytest_configure(config: pytest.Config) -> None:
    """Judge in the controller only, which hears of every test."""
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Budget(), "budget")
