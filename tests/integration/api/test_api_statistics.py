"""What is counted for operators: by whom it may be seen, and what it says when something cannot be measured."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest

from tests.integration.api.test_api_investigations import investigation, owner, tenant

if TYPE_CHECKING:
    from tests.integration.api.conftest import Api

__all__ = ["owner", "tenant"]


def judged(owner: psycopg.Connection, tenant: str, case: str, reasoning: str) -> None:
    owner.execute(
        "INSERT INTO investigation_transitions (investigation_id, tenant_id, step, version, state_before, state_after,"
        " agent, reasoning) VALUES (%s, %s, 'judge', 2, 'reasoning', 'awaiting_human', 'reasoning_agent', %s)",
        (case, tenant, reasoning),
    )


def disposed(owner: psycopg.Connection, tenant: str, case: str, disposition: str) -> None:
    owner.execute(
        "INSERT INTO dispositions (disposition_id, tenant_id, investigation_id, disposition, reason, decided_by)"
        " VALUES (%s, %s, %s, %s, 'incorrect_rule', 'casey')",
        (f"{disposition}-{case}", tenant, case, disposition),
    )


async def test_stats_count_a_tenants_cases_by_state_row_and_agreement(
    api: Api, owner: psycopg.Connection, tenant: str
) -> None:
    waiting = investigation(owner, tenant, 1, state="awaiting_human")
    judged(owner, tenant, waiting, "destructive action (row 5): prepared: isolate_host ws-1")
    wrong, right = investigation(owner, tenant, 2), investigation(owner, tenant, 3)
    disposed(owner, tenant, wrong, "false_positive")
    disposed(owner, tenant, right, "false_positive")
    disposed(owner, tenant, right, "true_positive")
    investigation(owner, f"{tenant}-other", 4)
    async with await api.signed_in("analyst", tenant=tenant) as client:
        found = (await client.get("/v1/stats")).json()
    cases = found["cases"]
    assert [(one["state"], one["under_15_minutes"]) for one in cases["open"]] == [("awaiting_human", 1)]
    assert (cases["newest"], cases["closed"]) == (3, 2)
    assert cases["verdicts_by_row"] == {"destructive action (row 5)": 1}
    assert (cases["agreement"]["agreed"], cases["agreement"]["differed"], cases["agreement"]["rate"]) == (1, 1, 0.5)
    assert found["platform"] is None


async def test_stats_of_a_tenant_without_cases_say_not_measured_instead_of_zero(api: Api, tenant: str) -> None:
    async with await api.signed_in("analyst", tenant=tenant) as client:
        cases = (await client.get("/v1/stats")).json()["cases"]
    assert (cases["newest"], cases["newest_since"], cases["agreement"]["rate"]) == (0, None, None)


async def test_administrator_sees_the_platform_and_what_kafka_did_not_say_is_null(api: Api, tenant: str) -> None:
    async with await api.signed_in("admin", tenant=tenant) as client:
        platform = (await client.get("/v1/stats")).json()["platform"]
    assert (platform["backlog"]["queues"], platform["backlog"]["dead_letters"]) == (None, None)
    assert (platform["model"]["provider"], platform["model"]["state"]) == ("simulated", "up")
    assert platform["model"]["breaker"] == "closed"
    assert platform["spend"]["hard_limit_usd"] == 1000


@pytest.mark.parametrize(
    ("role", "path", "status"),
    [
        ("admin", "/metrics", 200),
        ("metrics_reader", "/metrics", 200),
        ("analyst", "/metrics", 403),
        ("audit_reader", "/metrics", 403),
        ("metrics_reader", "/v1/stats", 403),
        ("metrics_reader", "/v1/investigations", 403),
    ],
)
async def test_scraper_reads_metrics_and_nothing_else(api: Api, tenant: str, role: str, path: str, status: int) -> None:
    async with await api.signed_in(role, tenant=tenant) as client:
        assert (await client.get(path)).status_code == status


async def test_metrics_leave_out_what_was_not_measured(api: Api, owner: psycopg.Connection, tenant: str) -> None:
    investigation(owner, tenant, 1, state="awaiting_human")
    async with await api.signed_in("metrics_reader", tenant=tenant) as client:
        answer = await client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    text = answer.text
    assert f'aluskort_open_cases{{tenant="{tenant}",state="awaiting_human",age="under_15_minutes"}} 1' in text
    assert 'aluskort_model_up{provider="simulated"} 1' in text
    assert 'aluskort_model_spend_usd{of="hard"} 1000' in text
    for unmeasured in ("aluskort_queue_lag_messages", "aluskort_agreement_ratio"):
        assert unmeasured not in text
