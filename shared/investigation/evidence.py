"""What a model is shown of an investigation, and what code knows of it without a model."""

from __future__ import annotations

import json
from typing import Any

from shared.contracts.entity import CATEGORIES, EntityType, NormalizedEntity
from shared.contracts.investigation import GraphState
from shared.contracts.taxonomy import Technique, current_technique

# Characters and items that a model is shown. An attacker may write a megabyte: that would cost the spend limit, or
# bury the rest. Ordinary alerts stay far below.
DESCRIPTION_SHOWN = 20_000
ENTITIES_SHOWN = 60_000
VALUE_SHOWN = 2_000
LISTED = 100

OT_PRODUCTS = ("defender for iot", "security center for iot")  # Sentinel has used both names


def named_targets(state: GraphState) -> dict[tuple[EntityType, str], str]:
    """(type, value in lower case) -> the alert's own spelling: an action may only target what the alert names.

    A user of a Windows domain is named by `DOMAIN\\user`, and by the bare name only while the alert names no namesake.
    """
    entities = state.parsed_entities
    named = {(item.entity_type, item.primary_value.casefold()): item.primary_value for item in entities.all()}
    users: dict[str, set[str]] = {}
    for account in entities.accounts:
        users.setdefault(account.primary_value.casefold(), set()).add(_with_domain(account).casefold())
        named[EntityType.ACCOUNT, _with_domain(account).casefold()] = _with_domain(account)
    for name, meant in users.items():
        if len(meant) > 1 and name not in meant:
            del named[EntityType.ACCOUNT, name]
    return named


def entity_of(state: GraphState, kind: EntityType, target: str) -> NormalizedEntity | None:
    """The entity that a target of :func:`named_targets` stands for; the first one of several that are named alike."""
    entities = state.parsed_entities
    spelt = (
        (item, _with_domain(item) if item.entity_type is EntityType.ACCOUNT else item.primary_value)
        for item in entities.all()
        if item.entity_type is kind
    )
    return next((item for item, name in spelt if target in {name, item.primary_value}), None)


def _with_domain(account: NormalizedEntity) -> str:
    """`DOMAIN\\user` where the alert names the domain of a bare name."""
    domain = account.properties.get("nt_domain")
    return (
        f"{domain}\\{account.primary_value}" if domain and "@" not in account.primary_value else account.primary_value
    )


def evidence_text(state: GraphState) -> str:
    """Everything that the alert says, in lower case: what a model reports must stand in it."""
    entities = state.parsed_entities
    values = {entity.primary_value for entity in entities.all()} | set(entities.raw_iocs)
    values |= {_with_domain(account) for account in entities.accounts}
    return "\n".join((state.alert_title, state.alert_description, *sorted(values))).casefold()


def alert_view(state: GraphState) -> dict[str, Any]:
    """The alert as a model sees it: untrusted, every value of it, and bounded; see what_was_cut."""
    entities, _ = _shown_entities(state)
    return {
        "title": state.alert_title[:VALUE_SHOWN],
        "description": state.alert_description[:DESCRIPTION_SHOWN],
        "severity": state.alert_severity,
        "product": state.product[:VALUE_SHOWN],
        "time": state.alert_timestamp,
        "tactics": _bounded(state.tactics),
        "techniques": _bounded(state.techniques),
        "entities": entities,
    }


def what_was_cut(state: GraphState) -> list[str]:
    """One line for each part of the alert that is too long to be shown whole, for the model and for people."""
    shown, named = _shown_entities(state)
    sizes = {
        "title": (VALUE_SHOWN, len(state.alert_title)),
        "description": (DESCRIPTION_SHOWN, len(state.alert_description)),
        "tactics": (LISTED, len(state.tactics)),
        "techniques": (LISTED, len(state.techniques)),
        "entities": (len(shown), named),
    }
    at_intake = [
        f"{flag.removesuffix('_cut')}: cut at intake" for flag in state.case_facts.flags if flag.endswith("_cut")
    ]
    here = [f"{part}: only the first {limit} of {size}" for part, (limit, size) in sizes.items() if size > limit]
    return [*at_intake, *here]


def context_view(state: GraphState) -> dict[str, Any]:
    """What we know ourselves: indicators with reputation, risk, similar incidents, exposures, techniques, and the other
    alerts of the incident.
    """
    facts = state.case_facts
    known_first = sorted(state.ioc_matches, key=lambda item: "reputation" not in item)
    view = {
        "indicators": known_first,
        "risk_state": state.risk_state,
        "risk_signals": state.ueba_context,
        "similar_incidents": state.similar_incidents,
        "exposures": state.ctem_exposures,
        "exposures_stale": state.ctem_stale,
        "techniques": state.atlas_techniques,
        **({"incident": _incident(state)} if facts.incident_alerts else {}),
        "case_facts": facts.model_dump(include=_SHOWN_FACTS),
        **({"techniques_by_words": facts.similar_techniques} if facts.similar_techniques else {}),
        **({"missing": facts.context_missing} if facts.context_missing else {}),
    }
    return {name: _bounded(value) for name, value in (view | _logs_view(state)).items()}


