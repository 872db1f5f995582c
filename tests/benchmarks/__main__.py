"""`python -m tests.benchmarks [NAME ...]`: run every measure_*.py, or those named, and write what they found."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

from rich.console import Console

from tests.benchmarks.harness import Bench, Figure
from tests.benchmarks.report import write


def main(wanted: list[str]) -> None:
    """Named benchmarks are shown; only a whole run is written down."""
    console, figures = Console(stderr=True), list[Figure]()
    for path in sorted(Path(__file__).parent.glob("measure_*.py")):
        name = path.stem.removeprefix("measure_")
        if not wanted or name in wanted:
            console.print(f"== {name}")
            module = importlib.import_module(f"tests.benchmarks.{path.stem}")
            figures += module.measure(Bench(str(path)))
    write(figures, keep=not wanted)


if __name__ == "__main__":
    main(sys.argv[1:])
