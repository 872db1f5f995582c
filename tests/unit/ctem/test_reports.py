"""Reports as strangers send them: which layout each is, and what a broken one costs."""

import io
import json
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from shared.ctem.finding import Finding, Refused, Tool
from shared.ctem.normalisers.layout import layout_of
from shared.ctem.reading import NORMALISERS
from shared.ctem.report import opened
from shared.errors import InvalidInput

SAMPLES = Path(__file__).parents[3] / "local" / "samples" / "scans"
ISSUES = (SAMPLES / "wiz-issues.csv").read_bytes()
HEADER, *ROWS = (SAMPLES / "wiz-issues.csv").read_text().split("\n2026-")
GARAK = (SAMPLES / "garak.report.jsonl").read_bytes()
BURP = (SAMPLES / "burp.xml").read_bytes()
SNYK = json.loads((SAMPLES / "snyk-open-source.json").read_text())
VULNERABILITIES = (
    "ID,WizURL,Name,CVSSSeverity,Score,FindingStatus,VendorSeverity,FirstDetected,LocationPath,DetailedName,Version,"
    "FixedVersion,AssetID,AssetName,ProviderUniqueId\n"
    "v-1,https://w/1,CVE-2024-47081,Medium,{score},Open,Medium,2026-11-01T00:00:00Z,{path},requests,2.31,2.32,a-1,web-03,{asset}\n"
)


def read(tool: Tool, raw: bytes) -> tuple[str, list[Finding], list[Refused]]:
    with opened(io.BytesIO(raw)) as report:
        layout = layout_of(NORMALISERS[tool], report)
        found = list(layout.read(report))
    return (
        layout.name,
        [one for one in found if isinstance(one, Finding)],
        [one for one in found if isinstance(one, Refused)],
    )


def vulnerability(score: str = "5.6", path: str = "/app", asset: str = "vm-1") -> bytes:
    return VULNERABILITIES.format(score=score, path=path, asset=asset).encode()


def titles(found: Sequence[Finding]) -> set[tuple[str, str]]:
    return {(one.title, one.asset_id) for one in found}


