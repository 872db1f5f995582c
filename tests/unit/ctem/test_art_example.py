"""The writer of examples/ makes reports that the normaliser takes and the schema describes."""

import io
import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from examples.art_report import ArtReport
from shared.ctem.finding import Finding, Tool
from shared.ctem.normalisers import art
from shared.ctem.normalisers.layout import layout_of
from shared.ctem.reading import NORMALISERS
from shared.ctem.report import opened


class FastGradientMethod:
    __module__ = "art.attacks.evasion.fast_gradient"


def test_written_report_is_read_and_fits_the_schema(tmp_path: Path) -> None:
    report = ArtReport("detector", endpoint="edge-2")
    report.add(FastGradientMethod(), attempts=200, successes=150, perturbation=0.1)
    report.add("CopycatCNN", attempts=10, successes=0, category="extraction")
    report.write(tmp_path / "art.json")
    raw = (tmp_path / "art.json").read_bytes()
    schema = json.loads(Path(art.__file__).with_name("art.schema.json").read_text())
    assert list(Draft202012Validator(schema).iter_errors(json.loads(raw))) == []
    with opened(io.BytesIO(raw)) as opened_report:
        (found,) = layout_of(NORMALISERS[Tool.ART], opened_report).read(opened_report)
    assert isinstance(found, Finding)
    assert (found.asset_id, found.asset_name, found.atlas, found.score) == ("detector", "edge-2", "AML.T0015", 0.75)


def test_counts_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="11 successes of 10 attempts"):
        ArtReport("m").add("a", attempts=10, successes=11, category="evasion")
