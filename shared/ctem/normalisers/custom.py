"""Findings of anything else: in our own JSON (custom.schema.json) or as SARIF."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

from jsonschema import Draft202012Validator

from shared.contracts.exposure import Consequence
from shared.contracts.taxonomy import current_technique
from shared.ctem.fields import cves, cwes, evidence, line, moment, number, obj, text
from shared.ctem.finding import Finding, Refused, Tool
from shared.ctem.normalisers.layout import Layout, findings
from shared.ctem.normalisers.sarif import sarif_layout
from shared.ctem.report import Form, Report
from shared.ctem.severity import SCORES, Exploitability
from shared.errors import InvalidInput

ZONE = "Zone3_Enterprise"
_LEVELS = {level.value: level for level in Exploitability}


@cache
def _validator() -> Draft202012Validator:
    """For one finding of the schema, which is the documentation too."""
    schema = json.loads((Path(__file__).with_name("custom.schema.json")).read_text())
    return Draft202012Validator(schema["$defs"]["finding"])


def _technique(field: str, given: Any) -> str:
    named = line(given)
    if named and current_technique(named) is None:
        raise InvalidInput(field, got=named, expected="a technique of ATT&CK 18.1 or ATLAS 5.6.0")
    return named


def _finding(row: Any) -> Iterable[Finding]:
    if (wrong := next(_validator().iter_errors(row), None)) is not None:
        field = ".".join(map(str, wrong.absolute_path)) or "finding"
        raise InvalidInput(field, got=wrong.instance, expected=wrong.message[:200])
    asset, level = obj(row["asset"]), _LEVELS[row.get("exploitability", "unknown")]
    consequence = row.get("consequence")
    review = () if "exploitability" in row and asset.get("zone") else ("needs_review: no exploitability or no zone",)
    yield Finding(
        tool=Tool.CUSTOM,
        title=line(row["title"]),
        asset_id=line(asset["id"]),
        asset_name=line(asset.get("name")),
        asset_type=line(asset.get("type")),
        zone=line(asset.get("zone")) or ZONE,
        severity=line(row.get("severity")),
        level=level,
        score=number(row.get("exploitability_score"), 0, 1) or SCORES[level],
        consequence=Consequence(consequence) if consequence else None,
        description=text(row.get("description")),
        remediation=text(row.get("remediation")),
        url=line(row.get("url")),
        seen_at=moment(row.get("found_at")),
        is_open=row.get("status", "open") == "open",
        cves=cves(row.get("cves")),
        cwes=cwes(row.get("cwes")),
        cvss=number(row.get("cvss"), 0, 10),
        epss=number(row.get("epss"), 0, 1),
        known_exploited=row.get("known_exploited") is True,
        attack=_technique("attack_technique", row.get("attack_technique")),
        atlas=_technique("atlas_technique", row.get("atlas_technique")),
        location=line(row.get("location")),
        notes=review,
        evidence=tuple(evidence(note=note) for note in row.get("evidence", [])[:3]),
    )


def _read(report: Report) -> Iterator[Finding | Refused]:
    return findings(report.records("findings.item"), _finding)


class CustomNormaliser:
    """Our own format, for scanners without a normaliser."""

    tool: ClassVar[Tool] = Tool.CUSTOM
    layouts: ClassVar[tuple[Layout, ...]] = (
        Layout(
            "custom.schema.json",
            "findings, a list",
            lambda report: report.form is Form.JSON and report.has("findings"),
            _read,
        ),
        sarif_layout(Tool.CUSTOM, zone=ZONE),
    )
