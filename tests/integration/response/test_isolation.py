"""Isolation on the simulated Defender for Endpoint: what users of isolation playbooks report, each as a test."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from local.services.simulators import Simulators
from shared.bus.producer import MemoryProducer
from shared.bus.received import Received
from shared.contracts.action import Action, ActionClass, ActionName, ActionStatus
from shared.errors import Conflict, StoredByAnotherVersion, StoreUnavailable
from shared.response.connectors.defender_machines import ROLES, SCOPE, DefenderMachines
from shared.response.connectors.product import Product as HttpProduct
from shared.response.executor import Executor
from shared.response.live import LiveActions
from shared.response.stored_actions import StoredAction
from shared.stores.postgres import Connection, Postgres
from tests.integration.response.live_case import LiveCase, Product
from tests.integration.response.test_executor import LIMITS

WS17 = {"id": "a" * 40, "computerDnsName": "ws-17.contoso.example", "lastSeen": "2026-11-28T08:00:00Z"}
ISOLATE = Action(action=ActionName.ISOLATE_HOST, target="ws-17")
ISOLATE_FOR_4_HOURS = ISOLATE.model_copy(update={"parameters": {"hours": 4}})


@pytest.fixture
async def defender(simulators: Simulators) -> Product:
    product = Product.of(simulators, "defender")
    await product.set(machines=[WS17])
    return product


@pytest.fixture
async def machines(simulators: Simulators) -> AsyncIterator[DefenderMachines]:
    product = HttpProduct("Defender", simulators.defender_url(), SCOPE, roles=ROLES, setting="URL")
    yield DefenderMachines(product)
    await product.close()


@pytest.fixture
def case(store: Postgres, tenant: str, investigation: str, machines: DefenderMachines) -> LiveCase:
    return LiveCase(store, MemoryProducer(), tenant, investigation, {ActionClass.ENDPOINT: machines})


async def isolations(defender: Product) -> list[tuple[str, str]]:
    return [(one["type"], one["status"]) for one in (await defender.state()).get("machine_actions", [])]


async def test_approved_isolation_is_carried_out_verified_and_audited(case: LiveCase, defender: Product) -> None:
    action = await case.begin(ISOLATE)
    assert await case.status(action) == "running"
    await case.tick()
    done = await case.read(action)
    assert (done.status, done.subject["changed"]) == ("verified", True)
    assert done.detail.startswith("Defender has done it: Isolate ")
    assert await isolations(defender) == [("Isolate", "Succeeded")]
    modes = ["pending", "running", "verified"]
    assert await case.events() == [("response.executed", mode) for mode in modes]


async def test_class_that_is_not_live_stays_a_dry_run(
    store: Postgres, tenant: str, investigation: str, machines: DefenderMachines, defender: Product
) -> None:
    only_mail = frozenset({ActionClass.MAIL})
    case = LiveCase(store, MemoryProducer(), tenant, investigation, {ActionClass.ENDPOINT: machines}, live=only_mail)
    assert await case.status(await case.begin(ISOLATE)) == "dry_run"
    assert await defender.asked("GET", "POST") == []


async def test_repeated_isolation_waits_for_the_end_of_the_first_and_adds_no_second(
    case: LiveCase, defender: Product
) -> None:
    # As users report it: Defender takes a second isolate, which stays pending and isolates again after the release.
    await defender.change(takes_second=True, polls=2)
    action = await case.begin(ISOLATE)
    await case.actions.carry_out(case.tenant, action)  # a redelivery: its pause is not over
    await case.tick(times=3)
    assert await case.status(action) == "verified"
    assert await isolations(defender) == [("Isolate", "Succeeded")]


async def test_isolation_that_somebody_else_began_is_awaited_and_taken_for_done(
    case: LiveCase, defender: Product
) -> None:
    theirs = {
        "id": "t-1",
        "type": "Isolate",
        "requestor": "analyst@contoso.example",
        "requestorComment": "by hand",
        "status": "Pending",
        "machineId": WS17["id"],
        "creationDateTimeUtc": "2026-11-28T07:00:00Z",
    }
    await defender.change(machine_actions=[theirs], polls=1)
    action = await case.begin(ISOLATE)
    assert (await case.read(action)).detail.startswith("waits for the end of Isolate t-1 (analyst@contoso.example)")
    await case.tick(times=2)
    done = await case.read(action)
    assert (done.status, done.subject["changed"]) == ("verified", False)
    assert await isolations(defender) == [("Isolate", "Succeeded")]
    with pytest.raises(Conflict, match=r"changed nothing .it was isolated already, by Isolate t-1"):
        await case.undo.request(case.tenant, action, by="senior", permissions=[])


async def test_already_in_progress_is_waited_out(case: LiveCase, defender: Product) -> None:
    refused = {"on": "isolate", "status": 400, "code": "ActiveRequestAlreadyExists", "message": "already in progress"}
    await defender.change(faults=[refused])
    action = await case.begin(ISOLATE)
    assert (await case.read(action)).detail.startswith("Defender says that an action on this machine is in progress")
    await case.tick(times=2)
    assert await case.status(action) == "verified"
    assert await isolations(defender) == [("Isolate", "Succeeded")]


@pytest.mark.parametrize(
    "fault", [{"fault": "lost"}, {"fault": "slow"}, {"status": 500}, {"status": 429, "retry_after": 7}]
)
async def test_lost_answer_and_outage_lead_to_one_isolation(
    case: LiveCase, defender: Product, fault: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    if fault.get("fault") == "slow":
        monkeypatch.setattr("shared.response.connectors.product.REQUEST_SECONDS", 1)
    await defender.change(faults=[{"on": "isolate", **fault}])
    action = await case.begin(ISOLATE)
    assert (await case.read(action)).detail.startswith("Defender cannot be asked now")
    await case.tick(times=2)
    assert await case.status(action) == "verified"
    assert await isolations(defender) == [("Isolate", "Succeeded")]


async def test_crash_after_the_request_leads_to_one_isolation(
    case: LiveCase, defender: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as crash:
        settle = LiveActions._settle

        async def dies(self: LiveActions, connection: Connection, action: StoredAction, *rest: Any) -> None:
            if action.status is ActionStatus.RUNNING:
                raise StoreUnavailable("PostgreSQL", "the process died")
            await settle(self, connection, action, *rest)

        crash.setattr(LiveActions, "_settle", dies)
        with pytest.raises(StoreUnavailable):
            await case.begin(ISOLATE)
    assert await isolations(defender) == [("Isolate", "Pending")]
    await case.tick(times=2)
    assert await case.status(f"{case.investigation_id}:0") == "verified"
    assert await isolations(defender) == [("Isolate", "Succeeded")]


async def test_many_who_meet_at_one_action_make_one_request(case: LiveCase, defender: Product) -> None:
    await defender.change(takes_second=True, polls=3)
    pending = case.pending(ISOLATE, playbook_id="", approval_id=await case.approve(ISOLATE), approved_by="senior")
    message = Received("actions.pending", pending.to_json())
    executor = Executor(case.store, case.bus, LIMITS, case.actions)
    await asyncio.gather(*(executor.process(message) for _ in range(4)), *(case.tick() for _ in range(4)))
    await case.tick(times=4)
    assert await case.status(pending.action_id) == "verified"
    assert await isolations(defender) == [("Isolate", "Succeeded")]


async def test_answer_of_another_shape_is_asked_for_again(case: LiveCase, defender: Product) -> None:
    await defender.change(machines=[{"computerDnsName": "ws-17"}])
    action = await case.begin(ISOLATE)
    assert (await case.read(action)).detail.startswith("the product's answer has another shape than expected: KeyError")
    await defender.change(machines=[WS17])
    await case.tick(times=3)
    assert await case.status(action) == "verified"


async def test_row_that_only_a_newer_version_can_read_holds_up_no_other(
    case: LiveCase, defender: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    await defender.change(polls=None)
    action = await case.begin(ISOLATE)
    async with case.store.transaction(case.tenant) as connection:
        change = "UPDATE executed_actions SET next_try_at = now() - interval '1 day', status = 'pending'"
        await connection.execute(change.encode() + b" WHERE tenant_id = %s", (case.tenant,))
    monkeypatch.setattr("shared.response.live.MOST", 1)
    monkeypatch.setattr("shared.response.live.read_action", unreadable)
    assert await case.actions.carry_out_due() == 1
    async with case.store.transaction(case.tenant) as connection:
        cursor = await connection.execute(
            "SELECT status, next_try_at > now() AS waits FROM executed_actions WHERE action_id = %s", (action,)
        )
        assert await cursor.fetchall() == [{"status": "pending", "waits": True}]


def unreadable(row: dict[str, Any]) -> StoredAction:
    raise StoredByAnotherVersion(f"executed_actions {row['action_id']}", "an unknown name")


async def test_missing_role_fails_the_action_and_is_named(case: LiveCase, defender: Product) -> None:
    await defender.change(roles=["Machine.Isolate"])
    done = await case.read(await case.begin(ISOLATE))
    assert done.status == "failed"
    assert "This needs the application role Machine.Read.All." in done.detail
    await defender.change(roles=["Machine.Read.All"])
    done = await case.read(await case.begin(Action(action=ActionName.ISOLATE_HOST, target="WS-17"), number=1))
    assert done.status == "failed"
    assert "This needs the application role Machine.Isolate." in done.detail
    assert await isolations(defender) == []


async def test_two_devices_of_one_name_need_a_person(case: LiveCase, defender: Product) -> None:
    await defender.change(machines=[WS17, WS17 | {"id": "b" * 40, "lastSeen": "2026-01-01T00:00:00Z"}])
    done = await case.read(await case.begin(ISOLATE))
    assert done.status == "needs_person"
    assert f"Defender has 2 machines named ws-17: {'a' * 40} (last seen 2026-11-28T08:00:00Z)" in done.detail
    assert await isolations(defender) == []


async def test_device_id_of_the_alert_decides_between_devices_of_one_name(case: LiveCase, defender: Product) -> None:
    await defender.change(machines=[WS17, WS17 | {"id": "b" * 40}])
    action = await case.begin(ISOLATE.model_copy(update={"parameters": {"device_id": "b" * 40}}))
    await case.tick()
    assert await case.status(action) == "verified"
    assert {one["machineId"] for one in (await defender.state())["machine_actions"]} == {"b" * 40}


@pytest.mark.parametrize(
    ("target", "device_id", "sentence"),
    [
        ("ws-18", WS17["id"], "is ws-17.contoso.example in Defender, but the alert names ws-18"),
        ("ws-17", "c" * 40, "Defender has no machine with the alert's device id"),
        ("ws-17", "' or 1 eq 1", "the alert's device id is none of Defender's"),
        ("ws-1", "", "Defender knows no machine ws-1"),
        ("ws-17.other.example", "", "Defender knows no machine ws-17.other.example"),
        ("ws-17' or 'a' eq 'a", "", "is no host name that Defender can be asked for"),
    ],
)
async def test_host_that_is_not_clearly_one_machine_needs_a_person(
    case: LiveCase, defender: Product, target: str, device_id: str, sentence: str
) -> None:
    parameters = {"device_id": device_id} if device_id else {}
    done = await case.read(
        await case.begin(Action(action=ActionName.ISOLATE_HOST, target=target, parameters=parameters))
    )
    assert done.status == "needs_person"
    assert sentence in done.detail
    assert await isolations(defender) == []


async def test_isolation_that_stays_pending_goes_to_a_person_in_the_end(
    case: LiveCase, defender: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    await defender.change(polls=None)
    action = await case.begin(ISOLATE)
    await case.tick(times=2)
    assert await case.status(action) == "running"
    monkeypatch.setattr("shared.response.live.PATIENCE_HOURS", 0)
    await case.tick()
    assert await case.status(action) == "needs_person"
    await case.tick(times=2)
    assert await isolations(defender) == [("Isolate", "Pending")]


async def test_isolation_that_defender_cannot_do_fails(case: LiveCase, defender: Product) -> None:
    await defender.change(ends_as="TimeOut")
    action = await case.begin(ISOLATE)
    await case.tick()
    assert await case.status(action) == "failed"
    with pytest.raises(Conflict, match="is failed, so there is nothing to undo"):
        await case.undo.request(case.tenant, action, by="senior", permissions=[])


async def test_undo_releases_the_isolation_that_it_finds_and_is_audited_as_rolled_back(
    case: LiveCase, defender: Product
) -> None:
    action = await case.begin(ISOLATE)
    await case.tick()
    undo = await case.undo.request(case.tenant, action, by="senior", permissions=["approvals.decide"])
    again = await case.undo.request(case.tenant, action, by="other", permissions=[])
    assert (again.action_id, again.approved_by) == (undo.action_id, "senior")
    await case.tick(times=2)
    assert [await case.status(one) for one in (undo.action_id, action)] == ["verified", "undone"]
    assert await isolations(defender) == [("Isolate", "Succeeded"), ("Unisolate", "Succeeded")]
    assert (await case.events())[3:] == [
        *(("response.rolled_back", mode) for mode in ("pending", "running", "verified")),
        ("response.executed", "undone"),
    ]


async def test_release_of_what_somebody_isolated_again_needs_a_person(case: LiveCase, defender: Product) -> None:
    action = await case.begin(ISOLATE)
    await case.tick()
    (ours,) = (await defender.state())["machine_actions"]
    later = {"status": "Succeeded", "requestor": "analyst@contoso.example", "requestorComment": "again"}
    await defender.change(
        machine_actions=[
            ours,
            ours | later | {"id": "t-1", "type": "Unisolate", "creationDateTimeUtc": "2026-12-01T00:00:00Z"},
            ours | later | {"id": "t-2", "type": "Isolate", "creationDateTimeUtc": "2026-12-02T00:00:00Z"},
        ]
    )
    undo = await case.undo.request(case.tenant, action, by="senior", permissions=[])
    await case.tick()
    done = await case.read(undo.action_id)
    assert done.status == "needs_person"
    assert "it was isolated again, by Isolate t-2 (analyst@contoso.example)" in done.detail
    assert await defender.asked("POST") == []


async def test_release_of_what_somebody_released_already_changes_nothing(case: LiveCase, defender: Product) -> None:
    action = await case.begin(ISOLATE)
    await case.tick()
    (ours,) = (await defender.state())["machine_actions"]
    released = {
        "id": "t-1",
        "type": "Unisolate",
        "requestorComment": "x",
        "creationDateTimeUtc": "2026-12-01T00:00:00Z",
    }
    await defender.change(machine_actions=[ours, ours | released])
    undo = await case.undo.request(case.tenant, action, by="senior", permissions=[])
    await case.tick()
    assert [await case.status(one) for one in (undo.action_id, action)] == ["verified", "undone"]
    assert await defender.asked("POST") == []


async def test_failed_release_is_tried_again_when_a_person_asks_again(case: LiveCase, defender: Product) -> None:
    action = await case.begin(ISOLATE)
    await case.tick()
    await defender.change(ends_as="Failed")
    undo = await case.undo.request(case.tenant, action, by="senior", permissions=[])
    await case.tick(times=2)
    assert [await case.status(one) for one in (undo.action_id, action)] == ["failed", "verified"]
    await defender.change(ends_as="Succeeded")
    await case.undo.request(case.tenant, action, by="other", permissions=[])
    await case.tick(times=2)
    assert [await case.status(one) for one in (undo.action_id, action)] == ["verified", "undone"]
    assert [status for _, status in await isolations(defender)] == ["Succeeded", "Failed", "Succeeded"]


async def test_isolation_for_four_hours_ends_by_itself_once(case: LiveCase, defender: Product) -> None:
    action = await case.begin(ISOLATE_FOR_4_HOURS)
    await case.tick()
    assert await overdue(case, hours=3) == 0
    assert await overdue(case, hours=1) == 1
    assert await case.undo.undo_what_is_over() == 0
    await case.tick(times=2)
    assert [await case.status(one) for one in (f"{action}:undo", action)] == ["verified", "undone"]
    assert (await case.read(f"{action}:undo")).approved_by == "time limit"
    assert await isolations(defender) == [("Isolate", "Succeeded"), ("Unisolate", "Succeeded")]


async def test_time_limit_of_what_is_live_no_longer_goes_to_a_person(
    case: LiveCase, defender: Product, machines: DefenderMachines
) -> None:
    action = await case.begin(ISOLATE_FOR_4_HOURS)
    await case.tick()
    dry = LiveCase(
        case.store, case.bus, case.tenant, case.investigation_id, {ActionClass.ENDPOINT: machines}, live=frozenset()
    )
    assert await overdue(dry, hours=5) == 1
    done = await case.read(action)
    assert done.status == "needs_person"
    assert done.detail.startswith("its time limit is over and it stays: endpoint actions are not live")


async def test_action_that_only_a_newer_version_can_read_holds_up_no_time_limit(
    case: LiveCase, defender: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    await case.begin(ISOLATE_FOR_4_HOURS)
    await case.tick()
    monkeypatch.setattr("shared.response.stored_actions.read_action", unreadable)
    assert await overdue(case, hours=4) == 1
    monkeypatch.undo()
    assert await case.undo.undo_what_is_over() == 1


async def overdue(case: LiveCase, *, hours: int) -> int:
    """Let hours pass; how many undos begin."""
    async with case.store.transaction(case.tenant) as connection:
        await connection.execute(
            "UPDATE executed_actions SET undo_at = undo_at - make_interval(hours => %s)"
            " WHERE undo_at IS NOT NULL AND tenant_id = %s",
            (hours, case.tenant),
        )
    return await case.undo.undo_what_is_over()


async def test_running_isolation_cannot_be_undone_yet(case: LiveCase, defender: Product) -> None:
    await defender.change(polls=None)
    action = await case.begin(ISOLATE)
    with pytest.raises(Conflict, match="is running, so there is nothing to undo"):
        await case.undo.request(case.tenant, action, by="senior", permissions=[])
    assert await case.status(action) is ActionStatus.RUNNING
