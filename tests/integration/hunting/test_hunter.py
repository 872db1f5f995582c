"""Hunter against the simulated Log Analytics: what it asks, what it says of what it was not answered."""

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from shared.hunting.catalogue import catalogue
from shared.hunting.hunter import Hunt, Hunter
from shared.hunting.question import Parameter
from shared.hunting.rows import ANSWER, CELL
from shared.stores.log_analytics import LogAnalytics
from shared.stores.redis import Redis
from tests.integration.ingestion.workspace import SimulatedWorkspace
from tests.unit.hunting.asking import subject

Make = Callable[..., Hunter]
QUESTIONS = catalogue()
SIGN_INS, ALERTS = QUESTIONS["sign_ins_of_account"], QUESTIONS["other_alerts_about_account"]
ABOUT = subject(
    {
        Parameter.USER_PRINCIPAL_NAMES: ["a.person@corp.example"],
        Parameter.ACCOUNT_NAMES: ["a.person"],
        Parameter.ALERT_IDS: ["alert-1"],
    }
)
TIME = "2026-11-20T07:30:00.1234567Z"


def sign_in(address: str = "203.0.113.5", **columns: Any) -> dict[str, Any]:
    return {
        "TimeGenerated": TIME,
        "UserPrincipalName": "a.person@corp.example",
        "IPAddress": address,
        "Location": "BR",
        "ResultType": "0",
        "AppDisplayName": "Exchange Online",
        "DeviceDetail": {"operatingSystem": "Linux"},
        **columns,
    }


def alert(name: str = "Inbox rule", **columns: Any) -> dict[str, Any]:
    entities = '[{"Type":"account","Name":"a.person"}]'
    return {"TimeGenerated": TIME, "SystemAlertId": "alert-2", "AlertName": name, "Entities": entities, **columns}


async def test_answers_come_as_texts_in_the_order_of_the_questions(hunter: Make, workspace: SimulatedWorkspace) -> None:
    workspace.add(sign_in(), sign_in(), table="SigninLogs")
    workspace.add(alert(), alert("The case's own", SystemAlertId="alert-1"), table="SecurityAlert")
    hunt = await hunter(workspace).ask(workspace.tenant, [ALERTS, SIGN_INS], ABOUT)
    alerts, sign_ins = hunt.answers
    assert hunt.queries == 2
    assert [row["AlertName"] for row in alerts.rows] == ["Inbox rule"]
    (row,) = sign_ins.rows
    assert row == {
        "UserPrincipalName": "a.person@corp.example",
        "IPAddress": "203.0.113.5",
        "Location": "BR",
        "SignIns": "2",
        "FirstSeen": "2026-11-20T07:30:00+00:00",
        "LastSeen": "2026-11-20T07:30:00+00:00",
        "Applications": ["Exchange Online"],
        "Systems": ["Linux"],
    }
    assert (sign_ins.question, sign_ins.means, sign_ins.problem) == ("sign_ins_of_account", SIGN_INS.means, "")


async def test_missing_table_is_said_and_harms_no_other_question(
    hunter: Make, workspace: SimulatedWorkspace, caplog: pytest.LogCaptureFixture
) -> None:
    workspace.add(alert(), table="SecurityAlert")
    sign_ins, alerts = (await hunter(workspace).ask(workspace.tenant, [SIGN_INS, ALERTS], ABOUT)).answers
    assert "400" in sign_ins.problem
    assert len(alerts.rows) == 1
    assert "did not answer sign_ins_of_account" in caplog.text


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("server_error", "500"),
        ("forbidden", "Log Analytics Reader"),
        ("gateway_timeout", "504"),
        ("malformed", "no table of rows"),
        ("no_json", "cannot be read now"),
    ],
)
async def test_failing_workspace_is_said_with_what_to_do(
    hunter: Make, workspace: SimulatedWorkspace, fault: str, said: str
) -> None:
    workspace.add(sign_in(), table="SigninLogs")
    workspace.fault(fault)
    (answer,) = (await hunter(workspace).ask(workspace.tenant, [SIGN_INS], ABOUT)).answers
    assert said in answer.problem
    (again,) = (await hunter(workspace).ask(workspace.tenant, [SIGN_INS], ABOUT)).answers
    assert again.rows


