"""The product's requirements as the Functions worker finds them: unpacked wheels for Azure's Linux, nothing built.

Remote build is off, so what was tested is what runs. The platforms are those of the Python 3.13 image of Azure
Functions, which is Debian 12 with glibc 2.36; wheels of newer manylinux versions than 2.28 are not needed.
"""

from __future__ import annotations

import csv
import os
import shutil
import subprocess
import sys
from pathlib import Path

from shared.errors import ConfigurationError

PLATFORMS = ("manylinux_2_28_x86_64", "manylinux_2_27_x86_64", "manylinux2014_x86_64")
PYTHON = "3.13"
# Console scripts name the building machine's Python; a top-level `tests` is another library's stray folder.
NOT_NEEDED = ("bin", "tests")


def vendor(requirements: Path, target: Path) -> None:
    """Unpack the wheels of the pinned ``requirements`` into ``target``, compiled, without libraries' own tests.

    :raises ConfigurationError: a requirement has no wheel for Azure's platform, or the index cannot be reached.
    """
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile"]
    where = ["--target", str(target), "--only-binary=:all:", "--python-version", PYTHON, "--implementation", "cp"]
    platforms = [option for platform in PLATFORMS for option in ("--platform", platform)]
    done = subprocess.run(
        [*pip, *where, *platforms, "--requirement", str(requirements)], capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        reasons = [line for line in done.stderr.splitlines() if line.startswith("ERROR:")] or [done.stderr.strip()]
        raise ConfigurationError(
            f"{requirements} cannot be vendored for {PLATFORMS[0]}, Python {PYTHON}: {' '.join(reasons)[:1000]} "
            "Pin a version that has a wheel for it."
        )
    _prune(target)
    _compile(target)


def _compile(target: Path) -> None:
    """Byte code beside the sources: without it each new instance compiles for longer than it takes to import.

    It is taken as it is (unchecked hash), because the package's files all have one fixed time. A process of its own
    with a fixed hash seed gives the same bytes each time.
    """
    compiler = [sys.executable, "-m", "compileall", "-qq", "--invalidation-mode", "unchecked-hash", "-s", str(target)]
    # libraries carry templates that only look like Python, hence no check
    subprocess.run([*compiler, str(target)], env={**os.environ, "PYTHONHASHSEED": "0"}, check=False)


def _prune(target: Path) -> None:
    for name in NOT_NEEDED:
        shutil.rmtree(target / name, ignore_errors=True)
    for tests in sorted(target.glob("**/tests")):
        shutil.rmtree(tests, ignore_errors=True)
    for record in target.glob("*.dist-info/RECORD"):
        with record.open(newline="", encoding="utf-8") as stream:
            rows = [row for row in csv.reader(stream) if (target / row[0]).exists()]
        with record.open("w", newline="", encoding="utf-8") as stream:
            csv.writer(stream, lineterminator="\n").writerows(sorted(rows))
