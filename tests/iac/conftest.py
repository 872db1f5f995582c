"""Terraform, initialised once in a copy of what it reads, so that the checkout stays as it is."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from local.services.site import CHECKOUT

IAC = CHECKOUT / "iac"
READ_BY_TERRAFORM = ("shared/contracts/topics.json", "host.json", ".python-version")
OF_THE_USERS = ("TF_VAR_", "TF_CLI_ARGS", "TF_DATA_DIR", "TF_WORKSPACE", "ARM_")  # their installation, not this code
ADDRESS = {"dev": ['-var=allowed_addresses=["203.0.113.7"]']}  # as docs/cost.md counts it
OFFLINE = CHECKOUT.parent / "shared" / "tools" / "terraform-offline"


@dataclass(frozen=True)
class Terraform:
    """Runs terraform in one directory."""

    program: str
    directory: Path
    environment: dict[str, str]

    def __call__(self, command: str, *arguments: str, passes: bool = True) -> str:
        """What it printed; fails the test with that when it does not end as expected."""
        done = subprocess.run(
            [self.program, f"-chdir={self.directory}", command, "-no-color", *arguments],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            check=False,
        )
        if (done.returncode == 0) is not passes:
            pytest.fail(f"terraform {command} {' '.join(arguments)}\n\n{done.stdout}", pytrace=False)
        return done.stdout


def _program() -> str:
    named = os.environ.get("ALUSKORT_TERRAFORM")
    found = named or (str(OFFLINE) if OFFLINE.is_file() else shutil.which("terraform"))
    if not found:
        pytest.fail(
            "terraform is not on PATH. Get 1.11 or newer from https://developer.hashicorp.com/terraform/install, "
            "or name the program in ALUSKORT_TERRAFORM.",
            pytrace=False,
        )
    return found


@pytest.fixture(scope="session")
def terraform(tmp_path_factory: pytest.TempPathFactory) -> Terraform:
    """Terraform with its provider, without a backend."""
    root = tmp_path_factory.mktemp("terraform")
    shutil.copytree(IAC, root / "iac", ignore=shutil.ignore_patterns(".terraform*", "*.auto.tfvars", "operator.tfvars"))
    shutil.copy(IAC / "tests" / "operator.tfvars", root / "iac" / "tests")
    for name in READ_BY_TERRAFORM:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(CHECKOUT / name, root / name)

    program = _program()
    environment = {name: value for name, value in os.environ.items() if not name.startswith(OF_THE_USERS)}
    if program != str(OFFLINE):
        cache = CHECKOUT / ".local" / "cache" / "terraform"
        cache.mkdir(parents=True, exist_ok=True)
        environment["TF_PLUGIN_CACHE_DIR"] = str(cache)
    ready = Terraform(program=program, directory=root / "iac", environment=environment)
    ready("init", "-backend=false")
    return ready


Planned = dict[str, list[dict[str, Any]]]


@pytest.fixture(scope="session")
def planned(terraform: Terraform) -> Callable[[str], Planned]:
    """What an environment's plan would make: the values of each resource, by type."""

    @cache
    def plan(environment: str) -> Planned:
        printed = terraform(
            *("test", "-json", "-verbose", "-filter=tests/environment.tftest.hcl", "-var-file=tests/operator.tfvars"),
            *(f"-var-file=environments/{environment}.tfvars", *ADDRESS.get(environment, [])),
        )
        messages = [json.loads(line) for line in printed.splitlines() if line.startswith("{")]
        (planned,) = [message["test_plan"] for message in messages if message["type"] == "test_plan"]
        found: Planned = {}
        for change in planned["resource_changes"]:
            found.setdefault(change["type"], []).append(change["change"]["after"])
        return found

    return plan
