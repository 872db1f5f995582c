"""Chooses what to answer to a request: the schema's properties tell the task. Deterministic for equal requests."""

from __future__ import annotations

import json
from typing import Any

from local.simulators.evidence import read_evidence
from local.simulators.faults import FaultKind
from local.simulators.indicators import extract_indicators
from local.simulators.judgement import judge
from local.simulators.log_evidence import wishes
from local.simulators.message_request import MessageRequest
from local.simulators.proposals import propose
from local.simulators.structured import fit

EXTRACTION_PROPERTIES = frozenset({"ip_addresses", "file_hashes", "domains"})
UNKNOWN_ATTACK_IDS = ("T9999", "T0000.999")  # well-formed, and in no taxonomy
UNKNOWN_ATLAS_IDS = ("AML.T9999",)
MALFORMED_PREFIX = "Here is the requested answer:\n"


def answer_text(request: MessageRequest, fault: FaultKind | None = None) -> str:
    """The text of the answer; with a schema it is JSON that validates, unless ``fault`` spoils it."""
    evidence = read_evidence(request.user_text)
    judgement = judge(evidence).as_json()
    if fault is FaultKind.WRONG_TECHNIQUE_IDS:
        judgement["attack_techniques"] += UNKNOWN_ATTACK_IDS
        judgement["atlas_techniques"] += UNKNOWN_ATLAS_IDS
        judgement["reasoning_chain"].append(
            f"The behaviour matches {UNKNOWN_ATTACK_IDS[0]} and {UNKNOWN_ATLAS_IDS[0]}."
        )
    summary = " ".join(judgement["reasoning_chain"])
    if request.schema is None:
        text = f"{evidence.title}\n{judgement['classification']}, confidence {judgement['confidence']}. {summary}"
    else:
        draft: dict[str, Any] = {"title": evidence.title, "summary": summary, **judgement}
        draft |= propose(evidence, request.schema.get("properties", {}))
        if judgement["classification"] == "requires_investigation":
            draft["questions"] = wishes(evidence, _offered(request.schema))
        if EXTRACTION_PROPERTIES & request.schema.get("properties", {}).keys():
            draft = extract_indicators(evidence)
        text = json.dumps(fit(draft, request.schema), ensure_ascii=False)
    if fault is FaultKind.TRUNCATED:
        return text[: len(text) // 2]
    if fault is FaultKind.MALFORMED:
        return f"{MALFORMED_PREFIX}{text[:-1]},,"
    return text


def _offered(schema: dict[str, Any]) -> list[str]:
    """The names of questions to the logs that an answer may hold."""
    questions = schema.get("properties", {}).get("questions", {})
    offered: list[str] = questions.get("items", {}).get("enum", [])
    return offered
