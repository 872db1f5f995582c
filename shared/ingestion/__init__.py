"""From a SIEM's messages to CanonicalAlert on alerts.raw. Owns no store; entities are parsed elsewhere."""

from shared.ingestion.connector import IngestReport, SentinelConnector

__all__ = ["IngestReport", "SentinelConnector"]
