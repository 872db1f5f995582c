"""garak: the hit log and the full report as JSON lines, from version 0.9 on.

A finding is a rate: of one probe and detector against one model. The full report has the attempts; the hit log has hits
only, so what it says of the rate is unknown.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar

from shared.contracts.exposure import Consequence
from shared.ctem.fields import arr, count, evidence, line, moment, need, number, obj
from shared.ctem.finding import Finding, Refused, Tool
from shared.ctem.normalisers.layout import UNREADABLE, Layout
from shared.ctem.normalisers.probe_families import family_of
from shared.ctem.rates import Rate
from shared.ctem.report import Form, Report
from shared.ctem.severity import Exploitability
from shared.errors import InvalidInput

ZONE = "Zone2_Operations"
PROOFS = 3  # kept of one finding
HIT = 0.5  # garak's own threshold of a detector's score
HIGH_RATE, MEDIUM_RATE = 0.7, 0.3
_DONE = 2  # the status of an attempt with detector results
_PREFIXES = ("probes.", "detectors.", "detector.")


def level_of(rate: Rate) -> Exploitability:
    """data-model §5.4, for every scanner that tries many times."""
    if rate.value >= HIGH_RATE:
        return Exploitability.HIGH
    return Exploitability.MEDIUM if rate.value >= MEDIUM_RATE else Exploitability.LOW


@dataclass(slots=True)
class _Tried:
    """One probe and detector: what the run counted, what its attempts show, and proofs."""

    counted: Rate | None = None
    hits: int = 0
    attempts: int = 0
    goal: str = ""
    proofs: list[dict[str, Any]] = field(default_factory=list)

    def prove(self, prompt: Any, output: Any, goal: Any) -> None:
        """Keep a proof while there is room."""
        self.goal = self.goal or line(goal, 200)
        if len(self.proofs) < PROOFS:
            self.proofs.append(evidence(prompt=_said(prompt), output=_said(output)))


class _Run:
    """What the lines so far have said."""

    def __init__(self, model: str) -> None:
        self.model = model
        self.seen_at: datetime | None = None
        self.tried: dict[tuple[str, str, str], _Tried] = {}

    def at(self, model: str, probe: str, detector: str) -> _Tried:
        """The counts of one probe and detector against one model; that of the run, when it is empty."""
        return self.tried.setdefault((model, _bare(probe), _bare(detector)), _Tried())

    def take(self, entry: Mapping[str, Any]) -> None:
        """One line. Raises InvalidInput."""
        match entry.get("entry_type"):
            case "start_run setup" | "config":
                kind = line(entry.get("plugins.target_type") or entry.get("plugins.model_type"))
                name = line(entry.get("plugins.target_name") or entry.get("plugins.model_name"))
                self.model = f"{kind} {name}".strip() or self.model
                self.seen_at = self.seen_at or moment(entry.get("transient.starttime_iso"))
            case "init":
                self.seen_at = moment(entry.get("start_time")) or self.seen_at
            case "eval":
                tried = self.at("", need(entry, "probe"), need(entry, "detector"))
                tried.counted = _counted(entry)
            case "attempt":
                self._attempt(entry)
            case None if "probe" in entry:
                self._hit(entry)
            case _:
                pass  # digests, summaries and the ends of runs say nothing new

    def _hit(self, entry: Mapping[str, Any]) -> None:
        tried = self.at(need(entry, "generator"), need(entry, "probe"), need(entry, "detector"))
        tried.hits += 1
        tried.prove(entry.get("prompt"), entry.get("output"), entry.get("goal"))

    def _attempt(self, entry: Mapping[str, Any]) -> None:
        if entry.get("status") != _DONE:
            return
        for detector, scores in obj(entry.get("detector_results")).items():
            tried, outputs = self.at("", need(entry, "probe_classname"), detector), arr(entry.get("outputs"))
            for place, score in enumerate(arr(scores)):
                if (found := number(score, 0, 1)) is None:
                    continue
                tried.attempts += 1
                if found >= HIT:
                    tried.hits += 1
                    output = outputs[place] if place < len(outputs) else None
                    tried.prove(entry.get("prompt"), output, entry.get("goal"))

    def findings(self) -> Iterator[Finding]:
        """What was hit at least once."""
        for (model, probe, detector), tried in self.tried.items():
            rate = tried.counted or (Rate(tried.hits, tried.attempts) if tried.attempts else None)
            if rate.hits if rate else tried.hits:
                yield self._finding(model or self.model, probe, detector, tried, rate)

    def _finding(self, model: str, probe: str, detector: str, tried: _Tried, rate: Rate | None) -> Finding:
        family = family_of(probe)
        known = () if rate else (f"{tried.hits} hits; a hit log does not say of how many attempts",)
        return Finding(
            tool=Tool.GARAK,
            title=f"{probe} / {detector}",
            asset_id=model or "unknown model",
            asset_name=model.rpartition(" ")[2],
            asset_type="llm_model",
            zone=ZONE,
            level=level_of(rate) if rate else Exploitability.UNKNOWN,
            score=rate.value if rate else None,
            consequence=family.consequence if family else Consequence.DOWNTIME,
            description=tried.goal or f"garak's probe {probe} succeeded by detector {detector}.",
            seen_at=self.seen_at,
            atlas=family.technique if family else "",
            threat_model=family.threat_model if family else "",
            rate=rate,
            notes=(*known, *(() if family else (f"probe family of {probe} is not known",))),
            evidence=tuple(tried.proofs),
        )


def _bare(name: str) -> str:
    for prefix in _PREFIXES:
        name = name.removeprefix(prefix)
    return name


def _counted(entry: Mapping[str, Any]) -> Rate | None:
    """What a run counted: until 0.13 passed of total, since then fails of total_evaluated."""
    total = count(entry.get("total_evaluated", entry.get("total")))
    passed, fails = count(entry.get("passed")), count(entry.get("fails"))
    hits = fails if fails is not None else None if total is None or passed is None else total - passed
    if total is None or hits is None or not 0 <= hits <= total:
        got = f"passed {entry.get('passed')!r}, fails {entry.get('fails')!r} of {total!r}"
        raise InvalidInput("eval", got=got, expected="counts that fit together")
    return Rate(hits, total) if total else None


def _said(value: Any) -> str:
    """The text of a prompt or an output: a plain text, a message, or the last turn of a conversation."""
    if isinstance(value, dict):
        turns = arr(value.get("turns"))
        return _said(obj(turns[-1]).get("content")) if turns else _said(value.get("text"))
    return value if isinstance(value, str) else ""


def _read(report: Report) -> Iterator[Finding | Refused]:
    run = _Run(report.asset)
    for where, entry in report.lines():
        if isinstance(entry, Refused):
            yield entry
            continue
        try:
            run.take(obj(entry))
        except UNREADABLE as error:
            yield Refused(where, str(error))
    yield from run.findings()


class GarakNormaliser:
    """garak's probes of language models, as ATLAS techniques (seed §6)."""

    tool: ClassVar[Tool] = Tool.GARAK
    layouts: ClassVar[tuple[Layout, ...]] = (
        Layout(
            "report",
            "lines with entry_type",
            lambda report: report.form in {Form.JSON, Form.LINES} and "entry_type" in report.names,
            _read,
        ),
        Layout(
            "hit log",
            "lines with probe, detector and generator",
            lambda report: report.form in {Form.JSON, Form.LINES} and report.has("probe", "detector", "generator"),
            _read,
        ),
    )
