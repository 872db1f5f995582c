"""Fits a draft answer to a request's JSON schema, as structured outputs promise: what comes out always validates.
List items whose enum has no place for them are dropped, so a closed list of actions stays closed.
"""

from __future__ import annotations

from typing import Any

import jsonschema

from local.simulators.errors import ErrorType, refusal

EMPTY: dict[str, Any] = {"string": "", "number": 0.0, "integer": 0, "boolean": False, "null": None}


class _Misfit(Exception):
    """The draft value has no place in the schema; a signal inside this module that no caller sees."""


def fit(draft: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    """The part of ``draft`` that ``schema`` asks for, completed with empty values. Raises ApiError if it cannot."""
    fitted = _fit(draft, schema, schema)
    try:
        jsonschema.Draft202012Validator(schema).validate(fitted)
    except jsonschema.ValidationError as error:
        message = f"The simulated model cannot satisfy this schema at {error.json_path}: {error.message}"
        raise refusal(ErrorType.API, message) from error
    if not isinstance(fitted, dict):
        raise refusal(ErrorType.API, "The simulated model answers objects only; the schema asks for something else")
    return fitted


def _resolve(schema: dict[str, Any], root: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in schema:
        schema = root.get("$defs", {}).get(str(schema["$ref"]).rsplit("/", 1)[-1], {})
    return schema


def _type(schema: dict[str, Any]) -> str | None:
    kind = schema.get("type")
    if isinstance(kind, list):
        return next((str(name) for name in kind if name != "null"), "null")
    return kind if isinstance(kind, str) else "object" if "properties" in schema else None


def _fit(value: Any, schema: dict[str, Any], root: dict[str, Any]) -> Any:
    schema = _resolve(schema, root)
    if "anyOf" in schema:
        return _fit_any(value, schema["anyOf"], root)
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        if value not in schema["enum"]:
            raise _Misfit
        return value
    match _type(schema):
        case "object":
            return _fit_object(value, schema, root)
        case "array":
            return _fit_array(value, schema, root)
        case kind:
            return _fit_scalar(value, kind)


def _fit_scalar(value: Any, kind: str | None) -> Any:
    match kind:
        case "string":
            return _fit_string(value)
        case "number" | "integer":
            if not isinstance(value, int | float) or isinstance(value, bool):
                raise _Misfit
            return round(value) if kind == "integer" else value
        case "boolean":
            return bool(value)
        case "null" if value is not None:
            raise _Misfit
        case _:
            return value


def _fit_any(value: Any, choices: list[dict[str, Any]], root: dict[str, Any]) -> Any:
    for choice in choices:
        try:
            return _fit(value, choice, root)
        except _Misfit:
            continue
    raise _Misfit


def _fit_object(value: Any, schema: dict[str, Any], root: dict[str, Any]) -> dict[str, Any]:
    properties: dict[str, Any] = schema.get("properties", {})
    if isinstance(value, str):  # a bare value where the schema wants a record: its first field is the name
        value = {next(iter(properties), "value"): value}
    if not isinstance(value, dict):
        raise _Misfit
    fitted = {}
    for name, child in properties.items():
        if name in value:
            try:
                fitted[name] = _fit(value[name], child, root)
            except _Misfit:
                if name in schema.get("required", []):
                    raise
        elif name in schema.get("required", []):
            fitted[name] = _empty(child, root)
    return fitted


def _fit_array(value: Any, schema: dict[str, Any], root: dict[str, Any]) -> list[Any]:
    items = []
    for item in value if isinstance(value, list | tuple) else [value]:
        try:
            items.append(_fit(item, schema.get("items", {}), root))
        except _Misfit:
            continue
    return items


def _fit_string(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, dict) and isinstance(value.get("value"), str):
        return str(value["value"])
    if isinstance(value, list | tuple) and all(isinstance(part, str) for part in value):
        return "\n".join(value)
    raise _Misfit


def _empty(schema: dict[str, Any], root: dict[str, Any]) -> Any:
    """The smallest value that the schema admits."""
    schema = _resolve(schema, root)
    if "anyOf" in schema:
        nullable = any(_type(_resolve(choice, root)) == "null" for choice in schema["anyOf"])
        return None if nullable else _empty(schema["anyOf"][0], root)
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return schema["enum"][0]
    if _type(schema) == "object":
        return {name: _empty(schema["properties"][name], root) for name in schema.get("required", [])}
    if _type(schema) == "array":
        return [_empty(schema.get("items", {}), root)] * schema.get("minItems", 0)
    return EMPTY.get(_type(schema) or "null")
