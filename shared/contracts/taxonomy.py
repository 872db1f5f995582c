"""MITRE ATT&CK (Enterprise, ICS) and ATLAS technique ids, from taxonomy.json; its `sources` name the versions.

A well-formed id is not enough: only `current` ids may drive a verdict (llm.md §5).
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import Field

from shared.contracts.contract import Contract

TAXONOMY = Path(__file__).with_name("taxonomy.json")


class Technique(Contract):
    """One technique or sub-technique. ``status`` says whether it was withdrawn, ``replaced_by`` what took its place."""

    id: str
    name: str
    matrix: Literal["enterprise", "ics", "atlas"]
    tactics: list[str] = Field(default_factory=list)
    status: str = "current"
    replaced_by: str | None = None


@cache
def techniques() -> dict[str, Technique]:
    """Every technique by id, withdrawn ones included."""
    entries = json.loads(TAXONOMY.read_text())["techniques"]
    return {entry["id"]: Technique.model_validate(entry) for entry in entries}


@cache
def taxonomy_version() -> str:
    """Versions in one line, as kept with every investigation."""
    sources = json.loads(TAXONOMY.read_text())["sources"]
    return " ".join(f"{name}/{source['version']}" for name, source in sources.items())


def current_technique(technique_id: str) -> Technique | None:
    """What this id stands for today: itself, or what replaced a revoked one. None when unknown or gone."""
    found = techniques().get(technique_id)
    while found is not None and found.status != "current":  # a replacement may itself have been replaced
        found = techniques().get(found.replaced_by or "")
    return found
