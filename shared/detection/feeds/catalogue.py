"""The formats by name, and a body of one format as rows of its table."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from shared.detection.feeds import data_and_models, gateways, otel, plant
from shared.detection.feeds.reading import Row, documents, without_blanks
from shared.errors import InvalidInput

# What a reader raises where a document has a list for a name, a word for a number, and so on.
MISSHAPEN = (TypeError, ValueError, KeyError, AttributeError, ArithmeticError)


@dataclass(frozen=True)
class Feed:
    """A format and the table that it fills; ``system`` is what sends it."""

    table: str
    system: str
    read: Callable[[Mapping[str, Any]], Iterator[Row]]


FEEDS: Mapping[str, Feed] = MappingProxyType({
    "databricks": Feed("databricks_audit", "Databricks audit log", data_and_models.databricks),
    "otel-genai": Feed("orbital_nl_query_logs", "OpenTelemetry spans of generative AI", otel.genai),
    "kserve": Feed("orbital_inference_logs", "KServe inference logger", plant.kserve),
    "opa": Feed("orbital_physics_oracle", "Open Policy Agent decision log", plant.opa),
    "mlflow": Feed("model_registry", "MLflow model registry", data_and_models.mlflow),
    "github-actions": Feed("cicd_audit", "GitHub Actions", data_and_models.github_actions),
    "api-management": Feed("orbital_api_logs", "Azure API Management", gateways.api_management),
    "opcua": Feed("opcua_telemetry", "OPC UA PubSub", plant.opcua),
    "envoy": Feed("partner_api_logs", "Envoy access log", gateways.envoy),
    "otel-host": Feed("edge_node_telemetry", "OpenTelemetry host metrics", otel.host_metrics),
})  # fmt: skip


@dataclass
class Converted:
    """Rows, and for each document that could not be read its place and why."""

    table: str
    rows: list[Row] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)


def convert(name: str, body: bytes, tenant_id: str) -> Converted:
    """The rows of a body. Nothing in it is trusted to name the tenant.

    Raises InvalidInput for an unknown format and for a body that is no JSON.
    """
    feed = FEEDS.get(name)
    if feed is None:
        raise InvalidInput("format", got=name, expected=f"one of {', '.join(FEEDS)}")
    converted = Converted(feed.table)
    for place, document in enumerate(documents(body), start=1):
        try:
            rows = [{"tenant_id": tenant_id, **without_blanks(row)} for row in feed.read(document)]
        except InvalidInput as error:
            converted.refused.append(f"document {place}: {error}")
        except MISSHAPEN as error:
            converted.refused.append(f"document {place}: not the shape of {feed.system}: {error!r}"[:500])
        else:
            converted.rows += rows
    return converted
