"""What a model answered, checked before anybody believes it (seed §2, spec/llm §5): schema and technique ids."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any, NoReturn

import re2
from jsonschema import Draft202012Validator

from shared.contracts.outside_text import storable
from shared.contracts.taxonomy import techniques
from shared.errors import InvalidInput
from shared.gateway.evidence import map_strings

MAX_ERRORS = 10
MAX_ERROR_LENGTH = 200
# A whole id, malformed ones too: T1059 is never cut out of T1059.001.
_TECHNIQUE_ID = re2.compile(r"(?i)\b(?:AML\.T\d{3,}|T\d{4,5})(?:\.\d+)*\b")


@dataclass(frozen=True)
class ValidatedOutput:
    """``value`` is the parsed answer, or the text itself when no schema was asked for; None when it is no JSON.

    ``errors`` starts with a code, `not_json` or `schema_violation`. ``quarantined_ids`` are still in the value.
    """

    value: Any
    errors: tuple[str, ...] = ()
    quarantined_ids: tuple[str, ...] = ()


def validate_output(raw_output: str, output_schema: dict[str, Any] | None) -> ValidatedOutput:
    """Check an answer against the whole schema, ranges included, and each technique id against the taxonomy."""
    if output_schema is None:
        return ValidatedOutput(raw_output, (), tuple(_unknown_ids(raw_output)))
    try:
        value = storable(json.loads(raw_output, parse_constant=_refuse_constant))
    except (ValueError, RecursionError, InvalidInput) as error:
        return ValidatedOutput(None, ("not_json", f"the answer is no JSON: {error}"))
    found = sorted(Draft202012Validator(output_schema).iter_errors(value), key=lambda error: error.json_path)
    errors = tuple(f"{error.json_path}: {error.message}"[:MAX_ERROR_LENGTH] for error in found[:MAX_ERRORS])
    return ValidatedOutput(value, ("schema_violation", *errors) if errors else (), tuple(_unknown_ids(value)))


def strip_quarantined(value: Any, quarantined_ids: Collection[str]) -> Any:
    """Take whole ids out of lists and prose; a list entry that stands for nothing else goes with its id."""
    gone = frozenset(quarantined_ids)
    return _strip(value, gone) if gone else value


def is_known_technique(technique_id: str) -> bool:
    """Deny by default: only an id that the taxonomy holds as current."""
    technique = techniques().get(technique_id)
    return technique is not None and technique.status == "current"


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")


def _unknown_ids(value: Any) -> list[str]:
    return sorted({found for found in _ids(value) if not is_known_technique(found)})


def _ids(value: Any, *, in_technique_field: bool = False) -> Iterator[str]:
    """Ids in any text, and every text in a field that holds techniques, whatever it looks like."""
    if isinstance(value, str):
        found = [match.group() for match in _TECHNIQUE_ID.finditer(value)]
        yield from [value] if in_technique_field and value and not found else found
    elif isinstance(value, list):
        for item in value:
            yield from _ids(item, in_technique_field=in_technique_field)
    elif isinstance(value, dict):
        for key, item in value.items():
            name = key.lower()
            listed = isinstance(item, list) and "technique" in name
            yield from _ids(item, in_technique_field=listed or name in {"technique", "technique_id"})


def _strip(value: Any, gone: frozenset[str]) -> Any:
    if isinstance(value, list):
        return [_strip(item, gone) for item in value if not _stands_for(item, gone)]
    if isinstance(value, dict):
        return {key: _strip(item, gone) for key, item in value.items()}
    return map_strings(value, lambda text: _without(text, gone))


def _stands_for(item: Any, gone: frozenset[str]) -> bool:
    if isinstance(item, dict):
        return any(isinstance(part, str) and part in gone and "technique" in key.lower() for key, part in item.items())
    return isinstance(item, str) and item.strip() in gone


def _without(text: str, gone: frozenset[str]) -> str:
    if text in gone:
        return ""
    parts, done = [], 0
    for found in _TECHNIQUE_ID.finditer(text):
        if found.group() in gone:
            before = text[done : found.start()]
            # between two blanks, one goes with the id
            parts.append(before.removesuffix(" ") if text[found.end() : found.end() + 1] == " " else before)
            done = found.end()
    return "".join([*parts, text[done:]])
