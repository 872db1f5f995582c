"""Draws docs/demo.svg from the report of the last demo: python -m local.demo.picture [REPORT] [FILE]."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

from rich.console import Console

from local.demo.report import AlertLine
from local.demo.screen import ending, in_order, table_of
from local.services.site import CHECKOUT

WIDTH = 126  # columns that can still be read on a page
CASES = 6


def picture(report: Path) -> str:
    """The most severe cases and what the run came to, as SVG."""
    found = json.loads(report.read_text())
    lines = in_order([AlertLine(**line) for line in found["alerts"]])
    console = Console(record=True, width=WIDTH, file=io.StringIO(), highlight=False)
    console.print("[bold]$ make demo[/]\n")
    console.print(table_of(lines[:CASES], full=False))
    console.print(f"\n{ending(lines, found)}")
    return console.export_svg(title="ALUSKORT", unique_id="demo")


def main() -> None:
    """Read the report, write the picture."""
    report, file, *_ = (*sys.argv[1:], *(".local/demo-report.json", "docs/demo.svg")[len(sys.argv) - 1 :])
    (CHECKOUT / file).write_text(picture(CHECKOUT / report))


if __name__ == "__main__":
    main()
