"""Findings in the Open Cybersecurity Schema Framework (classes 2002 to 2007), as JSON or one event a line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from shared.ctem.fields import among, arr, count, cves, cwes, flag, line, moment, need, number, obj, text
from shared.ctem.finding import Finding, Refused, Tool
from shared.ctem.normalisers.layout import Layout, findings
from shared.ctem.normalisers.wiz_severity import zone_of
from shared.ctem.report import Form, Report
from shared.ctem.severity import SCORES, Exploitability

_PATHS = ("item", "")
_SEVERITIES = {1: "INFORMATIONAL", 2: "LOW", 3: "MEDIUM", 4: "HIGH", 5: "CRITICAL", 6: "CRITICAL"}
_RESOLVED = 4  # status_id


def ocsf_findings(tool: Tool, levels: Mapping[str, Exploitability]) -> Layout:
    """The layout for a tool with these severities."""

    def read(report: Report) -> Iterator[Finding | Refused]:
        path = _path(report)
        rows = report.lines() if report.form is Form.LINES and not path else report.records(path)
        return findings(rows, lambda event: _event(tool, levels, obj(event)))

    return Layout(
        "OCSF",
        "class_uid and finding_info",
        lambda report: any(report.has(_under(path, "class_uid"), _under(path, "finding_info")) for path in _PATHS),
        read,
    )


def _under(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _path(report: Report) -> str:
    return next(path for path in _PATHS if _under(path, "class_uid") in report.names)


def _event(tool: Tool, levels: Mapping[str, Exploitability], event: Mapping[str, Any]) -> Iterable[Finding]:
    info = obj(event.get("finding_info"))
    severity = _SEVERITIES.get(count(event.get("severity_id")) or 0) or need(event, "severity")
    level = among("severity", severity, levels)
    resources = [obj(one) for one in arr(event.get("resources"))] or [obj(event.get("resource"))]
    weaknesses = [obj(one) for one in arr(event.get("vulnerabilities"))] or [{}]
    for resource in resources:
        for weakness in weaknesses:
            yield _finding(tool, event, info, (severity, level), resource, weakness)


def _finding(  # noqa: PLR0913, PLR0917 - one event has several resources and weaknesses
    tool: Tool,
    event: Mapping[str, Any],
    info: Mapping[str, Any],
    graded: tuple[str, Exploitability],
    resource: Mapping[str, Any],
    weakness: Mapping[str, Any],
) -> Finding:
    cve = obj(weakness.get("cve"))
    scores = [number(obj(one).get("base_score"), 0, 10) for one in arr(cve.get("cvss"))]
    name = line(resource.get("name"))
    asset = need(resource, "uid", "name")
    cve_id = line(cve.get("uid"), 64)
    title = need(info, "title")
    return Finding(
        tool=tool,
        title=title if not cve_id or cve_id in title else line(f"{title} ({cve_id})"),
        asset_id=asset,
        asset_name=name,
        asset_type=line(resource.get("type")),
        zone=zone_of(f"{line(resource.get('type'))} {name} {asset}"),
        severity=graded[0],
        level=graded[1],
        score=SCORES[graded[1]],
        description=text(info.get("desc") or weakness.get("desc")),
        remediation=text(obj(event.get("remediation") or weakness.get("remediation")).get("desc")),
        url=line(info.get("src_url")),
        seen_at=moment(info.get("created_time_dt") or info.get("created_time") or event.get("time")),
        is_open=event.get("status_id") != _RESOLVED,
        cves=cves(cve_id, info.get("title")),
        cwes=cwes(*(obj(one).get("uid") for one in [*arr(cve.get("related_cwes")), obj(weakness.get("cwe"))])),
        cvss=max((score for score in scores if score is not None), default=None),
        epss=number(obj(cve.get("epss")).get("score"), 0, 1),
        notes=("an exploit is available",) if flag(weakness.get("is_exploit_available")) else (),
    )
