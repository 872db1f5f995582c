"""HTTP functions run in a process of their own, which lives and ends with the host."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator

import httpx
import pytest

from tests.integration.host.sample_host import APPS, SampleHost, until


@pytest.fixture
def apart(azurite: str, make_host: Callable[..., SampleHost]) -> Iterator[SampleHost]:
    host = make_host(app=APPS / "apart", AzureWebJobsStorage=azurite)
    host.start()
    yield host
    host.stop()


def process_of_http(host: SampleHost) -> int:
    return int(host.request("GET", "/api/process").text)


def serves_no_more(host: SampleHost) -> bool:
    try:
        host.request("GET", "/api/process")
    except httpx.TransportError:
        return True
    return False


def test_http_is_answered_while_another_function_blocks_the_host(apart: SampleHost) -> None:
    blocked = apart.folder / "block"
    blocked.touch()
    try:
        master = {"x-functions-key": apart.keys["master"]}
        assert apart.request("POST", "/admin/functions/block", headers=master).status_code == 202
        until(lambda: apart.records("blocking"), what="the timer")
        assert apart.request("GET", "/api/process").status_code == 200
        assert apart.request("GET", "/admin/host/status", headers=master).status_code == 503  # the host's own answer
    finally:
        blocked.unlink()


def test_http_ends_with_a_host_that_is_killed_and_the_port_is_free(apart: SampleHost) -> None:
    port = httpx.URL(apart.url).port
    assert process_of_http(apart)
    apart.kill()
    until(lambda: serves_no_more(apart), what="the end of the HTTP functions")
    apart.launch(port=port or 0)
    until(lambda: "Host is ready" in apart.text, what="readiness on the same port")


def test_host_ends_when_its_http_process_is_killed(apart: SampleHost) -> None:
    os.kill(process_of_http(apart), signal.SIGKILL)
    assert apart.wait() == 1
    assert "Trigger HTTP functions ended without being asked; the host stops." in apart.text
