"""The permission table of spec/security-and-audit §8, as data. What is not in it is allowed to nobody."""

from __future__ import annotations

from enum import StrEnum

from shared.access.identity import Identity, Role


class Permission(StrEnum):
    """One thing that a route lets a person do."""

    READ_INVESTIGATIONS = "investigations.read"
    DECIDE_APPROVALS = "approvals.decide"
    READ_AUDIT = "audit.read"
    SET_KILL_SWITCHES = "kill_switches.set"


_EVERY_ANALYST = frozenset({Role.ANALYST, Role.SENIOR_ANALYST, Role.ADMIN})

GRANTS: dict[Permission, frozenset[Role]] = {
    Permission.READ_INVESTIGATIONS: _EVERY_ANALYST,
    Permission.DECIDE_APPROVALS: frozenset({Role.SENIOR_ANALYST, Role.ADMIN}),
    Permission.READ_AUDIT: frozenset({Role.AUDIT_READER, Role.ADMIN}),
    Permission.SET_KILL_SWITCHES: frozenset({Role.ADMIN}),
}


def is_permitted(identity: Identity, permission: Permission) -> bool:
    """True when one of the person's roles grants it."""
    return not identity.roles.isdisjoint(GRANTS[permission])


def permissions_of(identity: Identity) -> list[str]:
    """Everything the person may do, sorted: what an audit event keeps as ``actor_permissions``."""
    return sorted(permission for permission in Permission if is_permitted(identity, permission))
