from __future__ import annotations

import os
import subprocess
import sys

import pytest

from local.services.given import replaced
from local.services.process import ServiceFailed
from local.services.site import CHECKOUT, Site
from local.services.stack import Stack

POSTGRES = ("ALUSKORT_POSTGRES_URL", "ALUSKORT_POSTGRES_OWNER_URL", "ALUSKORT_TASKHUB_URL")


def test_empty_environment_replaces_nothing() -> None:
    assert replaced({}) == frozenset()


def test_postgres_is_replaced_by_its_three_urls_only() -> None:
    assert replaced(dict.fromkeys(POSTGRES, "postgresql://x")) == {"postgres"}
    with pytest.raises(ServiceFailed, match=r"POSTGRES_URL replaces .* with .*OWNER_URL, ALUSKORT_TASKHUB_URL"):
        replaced({"ALUSKORT_POSTGRES_URL": "postgresql://x"})


def test_given_url_reaches_the_product_and_its_service_is_not_run(own_site: Site) -> None:
    stack = Stack(own_site, {"ALUSKORT_REDIS_URL": "redis://elsewhere:6379/0"})

    assert stack.environment()["ALUSKORT_REDIS_URL"] == "redis://elsewhere:6379/0"
    assert "redis" not in [service.name for service in stack.services()]


def test_blob_connection_serves_the_host_too(own_site: Site) -> None:
    environment = Stack(own_site, {"ALUSKORT_BLOB_CONNECTION_STRING": "given"}).environment()
    assert environment["AzureWebJobsStorage"] == environment["ALUSKORT_BLOB_CONNECTION_STRING"] == "given"


def test_model_is_simulated_without_a_key(own_site: Site) -> None:
    environment = Stack(own_site, {}).environment()
    assert environment["ALUSKORT_MODEL_PROVIDER"] == environment["ANTHROPIC_API_KEY"] == "simulated"
    assert environment["ANTHROPIC_BASE_URL"].endswith("/claude")


def test_key_of_the_user_means_the_real_model(own_site: Site) -> None:
    environment = Stack(own_site, {"ANTHROPIC_API_KEY": "of-the-user"}).environment()
    assert environment["ALUSKORT_MODEL_PROVIDER"] == "anthropic"
    assert not {"ANTHROPIC_BASE_URL", "ANTHROPIC_API_KEY"} & environment.keys()


def test_simulation_can_be_wished_in_spite_of_a_key(own_site: Site) -> None:
    given = {"ANTHROPIC_API_KEY": "of-the-user", "ALUSKORT_MODEL_PROVIDER": "simulated"}
    assert Stack(own_site, given).environment()["ANTHROPIC_API_KEY"] == "simulated"


def test_command_line_tells_a_half_given_service_in_one_sentence() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "cli.app", "status"],
        env={**os.environ, "ALUSKORT_TASKHUB_URL": "postgresql://x"},
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("ALUSKORT_TASKHUB_URL replaces the local postgres only together with ")
    assert "Traceback" not in done.stderr


def test_logs_of_an_unknown_service_names_those_that_exist() -> None:
    command = [sys.executable, "-m", "cli.app", "logs", "nobody"]
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "kafka, postgres" in done.stderr
