"""Wiz: issues and vulnerability findings as CSV, the API's JSON, or OCSF; what wiz-cli writes is in wiz_cli.py."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, ClassVar

from shared.ctem.fields import among, cves, cwes, flag, line, moment, need, number, obj, text
from shared.ctem.finding import Finding, Refused, Tool
from shared.ctem.normalisers import wiz_cli
from shared.ctem.normalisers.layout import Layout, findings
from shared.ctem.normalisers.ocsf import ocsf_findings
from shared.ctem.normalisers.wiz_severity import LEVELS, zone_of
from shared.ctem.report import Form, Report
from shared.ctem.severity import SCORES

_ISSUE_COLUMNS = ("Title", "Severity", "Resource Type", "Status")
_VULNERABILITY_COLUMNS = ("Name", "FindingStatus", "DetailedName", "AssetName")
_ISSUE_NODES = ("data.issues.nodes.item", "issues.nodes.item", "issues.item", "nodes.item", "item", "")
_VULNERABILITY_NODES = (
    "data.vulnerabilityFindings.nodes.item",
    "vulnerabilityFindings.nodes.item",
    "nodes.item",
    "item",
)
_ENDED = {"RESOLVED", "REJECTED", "CLOSED"}


def _graded(severity: str, resource: str) -> dict[str, Any]:
    """What a severity and a resource's kind and name come to (data-model §5.4)."""
    level = among("Severity", severity, LEVELS)
    return {"severity": severity.strip().upper(), "level": level, "score": SCORES[level], "zone": zone_of(resource)}


def _issue_row(row: Mapping[str, str]) -> Iterable[Finding]:
    title, kind, name = need(row, "Title"), line(row.get("Resource Type")), line(row.get("Resource Name"))
    asset = need(row, "Resource external ID", "Resource vertex ID", "Resource Name")
    yield Finding(
        tool=Tool.WIZ,
        title=title,
        asset_id=asset,
        asset_name=name,
        asset_type=kind,
        **_graded(need(row, "Severity"), f"{kind} {name} {asset}"),
        description=text(row.get("Description")),
        remediation=text(row.get("Remediation Recommendation")),
        url=line(row.get("Wiz URL")),
        seen_at=moment(row.get("Created At")),
        is_open=line(row.get("Status")).upper() not in _ENDED,
        cves=cves(title),
    )


def _vulnerability_row(row: Mapping[str, str]) -> Iterable[Finding]:
    name, package = need(row, "Name"), line(row.get("DetailedName"))
    asset = need(row, "ProviderUniqueId", "AssetID", "AssetName")
    severity = need(row, "VendorSeverity", "CVSSSeverity", "Severity")
    yield _vulnerability(
        row,
        name=name,
        package=package,
        path=line(row.get("LocationPath")),
        asset=asset,
        asset_name=line(row.get("AssetName")),
        severity=severity,
        kind=line(row.get("AssetType")) or "virtual machine",
        is_open=line(row.get("FindingStatus")).upper() not in _ENDED,
        versions=(row.get("Version"), row.get("FixedVersion")),
        seen=row.get("FirstDetected"),
        url=row.get("WizURL"),
    )


def _vulnerability(  # noqa: PLR0913 - the parts that the CSV and the API name differently
    row: Mapping[str, Any],
    *,
    name: str,
    package: str,
    path: str,
    asset: str,
    asset_name: str,
    severity: str,
    kind: str,
    is_open: bool,
    versions: tuple[Any, Any],
    seen: Any,
    url: Any,
) -> Finding:
    place = f" in {package}" if package else ""
    installed, fixed = (line(version, 64) for version in versions)
    return Finding(
        tool=Tool.WIZ,
        title=line(f"{name}{place} ({path})" if path else f"{name}{place}"),
        asset_id=asset,
        asset_name=asset_name,
        asset_type=kind,
        **_graded(severity, f"{kind} {asset_name} {asset}"),
        description=text(row.get("CVEDescription") or row.get("description") or row.get("Description")),
        remediation=text(row.get("Remediation") or row.get("remediation")) or (f"Upgrade to {fixed}." if fixed else ""),
        url=line(url),
        seen_at=moment(seen),
        is_open=is_open,
        cves=cves(name),
        cvss=number(row.get("Score") or row.get("score"), 0, 10),
        epss=number(row.get("EpssProbability") or row.get("epssProbability"), 0, 1),
        known_exploited=flag(row.get("HasCisaKevExploit") or row.get("hasCisaKevExploit")),
        location=path,
        notes=(f"installed {installed}",) if installed else (),
    )


