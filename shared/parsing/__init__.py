"""Entities of an alert: from Sentinel's entity JSON, or from free text. Owns no store; judges nothing."""

from shared.parsing.entities import parse_alert_entities

__all__ = ["parse_alert_entities"]
