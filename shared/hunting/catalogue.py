"""Reads the catalogue: for each question a `.kql` and a `.yml` of one stem. What does not fit together is refused."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import yaml
from pydantic import ValidationError

from shared.contracts.contract import invalid_input
from shared.contracts.taxonomy import techniques
from shared.errors import InvalidInput
from shared.hunting.question import PROVIDERS, Parameter, Question

QUESTIONS = Path(__file__).with_name("questions")
# One table, one pipeline of these: nothing here reads another workspace, runs code or fetches an address.
OPERATORS = frozenset({"where", "extend", "summarize", "project", "top"})
IN_WINDOW = "| where TimeGenerated between (From .. To)"

_STRING = re.compile(r'"(?:[^"\\\n]|\\.)*"')
_WORD = re.compile(r"[A-Za-z_]\w*")


@cache
def catalogue() -> Mapping[str, Question]:
    """The product's questions by name, read once. Raises InvalidInput that names the file."""
    return read_catalogue(QUESTIONS)


def read_catalogue(folder: Path) -> Mapping[str, Question]:
    """The questions of a folder by name, in alphabetical order. Raises InvalidInput that names the file."""
    kql, yml = ({path.stem for path in folder.glob(f"*.{kind}")} for kind in ("kql", "yml"))
    if alone := sorted(kql ^ yml):
        raise InvalidInput(f"{folder.name}/{alone[0]}", got="one file", expected="a .kql and a .yml of this name")
    return MappingProxyType({name: _read(folder, name) for name in sorted(kql)})


def _read(folder: Path, name: str) -> Question:
    where, text = f"{folder.name}/{name}", (folder / f"{name}.kql").read_text().strip()
    try:
        told = yaml.load((folder / f"{name}.yml").read_text(), Loader=yaml.CSafeLoader)
    except yaml.YAMLError as error:
        raise InvalidInput(f"{where}.yml", got=str(error), expected="YAML") from error
    words = set(_WORD.findall(_STRING.sub("", text)))
    given: dict[str, Any] = told if isinstance(told, dict) else {}
    used = tuple(parameter for parameter in Parameter if parameter in words)
    try:
        question = Question.model_validate({**given, "name": name, "text": text, "parameters": used})
    except ValidationError as error:
        raise invalid_input(f"{where}.yml", error) from error
    _check_text(question, f"{where}.kql")
    _check_kinds(question, f"{where}.yml")
    return question


def _check_text(question: Question, where: str) -> None:
    table, *steps = question.text.split("\n")
    if table != question.table:
        raise InvalidInput(where, got=table, expected=f"the declared table {question.table} on the first line")
    if steps[0] != IN_WINDOW:
        raise InvalidInput(where, got=steps[0], expected=IN_WINDOW)
    for step in (step for step in steps if step.startswith("|")):
        if _WORD.findall(step)[0] not in OPERATORS:
            raise InvalidInput(where, got=step, expected=f"one of the operators {', '.join(sorted(OPERATORS))}")
    if not steps[-1].startswith(f"| top {question.rows} by "):
        raise InvalidInput(where, got=steps[-1], expected=f"`| top {question.rows} by` in the last line")
    bare = _STRING.sub("", question.text)
    if forbidden := [mark for mark in (";", "//", "|", "'", "@") if mark in bare.replace("\n|", "")]:
        raise InvalidInput(where, got=forbidden[0], expected="one step a line, without comments, `;` and other quotes")


def _check_kinds(question: Question, where: str) -> None:
    """The declared kinds of entity are those that give values, and the declared alerts exist."""
    of_entities = [parameter for parameter in question.parameters if PROVIDERS[parameter]]
    if not of_entities:
        raise InvalidInput(where, got="no parameter", expected=f"one of {', '.join(Parameter)} in the .kql")
    for parameter in of_entities:
        if not PROVIDERS[parameter] & set(question.entities):
            kinds = sorted(PROVIDERS[parameter])
            raise InvalidInput(f"{where}: entities", got=question.entities, expected=f"one of {kinds} for {parameter}")
    if set(question.parameters) != question.fixtures.values.keys():
        got = sorted(question.fixtures.values)
        raise InvalidInput(f"{where}: fixtures.values", got=got, expected=f"values for {question.parameters}")
    known = techniques()
    if unknown := [name for name in question.techniques if name not in known]:
        raise InvalidInput(f"{where}: techniques", got=unknown, expected="ids of ATT&CK or ATLAS")
    tactics = {tactic for technique in known.values() for tactic in technique.tactics}
    if unknown := [name for name in question.tactics if name not in tactics]:
        raise InvalidInput(f"{where}: tactics", got=unknown, expected=f"some of {sorted(tactics)}")
