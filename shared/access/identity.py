"""Roles and the person behind a request (spec/security-and-audit §8)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """analyst < senior_analyst < admin, each includes the one below; audit_reader and metrics_reader, which is for
    scrapers, stand beside them.
    """

    ANALYST = "analyst"
    SENIOR_ANALYST = "senior_analyst"
    ADMIN = "admin"
    AUDIT_READER = "audit_reader"
    METRICS_READER = "metrics_reader"


@dataclass(frozen=True, slots=True)
class Identity:
    """Whoever signed in. ``subject`` is the provider's stable id; ``tenant_id`` is the only tenant they may see."""

    subject: str
    name: str
    roles: frozenset[Role]
    tenant_id: str
    is_service: bool = False  # an application with a token of its own: nobody signed in
