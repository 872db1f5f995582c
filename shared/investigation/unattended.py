"""What must hold before a verdict of the model may act and close without a person (design §8.15). Pure.

Each condition is judged by code on what the alert says and what was proposed. The model's words can add an objection,
never take one away.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from shared.contracts.investigation import GraphState
from shared.contracts.taxonomy import current_technique
from shared.investigation.evidence import what_was_cut

MODEST = frozenset({"informational", "low", "medium"})
HARMLESS_TO_SCREEN = frozenset({"none", "low"})
# In ICS, what impairs control or inhibits the response is what "impact" is in the enterprise.
GRAVE_TACTICS = frozenset(
    {
        "credential-access",
        "persistence",
        "privilege-escalation",
        "defense-evasion",
        "evasion",
        "lateral-movement",
        "exfiltration",
        "command-and-control",
        "impact",
        "impair-process-control",
        "inhibit-response-function",
    }
)


def objections(state: GraphState) -> list[str]:
    """Why a person must decide, as a person reads it, one line a condition; empty when none is needed."""
    return [found for condition in CONDITIONS if (found := condition(state))]


def candidates(state: GraphState) -> list[dict[str, Any]]:
    """The playbooks that must all be ones that may act: the first, or each that fits as well where a model chose it,
    so that its choice lets nothing act that would not have acted without.
    """
    matches = state.playbook_matches
    if not state.case_facts.chosen_playbook:
        return matches[:1]
    return [match for match in matches if match.get("score") == matches[0].get("score")]


def _severity(state: GraphState) -> str:
    loud = {level for level in (state.alert_severity, state.severity) if level not in MODEST}
    return f"the alert or the verdict is {' and '.join(sorted(loud))}" if loud else ""


def _proposals(state: GraphState) -> str:
    proposed = state.case_facts.destructive_proposals
    return f"the model proposed {', '.join(proposed)}" if proposed else ""


def _techniques(state: GraphState) -> str:
    mapped = (str(item.get("technique_id", "")) for item in state.atlas_techniques)
    named = {*state.techniques, *state.case_facts.model_techniques, *mapped}
    grave = GRAVE_TACTICS.intersection({*state.tactics, *_tactics(named)})
    return f"the case shows {', '.join(sorted(grave))}" if grave else ""


def _tactics(technique_ids: Iterable[str]) -> Iterable[str]:
    for name in technique_ids:
        technique = current_technique(name)
        if technique is not None:
            yield from technique.tactics


def _unknown_techniques(state: GraphState) -> str:
    """What the gateway took out of the answer says that the model saw something that nobody can weigh."""
    count = len(state.case_facts.quarantined_ids)
    return f"the model named {count} technique(s) that no taxonomy knows" if count else ""


def _kill_switch(state: GraphState) -> str:
    switches = state.case_facts.kill_switches
    return f"a kill switch is on ({', '.join(switches)})" if switches else ""


def _injection(state: GraphState) -> str:
    risk = state.case_facts.injection_risk
    return "" if risk in HARMLESS_TO_SCREEN else f"the alert's text may address the model (risk {risk or 'unknown'})"


def _answers(state: GraphState) -> str:
    flags = sorted({flag.partition(":")[0] for flag in state.case_facts.answer_flags})
    return f"something is wrong with the model's answer ({', '.join(flags)})" if flags else ""


def _assumptions(state: GraphState) -> str:
    """Such as a severity or a tactic that nobody knows: what was assumed instead is not the alert's own word."""
    flags = sorted({flag.partition(":")[0] for flag in state.case_facts.flags})
    return f"intake could not take the alert as it was ({', '.join(flags)})" if flags else ""


def _cut(state: GraphState) -> str:
    cut = what_was_cut(state)
    return f"the model was not shown all of the alert ({'; '.join(cut)})" if cut else ""


def _playbook(state: GraphState) -> str:
    unmet = [why for match in candidates(state) or [{}] for why in match.get("unmet", ["no playbook says that it may"])]
    return "; ".join(dict.fromkeys(unmet))


CONDITIONS: tuple[Callable[[GraphState], str], ...] = (
    _severity,
    _proposals,
    _techniques,
    _unknown_techniques,
    _kill_switch,
    _injection,
    _answers,
    _assumptions,
    _cut,
    _playbook,
)
