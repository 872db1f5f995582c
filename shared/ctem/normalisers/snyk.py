"""Snyk: what its CLI writes of one project or many (open source, container, IaC; Code as SARIF), and the issues API."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, ClassVar

from shared.contracts.exposure import Consequence
from shared.ctem.fields import among, arr, cves, cwes, flag, line, moment, need, number, obj, text
from shared.ctem.finding import Finding, Refused, Tool
from shared.ctem.normalisers.layout import UNREADABLE, Layout, findings
from shared.ctem.normalisers.sarif import sarif_layout
from shared.ctem.report import Form, Report
from shared.ctem.severity import Exploitability, cvss_exploitability

ZONE = "Zone3_Enterprise"
LEVELS = {
    "CRITICAL": Exploitability.HIGH,
    "HIGH": Exploitability.HIGH,
    "MEDIUM": Exploitability.MEDIUM,
    "LOW": Exploitability.LOW,
    "INFO": Exploitability.LOW,
    "NONE": Exploitability.UNKNOWN,
}
# Without a CVSS vector (data-model §5.4); a vector says more than the word.
_SCORES = {Exploitability.HIGH: 0.9, Exploitability.MEDIUM: 0.6, Exploitability.LOW: 0.3}
_SUPPLY_CHAIN = "T1195.002"
# What machine learning is built on: whoever gets in there reaches the models (data-model §5.4).
_ML_PACKAGES = {"torch", "tensorflow", "onnx", "numpy", "scipy", "pandas", "scikit-learn", "sklearn"}
_ATTACKED = {"ATTACKED", "HIGH"}  # Snyk's own levels of exploit maturity in CVSS 4 and 3


def _stakes(package: str) -> dict[str, Any]:
    if package.lower() in _ML_PACKAGES:
        return {"consequence": Consequence.SAFETY_LIFE, "atlas": "AML.T0010", "threat_model": "TM-05"}
    return {"consequence": Consequence.DATA_LOSS}


def _graded(severity: str, vector: str = "") -> dict[str, Any]:
    level = among("severity", severity, LEVELS)
    score = cvss_exploitability(vector)
    return {
        "severity": severity,
        "level": level,
        "score": _SCORES.get(level) if score is None else score,
        "zone": ZONE,
    }


class _Project:
    """Where a project's findings lie."""

    def __init__(self, project: Mapping[str, Any], asset: str) -> None:
        self.name = line(project.get("projectName")) or asset or need(project, "path", "targetFile")
        file = line(project.get("displayTargetFile") or project.get("targetFile"))
        self.asset = f"{self.name}:{file}" if file and file not in self.name else self.name
        self.type = "container image" if obj(project.get("docker")) else "project"


def _projects(path: str) -> Any:
    def read(report: Report) -> Iterator[Finding | Refused]:
        for where, project in report.records(path):
            if isinstance(project, Refused):
                yield project
            else:
                yield from _project(where, obj(project), report.asset)

    return read


def _project(where: str, project: Mapping[str, Any], asset: str) -> Iterator[Finding | Refused]:
    if project.get("error"):
        yield Refused(where, f"Snyk reports an error instead of findings: {line(project['error'], 200)}")
        return
    try:
        at = _Project(project, asset)
    except UNREADABLE as error:
        yield Refused(where, str(error))
        return
    found, configured = arr(project.get("vulnerabilities")), arr(project.get("infrastructureAsCodeIssues"))
    yield from findings(_numbered(where, found), lambda one: _vulnerability(at, one))
    yield from findings(_numbered(where, configured), lambda one: _configuration(at, one))
    for number_of, application in enumerate(map(obj, arr(project.get("applications"))), 1):
        yield from _project(f"{where}, application {number_of}", application, at.name)


def _numbered(where: str, items: list[Any]) -> Iterable[tuple[str, Any]]:
    return ((f"{where}, finding {number}", obj(item)) for number, item in enumerate(items, 1))


def _vulnerability(at: _Project, row: Mapping[str, Any]) -> Iterable[Finding]:
    identifiers, package = obj(row.get("identifiers")), line(row.get("packageName") or row.get("name"))
    upgrades = [line(one) for one in arr(row.get("upgradePath")) if isinstance(one, str)]
    fixed = ", ".join(line(one, 64) for one in arr(row.get("fixedIn"))[:5])
    installed = line(row.get("version"), 64)
    yield Finding(
        tool=Tool.SNYK,
        title=line(f"{need(row, 'title', 'id')} in {package} [{line(row.get('id'))}]"),
        asset_id=at.asset,
        asset_name=at.name,
        asset_type=at.type,
        **_graded(need(row, "severity", "severityWithCritical"), line(row.get("CVSSv3"))),
        **_stakes(package),
        description=text(row.get("description")),
        remediation=f"Upgrade to {upgrades[0]}." if upgrades else f"Fixed in {fixed}." if fixed else "",
        url=f"https://security.snyk.io/vuln/{line(row.get('id'))}",
        seen_at=moment(row.get("creationTime")),
        cves=cves(identifiers.get("CVE"), row.get("title")),
        cwes=cwes(identifiers.get("CWE")),
        cvss=number(row.get("cvssScore"), 0, 10),
        epss=number(obj(row.get("epssDetails")).get("probability"), 0, 1),
        attack=_SUPPLY_CHAIN,
        location=" > ".join(line(one, 128) for one in arr(row.get("from"))[:8]),
        notes=(f"installed {installed}",) if installed else (),
    )


