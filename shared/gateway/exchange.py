"""What goes to a model and what comes back, the same for a call and for an item of a batch: steps 3, 4, 6, 7 and 8."""

from __future__ import annotations

from typing import Any

from shared.contracts.gateway import GatewayRequest
from shared.gateway.answer_text import for_people, repeats_instructions
from shared.gateway.client import Reply
from shared.gateway.evidence import Evidence
from shared.gateway.output import ValidatedOutput, strip_quarantined, validate_output
from shared.gateway.pii_names import find_names
from shared.gateway.prompt import Prompt, build_prompt
from shared.gateway.redaction import RedactionMap, Redactor


def prepare(request: GatewayRequest, evidence: Evidence) -> tuple[Prompt, RedactionMap]:
    """The redacted prompt for screened evidence. The same evidence gives the same prompt and map again."""
    redactor = Redactor(find_names(evidence))
    redacted = evidence.map(redactor.redact)
    prompt = build_prompt(request.system_prompt, redacted, redactor.redactions, output_schema=request.output_schema)
    return prompt, redactor.redactions


def check(reply: Reply, prompt: Prompt) -> ValidatedOutput:
    """The answer against its schema and the taxonomy; see ValidatedOutput for the errors."""
    if reply.stop_reason == "refusal":
        return ValidatedOutput(None, ("model_refused", "the model declined to answer"))
    if reply.is_cut:
        return ValidatedOutput(None, ("output_truncated", "the answer was cut at the token limit"))
    checked = validate_output(reply.text, prompt.output_schema)
    if repeats_instructions(checked.value, [text for text, _ in prompt.system]):
        return ValidatedOutput(None, ("instructions_repeated", "the answer repeats what the model was instructed with"))
    return checked


def restored(checked: ValidatedOutput, redactions: RedactionMap) -> tuple[Any, list[str]]:
    """A valid answer without quarantined ids and with its originals, and a flag for each change (see for_people)."""
    return for_people(strip_quarantined(checked.value, checked.quarantined_ids), redactions)
