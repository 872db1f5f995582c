"""SARIF 2.1.0 (OASIS): what many scanners write, Snyk Code among them.

Results are read as a stream; the rules that they name are gathered in a first pass.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from shared.ctem.fields import among, arr, cves, cwes, evidence, line, need, number, obj, text
from shared.ctem.finding import Finding, Refused, Tool
from shared.ctem.normalisers.layout import Layout, findings
from shared.ctem.report import Form, Report
from shared.ctem.severity import SCORES, Exploitability

LEVELS = {
    "ERROR": Exploitability.HIGH,
    "WARNING": Exploitability.MEDIUM,
    "NOTE": Exploitability.LOW,
    "NONE": Exploitability.UNKNOWN,
}
_NO_FINDING = {"pass", "notApplicable"}  # §3.27.9


@dataclass(slots=True)
class _Rules:
    """The rules of every run, by id; by place only where one run leaves no doubt which is meant."""

    tool: str = ""
    repository: str = ""
    runs: int = 0
    by_id: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    in_order: list[Mapping[str, Any]] = field(default_factory=list)

    def of(self, result: Mapping[str, Any]) -> Mapping[str, Any]:
        """The rule of a result, empty when it names none that is there."""
        named = line(result.get("ruleId") or obj(result.get("rule")).get("id"))
        if named in self.by_id:
            return self.by_id[named]
        place = result.get("ruleIndex", obj(result.get("rule")).get("index"))
        if self.runs == 1 and isinstance(place, int) and 0 <= place < len(self.in_order):
            return self.in_order[place]
        return {}


def sarif_layout(tool: Tool, *, zone: str, name: str = "SARIF", only: str = "") -> Layout:
    """The layout for a tool whose assets lie in ``zone``."""

    def read(report: Report) -> Iterator[Finding | Refused]:
        rules = _rules(report)

        def result(value: Any) -> Iterable[Finding]:
            return _result(tool, zone, report.asset, rules, obj(value))

        return findings(report.records("runs.item.results.item"), result)

    marks = "runs and version" + (f" of {only}" if only else "")
    return Layout(name, marks, lambda report: report.form is Form.JSON and report.has("runs", "version"), read)


def _rules(report: Report) -> _Rules:
    rules = _Rules()
    for _, run in report.records("runs.item.tool"):
        rules.runs += 1
        driver = obj(obj(run).get("driver"))
        rules.tool = rules.tool or line(driver.get("name"))
        for part in (driver, *map(obj, arr(obj(run).get("extensions")))):
            for rule in map(obj, arr(part.get("rules"))):
                rules.in_order.append(rule)
                rules.by_id.setdefault(line(rule.get("id")), rule)
    for _, origin in report.records("runs.item.versionControlProvenance.item"):
        rules.repository = rules.repository or line(obj(origin).get("repositoryUri"))
    return rules


def _result(tool: Tool, zone: str, asset: str, rules: _Rules, result: Mapping[str, Any]) -> Iterable[Finding]:
    """One finding for each place of a result."""
    if line(result.get("kind")) not in _NO_FINDING:
        for place in map(obj, arr(result.get("locations")) or [{}]):
            yield _finding(tool, zone, asset, rules, result, place)


def _finding(  # noqa: PLR0913, PLR0917 - a result, one of its places, and what all results share
    tool: Tool, zone: str, asset: str, rules: _Rules, result: Mapping[str, Any], place: Mapping[str, Any]
) -> Finding:
    rule = rules.of(result)
    level_name = _level(result, rule)
    level = among("level", level_name, LEVELS)
    file, where = _place(place)
    message = text(obj(result.get("message")).get("text"))
    title = line(obj(rule.get("shortDescription")).get("text") or rule.get("name") or result.get("ruleId"))
    title = title or need({"message.text": message}, "message.text", most=200)
    properties = obj(rule.get("properties"))
    severity = obj(result.get("properties")).get("security-severity", properties.get("security-severity"))
    tags = [*arr(properties.get("tags")), *arr(properties.get("cwe")), line(rule.get("id")), title]
    region = obj(obj(place.get("physicalLocation")).get("region"))
    return Finding(
        tool=tool,
        title=line(f"{title} in {file}") if file else title,
        asset_id=asset or rules.repository or file or rules.tool or "code",
        asset_name=asset or rules.repository,
        asset_type="code",
        zone=zone,
        severity=level_name,
        level=level,
        score=SCORES[level],
        description=message or text(obj(rule.get("fullDescription")).get("text")),
        remediation=text(obj(rule.get("help")).get("text")),
        url=line(rule.get("helpUri")),
        is_open=not _is_suppressed(result),
        cves=cves(tags, message),
        cwes=cwes([str(tag).replace("cwe/cwe-", "CWE-").replace("_", "-") for tag in tags]),
        cvss=number(severity, 0.1, 10),
        location=where,
        evidence=tuple(filter(None, [evidence(code=obj(region.get("snippet")).get("text"))])),
    )


def _level(result: Mapping[str, Any], rule: Mapping[str, Any]) -> str:
    """§3.27.10: the result's own, the rule's, or a warning; a result that is no failure has none."""
    if result.get("kind", "fail") != "fail" and not result.get("level"):
        return "none"
    return line(result.get("level") or obj(rule.get("defaultConfiguration")).get("level")) or "warning"


def _place(place: Mapping[str, Any]) -> tuple[str, str]:
    """The file, and the file with its line; a name of the program where there is no file."""
    physical = obj(place.get("physicalLocation"))
    file = line(obj(physical.get("artifactLocation")).get("uri"))
    if not file:
        logical = obj((arr(place.get("logicalLocations")) or [{}])[0])
        file = line(logical.get("fullyQualifiedName") or logical.get("name"))
    number_of_line = line(obj(physical.get("region")).get("startLine"))
    return file, f"{file}:{number_of_line}" if number_of_line else file


def _is_suppressed(result: Mapping[str, Any]) -> bool:
    suppressed = any(obj(one).get("status", "accepted") == "accepted" for one in arr(result.get("suppressions")))
    return suppressed or result.get("baselineState") == "absent"
