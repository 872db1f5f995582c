"""The name of a tenant wherever it crosses a boundary: never `*`, which is the database scope of every tenant."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

EVERY_TENANT = "*"  # the scope of relays and sweeps that work for all tenants; policies know it
NO_TENANT = ""  # the scope of tables that belong to no tenant, such as playbooks and indicators
SYNTHETIC_TENANT = "synthetic"  # of the alert that `aluskort preflight` sends; nobody is told about its cases
DEFAULT_TENANT = "default"

TenantId = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=128)]
