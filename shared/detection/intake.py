"""Messages of `telemetry.*`: one row each, or an array of rows; what cannot be read goes to the dead letters."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from types import MappingProxyType

from shared.bus.producer import Producer
from shared.bus.received import Received, handled
from shared.contracts.outside_text import read_json
from shared.detection.telemetry import Read, Telemetry, read_row

TABLES: Mapping[str, str] = MappingProxyType({
    "telemetry.databricks.audit": "databricks_audit",
    "telemetry.orbital.nlquery": "orbital_nl_query_logs",
    "telemetry.orbital.inference": "orbital_inference_logs",
    "telemetry.orbital.physics": "orbital_physics_oracle",
    "telemetry.modelregistry.events": "model_registry",
    "telemetry.cicd.audit": "cicd_audit",
    "telemetry.orbital.api": "orbital_api_logs",
    "telemetry.opcua.sensors": "opcua_telemetry",
    "telemetry.partner.api": "partner_api_logs",
    "telemetry.edge.health": "edge_node_telemetry",
})  # fmt: skip


class TelemetryIntake:
    """Stores batches of messages of one topic."""

    def __init__(self, producer: Producer, telemetry: Telemetry) -> None:
        self._producer = producer
        self._telemetry = telemetry

    async def take(self, messages: Sequence[Received]) -> int:
        """Store the rows of a batch and return how many are new; a message that comes twice is stored once.

        One wrong row of an array sends the whole message to the dead letters. Raises Retryable.
        """
        stored = 0
        by_table: dict[str, list[Read]] = {}
        for message in messages:
            rows = await handled(self._producer, message, _reader(message))
            by_table.setdefault(TABLES[message.topic], []).extend(rows or [])
        for table, read in by_table.items():
            stored += await self._telemetry.store(table, read)
        return stored


def _reader(message: Received) -> Callable[[bytes], Awaitable[list[Read]]]:
    async def read(value: bytes) -> list[Read]:
        given = read_json(value)
        origin = f"{message.topic} {message.partition} {message.offset}"
        rows = given if isinstance(given, list) else [given]
        return [read_row(TABLES[message.topic], row, origin=f"{origin} {place}") for place, row in enumerate(rows)]

    return read
