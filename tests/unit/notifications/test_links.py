"""A signed link opens one tenant's case until a time; any other is refused."""

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import InvalidInput
from shared.notifications.links import CaseLinks

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
KEY = "k" * 32


def links(key: str = KEY, now: datetime = NOW) -> CaseLinks:
    return CaseLinks(base="https://soc.example.com/cases/", key=key, now=lambda: now)


def parts(link: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(link).query).items()}


def check(
    made: str, *, by: CaseLinks, tenant: str = "t", case: str = "i-1", later: int = 0, signature: str = ""
) -> None:
    found = parts(made)
    by.check(
        tenant_id=tenant,
        investigation_id=case,
        expires=int(found["expires"]) + later,
        signature=signature or found["signature"],
    )


def test_link_names_the_case_and_passes_until_its_time_is_over() -> None:
    made = links().link(tenant_id="t", investigation_id="i-1", until=NOW + timedelta(hours=4))
    assert urlsplit(made).path == "/cases/i-1"
    check(made, by=links(now=NOW + timedelta(hours=4)))
    with pytest.raises(InvalidInput, match="a link whose time is over"):
        check(made, by=links(now=NOW + timedelta(hours=4, seconds=1)))


@pytest.mark.parametrize(
    "changed",
    [{"tenant": "other"}, {"case": "i-2"}, {"later": 60}, {"signature": "é" * 43}, {"tenant": "", "case": "t:i-1"}],
    ids=str,
)
def test_link_of_anything_else_is_refused(changed: dict[str, str]) -> None:
    made = links().link(tenant_id="t", investigation_id="i-1", until=NOW)
    with pytest.raises(InvalidInput, match="was not made for this case and tenant"):
        check(made, by=links(), **changed)  # type: ignore[arg-type]


def test_link_of_another_key_is_refused() -> None:
    made = links(key="x" * 32).link(tenant_id="t", investigation_id="i-1", until=NOW)
    with pytest.raises(InvalidInput):
        check(made, by=links())


@given(st.text(max_size=20), st.text(max_size=20), st.text(max_size=20), st.text(max_size=20))
def test_no_two_cases_share_a_signature(tenant: str, case: str, other_tenant: str, other: str) -> None:
    def signature(*of: str) -> str:
        tenant_id, investigation_id = (text.encode("utf-8", "replace").decode() for text in of)
        made = links().link(tenant_id=tenant_id, investigation_id=investigation_id, until=NOW)
        return parts(made)["signature"]

    same = (tenant, case) == (other_tenant, other)
    assert same or signature(tenant, case) != signature(other_tenant, other)
