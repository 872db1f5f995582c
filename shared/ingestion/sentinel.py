"""One row of Sentinel's `SecurityAlert` table as a CanonicalAlert (map in spec/data-model §2.1)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson
from pydantic import ValidationError

from shared.contracts.alert import CanonicalAlert
from shared.contracts.contract import invalid_input
from shared.errors import InvalidInput
from shared.ingestion.attack import tactic_names, technique_ids
from shared.ingestion.envelope import storable

SOURCE = "sentinel"
MAX_TEXT = 2_048  # characters of a title or a description (security-and-audit §12); raw_payload keeps all
TIMES = ("timegenerated", "starttime", "endtime", "processingendtime")
TENANTS = ("tenantid", "workspaceid")


def is_heartbeat(row: Any) -> bool:
    """Whether a row only says that its sender is alive."""
    if not isinstance(row, dict):
        return False
    return any(str(row.get(name, "")).lower() == "heartbeat" for name in ("Type", "Category", "category", "AlertType"))


def read_security_alert(row: Any) -> CanonicalAlert:
    """The alert of one row. Raises InvalidInput that names the column that is missing or wrong."""
    if not isinstance(row, dict):
        raise InvalidInput("row", got=row, expected="an object, one row of SecurityAlert")
    payload: dict[str, Any] = storable(row)
    columns = {name.lower(): value for name, value in payload.items()}
    alert_id = _required(columns, "SystemAlertId")
    tenant_id = _tenant(columns)
    title, title_cut = _text(columns, "alertname", "displayname", "alerttype")
    description, description_cut = _text(columns, "description")
    tactics, tactic_flags = tactic_names(columns.get("tactics"))
    techniques, technique_flags = technique_ids(columns.get("techniques"), columns.get("subtechniques"))
    cuts = [f"{name}_cut" for name, cut in (("title", title_cut), ("description", description_cut)) if cut]
    try:
        return CanonicalAlert.model_validate({
            "alert_id": alert_id,
            "source": SOURCE,
            "timestamp": _time(columns),
            "title": title,
            "description": description,
            "severity": columns.get("alertseverity", columns.get("severity")),
            "tactics": tactics,
            "techniques": techniques,
            "entities_raw": _json_text(columns.get("entities")),
            "product": _text(columns, "productname", "providername")[0],
            "tenant_id": tenant_id,
            "raw_payload": payload,
            "flags": [*cuts, *([] if title else ["title_missing"]), *tactic_flags, *technique_flags],
        })  # fmt: skip
    except ValidationError as error:
        raise invalid_input("SecurityAlert", error) from error


def _required(columns: Mapping[str, Any], name: str) -> str:
    value = columns.get(name.lower())
    if isinstance(value, str) and value.strip():
        return value.strip()
    raise InvalidInput(f"SecurityAlert.{name}", got=value, expected="a non-empty text")


def _tenant(columns: Mapping[str, Any]) -> str:
    for name in TENANTS:
        value = columns.get(name)
        if isinstance(value, str) and value.strip():
            return value.strip()
    hint = "An alert without a tenant can be shown to nobody; see the export rule of the workspace."
    raise InvalidInput(
        "SecurityAlert.TenantId", got=columns.get("tenantid"), expected="TenantId or WorkspaceId", hint=hint
    )


def _time(columns: Mapping[str, Any]) -> str:
    """The first time that can be read; ISO 8601 as Sentinel writes it."""
    for name in TIMES:
        value = columns.get(name)
        try:
            datetime.fromisoformat(str(value))
        except ValueError:
            continue
        return str(value)
    raise InvalidInput("SecurityAlert.TimeGenerated", got=columns.get("timegenerated"), expected="a time in ISO 8601")


def _text(columns: Mapping[str, Any], *names: str) -> tuple[str, bool]:
    """The first column with text, without control characters but line ends, and whether it was cut."""
    for name in names:
        value = columns.get(name)
        if isinstance(value, str) and value.strip():
            cut = len(value) > MAX_TEXT
            text = value[:MAX_TEXT]
            if not text.isprintable():
                text = "".join(char for char in text if char in "\n\t" or not (char < " " or "\x7f" <= char <= "\x9f"))
            return text.strip(), cut
    return "", False


def _json_text(value: Any) -> str:
    """The entities as JSON text: most exports carry them so, some as the array itself."""
    if value is None or isinstance(value, str):
        return value or ""
    return orjson.dumps(value).decode()
