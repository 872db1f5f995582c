"""Runs a target under libFuzzer (atheris) on the seeds of tests/fuzz/corpus, which are written by hand.

Options of libFuzzer pass through. New inputs and finds go to `.local/fuzz/TARGET`, or to the folder that is named; a
file that is named is run once, to see a find again.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import atheris

SEEDS = Path(__file__).with_name("corpus")
FINDS = Path(__file__).parents[2] / ".local" / "fuzz"
SLOWEST_SECONDS = 5  # of one input, under instrumentation


def fuzz(target: str, check: Callable[[bytes], None]) -> None:
    """Feed ``check`` until an input makes it raise or hang; never returns."""
    options = [argument for argument in sys.argv[1:] if argument.startswith("-")]
    named = [Path(argument) for argument in sys.argv[1:] if not argument.startswith("-")]
    if not any(path.is_file() for path in named):
        folder = named[0] if named else FINDS / target
        folder.mkdir(parents=True, exist_ok=True)
        options.append(f"-artifact_prefix={folder}/")
        named = [folder, SEEDS / target]
    atheris.Setup([sys.argv[0], f"-timeout={SLOWEST_SECONDS}", *options, *map(str, named)], check)
    atheris.Fuzz()