NODE = {"severity": "HIGH", "title": "t", "entitySnapshot": {"id": "vm-1", "type": "VM", "name": "n"}}
WEAKNESS = {"name": "CVE-2024-1", "vendorSeverity": "LOW", "vulnerableAsset": {"id": "vm-1", "name": "n"}}
EVENT = {
    "class_uid": 2002,
    "severity_id": 4,
    "finding_info": {"title": "t"},
    "resources": [{"uid": "vm-1"}],
    "vulnerabilities": [{"cve": {"uid": "CVE-2024-1", "cvss": [{"base_score": 7.5}]}}],
}
LAYOUTS: list[tuple[Tool, Any, str]] = [
    (Tool.WIZ, {"data": {"issues": {"nodes": [NODE]}}}, "issues JSON"),
    (Tool.WIZ, [NODE], "issues JSON"),
    (Tool.WIZ, NODE, "issues JSON"),
    (Tool.WIZ, {"data": {"vulnerabilityFindings": {"nodes": [WEAKNESS]}}}, "vulnerabilities JSON"),
    (Tool.WIZ, [EVENT], "OCSF"),
    (Tool.WIZ, EVENT, "OCSF"),
    (
        Tool.WIZ,
        {
            "scanOriginResource": {"name": "image:1"},
            "result": {"libraries": [{"name": "x", "vulnerabilities": [{"name": "CVE-2024-1", "severity": "LOW"}]}]},
        },
        "wiz-cli scan",
    ),
    (Tool.SNYK, SNYK | {"vulnerabilities": SNYK["vulnerabilities"][:1]}, "CLI JSON of one project"),
    (Tool.SNYK, [SNYK | {"vulnerabilities": SNYK["vulnerabilities"][:1]}], "CLI JSON of many projects"),
    (
        Tool.SNYK,
        {"projectName": "p", "infrastructureAsCodeIssues": [{"title": "t", "severity": "low", "path": ["a", "b"]}]},
        "CLI JSON of one project",
    ),
    (
        Tool.SNYK,
        {
            "jsonapi": {"version": "1.0"},
            "data": [{"attributes": {"title": "t", "key": "k", "key_asset": "a", "effective_severity_level": "high"}}],
        },
        "issues API",
    ),
    (
        Tool.SNYK,
        {"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "SnykCode"}}, "results": [{"ruleId": "r"}]}]},
        "Snyk Code (SARIF)",
    ),
    (
        Tool.GARAK,
        {"probe": "dan.Dan_11_0", "detector": "dan.DAN", "generator": "azure m", "goal": "g"},
        "hit log",
    ),
    (
        Tool.ART,
        {
            "attire-version": "1.1",
            "execution-data": {"target": {"host": "ws-1"}},
            "procedures": [{"mitre-technique-id": "T1003.001", "procedure-name": "p", "steps": [{"exit-code": 0}]}],
        },
        "ATTiRe log of an ATT&CK range",
    ),
    (
        Tool.BURP,
        {"issue_events": [{"issue": {"name": "n", "origin": "https://h", "severity": "low", "confidence": "firm"}}]},
        "REST API",
    ),
    (
        Tool.BURP,
        {"Issues": [{"issue_type": {"name": "n"}, "origin": "https://h", "severity": "low"}]},
        "DAST API",
    ),
    (Tool.CUSTOM, {"findings": [{"title": "t", "asset": {"id": "a"}}]}, "custom.schema.json"),
    (
        Tool.CUSTOM,
        {"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "x"}}, "results": [{"ruleId": "r"}]}]},
        "SARIF",
    ),
]


@pytest.mark.parametrize(
    ("tool", "document", "layout"), LAYOUTS, ids=lambda value: value if isinstance(value, str) else ""
)
def test_layout_is_recognised_by_what_is_in_the_report(tool: Tool, document: Any, layout: str) -> None:
    name, found, refused = read(tool, json.dumps(document).encode())
    assert (name, len(found), refused) == (layout, 1, [])


@pytest.mark.parametrize("tool", Tool)
def test_report_of_another_scanner_is_none_of_the_layouts(tool: Tool) -> None:
    other = BURP if tool is not Tool.BURP else ISSUES
    with pytest.raises(InvalidInput, match=f"{tool} report"):
        read(tool, other)


def test_html_of_dast_gives_a_finding_for_each_path() -> None:
    raw = (
        b"<html><body><h1>Issues found on https://h.example</h1><table class='issue-table'><tbody>"
        b'<tr class="issue-type-row"><td colspan="4">TLS cookie without secure flag set [2]</td></tr>'
        b"<tr><td><a href='#'>/a</a></td><td>Medium</td><td>Certain</td></tr>"
        b"<tr><td>/b</td><td>Medium</td><td>Firm</td></tr></tbody></table></body></html>"
    )
    _, found, refused = read(Tool.BURP, raw)
    assert [(one.title, one.url, one.score) for one in found] == [
        ("TLS cookie without secure flag set", "https://h.example/a", 0.6),
        ("TLS cookie without secure flag set", "https://h.example/b", 0.51),
    ]
    assert refused == []


@pytest.mark.parametrize(
    "raw",
    [
        b"\xef\xbb\xbf" + ISSUES,
        ISSUES.decode().encode("utf-16"),
        ISSUES.replace(b"\n", b"\r\n"),
        ISSUES + ISSUES,
        ISSUES.replace(b"The server answers", "Der Server läuft".encode("latin-1")),
    ],
    ids=["BOM", "UTF-16", "CRLF", "two exports", "mixed encodings"],
)
def test_same_issues_are_read_however_the_file_was_saved(raw: bytes) -> None:
    _, found, refused = read(Tool.WIZ, raw)
    assert titles(found) == titles(read(Tool.WIZ, ISSUES)[1])
    assert refused == []


@pytest.mark.parametrize("delimiter", ";\t|")
def test_columns_may_stand_between_other_delimiters(delimiter: str) -> None:
    raw = vulnerability().decode().replace(",", delimiter).encode()
    assert titles(read(Tool.WIZ, raw)[1]) == titles(read(Tool.WIZ, vulnerability())[1])


def test_bytes_that_are_no_report_are_refused_and_not_a_defect() -> None:
    with pytest.raises(InvalidInput, match="expected XML, JSON or CSV"):
        read(Tool.WIZ, b"\xf1\r\x00,\x9a;\rcc\n")


def test_header_alone_is_a_report_without_findings() -> None:
    assert read(Tool.WIZ, HEADER.encode()) == ("issues CSV", [], [])


def test_missing_mandatory_column_is_named_in_each_row() -> None:
    raw = vulnerability().replace(b"Name,CVSSSeverity", b"Nom,CVSSSeverity")
    _, found, refused = read(Tool.WIZ, raw)
    assert (found, refused) == ([], [Refused("line 2", "Name: got 'nothing', expected a value.")])


@pytest.mark.parametrize("score", ["-1", "", "high", "nan", "1e400", "11", "None"])
def test_score_that_is_no_cvss_counts_as_unknown(score: str) -> None:
    _, (found,), refused = read(Tool.WIZ, vulnerability(score=score))
    assert (found.cvss, refused) == (None, [])


def test_rows_that_differ_in_file_or_resource_only_are_two() -> None:
    raws = [vulnerability(), vulnerability(path="/lib"), vulnerability(asset="vm-2")]
    assert len(set().union(*(titles(read(Tool.WIZ, raw)[1]) for raw in raws))) == 3


def test_unknown_severity_is_refused_with_its_line() -> None:
    _, found, (refused,) = read(Tool.WIZ, ISSUES.replace(b",HIGH,OPEN", b",SEVERE,OPEN"))
    assert len(found) == 2
    assert refused.where == "line 4"
    assert "Severity: got 'SEVERE', expected one of CRITICAL" in refused.reason


def test_row_whose_quote_is_missing_does_not_shift_its_cells() -> None:
    raw = ISSUES.rstrip() + b"\n" + b",".join([b"x"] * 60) + b"\n"
    _, found, (refused,) = read(Tool.WIZ, raw)
    assert len(found) == 3
    assert "60 cells, expected 32" in refused.reason


def test_cut_line_costs_that_line_and_the_rest_goes_on() -> None:
    lines = GARAK.split(b"\n")
    lines[2] = lines[2][:80]
    _, found, (refused,) = read(Tool.GARAK, b"\n".join([*lines, b'{"summary": 2}', b""]))
    assert {one.title.partition(" ")[0] for one in found} == {"promptinject.HijackKillHumans", "dan.Dan_11_0"}
    assert refused.where == "line 3"


def test_cut_json_gives_what_came_before_and_ends_there() -> None:
    raw = json.dumps([SNYK, SNYK]).encode()
    _, found, (refused,) = read(Tool.SNYK, raw[:-200])
    assert len(found) == 2
    assert refused.ends


def test_two_exports_in_one_json_file_are_both_read() -> None:
    one = json.dumps([NODE]).encode()
    other = json.dumps([NODE | {"title": "another"}]).encode()
    assert len(read(Tool.WIZ, one + b"\n\n" + other)[1]) == 2


@pytest.mark.parametrize(
    "attack",
    [
        b'<!DOCTYPE i [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>'
        b"<issues><issue><name>&b;</name></issue></issues>",
        b'<!DOCTYPE i [<!ENTITY x SYSTEM "file:///etc/passwd">]><issues><issue><name>&x;</name></issue></issues>',
        b'<!DOCTYPE i SYSTEM "http://127.0.0.1:1/x.dtd"><issues><issue><name>&x;</name></issue></issues>',
    ],
    ids=["billion laughs", "external entity", "external document type"],
)
def test_entities_in_xml_are_never_followed(attack: bytes) -> None:
    try:
        _, found, refused = read(Tool.BURP, attack)
    except InvalidInput as error:
        assert "burp report" in str(error)
    else:
        assert found == []
        assert refused


@pytest.mark.parametrize("magic", [b"PK\x03\x04", b"\x1f\x8b", b"BZh9", b"\xfd7zXZ\x00"])
def test_compressed_report_is_not_unpacked(magic: bytes) -> None:
    with pytest.raises(InvalidInput, match="Unpack it first"):
        opened(io.BytesIO(magic + bytes(100)))


def test_cut_xml_gives_the_issues_before_the_cut() -> None:
    _, found, (refused,) = read(Tool.BURP, BURP[:-300])
    assert (len(found), refused.ends) == (1, True)


@pytest.mark.parametrize("value", [None, [], {}, 3, "", True, ["x"], {"a": 1}])
@pytest.mark.parametrize(("tool", "document", "_"), LAYOUTS, ids=lambda value: value if isinstance(value, str) else "")
def test_value_of_another_type_costs_at_most_its_row(tool: Tool, document: Any, _: str, value: Any) -> None:
    for spoilt in spoilings(document, value):
        with suppress(InvalidInput):  # the layout is no longer recognised
            read(tool, json.dumps(spoilt).encode())


def spoilings(document: Any, value: Any) -> list[Any]:
    """The document with each of its values in turn replaced."""
    made = [value]
    if isinstance(document, dict):
        for name, inner in document.items():
            made += [{**document, name: spoilt} for spoilt in spoilings(inner, value)]
    elif isinstance(document, list):
        for place, inner in enumerate(document):
            made += [[*document[:place], spoilt, *document[place + 1 :]] for spoilt in spoilings(inner, value)]
    return made


def test_proofs_are_bounded_and_hold_no_addresses_or_credentials() -> None:
    hit = {
        "probe": "leakreplay.X",
        "detector": "d.D",
        "generator": "azure m",
        "prompt": "mail jo@northlight.example with password=hunter2hunter2",
        "output": {"text": "AKIAABCDEFGHIJKLMNOP " + "x" * 50_000},
    }
    _, (found,), _ = read(Tool.GARAK, b"\n".join([json.dumps(hit).encode()] * 9))
    assert len(found.evidence) == 3
    text = json.dumps(found.evidence)
    assert len(text) < 10_000
    assert not any(secret in text for secret in ("jo@", "hunter2", "AKIA"))
