"""ART: the Adversarial Robustness Toolbox, which has no report format of its own, in ours (art.schema.json; examples/
has a writer). Results of tests on an ATT&CK range come on the same topic, in the ATTiRe logging format.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from functools import partial
from typing import Any, ClassVar

from shared.contracts.exposure import Consequence
from shared.contracts.taxonomy import current_technique
from shared.ctem.fields import arr, count, evidence, flag, line, moment, need, number, obj, text
from shared.ctem.finding import Finding, Refused, Tool
from shared.ctem.normalisers.garak import level_of
from shared.ctem.normalisers.layout import UNREADABLE, Layout, findings
from shared.ctem.rates import Rate
from shared.ctem.report import Form, Report
from shared.ctem.severity import SCORES, Exploitability
from shared.errors import InvalidInput

ZONE = "Zone1_EdgeInference"
RANGE_ZONE = "Zone3_Enterprise"
# Consequence, ATLAS technique and threat of each kind of attack (data-model §5.4).
_KINDS = {
    "poisoning": (Consequence.SAFETY_LIFE, "AML.T0020", "TM-01"),
    "evasion": (Consequence.EQUIPMENT, "AML.T0015", "TM-07"),
    "extraction": (Consequence.DATA_LOSS, "AML.T0044", "TM-12"),
    "inference": (Consequence.DATA_LOSS, "AML.T0024", "TM-13"),
}


def _kind(value: Any) -> tuple[Consequence, str, str]:
    """The kind of an attack; ART's module such as art.attacks.evasion names it too."""
    parts = [part for part in line(value).lower().split(".") if part in _KINDS]
    if not parts:
        raise InvalidInput("category", got=line(value), expected=f"one of {', '.join(_KINDS)}")
    return _KINDS[parts[0]]


def _toolbox(report: Report) -> Iterator[Finding | Refused]:
    for where, document in report.records(""):
        if isinstance(document, Refused):
            yield document
            continue
        try:
            target, ran_at = obj(obj(document).get("target")), moment(obj(document).get("ran_at"))
            model = need(target, "model")
        except UNREADABLE as error:
            yield Refused(where, f"target: {error}")
            continue
        rows = ((f"result {number}", obj(row)) for number, row in enumerate(arr(obj(document).get("results")), 1))
        yield from findings(rows, partial(_attack, target, model, ran_at))


def _attack(
    target: Mapping[str, Any], model: str, ran_at: datetime | None, row: Mapping[str, Any]
) -> Iterable[Finding]:
    attack = need(row, "attack")
    consequence, technique, threat = _kind(row.get("category"))
    attempts, hits = count(row.get("attempts")), count(row.get("successes"))
    if not attempts or hits is None or hits > attempts:
        got = f"{row.get('successes')!r} of {row.get('attempts')!r}"
        raise InvalidInput("successes and attempts", got=got, expected="counts from 1 on that fit together")
    if hits == 0:
        return
    rate = Rate(hits, attempts)
    measured = number(row.get("perturbation"), 0, 1e9)
    yield Finding(
        tool=Tool.ART,
        title=line(f"{attack} ({line(row.get('category')).lower()})"),
        asset_id=model,
        asset_name=line(target.get("endpoint")) or model,
        asset_type="MLModel",
        zone=line(target.get("zone")) or ZONE,
        level=level_of(rate),
        score=rate.value,
        consequence=consequence,
        description=text(row.get("description")) or f"The attack {attack} succeeded against {model}.",
        remediation=text(row.get("defence")),
        seen_at=ran_at,
        atlas=technique,
        threat_model=threat,
        rate=rate,
        notes=(f"mean perturbation {measured:g}",) if measured is not None else (),
        evidence=tuple(evidence(note=note) for note in arr(row.get("evidence"))[:3]),
    )


def _range(report: Report) -> Iterator[Finding | Refused]:
    for where, document in report.records(""):
        if isinstance(document, Refused):
            yield document
            continue
        run = obj(obj(document).get("execution-data"))
        steps = enumerate(arr(obj(document).get("procedures")), 1)
        yield from findings(
            ((f"{where}, procedure {number}", obj(row)) for number, row in steps),
            partial(_procedure, run),
        )


def _procedure(run: Mapping[str, Any], row: Mapping[str, Any]) -> Iterable[Finding]:
    named = need(row, "mitre-technique-id")
    technique = current_technique(named)
    if technique is None:
        raise InvalidInput("mitre-technique-id", got=named, expected="a technique of ATT&CK 18.1")
    steps = [obj(step) for step in arr(row.get("steps"))]
    codes = [step.get("exit-code") for step in steps if "exit-code" in step]
    if any(flag(step.get("is-timeout")) for step in steps) or any(count(code) != 0 for code in codes):
        return  # the test was stopped: nothing is exposed
    level = Exploitability.HIGH if codes else Exploitability.UNKNOWN
    target = obj(run.get("target"))
    host = need({"target.host": target.get("host"), "target.ip": target.get("ip")}, "target.host", "target.ip")
    yield Finding(
        tool=Tool.ART,
        title=line(f"{technique.id} {need(row, 'procedure-name', 'mitre-technique-id')}"),
        asset_id=host,
        asset_name=host,
        asset_type="host",
        zone=RANGE_ZONE,
        level=level,
        score=SCORES[level],
        description=text(row.get("procedure-description")) or f"The test of {technique.id} ran and was not stopped.",
        seen_at=moment(run.get("time-generated")),
        attack=technique.id,
        notes=() if codes else ("the log does not say how its steps ended",),
        evidence=tuple(evidence(command=step.get("command")) for step in steps[:3]),
    )


class ARTNormaliser:
    """Attacks on models as ATLAS techniques, and techniques that a range did not stop (seed §6)."""

    tool: ClassVar[Tool] = Tool.ART
    layouts: ClassVar[tuple[Layout, ...]] = (
        Layout(
            "Adversarial Robustness Toolbox (art.schema.json)",
            "target.model and results",
            lambda report: report.form is Form.JSON and report.has("target.model", "results"),
            _toolbox,
        ),
        Layout(
            "ATTiRe log of an ATT&CK range",
            "attire-version and procedures",
            lambda report: report.form is Form.JSON and report.has("attire-version", "procedures"),
            _range,
        ),
    )
