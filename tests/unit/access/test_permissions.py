import pytest

from shared.access.identity import Identity, Role
from shared.access.permissions import GRANTS, Permission, is_permitted, permissions_of, refusal

OF_ANALYSTS = ["approvals.ask_again", "cases.escalate", "investigations.read"]
OF_SENIORS = [
    *("approvals.decide", "assets.manage", "cases.dispose", "cases.reopen"),
    *("drafts.review", "exposures.decide", "incidents.change", "patterns.manage"),
]
OF_ADMINS = [
    *("audit.read", "kill_switches.set", "metrics.read", "platform.read", "shadow_modes.set"),
    "shared_knowledge.manage",
]


def someone(*roles: Role) -> Identity:
    return Identity("00u1", "Robin", frozenset(roles), "contoso")


@pytest.mark.parametrize(
    ("role", "permitted"),
    [
        (Role.ANALYST, OF_ANALYSTS),
        (Role.SENIOR_ANALYST, sorted([*OF_ANALYSTS, *OF_SENIORS])),
        (Role.ADMIN, sorted([*OF_ANALYSTS, *OF_SENIORS, *OF_ADMINS])),
        (Role.AUDIT_READER, ["audit.read"]),
        (Role.METRICS_READER, ["metrics.read"]),
    ],
)
def test_role_grants_exactly_what_the_specification_lists(role: Role, permitted: list[str]) -> None:
    assert permissions_of(someone(role)) == permitted


def test_person_without_roles_may_do_nothing() -> None:
    assert not any(is_permitted(someone(), permission) for permission in Permission)


def test_every_permission_is_granted_to_admin() -> None:
    assert all(Role.ADMIN in GRANTS[permission] for permission in Permission)


def test_service_reads_by_its_roles_and_answers_for_nobody() -> None:
    service = Identity("app-1", "Sync", frozenset({Role.ADMIN}), "contoso", is_service=True)
    assert permissions_of(service) == [
        *("assets.manage", "audit.read", "investigations.read", "kill_switches.set", "metrics.read"),
        *("platform.read", "shared_knowledge.manage"),
    ]


@pytest.mark.parametrize(
    ("identity", "sentence"),
    [
        (someone(Role.ANALYST), "None of your roles grants approvals.decide: senior analyst or admin may do it."),
        (
            Identity("app-1", "Sync", frozenset({Role.ADMIN}), "contoso", is_service=True),
            "This is the token of a service, and approvals.decide is for people: a signed-in senior analyst or admin "
            "may do it.",
        ),
    ],
)
def test_refusal_says_who_may(identity: Identity, sentence: str) -> None:
    assert refusal(identity, Permission.DECIDE_APPROVALS) == sentence