def _issue_node(node: Any) -> Iterable[Finding]:
    node = obj(node)
    entity, rule = obj(node.get("entitySnapshot")), obj(node.get("sourceRule") or node.get("control"))
    kind, name = line(entity.get("type")), line(entity.get("name"))
    asset = need(entity, "externalId", "providerId", "id", "name")
    yield Finding(
        tool=Tool.WIZ,
        title=need({"title": node.get("title"), "sourceRule.name": rule.get("name")}, "title", "sourceRule.name"),
        asset_id=asset,
        asset_name=name,
        asset_type=kind,
        **_graded(need(node, "severity"), f"{kind} {name} {asset}"),
        description=text(node.get("description") or rule.get("controlDescription") or rule.get("description")),
        remediation=text(rule.get("resolutionRecommendation") or node.get("remediation")),
        url=line(node.get("url")),
        seen_at=moment(node.get("createdAt")),
        is_open=line(node.get("status")).upper() not in _ENDED,
        cves=cves(node.get("title"), rule.get("name")),
        cwes=cwes(text(rule.get("description"))),
    )


def _vulnerability_node(node: Any) -> Iterable[Finding]:
    node = obj(node)
    asset = obj(node.get("vulnerableAsset"))
    yield _vulnerability(
        node,
        name=need(node, "name"),
        package=line(node.get("detailedName")),
        path=line(node.get("locationPath")),
        asset=need(asset, "providerUniqueId", "id", "name"),
        asset_name=line(asset.get("name")),
        severity=need(node, "vendorSeverity", "CVSSSeverity", "cvssSeverity", "severity"),
        kind=line(asset.get("type")),
        is_open=line(node.get("status")).upper() not in _ENDED,
        versions=(node.get("version"), node.get("fixedVersion")),
        seen=node.get("firstDetectedAt"),
        url=node.get("portalUrl"),
    )


def _rows(read: Any) -> Any:
    def run(report: Report) -> Iterator[Finding | Refused]:
        return findings(report.rows(), read)

    return run


def _nodes(read: Any, paths: tuple[str, ...], mark: str) -> Any:
    def run(report: Report) -> Iterator[Finding | Refused]:
        path = _path(report, paths, mark) or ""
        rows = report.lines() if report.form is Form.LINES and not path else report.records(path)
        return findings(rows, read)

    return run


def _path(report: Report, paths: tuple[str, ...], mark: str) -> str | None:
    """Where the nodes of a JSON export lie: whole answers of the API, its nodes alone, or one node."""
    return next((path for path in paths if f"{path}.{mark}".strip(".") in report.names), None)


def _is_csv(columns: tuple[str, ...]) -> Any:
    """Recognised also where one column is missing: each row then says which."""
    return lambda report: report.form is Form.CSV and sum(name in report.names for name in columns) >= len(columns) - 1


def _has_nodes(paths: tuple[str, ...], mark: str) -> Any:
    return lambda report: report.form in {Form.JSON, Form.LINES} and _path(report, paths, mark) is not None


class WizNormaliser:
    """Wiz cloud security (seed §6)."""

    tool: ClassVar[Tool] = Tool.WIZ
    layouts: ClassVar[tuple[Layout, ...]] = (
        Layout("issues CSV", f"columns {', '.join(_ISSUE_COLUMNS)}", _is_csv(_ISSUE_COLUMNS), _rows(_issue_row)),
        Layout(
            "vulnerabilities CSV",
            f"columns {', '.join(_VULNERABILITY_COLUMNS)}",
            _is_csv(_VULNERABILITY_COLUMNS),
            _rows(_vulnerability_row),
        ),
        Layout(
            "issues JSON",
            "nodes with entitySnapshot",
            _has_nodes(_ISSUE_NODES, "entitySnapshot"),
            _nodes(_issue_node, _ISSUE_NODES, "entitySnapshot"),
        ),
        Layout(
            "vulnerabilities JSON",
            "nodes with vulnerableAsset",
            _has_nodes((*_VULNERABILITY_NODES, ""), "vulnerableAsset"),
            _nodes(_vulnerability_node, (*_VULNERABILITY_NODES, ""), "vulnerableAsset"),
        ),
        *wiz_cli.LAYOUTS,
        ocsf_findings(Tool.WIZ, LEVELS),
    )