async def test_unreachable_service_is_said(hunter: Make, workspace: SimulatedWorkspace) -> None:
    nobody = LogAnalytics.connect("http://127.0.0.1:9")
    (answer,) = (await hunter(workspace, client=nobody).ask(workspace.tenant, [SIGN_INS], ABOUT)).answers
    assert "Check the network" in answer.problem
    await nobody.close()


async def test_slow_question_is_given_up_with_the_time_of_all(hunter: Make, workspace: SimulatedWorkspace) -> None:
    workspace.add(alert(), table="SecurityAlert")
    workspace.add(sign_in(), table="SigninLogs")
    workspace.fault("slow")
    answers = (await hunter(workspace, seconds=0.5).ask(workspace.tenant, [SIGN_INS, ALERTS], ABOUT)).answers
    problems = [answer.problem for answer in answers]
    assert sum("0.5 s that all questions have together" in problem for problem in problems) == 1
    assert problems.count("") == 1


async def test_workspace_that_throttles_is_left_alone_for_the_time_it_says(
    hunter: Make, workspace: SimulatedWorkspace
) -> None:
    workspace.add(sign_in(), table="SigninLogs")
    workspace.fault("throttled", retry_after="60")
    one = hunter(workspace)
    (answer,) = (await one.ask(workspace.tenant, [SIGN_INS], ABOUT)).answers
    assert "throttles us" in answer.problem
    hunt = await one.ask(workspace.tenant, [SIGN_INS, ALERTS], ABOUT)
    assert hunt.queries == 0
    assert all("a moment ago" in answer.problem for answer in hunt.answers)
    assert len(workspace.queries()) == 1


@pytest.mark.parametrize("fault", ["server_error", "slow"])
async def test_workspace_that_failed_holds_up_no_further_case(
    hunter: Make, workspace: SimulatedWorkspace, fault: str
) -> None:
    workspace.add(sign_in(), table="SigninLogs")
    workspace.fault(fault)
    one = hunter(workspace, seconds=0.5)
    await one.ask(workspace.tenant, [SIGN_INS], ABOUT)
    hunt = await one.ask(workspace.tenant, [SIGN_INS], ABOUT)
    assert (hunt.queries, "a moment ago" in hunt.answers[0].problem) == (0, True)


async def test_question_of_no_table_pauses_no_workspace(hunter: Make, workspace: SimulatedWorkspace) -> None:
    workspace.add(alert(), table="SecurityAlert")
    one = hunter(workspace)
    await one.ask(workspace.tenant, [SIGN_INS], ABOUT)
    assert (await one.ask(workspace.tenant, [ALERTS], ABOUT)).answers[0].rows