def _logs_view(state: GraphState) -> dict[str, Any]:
    """Rows by question, what was asked, and what got no answer; nothing when there is nothing to say."""
    answered = [answer for answer in state.log_answers if not answer.problem]
    view = {
        "logs": {answer.question: answer.rows for answer in answered if answer.rows},
        "log_questions": [
            f"{answer.question}, {answer.first} to {answer.last}: "
            + (f"{len(answer.rows)} rows. {answer.means} {answer.cut}" if answer.rows else "no rows")
            for answer in answered
        ],
        "logs_unanswered": state.case_facts.logs_unanswered,
    }
    return {name: value for name, value in view.items() if value}


def user_content(state: GraphState, *, with_context: bool) -> str:
    """The gateway's user content: JSON with `alert` and, when asked or when something was cut, `context`."""
    context = context_view(state) if with_context else {}
    if cut := what_was_cut(state):
        context["left_out_of_the_alert"] = cut
    content = {"alert": alert_view(state)} | ({"context": context} if context else {})
    return json.dumps(content, ensure_ascii=False, default=str)


def is_safety_relevant(state: GraphState) -> bool:
    """True when people or plant may be hurt: an OT product, an ICS technique, a safety_life exposure, or a detection
    that says so.
    """
    if not state.fp_dismissal_allowed or is_of_plant(state):
        return True
    return any(exposure.get("physical_consequence") == "safety_life" for exposure in state.ctem_exposures)


def is_of_plant(state: GraphState) -> bool:
    """True for an OT product or an ICS technique: what the model names can make an alert one of plant, never the
    contrary.
    """
    ics = any(technique.matrix == "ics" for technique in _named_techniques(state))
    return ics or any(name in state.product.lower() for name in OT_PRODUCTS)


def shows_tactic(state: GraphState, tactic: str) -> bool:
    """Whether the alert, or a technique that it or the model names, has the tactic."""
    return tactic in state.tactics or any(tactic in technique.tactics for technique in _named_techniques(state))


def _named_techniques(state: GraphState) -> list[Technique]:
    known = map(current_technique, (*state.techniques, *state.case_facts.model_techniques))
    return [technique for technique in known if technique is not None]


def _incident(state: GraphState) -> dict[str, Any]:
    """The other alerts of the incident. A title that one shares with this alert is left out: it supports nothing."""
    facts, own = state.case_facts, state.alert_title
    alerts = [alert.model_dump() for alert in facts.incident_alerts]
    return {
        "incident_id": facts.incident_id,
        "note": facts.incident_note,
        "alerts": [alert | ({"title": "the same title"} if alert["title"] == own else {}) for alert in alerts],
    }


_SHOWN_FACTS = {"structured_search", "flags"}


def _shown_entities(state: GraphState) -> tuple[list[dict[str, Any]], int]:
    """The entities that have room, and how many there are. One kind after the other gets its turn, so that none
    crowds out another."""
    entities = state.parsed_entities
    kinds = [list(enumerate(getattr(entities, name))) for name in CATEGORIES]
    waiting = [(turn, place, entity) for place, kind in enumerate(kinds) for turn, entity in kind]
    room, shown = ENTITIES_SHOWN, []
    for turn, place, entity in sorted(waiting, key=lambda item: item[:2]):
        view = _bounded({**_named(entity.properties), "type": entity.entity_type.value, "value": entity.primary_value})
        room -= len(json.dumps(view, ensure_ascii=False))
        if room < 0:
            break
        shown.append((place, turn, view))
    return [view for _, _, view in sorted(shown, key=lambda item: item[:2])], len(waiting)


def _bounded(value: Any) -> Any:
    """A JSON value with its long texts and lists cut."""
    if isinstance(value, str):
        return value[:VALUE_SHOWN]
    if isinstance(value, list):
        return [_bounded(item) for item in value[:LISTED]]
    if isinstance(value, dict):
        return {key: _bounded(item) for key, item in value.items()}
    return value


def _named(properties: dict[str, Any]) -> dict[str, Any]:
    """What has a name: scalars and lists of texts, such as the verdict and the roles that the source gave."""
    return {
        key: value
        for key, value in properties.items()
        if isinstance(value, str | int | float | bool) or _is_texts(value)
    }


def _is_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)
