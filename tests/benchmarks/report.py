"""What was measured, as a table for the terminal, as docs/benchmarks.json and as docs/benchmarks.md."""

from __future__ import annotations

import os
import platform
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
from rich.console import Console
from rich.table import Table

from tests.benchmarks.harness import ROOT, ROUND_SECONDS, ROUNDS, Figure, versions

FIGURES = ROOT / "docs/benchmarks.json"
PAGE = ROOT / "docs/benchmarks.md"
QUALITY = ("recall", "precision")
MET = {True: "yes", False: "NO", None: ""}
ABOUT = """\
# Benchmarks

Written by `make bench`; edit nothing here. Each contender runs in a process and an interpreter of its own, all on one
core, in alternating rounds (ours, peer, ours, peer ...). A rate is the median of {rounds} rounds of {seconds} s; the
ratio is the median of the ratios of neighbouring rounds, the spread the smallest and the largest of them. Above 1,
ours is better. A worst case is the median of five rounds, in milliseconds.

How the labelled set was made, what counts as right, which options the peers have and how to add a benchmark:
[tests/benchmarks/README.md](../tests/benchmarks/README.md). The figures are those of one machine at one time,
{machine}, {cores} cores, shared with other work; the ratios travel better than the rates.

"""
QUALITY_NOTE = """\
Recall and precision on the labelled set; a blank means that the peer does not know the kind. The set and the scanner
are of one hand: read our figures as a floor that the tests hold, and the peers' as what they miss on such text.
"""


def header(python: dict[str, Any], peers: dict[str, Any]) -> dict[str, Any]:
    """The machine, the day and the versions of both sides."""
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "machine": _processor(),
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.machine()}",
        "ours": python,
        "peers": peers,
    }


def write(figures: list[Figure], *, keep: bool) -> None:
    """Print the table, and write both files where they are to be kept."""
    console = Console()
    for title, rows in (("Speed", _speed(figures)), ("Quality", _quality(figures))):
        if len(rows) > 1:
            console.print(_table(title, rows))
    missed = [figure.name for figure in figures if figure.met is False]
    console.print(f"Goals not met: {'; '.join(missed)}" if missed else "Every goal is met.")
    if not keep:
        return
    head = header(versions("ours"), versions("peer"))
    FIGURES.parent.mkdir(exist_ok=True)
    held = {"about": head, "figures": [asdict(figure) for figure in figures]}
    FIGURES.write_bytes(orjson.dumps(held, option=orjson.OPT_INDENT_2) + b"\n")
    PAGE.write_text(_page(figures, head), encoding="utf-8")


def _speed(figures: list[Figure]) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = [("what", "ours", "peer", "ratio", "spread", "goal", "met")]
    for figure in figures:
        if figure.unit not in QUALITY:
            ratio = "" if figure.ratio is None else f"{figure.ratio:.2f}"
            spread = "" if figure.spread is None else f"{figure.spread[0]:.2f}..{figure.spread[1]:.2f}"
            ours, peer = (
                f"{_number(value)} {figure.unit}" if value is not None else "" for value in (figure.ours, figure.peer)
            )
            beside = f"{peer}, {figure.peer_name}" if peer else ""
            rows.append((figure.name, ours, beside, ratio, spread, figure.goal, MET[figure.met]))
    return rows


def _quality(figures: list[Figure]) -> list[tuple[str, ...]]:
    compared = [figure for figure in figures if figure.unit in QUALITY]
    peers = sorted({name for figure in compared for name in figure.peers})
    rows: list[tuple[str, ...]] = [("what", "ours", *(name.replace("_", "-") for name in peers), "best")]
    for figure in compared:
        values = (figure.ours, *map(figure.peers.get, peers))
        rows.append((figure.name, *("" if value is None else f"{value:.3f}" for value in values), MET[figure.met]))
    return rows


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3f}" if value <= 1 else f"{value:.1f}"


def _table(title: str, rows: list[tuple[str, ...]]) -> Table:
    table = Table(*rows[0], title=title)
    for row in rows[1:]:
        table.add_row(*row, style="red" if row[-1] == MET[False] else None)
    return table


def _page(figures: list[Figure], head: dict[str, Any]) -> str:
    about = ABOUT.format(rounds=ROUNDS, seconds=ROUND_SECONDS, machine=head["machine"], cores=head["cores"])
    sides = (
        f"- {side}: {', '.join(f'{name} {held}' for name, held in head[side].items())}" for side in ("ours", "peers")
    )
    today = f"{head['date']}, {head['system']}\n\n" + "\n".join(sides)
    speed, quality = _markdown(_speed(figures)), _markdown(_quality(figures))
    return f"{about}{today}\n\n## Speed\n\n{speed}\n## Quality\n\n{QUALITY_NOTE}\n{quality}"


def _markdown(lines: list[tuple[str, ...]]) -> str:
    rows = [lines[0], ("---",) * len(lines[0]), *lines[1:]]
    return "".join(f"| {' | '.join(cell.replace('|', '&#124;') for cell in row)} |\n" for row in rows)


def _processor() -> str:
    cpu = Path("/proc/cpuinfo")
    lines = cpu.read_text(encoding="utf-8").splitlines() if cpu.exists() else []
    return next(
        (line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.processor()
    )
