"""Reads the rules: for each a `.py`, a `.sql` and a `.yml` of one stem. What does not fit together is refused."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from types import MappingProxyType

import yaml
from pydantic import ValidationError

from shared.contracts.contract import invalid_input
from shared.contracts.taxonomy import current_technique
from shared.detection.finding import Finding
from shared.detection.question import Question
from shared.detection.rule import Rule
from shared.errors import InvalidInput

RULES = Path(__file__).with_name("rules")
TABLES = (
    "databricks_audit",
    "orbital_nl_query_logs",
    "orbital_inference_logs",
    "orbital_physics_oracle",
    "model_registry",
    "cicd_audit",
    "orbital_api_logs",
    "opcua_telemetry",
    "partner_api_logs",
    "edge_node_telemetry",
)
ALERTS = "investigation_state"  # what rule 008 counts

Evaluate = Callable[[Question], Awaitable[list[Finding]]]


@dataclass(frozen=True)
class Detection:
    """A rule and what evaluates it."""

    rule: Rule
    evaluate: Evaluate


@cache
def catalogue() -> Mapping[str, Detection]:
    """The rules by id, read once. Raises InvalidInput that names the file."""
    found = [_read(path.stem) for path in sorted(RULES.glob("*.yml"))]
    by_id = {detection.rule.rule_id: detection for detection in sorted(found, key=lambda item: item.rule.rule_id)}
    if len(by_id) < len(found):
        raise InvalidInput("rules", got=f"{len(found)} files", expected="a rule_id of its own for each")
    return MappingProxyType(by_id)


def _read(name: str) -> Detection:
    where = f"rules/{name}.yml"
    for suffix in ("py", "sql"):
        if not (RULES / f"{name}.{suffix}").exists():
            raise InvalidInput(f"rules/{name}", got=f"no .{suffix}", expected="a .py, a .sql and a .yml of one name")
    rule = read_rule((RULES / f"{name}.yml").read_text(), name, where)
    return Detection(rule, import_module(f"shared.detection.rules.{name}").evaluate)


def read_rule(text: str, name: str, where: str) -> Rule:
    """The rule of a `.yml`. Raises InvalidInput that names the field."""
    try:
        described = yaml.load(text, Loader=yaml.CSafeLoader)
    except yaml.YAMLError as error:
        raise InvalidInput(where, got=str(error), expected="YAML") from error
    try:
        rule = Rule.model_validate({**(described if isinstance(described, dict) else {}), "name": name})
    except ValidationError as error:
        raise invalid_input(where, error) from error
    named = [rule.atlas_technique, rule.attack_technique, *rule.atlas_techniques, *rule.attack_techniques]
    for technique in filter(None, named):
        if current_technique(technique) is None:
            raise InvalidInput(f"{where}: techniques", got=technique, expected="a current id of ATT&CK or ATLAS")
    if unknown := sorted(set(rule.tables) - {*TABLES, ALERTS}):
        raise InvalidInput(f"{where}: tables", got=unknown, expected=f"some of {', '.join((*TABLES, ALERTS))}")
    return rule
