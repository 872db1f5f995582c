"""From a SIEM's messages to CanonicalAlert on alerts.raw. Owns no store; entities are parsed elsewhere."""

from shared.ingestion.connector import SentinelConnector
from shared.ingestion.intake import IngestReport, Intake

__all__ = ["IngestReport", "Intake", "SentinelConnector"]
