"""A short, repeatable run of every fuzz target; the same targets run open-ended by hand."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fuzz.harness import SEEDS

ROOT = Path(__file__).parents[2]
RUNS = 3_000
LONGEST = 4_096  # bytes of an input
TARGETS = sorted(path.name for path in SEEDS.iterdir())


@pytest.mark.parametrize("target", TARGETS)
def test_thousands_of_mutated_inputs_break_no_guarantee(target: str, tmp_path: Path) -> None:
    options = [f"-runs={RUNS}", "-seed=1", f"-max_len={LONGEST}"]
    done = subprocess.run(
        [sys.executable, "-m", f"tests.fuzz.{target}", *options, str(tmp_path)],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    finds = [path.read_bytes() for path in tmp_path.glob("*-*")]
    assert (done.returncode, f"Done {RUNS} runs" in done.stderr) == (0, True), f"{done.stdout[-3_000:]}\n{finds}"


def test_find_is_seen_again_by_its_file(tmp_path: Path) -> None:
    seed = next((SEEDS / "intake").iterdir())
    done = subprocess.run(
        [sys.executable, "-m", "tests.fuzz.intake", str(seed)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "Running 1 inputs" in done.stderr
