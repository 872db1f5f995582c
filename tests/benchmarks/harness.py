"""Compares contenders fairly: each in its own process and interpreter, all on one core, rounds taken in turns.

A figure is the median of ROUNDS rounds; its spread is the smallest and the largest ratio of neighbouring rounds.
Before the rounds each side warms up and learns how often it must repeat its work so that a round lasts ROUND_SECONDS.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any, Literal, Self

ROOT = Path(__file__).parents[2]
OURS = ROOT / ".venv/bin/python"
PEERS = ROOT / ".venv-bench/bin/python"
LIBRARIES = {
    "ours": ("google-re2", "publicsuffixlist", "orjson", "pydantic"),
    "peer": ("ioc-finder", "iocextract", "iocsearcher", "msticpy", "dbos"),
}
ROUNDS = 7
ROUND_SECONDS = 0.4


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the report. ``ratio`` says how many times better ours is; ``goal`` is in words; ``peers`` are all
    values of a comparison with several, where ``peer`` is the best of them.
    """

    name: str
    ours: float
    peer: float | None
    peer_name: str
    unit: str
    ratio: float | None
    spread: tuple[float, float] | None
    goal: str
    met: bool | None  # None where there is nothing to reach
    peers: dict[str, float] = field(default_factory=dict)


class Worker:
    """One contender: a process that holds its work ready."""

    def __init__(self, side: Literal["ours", "peer"], file: str, function: str, given: Any) -> None:
        self.name = function
        self._process = subprocess.Popen(
            [
                OURS if side == "ours" else PEERS,
                Path(__file__).with_name("worker.py"),
                str(max(os.sched_getaffinity(0))),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env={"PATH": os.defpath, "PYTHONHASHSEED": "0", "HOME": str(Path.home()), "PYTHONPATH": str(ROOT)},
        )
        self._ask(file=file, function=function, given=given)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()

    def result(self) -> Any:
        """What the work returns."""
        return self._ask(result=True)["result"]

    def seconds(self, times: int = 1) -> float:
        """How long the work takes, done so many times."""
        return float(self._ask(run=times)["seconds"])

    def _ask(self, **request: Any) -> Any:
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        reply = json.loads(line) if line else {"error": f"{self.name} ended with {self._process.wait()}"}
        if "error" in reply:
            raise RuntimeError(f"{self.name}: {reply['error']}")
        return reply


class Bench:
    """What a benchmark's ``measure`` works with; functions are those of the benchmark's own module."""

    def __init__(self, file: str) -> None:
        self._file = file

    @contextmanager
    def worker(self, side: Literal["ours", "peer"], function: Callable[[Any], Any], given: Any) -> Iterator[Worker]:
        """The work that ``function(given)`` returns, held ready in the interpreter of that side."""
        with Worker(side, self._file, function.__name__, given) as worker:
            yield worker

    def result(self, side: Literal["ours", "peer"], function: Callable[[Any], Any], given: Any) -> Any:
        """What that work returns, once."""
        with self.worker(side, function, given) as worker:
            return worker.result()

    def rates(
        self, ours: Callable[[Any], Any], peer: Callable[[Any], Any], given: Any, items: int
    ) -> tuple[list[float], list[float]]:
        """Items a second of both sides, round by round, taken in turns."""
        with self.worker("ours", ours, given) as first, self.worker("peer", peer, given) as second:
            repeats = {side: _repeats(side) for side in (first, second)}
            rounds = [
                [items * repeats[side] / side.seconds(repeats[side]) for side in (first, second)] for _ in range(ROUNDS)
            ]
        return [round_[0] for round_ in rounds], [round_[1] for round_ in rounds]


def faster(
    name: str, ours: list[float], peer: list[float], *, peer_name: str, unit: str, times: float, least: float = 0
) -> Figure:
    """A figure of two rates: the goal is to be ``times`` as fast as the peer, or ``least`` units where that is
    given; 0 is no goal.
    """
    ratios = [mine / theirs for mine, theirs in zip(ours, peer, strict=True)]
    goal = f"at least {least:,.0f} {unit}" if least else f"at least {times:g}x" if times else "none"
    met = median(ours) >= least if least else median(ratios) >= times if times else None
    return Figure(
        name=name,
        ours=median(ours),
        peer=median(peer),
        peer_name=peer_name,
        unit=unit,
        ratio=median(ratios),
        spread=(min(ratios), max(ratios)),
        goal=goal,
        met=met,
    )


def alone_figure(
    name: str, value: float, unit: str, *, least: float | None = None, most: float | None = None
) -> Figure:
    """A figure without a peer."""
    goal, met = "none", None
    if least is not None:
        goal, met = f"at least {least:,.0f} {unit}", value >= least
    if most is not None:
        goal, met = f"at most {most:,.0f} {unit}", value <= most
    return Figure(name, value, None, "", unit, None, None, goal, met)


def _repeats(worker: Worker) -> int:
    worker.seconds()
    return max(1, round(ROUND_SECONDS / worker.seconds()))


def versions(side: Literal["ours", "peer"]) -> dict[str, str]:
    """Python and the libraries that matter on one side."""
    names = LIBRARIES[side]
    code = (
        "import json, platform; from importlib.metadata import version; "
        f"print(json.dumps({{'Python': platform.python_version(), **{{n: version(n) for n in {names!r}}}}}))"
    )
    command: list[str | Path] = [OURS if side == "ours" else PEERS, "-c", code]
    held: dict[str, str] = json.loads(subprocess.run(command, capture_output=True, check=True, text=True).stdout)
    return held
