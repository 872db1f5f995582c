"""What the Makefile's scripts say of a machine that has a shell and nothing else, and of a download that failed."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SERVICES = Path(__file__).parents[2] / "local" / "services"
SCRIPT = SERVICES / "prerequisites.sh"


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """A PATH with the least that a shell script takes for granted."""
    for name in ("sh", "sed", "head"):
        (tmp_path / name).symlink_to(str(shutil.which(name)))
    return tmp_path


def ask(bare: Path, subject: str) -> subprocess.CompletedProcess[str]:
    command = [str(bare / "sh"), str(SCRIPT), subject]
    return subprocess.run(command, env={"PATH": str(bare)}, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("subject", "missing"),
    [
        ("python", ["Python 3.13", "a C compiler"]),
        ("kafka", ["JDK 17 or newer (found: none)", "Maven"]),
        ("azurite", ["Node 20 or newer (found: none)", "npm"]),
    ],
)
def test_everything_that_is_missing_is_named_with_how_to_get_it(bare: Path, subject: str, missing: list[str]) -> None:
    answer = ask(bare, subject)
    lines = answer.stderr.splitlines()
    assert [line.removeprefix("missing: ") for line in lines if line.startswith("missing: ")] == missing
    assert sum("get it: " in line for line in lines) == len(missing)
    assert (answer.returncode, answer.stdout) == (1, "")


def test_python_and_a_compiler_suffice_for_the_packages(bare: Path) -> None:
    (bare / "python3.13").symlink_to(sys.executable)
    (bare / "cc").symlink_to("/bin/true")
    answer = ask(bare, "python")
    assert (answer.returncode, answer.stderr) == (0, "")
    assert Path(answer.stdout.strip()).exists()


def test_download_that_fails_says_of_what_how_and_what_to_do(tmp_path: Path) -> None:
    log, mvn = tmp_path / "new" / "kafka.log", tmp_path / "mvn"
    mvn.write_text('#!/bin/sh\nprintf "\\033[1m[ERROR]\\033[m no kafka_2.13\\n\\n"; exit 7\n')
    mvn.chmod(0o755)
    environment = {"PATH": f"{tmp_path}:/usr/bin:/bin"}
    command = [str(SERVICES / "fetched.sh"), "Kafka into the cache", str(log), "mvn", "copy"]
    answer = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert (answer.returncode, answer.stdout) == (7, "== Kafka into the cache\n")
    assert answer.stderr.splitlines() == [
        "failed: Kafka into the cache. mvn ended with 7:",
        "        [ERROR] no kafka_2.13",
        "what to do: is the network there? Maven takes mirrors and proxies from ~/.m2/settings.xml.",
        f"        Then call make again: it goes on where it stopped. All of the output: {log}",
    ]


def test_download_that_works_says_only_what_it_is(tmp_path: Path) -> None:
    command = [str(SERVICES / "fetched.sh"), "Something", str(tmp_path / "a.log"), "/bin/echo", "done"]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (answer.returncode, answer.stdout, answer.stderr) == (0, "== Something\n", "")
    assert (tmp_path / "a.log").read_text() == "done\n"
