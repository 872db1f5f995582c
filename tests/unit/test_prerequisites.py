"""What local/services/prerequisites.sh says of a machine that has a shell and nothing else."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "local" / "services" / "prerequisites.sh"


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