def _configuration(at: _Project, row: Mapping[str, Any]) -> Iterable[Finding]:
    path = ".".join(line(part, 64) for part in arr(row.get("path")))
    described = obj(row.get("iacDescription"))
    yield Finding(
        tool=Tool.SNYK,
        title=line(f"{need(row, 'title', 'id')} at {path} [{line(row.get('id') or row.get('publicId'))}]"),
        asset_id=at.asset,
        asset_name=at.name,
        asset_type="infrastructure as code",
        **_graded(need(row, "severity")),
        consequence=Consequence.DATA_LOSS,
        description=text(described.get("issue") or row.get("msg")),
        remediation=text(described.get("resolve") or row.get("resolve")),
        url=line(row.get("documentation")),
        is_open=not flag(row.get("isIgnored")),
        location=f"{at.asset}:{line(row.get('lineNumber'))}",
    )


def _issue(row: Any) -> Iterable[Finding]:
    row = obj(row)
    issue, item = obj(row.get("attributes")), obj(obj(obj(row.get("relationships")).get("scan_item")).get("data"))
    problems = [line(obj(one).get("id"), 128) for one in arr(issue.get("problems"))]
    package, file = _coordinates(issue)
    scores = [obj(one) for one in arr(issue.get("severities"))]
    vector = next((line(one.get("vector")) for one in scores if line(one.get("vector")).startswith("CVSS:3")), "")
    maturity = {
        line(obj(one).get("level")).upper() for one in arr(obj(issue.get("exploit_details")).get("maturity_levels"))
    }
    place = f" in {package or file}" if package or file else ""
    yield Finding(
        tool=Tool.SNYK,
        title=line(f"{need(issue, 'title', 'key')}{place} [{line(issue.get('key'))}]"),
        asset_id=need(
            {"scan_item.id": item.get("id"), "key_asset": issue.get("key_asset")}, "scan_item.id", "key_asset"
        ),
        asset_type=line(item.get("type")) or "project",
        **_graded(need(issue, "effective_severity_level"), vector),
        **_stakes(package),
        description=text(issue.get("description")),
        seen_at=moment(issue.get("created_at")),
        is_open=line(issue.get("status")).lower() != "resolved" and not flag(issue.get("ignored")),
        cves=cves(problems),
        cwes=cwes([obj(one).get("id") for one in arr(issue.get("classes"))]),
        cvss=max((score for one in scores if (score := number(one.get("score"), 0, 10)) is not None), default=None),
        attack=_SUPPLY_CHAIN if package else "",
        location=file or package,
        notes=("an exploit is known and mature",) if maturity & _ATTACKED else (),
    )


def _coordinates(issue: Mapping[str, Any]) -> tuple[str, str]:
    """The package and the file of an issue of the API, the first of each."""
    package = file = ""
    for place in map(obj, arr(issue.get("coordinates"))):
        for shown in map(obj, arr(place.get("representations"))):
            package = package or line(obj(shown.get("dependency")).get("package_name"))
            file = file or line(obj(shown.get("sourceLocation")).get("file") or shown.get("resourcePath"))
    return package, file


def _issues(report: Report) -> Iterator[Finding | Refused]:
    return findings(report.records("data.item"), _issue)


def _has(*names: str) -> Any:
    return lambda report: report.form in {Form.JSON, Form.LINES} and any(name in report.names for name in names)


class SnykNormaliser:
    """Snyk's vulnerabilities, with the ATT&CK techniques of their CVEs (seed §6)."""

    tool: ClassVar[Tool] = Tool.SNYK
    layouts: ClassVar[tuple[Layout, ...]] = (
        sarif_layout(Tool.SNYK, zone=ZONE, name="Snyk Code (SARIF)"),
        Layout("issues API", "jsonapi and data", lambda report: report.has("jsonapi", "data"), _issues),
        Layout(
            "CLI JSON of many projects",
            "a list of objects with vulnerabilities or infrastructureAsCodeIssues",
            _has("item.vulnerabilities", "item.infrastructureAsCodeIssues"),
            _projects("item"),
        ),
        Layout(
            "CLI JSON of one project",
            "vulnerabilities or infrastructureAsCodeIssues",
            _has("vulnerabilities", "infrastructureAsCodeIssues"),
            _projects(""),
        ),
    )
