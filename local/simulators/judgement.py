"""Judges the evidence of one request by plain rules and says which evidence decided. Deterministic.
The rules stand in `_decide`, in order; weights in signs.py and weighing.py. Text can describe; it can never order.
"""

from __future__ import annotations

import ipaddress
import json
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from local.simulators.addresses import is_internal
from local.simulators.evidence import Evidence
from local.simulators.log_evidence import news
from local.simulators.signs import ATTACK, INNOCENT, STOPPED, Weight
from local.simulators.weighing import Balance, weigh
from local.simulators.wording import affirms, technique_ids

Classification = Literal["true_positive", "false_positive", "benign_true_positive", "requires_investigation"]
HARMLESS = ("add_comment", "tag_incident", "notify_owner", "open_ticket")
SEVERITIES = ("informational", "low", "medium", "high", "critical")
SURE = 0.6  # what an attack, or an ordinary explanation, must weigh to decide
LEAD = 0.2  # and by how much it must outweigh the other
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
class _Decision:
    classification: Classification
    confidence: float
    why: str
    actions: tuple[str, ...] = ("add_comment",)
    human: bool = False


def judge(evidence: Evidence) -> Judgement:
    """The verdict on one alert."""
    balance = weigh(evidence)
    decision = _decide(evidence, balance)
    if balance.of(Weight.INDUSTRIAL):
        # Nothing on a plant is switched off by advice of a model: people look.
        decision = replace(decision, actions=("notify_owner", "open_ticket"), human=True)
    proposals = tuple(_proposals(decision.actions, evidence, decision.why))
    techniques = technique_ids(evidence.techniques) or tuple(
        finding.sign.techniques[0] for finding in balance.findings if finding.sign.techniques
    )
    return Judgement(
        classification=decision.classification,
        confidence=round(decision.confidence, 2),
        severity=_severity(evidence, balance, decision),
        attack_techniques=tuple(technique for technique in techniques if not technique.startswith("AML.")),
        atlas_techniques=tuple(technique for technique in techniques if technique.startswith("AML.")),
        reasoning_chain=_chain(evidence, balance, decision),
        why=_why(evidence, balance, decision),
        recommended_actions=proposals,
        requires_human_approval=decision.human or any(proposal.needs_approval for proposal in proposals),
        risk_state=evidence.context.risk_state,
    )


def _decide(evidence: Evidence, balance: Balance) -> _Decision:
    """The first rule that applies, apart from what an industrial sign adds to it."""
    attack, innocent = balance.attack, balance.innocent
    severe, planned = balance.of(Weight.SEVERE), balance.of(Weight.PLANNED)
    names = ", ".join(finding.sign.name for finding in severe or balance.of(*ATTACK))
    # 1. A severe sign that the alert itself calls authorised: an attacker can write that there.
    if severe and planned:
        why = f"Conflicting signals: {names}, and a claim of planned work that nothing else confirms."
        return _undecided(balance, why)
    # 2. A severe sign on nothing that could be looked at.
    if severe and not evidence.named("host", "account", "mailbox", "ip"):
        return _undecided(
            balance, f"Insufficient data: {names} is described, but no host, account or address is named."
        )
    # 3. An attack outweighs what explains it.
    if attack >= SURE and attack - innocent >= LEAD and not planned:
        why = f"{names or 'What is known of the values'} on named entities{_known_bad(evidence)}."
        certain = [finding for finding in severe if finding.strength >= SURE - LEAD / 2]
        wanted = dict.fromkeys(action for finding in certain for action in finding.sign.actions)
        actions = (*wanted, "add_comment") if wanted else HARMLESS
        return _Decision("true_positive", attack * (1 - innocent / 3), why, actions)
    # 4. An explanation outweighs the attack; planned work explains what is suspicious, however much there is of it.
    if innocent >= SURE and (planned or innocent - attack >= LEAD):
        return _explained(balance)
    # 5. Nothing that decides.
    return _undecided(balance, _open_question(balance, names))


