from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from local.services.site import CHECKOUT
from tests.iac.conftest import IAC

REQUIREMENTS = IAC / "requirements-checkov.txt"


@pytest.fixture(scope="module")
def checkov() -> list[str]:
    """The command, from an environment of its own, made when its requirements change.

    checkov's own script cannot be run from a folder with a space in its name.
    """
    digest = hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()[:12]
    home = CHECKOUT / ".local" / "cache" / f"checkov-{digest}"
    if not (home / ".ready").is_file():
        shutil.rmtree(home, ignore_errors=True)
        _run([sys.executable, "-m", "venv", str(home)])
        _run([str(home / "bin" / "pip"), "install", "--quiet", "--disable-pip-version-check", "-r", str(REQUIREMENTS)])
        (home / ".ready").touch()  # last, so an interrupted installation is done again
    return [str(home / "bin" / "python"), "-m", "checkov.main"]


def _run(command: list[str]) -> None:
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode:
        pytest.fail(f"{' '.join(command)}\n\n{done.stdout}", pytrace=False)


def test_checkov_finds_nothing_and_every_skip_has_its_reason(checkov: list[str], tmp_path: Path) -> None:
    done = subprocess.run(
        [
            *(*checkov, "--directory", str(IAC), "--framework", "terraform", "--skip-download"),
            *("--var-file", str(IAC / "environments" / "prod.tfvars"), "--output", "json"),
        ],
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path)},  # no account, no configuration of the user's
        capture_output=True,
        text=True,
        check=False,
    )
    report: dict[str, Any] = json.loads(done.stdout)
    failed = [_line(check) for check in report["results"]["failed_checks"]]
    skipped = report["results"]["skipped_checks"]

    assert not failed, "\n".join(failed)
    assert report["summary"]["parsing_errors"] == 0
    assert report["summary"]["passed"] > 50  # it saw the modules
    assert not [_line(check) for check in skipped if len(check["check_result"]["suppress_comment"]) < 30]


def _line(check: dict[str, Any]) -> str:
    return f"{check['check_id']} {check['check_name']}: {check['resource']} ({check['file_path']})"
