"""Requests as the gateway sends them: the evidence elements, the schemas of llm spec §5, a system prompt to cache."""

from __future__ import annotations

import html
import json
from typing import Any

import anthropic

SONNET = "claude-sonnet-5-5"
HAIKU = "claude-haiku-5-5"
ACTIONS = ["isolate_host", "disable_account", "add_comment", "tag_incident", "notify_owner", "open_ticket"]


def obj(**properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def lst(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}


TEXT = {"type": "string"}
NUMBER = {"type": "number"}
VALUE = obj(value=TEXT, confidence=NUMBER, context=TEXT)
EXTRACTION = obj(
    ip_addresses=lst(obj(value=TEXT, direction={"enum": ["src", "dst", "unknown"]}, confidence=NUMBER, context=TEXT)),
    file_hashes=lst(obj(value=TEXT, algorithm={"enum": ["md5", "sha1", "sha256"]}, file_name=TEXT, confidence=NUMBER)),
    domains=lst(VALUE),
    urls=lst(VALUE),
    emails=lst(VALUE),
    accounts=lst(VALUE),
    registry_keys=lst(VALUE),
    processes=lst(VALUE),
    none_found={"type": "boolean"},
)
REASONING = obj(
    classification={"enum": ["true_positive", "false_positive", "benign_true_positive", "requires_investigation"]},
    confidence=NUMBER,
    severity={"enum": ["critical", "high", "medium", "low", "informational"]},
    attack_techniques=lst(TEXT),
    atlas_techniques=lst(TEXT),
    reasoning_chain=lst(TEXT),
    recommended_actions=lst(
        obj(
            action={"enum": ACTIONS},
            target=TEXT,
            risk={"enum": ["low", "medium", "high"]},
            needs_approval={"type": "boolean"},
        )
    ),
    requires_human_approval={"type": "boolean"},
    risk_state={"enum": ["no_baseline", "unknown", "low", "medium", "high"]},
)

DUMPING = {
    "title": "Credential dumping on a workstation",
    "description": "mimikatz.exe read the memory of lsass.exe. It then connected to 198.51.100.7.",
    "severity": "high",
    "techniques": "T1003.001",
    "entities": {
        "hosts": [{"primary_value": "WS-042.corp.example", "properties": {"os_family": "Windows"}}],
        "accounts": [{"primary_value": "m.keller@corp.example"}],
    },
}


def escaped(value: Any) -> str:
    return html.escape(value if isinstance(value, str) else json.dumps(value))


def prompt(alert: dict[str, Any], context: dict[str, Any] | str = "") -> str:
    children = "".join(f"<{name}>{escaped(value)}</{name}>" for name, value in alert.items())
    return (
        f"<untrusted_alert_data>{children}</untrusted_alert_data>\n"
        f"<retrieved_context>{escaped(context)}</retrieved_context>"
    )


def params(
    alert: dict[str, Any],
    schema: dict[str, Any] | None = REASONING,
    *,
    context: dict[str, Any] | str = "",
    model: str = SONNET,
    **more: Any,
) -> dict[str, Any]:
    form = {} if schema is None else {"output_config": {"format": {"type": "json_schema", "schema": schema}}}
    content = prompt(alert, context)
    return {"model": model, "max_tokens": 8192, "messages": [{"role": "user", "content": content}], **form, **more}


def text_of(message: anthropic.types.Message) -> str:
    return "".join(block.text for block in message.content if block.type == "text")


def ask(client: anthropic.Anthropic, *arguments: Any, **options: Any) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(text_of(client.messages.create(**params(*arguments, **options))))
    return answer