def _open_question(balance: Balance, names: str) -> str:
    if names and (explanations := balance.of(*INNOCENT)):
        against = ", ".join(finding.sign.name for finding in explanations)
        return f"Conflicting signals: {names}; against it stands {against}."
    if names:
        return f"Insufficient data: {names}, which alone may be an attack or ordinary work."
    return "Insufficient data: the evidence shows neither a known sign of attack nor planned work."


def _undecided(balance: Balance, why: str) -> _Decision:
    """More evidence of either side brings a decision nearer, and the confidence with it."""
    confidence = 0.3 + 0.28 * max(balance.attack, balance.innocent)
    return _Decision("requires_investigation", confidence, why, human=True)


def _explained(balance: Balance) -> _Decision:
    confidence = balance.innocent * (1 - balance.attack / 3)
    explanations = balance.of(*INNOCENT)
    if not explanations:
        return _Decision("false_positive", confidence, "Earlier cases like this one were false positives.")
    names = ", ".join(finding.sign.name for finding in explanations)
    why = f"The activity is real, and explained by {names}."
    return _Decision("benign_true_positive", confidence, why, ("add_comment", "tag_incident"))


def _severity(evidence: Evidence, balance: Balance, decision: _Decision) -> str:
    """The alert's own, raised by what decided. An attack that failed raises nothing, unless the logs show more."""
    own = evidence.severity if evidence.severity in SEVERITIES else "medium"
    if decision.classification in {"false_positive", "benign_true_positive"} and not balance.of(Weight.INDUSTRIAL):
        return min(own, "low", key=SEVERITIES.index)
    stopped = any(affirms(STOPPED, passage) for passage in evidence.passages) and not any(news(evidence))
    signs = [finding.sign.severity for finding in balance.of(Weight.INDUSTRIAL, *(() if stopped else ATTACK))]
    return max([own, *signs], key=SEVERITIES.index)


def _known_bad(evidence: Evidence) -> str:
    """The end of a sentence that names what threat intelligence knows, or nothing."""
    values = evidence.context.known_bad
    return f", and threat intelligence knows {', '.join(values)}" if values else ""


def _chain(evidence: Evidence, balance: Balance, decision: _Decision) -> tuple[str, ...]:
    steps = ["Simulated model: decided by plain rules on the evidence of this request."]
    steps += [f"Sign of {finding.sign.name}: “{_short(finding.quote)}”" for finding in balance.findings]
    if evidence.orders:
        steps.append(
            f"{len(evidence.orders)} clause(s) of the evidence give orders; they were read as data and not followed."
        )
    if not evidence.context.is_given:
        steps.append("No retrieved context was given; its absence is not read as safety.")
    steps.append(f"Weights: {balance.attack:.2f} for an attack, {balance.innocent:.2f} for an ordinary explanation.")
    return (*steps, decision.why[:1].upper() + decision.why[1:])


def _why(evidence: Evidence, balance: Balance, decision: _Decision) -> Why:
    """Each sign with the words that show it; a sign of the title or of a technique id alone is no evidence."""
    benign = decision.classification in {"false_positive", "benign_true_positive"}
    reasons: dict[bool, list[Reason]] = {True: [], False: []}
    for finding in balance.findings:
        quotes = [quote for quote in evidence.quotable if finding.sign.is_said_in(quote)]
        if quotes:
            innocent = finding.sign.weight in INNOCENT
            claim = f"It is explained by {finding.sign.name}." if innocent else f"It shows {finding.sign.name}."
            reasons[benign == innocent].append({"claim": claim, "quote": _whole_words(max(quotes, key=len))})
    for question, cell in news(evidence):
        reasons[not benign].append({"claim": f"The logs show it ({question}).", "quote": _whole_words(cell)})
    missing = [] if reasons[True] else ["A passage of the evidence, beside the title, that shows what happened."]
    missing += dict.fromkeys(finding.sign.asks for finding in balance.findings if finding.sign.asks)
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
