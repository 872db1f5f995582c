"""The real anthropic client on the simulators, their switches, and processes of a test's own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import anthropic
import httpx
import pytest


class running_simulators:  # noqa: N801 - a context manager
    """Runs the process on a free port; gives its base URL and the process."""

    def __init__(self, data: Path, *options: str) -> None:
        self.command = [sys.executable, "-m", "local.simulators", "--port", "0", "--data", str(data), *options]

    def __enter__(self) -> tuple[str, subprocess.Popen[str]]:
        self.process = subprocess.Popen(self.command, stderr=subprocess.PIPE, text=True)
        assert self.process.stderr is not None
        for line in self.process.stderr:
            if "listening on " in line:
                return line.split("listening on ")[1].strip(), self.process
        raise AssertionError(f"the simulators ended with code {self.process.wait()}")

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        self.process.communicate()


@pytest.fixture(scope="session")
def base_url(claude_url: str) -> str:
    return claude_url.removesuffix("/claude")


@pytest.fixture(scope="session")
def client(claude_url: str) -> Iterator[anthropic.Anthropic]:
    with anthropic.Anthropic(api_key="test-key", base_url=claude_url, max_retries=0, timeout=20) as client:
        yield client


@pytest.fixture
def control(base_url: str) -> Iterator[httpx.Client]:
    """The switches; every fault is off before and after the test."""
    with httpx.Client(base_url=f"{base_url}/control") as control:
        control.delete("/faults").raise_for_status()
        yield control
        control.delete("/faults").raise_for_status()
