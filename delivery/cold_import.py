"""How long a new instance takes to import the function app from the package, and what of it takes longest."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
import zipfile
from dataclasses import dataclass
from pathlib import Path

from delivery.package import SITE_PACKAGES

RUNS = 3  # the first warms the page cache; the best counts
STATEMENT = "import function_app"


@dataclass(frozen=True, slots=True)
class ColdImport:
    """Seconds of a process that only imports the app; ``slowest`` are (module, seconds with what it imports)."""

    without_byte_code: float
    with_byte_code: float
    slowest: tuple[tuple[str, float], ...]


def measure(package: Path) -> ColdImport:
    """Unpack ``package`` and import it in new processes, on this machine's Python: Linux, x86-64, 3.13."""
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder)
        with zipfile.ZipFile(package) as archive:
            archive.extractall(tree)
        without = _best(tree)
        compileall = [sys.executable, "-m", "compileall", "-q", str(tree)]
        subprocess.run(
            compileall, check=False, capture_output=True
        )  # some libraries ship templates that do not compile
        return ColdImport(without, _best(tree), _slowest(tree))


def _best(tree: Path) -> float:
    def seconds() -> float:
        begin = time.perf_counter()
        _run(tree)
        return time.perf_counter() - begin

    return min(seconds() for _ in range(RUNS))


def _slowest(tree: Path) -> tuple[tuple[str, float], ...]:
    """The heaviest imports of `-X importtime`, whose lines are `import time: self | cumulative | module` in us."""
    modules: list[tuple[str, float]] = []
    for line in _run(tree, "-X", "importtime").splitlines():
        _, _, figures = line.partition("import time:")
        columns = figures.split("|")
        if len(columns) == 3 and columns[1].strip().isdigit():
            modules.append((columns[2].strip(), int(columns[1]) / 1e6))
    return tuple(sorted(modules, key=lambda module: -module[1])[:20])


def _run(tree: Path, *options: str) -> str:
    # -S: nothing of this environment's site-packages; -B: a read-only deployment never gains byte code
    done = subprocess.run(
        [sys.executable, "-S", "-B", *options, "-c", STATEMENT],
        cwd=tree,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(tree / SITE_PACKAGES)},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stderr
