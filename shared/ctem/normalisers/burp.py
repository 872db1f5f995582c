"""Burp: XML of the desktop tool, JSON of its REST API, and what DAST writes (its API's JSON, HTML, JUnit XML)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import ipaddress
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, ClassVar
from urllib.parse import urlsplit
from xml.etree.ElementTree import Element

from shared.contracts.exposure import Consequence
from shared.ctem.fields import among, arr, cwes, evidence, line, need, obj, text
from shared.ctem.finding import Finding, Refused, Tool
from shared.ctem.normalisers.burp_html import issue_rows
from shared.ctem.normalisers.layout import Layout, findings
from shared.ctem.report import Form, Report
from shared.ctem.severity import Exploitability

INTERNAL, EXTERNAL = "Zone3_Enterprise", "Zone5_Internet"
_DISMISSED = "FALSE POSITIVE"  # what a tester made of it, in the place of a severity
_GRADES = {
    "HIGH": (Exploitability.HIGH, 0.9),
    "MEDIUM": (Exploitability.MEDIUM, 0.6),
    "LOW": (Exploitability.LOW, 0.35),
    "INFO": (Exploitability.LOW, 0.1),
    "INFORMATION": (Exploitability.LOW, 0.1),
    _DISMISSED: (Exploitability.LOW, 0.0),
}
_CERTAINTY = {"CERTAIN": 1.0, "FIRM": 0.85, "TENTATIVE": 0.7, "": 1.0}  # the API of DAST gives none
# A web finding stops a service at worst: its zone loses data, and the class may raise that by one (data-model §5.4).
_GRAVE = (
    "injection",
    "command",
    "code execution",
    "deserialization",
    "deserialisation",
    "traversal",
    "upload",
    "cross-site scripting",
    "request forgery",
    "request smuggling",
    "external service interaction",
    "authentication",
)
_INNER = (".local", ".internal", ".intranet", ".corp", ".lan", ".home", ".localdomain")


def _is_inner(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_private
    except ValueError:
        return "." not in host or host.endswith(_INNER)


def _issue(  # noqa: PLR0913 - one for each part that all layouts have
    *,
    name: str,
    origin: str,
    path: str,
    severity: str,
    confidence: str,
    address: str = "",
    place: str = "",
    description: Any = "",
    remediation: Any = "",
    classes: Any = "",
    proofs: Iterable[dict[str, Any]] = (),
) -> Finding:
    host = urlsplit(origin if "//" in origin else f"//{origin}").hostname or origin
    level, base = among("severity", severity, _GRADES)
    certainty = among("confidence", confidence, _CERTAINTY)
    inside = place.removeprefix(path).strip()
    grave = any(word in name.lower() for word in _GRAVE)
    return Finding(
        tool=Tool.BURP,
        title=line(f"{name}: {inside}") if inside and inside != path else name,
        asset_id=hashlib.sha256(f"{host}{path}".encode()).hexdigest()[:16],
        asset_name=host,
        asset_type="web endpoint",
        zone=INTERNAL if _is_inner(address or host) else EXTERNAL,
        severity=severity,
        level=level,
        score=round(min(base * certainty, 1.0), 4),
        consequence=Consequence.DOWNTIME if grave else Consequence.DATA_LOSS,
        description=text(description),
        remediation=text(remediation),
        url=line(f"{origin}{path}"),
        is_open=severity.strip().upper() != _DISMISSED,
        cwes=cwes(classes),
        location=line(place or path),
        evidence=tuple(proofs),
    )


def _xml_issue(issue: Element) -> Iterable[Finding]:
    def part(name: str) -> str:
        return text(issue.findtext(name))

    row = {name: part(name) for name in ("name", "host", "severity", "confidence")}
    yield _issue(
        name=need(row, "name"),
        origin=need(row, "host"),
        address=_address(issue),
        path=line(part("path")),
        severity=need(row, "severity"),
        confidence=need(row, "confidence"),
        place=line(part("location")),
        description=part("issueDetail") or part("issueBackground"),
        remediation=part("remediationDetail") or part("remediationBackground"),
        classes=part("vulnerabilityClassifications"),
        proofs=[_exchange(one) for one in issue.findall("requestresponse")[:2]],
    )


def _address(issue: Element) -> str:
    host = issue.find("host")
    return line(host.get("ip")) if host is not None else ""


def _exchange(element: Element) -> dict[str, Any]:
    def plain(name: str) -> str:
        found = element.find(name)
        if found is None or not found.text:
            return ""
        if found.get("base64") != "true":
            return found.text
        try:
            return base64.b64decode(found.text[:8_000]).decode("utf-8", "replace")
        except (binascii.Error, ValueError):
            return ""

    return evidence(request=plain("request"), response=plain("response"))


def _api_event(event: Any) -> Iterable[Finding]:
    issue = obj(obj(event).get("issue"))
    yield _issue(
        name=need(issue, "name"),
        origin=need(issue, "origin"),
        path=line(issue.get("path")),
        severity=need(issue, "severity"),
        confidence=need(issue, "confidence"),
        place=line(issue.get("caption")),
        description=issue.get("description") or issue.get("issue_background"),
        remediation=issue.get("remediation") or issue.get("remediation_background"),
        classes=text(issue.get("vulnerability_classifications")),
        proofs=[
            evidence(url=obj(obj(one).get("request_response")).get("url")) for one in arr(issue.get("evidence"))[:2]
        ],
    )


def _dast_issue(issue: Any) -> Iterable[Finding]:
    issue = obj(issue)
    kind = obj(issue.get("issue_type"))
    yield _issue(
        name=need({"issue_type.name": kind.get("name")}, "issue_type.name"),
        origin=need(issue, "origin"),
        path=line(issue.get("path")),
        severity=need(issue, "severity"),
        confidence=line(issue.get("confidence")),
        description=issue.get("description_html") or kind.get("description_html"),
        remediation=issue.get("remediation_html") or kind.get("remediation_html"),
        classes=text(kind.get("vulnerability_classifications_html")),
    )


def _junit_case(case: Element) -> Iterable[Finding]:
    for failure in case.findall("failure"):
        said = text(failure.text)
        row = dict(one.split(": ", 1) for one in said.splitlines()[:12] if ": " in one)
        yield _issue(
            name=line(case.get("name")),
            origin=need(row, "Host"),
            path=line(row.get("Path")),
            severity=need({"type": failure.get("type")} | row, "Severity", "type"),
            confidence=line(row.get("Confidence")),
            description=said.partition("Issue Detail")[2],
            classes=text(failure.text)[-600:],
        )


_DAST_PATHS = ("Issues.item", "issues.item", "data.scan.issues.item", "data.issues.item")


def _dast_path(report: Report) -> str | None:
    return next((path for path in _DAST_PATHS if f"{path}.issue_type" in report.names), None)


def _dast(report: Report) -> Iterator[Finding | Refused]:
    return findings(report.records(_dast_path(report) or _DAST_PATHS[0]), _dast_issue)


def _html_row(row: Mapping[str, str]) -> Iterable[Finding]:
    yield _issue(
        name=need(row, "name"),
        origin=need(row, "origin"),
        path=row["path"],
        severity=need(row, "severity"),
        confidence=row["confidence"],
    )


class BurpNormaliser:
    """Burp's issues, an endpoint each."""

    tool: ClassVar[Tool] = Tool.BURP
    layouts: ClassVar[tuple[Layout, ...]] = (
        Layout(
            "XML",
            "the root element issues",
            lambda report: report.form is Form.XML and report.has("issues"),
            lambda report: findings(report.elements("issue"), _xml_issue),
        ),
        Layout(
            "Dastardly (JUnit XML)",
            "the root element testsuites",
            lambda report: report.form is Form.XML and report.has("testsuites"),
            lambda report: findings(report.elements("testcase"), _junit_case),
        ),
        Layout(
            "REST API",
            "issue_events",
            lambda report: report.form is Form.JSON and report.has("issue_events"),
            lambda report: findings(report.records("issue_events.item"), _api_event),
        ),
        Layout(
            "DAST API",
            "Issues with issue_type, or an empty list of Issues",
            lambda report: report.form is Form.JSON and bool(_dast_path(report) or report.names & {"Issues", "issues"}),
            _dast,
        ),
        Layout(
            "DAST HTML",
            "tables of the class issue-table",
            lambda report: report.form is Form.HTML,
            lambda report: findings(issue_rows(report), _html_row),
        ),
    )
