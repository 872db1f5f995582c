"""Calls through gateways: Azure API Management's log, and Envoy's for partners.

https://learn.microsoft.com/azure/azure-monitor/reference/tables/apimanagementgatewaylogs,
https://www.envoyproxy.io/docs/envoy/latest/configuration/observability/access_log/usage
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from shared.detection.feeds.reading import Row, at, first, items, needed

_COMMON_NAME = re.compile(r"(?:^|[,/])\s*CN=([^,/]+)")  # of a distinguished name


def api_management(document: Mapping[str, Any]) -> Iterator[Row]:
    """Rows of the category GatewayLogs as diagnostic settings export them, alone or as ``records``.

    A call without a user or subscription is one of an anonymous caller, known by its address only.
    """
    for record in items(document.get("records")) if "records" in document else [document]:
        if record.get("category") != "GatewayLogs":
            continue
        found = record.get("properties")
        caller = needed(record, "callerIpAddress")
        url = str(needed(found, "url"))
        yield {
            "ts": needed(record, "time"),
            "id": record.get("correlationId"),
            "caller_ip": caller,
            "caller_identity": first((at(found, "userId"), at(found, "apimSubscriptionId"))) or f"anonymous {caller}",
            "endpoint": first((at(found, "operationId"), urlsplit(url).path)) or url,
            "method": needed(found, "method"),
            "response_code": needed(found, "responseCode"),
            "request_payload_size": at(found, "requestSize"),
            "response_payload_size": at(found, "responseSize"),
        }


def envoy(document: Mapping[str, Any]) -> Iterator[Row]:
    """An access log line in JSON, with the fields of `local/samples/telemetry/envoy-partner.jsonl`.

    A call counts as verified only if the partner's certificate was presented and trusted: its fingerprint is logged and
    there was no failure of the transport.
    """
    subject = str(document.get("downstream_peer_subject") or "")
    common_name = _COMMON_NAME.search(subject)
    partner = first((document.get("partner_id"), common_name and common_name[1])) or "unknown"
    failed = first((document.get("downstream_transport_failure_reason"), None))
    inbound = str(document.get("method")) not in {"GET", "HEAD"}
    yield {
        "ts": needed(document, "start_time"),
        "id": document.get("x_request_id"),
        "partner_id": partner,
        "partner_name": first((common_name and common_name[1], partner)),
        "direction": "inbound" if inbound else "outbound",
        "data_type": document.get("route_name"),
        "payload_size": document.get("bytes_received" if inbound else "bytes_sent"),
        "response_code": needed(document, "response_code"),
        "mtls_verified": bool(document.get("downstream_peer_fingerprint_256")) and failed in {None, "-"},
    }