async def test_in_a_flood_all_cases_ask_fast_logs_and_further_ones_are_told_that_slow_ones_were_not_asked(
    hunter: Make, workspace: SimulatedWorkspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace.add(sign_in(), table="SigninLogs")
    one = hunter(workspace)

    async def flood(day: int) -> list[Hunt]:
        people = [f"p{day}-{number}@corp.example" for number in range(40)]
        cases = [subject({**ABOUT.values, Parameter.USER_PRINCIPAL_NAMES: [person]}) for person in people]
        return await asyncio.gather(*(one.ask(workspace.tenant, [SIGN_INS], case) for case in cases))

    assert sum(hunt.queries for hunt in await flood(1)) == 40
    monkeypatch.setattr("shared.hunting.hunter.LONGEST_QUEUE", 0.0)  # any answer is slow now
    hunts = await flood(2)
    refused = [hunt for hunt in hunts if "too many questions" in hunt.answers[0].problem]
    assert (sum(hunt.queries for hunt in hunts), len(refused)) == (1, 39)
    assert (await one.ask(workspace.tenant, [SIGN_INS], ABOUT)).answers[0].rows


async def test_answer_is_remembered_for_the_tenant_that_asked(
    hunter: Make, workspace: SimulatedWorkspace, switches: httpx.Client
) -> None:
    workspace.add(sign_in(), table="SigninLogs")
    first = await hunter(workspace).ask(workspace.tenant, [SIGN_INS], ABOUT)
    again = await hunter(workspace).ask(workspace.tenant, [SIGN_INS], ABOUT)
    assert (first.queries, again.queries) == (1, 0)
    assert again.answers == first.answers
    other = SimulatedWorkspace(switches)
    other.add(sign_in("203.0.113.9", UserPrincipalName="b.person@corp.example"), table="SigninLogs")
    strange = await hunter(other).ask(other.tenant, [SIGN_INS], ABOUT)
    assert (strange.queries, strange.answers[0].rows) == (1, [])


async def test_logs_are_asked_without_the_memory_of_redis(hunter: Make, workspace: SimulatedWorkspace) -> None:
    workspace.add(sign_in(), table="SigninLogs")
    away = Redis("redis://127.0.0.1:9/0")
    for _ in range(2):
        hunt = await hunter(workspace, redis=away).ask(workspace.tenant, [SIGN_INS], ABOUT)
        assert (hunt.queries, len(hunt.answers[0].rows)) == (1, 1)
    await away.close()


async def test_every_workspace_of_the_tenant_is_asked_and_one_that_fails_is_a_cut(
    hunter: Make, workspace: SimulatedWorkspace, switches: httpx.Client
) -> None:
    second = SimulatedWorkspace(switches)
    workspace.add(sign_in(), table="SigninLogs")
    second.add(sign_in("203.0.113.6"), table="SigninLogs")
    both = await hunter(workspace, second).ask(workspace.tenant, [SIGN_INS], ABOUT)
    assert {row["IPAddress"] for row in both.answers[0].rows} == {"203.0.113.5", "203.0.113.6"}
    fresh, failing = SimulatedWorkspace(switches), SimulatedWorkspace(switches)
    fresh.add(sign_in(), table="SigninLogs")
    failing.add(sign_in(), table="SigninLogs")
    failing.fault("server_error")
    (answer,) = (await hunter(fresh, failing).ask(fresh.tenant, [SIGN_INS], ABOUT)).answers
    assert (len(answer.rows), answer.problem) == (1, "")
    assert "500" in answer.cut


async def test_no_more_than_three_queries_run_at_once(hunter: Make, workspace: SimulatedWorkspace) -> None:
    class Counting:
        now, most = 0, 0

        async def query(self, *_: Any, **__: Any) -> Any:
            self.now += 1
            self.most = max(self.most, self.now)
            await asyncio.sleep(0)
            self.now -= 1
            raise AssertionError

    counting = Counting()
    questions = [q for q in QUESTIONS.values() if q.parameters == (Parameter.USER_PRINCIPAL_NAMES,)]
    assert len(questions) > 3
    with pytest.raises(AssertionError):
        await hunter(workspace, client=counting).ask(workspace.tenant, questions, ABOUT)
    assert counting.most == 3


async def test_hostile_rows_are_bounded_and_fit_for_every_store(hunter: Make, workspace: SimulatedWorkspace) -> None:
    rows = [sign_in(f"203.0.113.{n}", Location="x" * 5_000, AppDisplayName="a\x00b") for n in range(20)]
    workspace.add(*rows, table="SigninLogs")
    (answer,) = (await hunter(workspace).ask(workspace.tenant, [SIGN_INS], ABOUT)).answers
    assert 0 < len(answer.rows) < SIGN_INS.rows
    assert f"{len(answer.rows)} of {SIGN_INS.rows} rows are kept" in answer.cut
    assert len(answer.model_dump_json()) < ANSWER + 2_000
    assert {len(str(row["Location"])) for row in answer.rows} == {CELL}
    assert "\x00" not in str(answer.rows)


async def test_tenant_without_a_workspace_cannot_ask(hunter: Make, workspace: SimulatedWorkspace) -> None:
    one = hunter(workspace)
    assert one.can_ask(workspace.tenant)
    assert not one.can_ask("somebody else")
