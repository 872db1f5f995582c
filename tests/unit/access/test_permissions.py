import pytest

from shared.access.identity import Identity, Role
from shared.access.permissions import GRANTS, Permission, is_permitted, permissions_of


def someone(*roles: Role) -> Identity:
    return Identity("00u1", "Robin", frozenset(roles), "contoso")


@pytest.mark.parametrize(
    ("role", "permitted"),
    [
        (Role.ANALYST, ["investigations.read"]),
        (Role.SENIOR_ANALYST, ["approvals.decide", "investigations.read"]),
        (Role.ADMIN, ["approvals.decide", "audit.read", "investigations.read", "kill_switches.set"]),
        (Role.AUDIT_READER, ["audit.read"]),
    ],
)
def test_role_grants_exactly_what_the_specification_lists(role: Role, permitted: list[str]) -> None:
    assert permissions_of(someone(role)) == permitted


def test_person_without_roles_may_do_nothing() -> None:
    assert not any(is_permitted(someone(), permission) for permission in Permission)


def test_every_permission_is_granted_to_admin() -> None:
    assert all(Role.ADMIN in GRANTS[permission] for permission in Permission)
