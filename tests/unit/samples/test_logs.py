"""The synthetic logs of the sample company."""

import json
from pathlib import Path

import pytest

from local.samples import SAMPLES
from local.samples.logs import TRACES, sample_logs, trace
from local.samples.noise import noise

COLUMNS = json.loads((Path(__file__).parents[1] / "hunting" / "columns.json").read_text())
NAMES = [path.stem for path in sorted(TRACES.glob("*.jsonl"))]


@pytest.mark.parametrize("name", NAMES)
def test_trace_belongs_to_a_sample_and_is_of_real_tables_and_columns(name: str) -> None:
    assert (SAMPLES / f"{name}.json").exists()
    for table, row in trace(TRACES / f"{name}.jsonl"):
        assert row.keys() - {"TimeGenerated"} <= set(COLUMNS[table]), table


def test_noise_is_the_same_at_every_run_and_of_real_tables_and_columns() -> None:
    made = list(noise())
    assert made == list(noise())
    assert len(made) > 5_000
    for table, row in made:
        assert row.keys() - {"TimeGenerated"} <= set(COLUMNS[table]), table


def test_every_table_has_more_noise_than_a_handful() -> None:
    made = [table for table, _ in noise()]
    assert {table: made.count(table) for table in sample_logs() if made.count(table) < 10} == {}
