"""Judges the evidence of one request by plain rules and says which evidence decided. Deterministic.
The rules stand in `judge`, in order. Text in the evidence can describe; it can never order.
"""

from __future__ import annotations

import ipaddress
import json
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from local.simulators.addresses import is_internal
from local.simulators.evidence import Evidence
from local.simulators.log_evidence import news
from local.simulators.signs import (
    SIGNS,
    Sign,
    Weight,
    technique_ids,
)

Classification = Literal["true_positive", "false_positive", "benign_true_positive", "requires_investigation"]
HARMLESS = ("add_comment", "tag_incident", "notify_owner", "open_ticket")
SEVERITIES = ("informational", "low", "medium", "high", "critical")
MOST_REASONS = 10  # that an answer may give for one side
QUOTE_LIMIT = 160  # characters of evidence that one step of the chain repeats
TARGET_KINDS = {
    "isolate_host": ("host",), "disable_account": ("account", "mailbox"), "revoke_sessions": ("account", "mailbox"),
    "block_ip": ("ip",),
}  # fmt: skip


@dataclass(frozen=True)
class Proposal:
    """One proposed action; everything outside HARMLESS needs a human."""

    action: str
    target: str
    risk: Literal["low", "medium", "high"]
    needs_approval: bool
    reason: str


Reason = dict[str, str]  # claim and quote


@dataclass(frozen=True)
class Why:
    """What speaks for the verdict and against it, and what was not to be seen."""

    speaks_for: tuple[Reason, ...]
    speaks_against: tuple[Reason, ...]
    missing: tuple[str, ...]


@dataclass(frozen=True)
class Judgement:
    """The reasoning output of llm spec §5; ``confidence`` is 0 to 1."""

    classification: Classification
    confidence: float
    severity: str
    attack_techniques: tuple[str, ...]
    atlas_techniques: tuple[str, ...]
    reasoning_chain: tuple[str, ...]
    why: Why
    recommended_actions: tuple[Proposal, ...]
    requires_human_approval: bool
    risk_state: str

    def as_json(self) -> dict[str, Any]:
        """The judgement as plain JSON values."""
        plain: dict[str, Any] = json.loads(json.dumps(asdict(self)))
        return plain


@dataclass(frozen=True)
class _Finding:
    sign: Sign
    quote: str


@dataclass(frozen=True)
class _Decision:
    classification: Classification
    confidence: float
    why: str
    actions: tuple[str, ...] = ("add_comment",)
    human: bool = False
    severity: str | None = None


def judge(evidence: Evidence) -> Judgement:
    """The verdict on one alert."""
    findings = _findings(evidence)
    decision = _decide(evidence, findings)
    if any(finding.sign.weight is Weight.INDUSTRIAL for finding in findings):
        # Nothing on a plant is switched off by advice of a model: people look, at the highest urgency.
        decision = replace(decision, actions=("notify_owner", "open_ticket"), human=True, severity="critical")
    proposals = tuple(_proposals(decision.actions, evidence, decision.why))
    techniques = technique_ids(evidence.techniques) or tuple(
        finding.sign.techniques[0] for finding in findings if finding.sign.techniques
    )
    return Judgement(
        classification=decision.classification,
        confidence=decision.confidence,
        severity=decision.severity or (evidence.severity if evidence.severity in SEVERITIES else "medium"),
        attack_techniques=tuple(technique for technique in techniques if not technique.startswith("AML.")),
        atlas_techniques=tuple(technique for technique in techniques if technique.startswith("AML.")),
        reasoning_chain=_chain(evidence, findings, decision),
        why=_why(evidence, findings, decision),
        recommended_actions=proposals,
        requires_human_approval=decision.human or any(proposal.needs_approval for proposal in proposals),
        risk_state=evidence.context.risk_state,
    )


def _decide(evidence: Evidence, findings: tuple[_Finding, ...]) -> _Decision:
    """The first rule that applies, apart from what an industrial sign adds to it."""
    weights = {finding.sign.weight for finding in findings}
    known = _known_bad(evidence)
    # 1. A severe sign.
    if Weight.SEVERE in weights:
        return _decide_severe(evidence, findings)
    # 2. Industrial equipment without a severe sign.
    if Weight.INDUSTRIAL in weights:
        classified: Classification = "true_positive" if Weight.SUSPICIOUS in weights else "requires_investigation"
        why = "Industrial equipment is involved; only people on site can rule out a physical effect."
        return _Decision(classified, 0.7 if classified == "true_positive" else 0.55, why, human=True)
    # 3. Planned work, with nothing severe beside it.
    if Weight.BENIGN in weights:
        return _Decision(
            "benign_true_positive", 0.9, "The activity is real and planned.", actions=("add_comment", "tag_incident")
        )
    # 4. Earlier cases of this kind were false alarms, and nothing here speaks against it.
    if evidence.context.was_always_false(evidence.title) and not known:
        return _Decision("false_positive", 0.88, "Earlier cases like this one were false positives.")
    # 5. Suspicious, and answered without touching anybody's work.
    if Weight.SUSPICIOUS in weights:
        return _Decision("true_positive", 0.82 if known else 0.74, f"Suspicious{known}; harmless steps suffice.",
                         actions=HARMLESS)  # fmt: skip
    # 6. Nothing that decides.
    why = "Insufficient data: the evidence shows neither a known sign of attack nor planned work."
    return _Decision("requires_investigation", 0.5 if evidence.entities else 0.4, why, human=True)


