"""What wiz-cli writes about an image, a directory, or infrastructure as code."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import Any

from shared.ctem.fields import among, arr, cves, evidence, flag, line, moment, need, number, obj, text
from shared.ctem.finding import Finding, Refused, Tool
from shared.ctem.normalisers.layout import Layout, findings
from shared.ctem.normalisers.wiz_severity import LEVELS, zone_of
from shared.ctem.report import Form, Report
from shared.ctem.severity import SCORES, Exploitability

_PARTS = ("osPackages", "libraries", "applications", "cpes")
_SECRET = Exploitability.HIGH  # wiz-cli grades no secrets; whoever reads one uses it


class _Scan:
    """What all findings of one scan share."""

    def __init__(self, document: Mapping[str, Any], asset: str) -> None:
        origin = obj(document.get("scanOriginResource"))
        self.asset = asset or need(origin, "name", "id")
        self.type = line(origin.get("__typename")).removeprefix("CICDScanOrigin") or "code"
        self.seen_at = moment(document.get("createdAt"))
        self.url = line(document.get("reportUrl"))
        self.zone = zone_of(f"{self.type} {self.asset}")

    def finding(self, title: str, level: Exploitability, **fields: Any) -> Finding:
        """One of them."""
        return Finding(
            tool=Tool.WIZ,
            title=line(title),
            asset_id=self.asset,
            asset_name=self.asset,
            asset_type=self.type,
            zone=self.zone,
            level=level,
            score=SCORES[level],
            seen_at=self.seen_at,
            url=self.url,
            **fields,
        )


def _read(report: Report) -> Iterator[Finding | Refused]:
    for where, document in report.records(""):
        if isinstance(document, Refused):
            yield document
            continue
        try:
            scan = _Scan(obj(document), report.asset)
        except ValueError as error:
            yield Refused(where, str(error), ends=True)
            return
        result = obj(obj(document).get("result"))
        for part in _PARTS:
            yield from findings(_numbered(part, result.get(part)), partial(_package, scan))
        yield from findings(_numbered("secrets", result.get("secrets")), partial(_secret, scan))
        yield from findings(_numbered("ruleMatches", result.get("ruleMatches")), partial(_rule, scan))


def _numbered(name: str, items: Any) -> Iterable[tuple[str, Any]]:
    return ((f"{name} {number}", obj(item)) for number, item in enumerate(arr(items), 1))


def _package(scan: _Scan, package: Mapping[str, Any]) -> Iterable[Finding]:
    name, path = line(package.get("name")), line(package.get("path"))
    for found in map(obj, arr(package.get("vulnerabilities"))):
        severity, fixed = need(found, "severity"), line(found.get("fixedVersion"), 64)
        installed = line(package.get("version"), 64)
        yield scan.finding(
            f"{need(found, 'name')} in {name}" + (f" ({path})" if path else ""),
            among("severity", severity, LEVELS),
            severity=severity.upper(),
            description=text(found.get("description")),
            remediation=f"Upgrade {name} to {fixed}." if fixed else "",
            cves=cves(found.get("name")),
            cvss=number(found.get("score"), 0, 10),
            epss=number(found.get("epssProbability"), 0, 1),
            known_exploited=flag(found.get("hasCisaKevExploit")),
            location=path,
            notes=(f"installed {installed}",) if installed else (),
        )


def _secret(scan: _Scan, secret: Mapping[str, Any]) -> Iterable[Finding]:
    kind, path = line(secret.get("type")) or "secret", line(secret.get("path"))
    yield scan.finding(
        f"{kind} in {path}",
        _SECRET,
        description="A secret lies in a file.",  # the tool's own text may quote it
        location=f"{path}:{line(secret.get('lineNumber'))}",
        cwes=("CWE-798",),
    )


def _rule(scan: _Scan, match: Mapping[str, Any]) -> Iterable[Finding]:
    severity, rule = need(match, "severity"), need(obj(match.get("rule")), "name")
    level = among("severity", severity, LEVELS)
    for place in map(obj, arr(match.get("matches"))):
        file, resource = line(place.get("fileName")), line(place.get("resourceName"), 200)
        yield scan.finding(
            f"{rule}: {resource} in {file}",
            level,
            severity=severity.upper(),
            description=text(f"expected: {text(place.get('expected'))}; found: {text(place.get('found'))}"),
            remediation=text(place.get("remediationInstructions")),
            location=f"{file}:{line(place.get('lineNumber'))}",
            evidence=(evidence(code=place.get("matchContent")),),
        )


LAYOUTS = (
    Layout(
        "wiz-cli scan",
        "scanOriginResource and result",
        lambda report: report.form is Form.JSON and report.has("scanOriginResource", "result"),
        _read,
    ),
)
