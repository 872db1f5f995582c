"""What the published OpenAPI schema says beyond the routes: how to sign in, the route for alerts, examples."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

ABOUT = """\
Every request but health carries a token of the identity provider as `Authorization: Bearer ...`. It names one tenant
and the caller's roles; a caller sees that tenant only. Errors have one shape: `{"error": {"code", "message", "hint"}}`.
Lists are read in pages: send a list's `next_cursor` as `cursor`.
"""
PUBLIC = ("/health",)  # path endings
INGEST = "/ingest/{source_name}"
HASH = "5f3c0d9a4b7e12c86d0f9b3a7e5c1d2f4a6b8c0e1f3d5b7a9c2e4f6081a3c5e7"
EXAMPLES: dict[tuple[str, str], Any] = {
    ("post", "/v1/approvals/{approval_id}"): {"approved": True, "actions_hash": HASH, "comment": "seen with the owner"},
    ("post", "/v1/investigations/{investigation_id}/disposition"): {
        "disposition": "benign_true_positive",
        "reason": "security_test",
        "comment": "announced as CHG0041882",
    },
    ("post", "/v1/audit/verify"): {"from": 0},
    ("post", "/v1/protected-assets"): {"entity_type": "host", "entity_name": "DC-01", "reason": "domain controller"},
}
_ALERT = {
    "kibana.alert.uuid": "6f1b1a56-0c0e-4c9e-9a55-0f6f6b9a1c01",
    "kibana.alert.rule.name": "Credential dumping",
    "kibana.alert.severity": "high",
    "@timestamp": "2026-11-20T08:00:00Z",
    "host.name": "WS-0147",
    "user.name": "m.okafor",
}
_REPORT = {"published": 1, "dropped": 0, "dead_lettered": 0}


def describe(schema: dict[str, Any], *, prefix: str, issuer: str) -> dict[str, Any]:
    """FastAPI's schema of the routes, completed. ``prefix`` is that of every path, ``issuer`` signs the tokens."""
    schemes = schema.setdefault("components", {}).setdefault("securitySchemes", {})
    schemes["token"] = {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": f"A token of {issuer or 'the identity provider'} for one tenant.",
        "x-issuer": issuer,
    }
    schemes["key"] = {
        "type": "apiKey",
        "in": "header",
        "name": "x-functions-key",
        "description": "The function's key, for whoever sends alerts.",
    }
    for path, operations in schema["paths"].items():
        for operation in operations.values():
            if not path.endswith(PUBLIC):
                operation["security"] = [{"token": []}]
    for (method, path), example in EXAMPLES.items():
        body = schema["paths"][prefix + path][method]["requestBody"]
        body["content"]["application/json"]["example"] = example
    schema["paths"][prefix + INGEST] = {"post": _ingest()}
    return schema


def _ingest() -> dict[str, Any]:
    """The route of functions/ingest.py, which the platform serves beside this application."""
    failure = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Failure"}}}}
    refused = (
        HTTPStatus.FORBIDDEN,
        HTTPStatus.NOT_FOUND,
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        HTTPStatus.SERVICE_UNAVAILABLE,
    )
    return {
        "tags": ["alerts"],
        "summary": "Send alerts",
        "description": "One alert, an array, or one alert a line, in the form of the source's SIEM; at most 1 MiB. "
        "Answered once they are safe. A person sends a token as well: whoever sent an alert may not approve its "
        "actions.",
        "operationId": "ingest_http",
        "security": [{"key": []}, {"key": [], "token": []}],
        "parameters": [
            {
                "name": "source_name",
                "in": "path",
                "required": True,
                "schema": {"type": "string"},
                "description": "A name of ALUSKORT_ALERT_SOURCES, which gives the alerts their tenant.",
            }
        ],
        "requestBody": {"required": True, "content": {"application/json": {"schema": {}, "example": _ALERT}}},
        "responses": {
            "202": {
                "description": "What became of the rows.",
                "content": {"application/json": {"schema": {"type": "object"}, "example": _REPORT}},
            },
            "401": {"description": "No key or a wrong one, or a token that is not good."},
            **{str(status.value): {"description": status.phrase, **failure} for status in refused},
        },
    }
