"""The permission table of spec/security-and-audit §8, as data. What is not in it is allowed to nobody."""

from __future__ import annotations

from enum import StrEnum

from shared.access.identity import Identity, Role


class Permission(StrEnum):
    """One thing that a route lets a person do."""

    READ_INVESTIGATIONS = "investigations.read"
    DECIDE_APPROVALS = "approvals.decide"
    ASK_APPROVALS_AGAIN = "approvals.ask_again"
    ESCALATE_CASES = "cases.escalate"
    DISPOSE_CASES = "cases.dispose"
    REOPEN_CASES = "cases.reopen"
    CHANGE_INCIDENTS = "incidents.change"
    DECIDE_EXPOSURES = "exposures.decide"
    READ_AUDIT = "audit.read"
    MANAGE_ASSETS = "assets.manage"
    REVIEW_DRAFTS = "drafts.review"
    SET_KILL_SWITCHES = "kill_switches.set"
    SET_SHADOW_MODES = "shadow_modes.set"
    READ_PLATFORM = "platform.read"
    READ_METRICS = "metrics.read"
    MANAGE_PATTERNS = "patterns.manage"
    MANAGE_SHARED_KNOWLEDGE = "shared_knowledge.manage"


_EVERY_ANALYST = frozenset({Role.ANALYST, Role.SENIOR_ANALYST, Role.ADMIN})
_SENIORS = frozenset({Role.SENIOR_ANALYST, Role.ADMIN})

GRANTS: dict[Permission, frozenset[Role]] = {
    Permission.READ_INVESTIGATIONS: _EVERY_ANALYST,
    Permission.DECIDE_APPROVALS: _SENIORS,
    Permission.ASK_APPROVALS_AGAIN: _EVERY_ANALYST,
    Permission.ESCALATE_CASES: _EVERY_ANALYST,
    Permission.DISPOSE_CASES: _SENIORS,
    Permission.REOPEN_CASES: _SENIORS,
    Permission.MANAGE_ASSETS: _SENIORS,
    Permission.REVIEW_DRAFTS: _SENIORS,
    Permission.CHANGE_INCIDENTS: _SENIORS,
    Permission.DECIDE_EXPOSURES: _SENIORS,
    Permission.READ_AUDIT: frozenset({Role.AUDIT_READER, Role.ADMIN}),
    Permission.SET_KILL_SWITCHES: frozenset({Role.ADMIN}),
    Permission.SET_SHADOW_MODES: frozenset({Role.ADMIN}),
    Permission.READ_PLATFORM: frozenset({Role.ADMIN}),
    Permission.READ_METRICS: frozenset({Role.ADMIN, Role.METRICS_READER}),
    Permission.MANAGE_PATTERNS: _SENIORS,
    Permission.MANAGE_SHARED_KNOWLEDGE: frozenset({Role.ADMIN}),
}
# What only somebody who signed in may do: no application answers for a person, whatever roles it was given.
OF_PEOPLE = frozenset(
    {
        Permission.DECIDE_APPROVALS,
        Permission.ASK_APPROVALS_AGAIN,
        Permission.ESCALATE_CASES,
        Permission.DISPOSE_CASES,
        Permission.REOPEN_CASES,
        Permission.CHANGE_INCIDENTS,
        Permission.DECIDE_EXPOSURES,
        Permission.SET_SHADOW_MODES,
        Permission.MANAGE_PATTERNS,
        Permission.REVIEW_DRAFTS,
    }
)


def is_permitted(identity: Identity, permission: Permission) -> bool:
    """True when one of the roles grants it, and a service does not ask for what only people may do."""
    if identity.is_service and permission in OF_PEOPLE:
        return False
    return not identity.roles.isdisjoint(GRANTS[permission])


def refusal(identity: Identity, permission: Permission) -> str:
    """Why somebody is not permitted, and who is."""
    who = " or ".join(role.replace("_", " ") for role in Role if role in GRANTS[permission])
    if identity.is_service and permission in OF_PEOPLE:
        return f"This is the token of a service, and {permission} is for people: a signed-in {who} may do it."
    return f"None of your roles grants {permission}: {who} may do it."


def permissions_of(identity: Identity) -> list[str]:
    """Everything the person may do, sorted: what an audit event keeps as ``actor_permissions``."""
    return sorted(permission for permission in Permission if is_permitted(identity, permission))