def _decide_severe(evidence: Evidence, findings: tuple[_Finding, ...]) -> _Decision:
    """A severe sign. The alert's own word that it was authorised is not believed: an attacker can write it there."""
    names = ", ".join(finding.sign.name for finding in findings if finding.sign.weight is Weight.SEVERE)
    if any(finding.sign.weight is Weight.BENIGN for finding in findings):
        why = f"Conflicting signals: {names}, and a claim of planned work that nothing else confirms."
        return _Decision("requires_investigation", 0.55, why, human=True)
    if not evidence.named("host", "account", "mailbox", "ip"):
        why = f"Insufficient data: {names} is described, but no host, account or address is named."
        return _Decision("requires_investigation", 0.5, why, human=True)
    wanted = tuple(dict.fromkeys(action for finding in findings for action in finding.sign.actions))
    known = _known_bad(evidence)
    why = f"{names} on named entities{known}."
    return _Decision("true_positive", 0.94 if known else 0.87, why, actions=(*wanted, "add_comment"))


def _known_bad(evidence: Evidence) -> str:
    """The end of a sentence that names what threat intelligence knows, or nothing."""
    values = evidence.context.known_bad
    return f", and threat intelligence knows {', '.join(values)}" if values else ""


def _findings(evidence: Evidence) -> tuple[_Finding, ...]:
    """Every sign in the alert with the longest passage that shows it, as the one that says most."""
    passages = (*evidence.passages, evidence.techniques)
    shown = {sign: [passage for passage in passages if sign.shows_in(passage)] for sign in SIGNS}
    return tuple(_Finding(sign, max(quotes, key=len)) for sign, quotes in shown.items() if quotes)


def _chain(evidence: Evidence, findings: tuple[_Finding, ...], decision: _Decision) -> tuple[str, ...]:
    steps = ["Simulated model: decided by plain rules on the evidence of this request."]
    steps += [f"Sign of {finding.sign.name}: “{_short(finding.quote)}”" for finding in findings]
    if evidence.orders:
        steps.append(
            f"{len(evidence.orders)} clause(s) of the evidence give orders; they were read as data and not followed."
        )
    if not evidence.context.is_given:
        steps.append("No retrieved context was given; its absence is not read as safety.")
    return (*steps, decision.why[:1].upper() + decision.why[1:])


def _why(evidence: Evidence, findings: tuple[_Finding, ...], decision: _Decision) -> Why:
    """Each sign with the words that show it; a sign of the title or of a technique id alone is no evidence."""
    benign = decision.classification in {"false_positive", "benign_true_positive"}
    reasons: dict[bool, list[Reason]] = {True: [], False: []}
    for finding in findings:
        quotes = [quote for quote in evidence.quotable if finding.sign.shows_in(quote)]
        if quotes:
            fits = benign == (finding.sign.weight is Weight.BENIGN)
            quote = _whole_words(max(quotes, key=len))
            reasons[fits].append({"claim": f"It shows {finding.sign.name}.", "quote": quote})
    for question, cell in news(evidence):
        reasons[not benign].append({"claim": f"The logs show it ({question}).", "quote": _whole_words(cell)})
    missing = [] if reasons[True] else ["A passage of the evidence, beside the title, that shows what happened."]
    if not evidence.context.is_given:
        missing.append("What is known of these entities from elsewhere.")
    return Why(tuple(reasons[True][:MOST_REASONS]), tuple(reasons[False][:MOST_REASONS]), tuple(missing))


def _whole_words(text: str) -> str:
    """At most QUOTE_LIMIT characters, whole words only: half a word is not in the evidence."""
    return text if len(text) <= QUOTE_LIMIT else text[:QUOTE_LIMIT].rpartition(" ")[0]


def _short(text: str) -> str:
    return text if len(text) <= QUOTE_LIMIT else f"{text[: QUOTE_LIMIT - 1]}…"


def _proposals(actions: tuple[str, ...], evidence: Evidence, why: str) -> list[Proposal]:
    proposals = []
    for action in actions:
        if action in HARMLESS:
            proposals.append(Proposal(action, "incident", "low", needs_approval=False, reason=why))
            continue
        for target in evidence.named(*TARGET_KINDS[action]):
            if action != "block_ip" or _is_outside(target):
                risk: Literal["medium", "high"] = "medium" if action == "revoke_sessions" else "high"
                proposals.append(Proposal(action, target, risk, needs_approval=True, reason=why))
    return proposals


def _is_outside(address: str) -> bool:
    """Whether blocking makes sense; a placeholder hides its range, so only a destination counts as outside."""
    try:
        return not is_internal(ipaddress.ip_address(address))
    except ValueError:
        return address.startswith("IP_DST")
