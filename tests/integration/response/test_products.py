"""Accounts, indicators, files, mail and incidents on the simulated products: done once, verified, undone."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest

from local.services.simulators import Simulators
from shared.bus.producer import MemoryProducer
from shared.contracts.action import Action, ActionClass, ActionName
from shared.errors import ConfigurationError, Conflict
from shared.notifications.channels import Channel, Slack, Teams
from shared.notifications.notice import Notice, of_action
from shared.notifications.queue import Notifications
from shared.response.connectors.people import People
from shared.response.connectors.product import Product as HttpProduct
from shared.response.connectors.products import connectors
from shared.response.connectors.sentinel_incidents import SentinelIncidents
from shared.response.stored_actions import StoredAction
from shared.settings import ActionSettings, Settings
from shared.stores.postgres import Postgres
from tests.integration.response.live_case import LiveCase, Product
from tests.unit.test_settings import example

WORKSPACE = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.OperationalInsights/workspaces/w"
JANE = {
    "id": "11111111-2222-3333-4444-555555555555",
    "userPrincipalName": "jane.doe@contoso.example",
    "onPremisesSamAccountName": "jdoe",
    "accountEnabled": True,
    "signInSessionsValidFromDateTime": "2026-01-01T00:00:00Z",
}
MESSAGE = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"
SHA256, SHA1 = "ab" * 32, "cd" * 20
WS17 = {"id": "a" * 40, "computerDnsName": "ws-17", "lastSeen": "2026-11-28T08:00:00Z"}
INCIDENT: dict[str, Any] = {
    "name": "inc-1",
    "etag": "e-1",
    "alerts": ["other", "alert-1"],
    "properties": {"title": "LSASS memory read", "severity": "Medium", "status": "Active", "incidentNumber": 7},
}


@dataclass
class World:
    """The simulated products, and a case whose tenant has everything live."""

    case: LiveCase
    defender: Product
    graph: Product
    sentinel: Product

    async def done(self, action: Action) -> tuple[str, str, str]:
        """Id, status and sentence of an action once nothing waits any more."""
        begun = await self.case.begin(action)
        await self.case.tick(times=3)
        found = await self.case.read(begun)
        return begun, found.status, found.detail

    async def undone(self, action_id: str) -> tuple[str, str]:
        """Status of the undo and of what it undid."""
        undo = await self.case.undo.request(self.case.tenant, action_id, by="senior", permissions=[])
        await self.case.tick(times=4)
        return await self.case.status(undo.action_id), await self.case.status(action_id)


@pytest.fixture
async def world(
    store: Postgres, tenant: str, investigation: str, simulators: Simulators, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[World]:
    for name, value in example().items():
        monkeypatch.setenv(name, value)
    action = ActionSettings(
        defender_url=simulators.defender_url(),
        graph_url=simulators.graph_url(),
        management_url=simulators.sentinel_url(),
        incidents={tenant: WORKSPACE},
    )
    made: list[HttpProduct] = []

    def make(*arguments: Any, **options: Any) -> HttpProduct:
        made.append(HttpProduct(*arguments, **options))
        return made[-1]

    monkeypatch.setattr("shared.response.connectors.products.Product", make)
    case = LiveCase(store, MemoryProducer(), tenant, investigation, connectors(Settings(action=action)))
    own = World(case, *(Product.of(simulators, name) for name in ("defender", "graph", "sentinel")))
    await own.defender.set(machines=[WS17], files={SHA256: SHA1})
    await own.graph.set(users=[JANE])
    await own.sentinel.set(incidents=[INCIDENT | {"name": "inc-2", "alerts": ["another"]}, INCIDENT])
    yield own
    for product in made:
        await product.close()


def on(name: ActionName, target: str, **parameters: str | int) -> Action:
    return Action(action=name, target=target, parameters=parameters)


@pytest.mark.parametrize(
    ("target", "user_id"),
    [("jane.doe@contoso.example", ""), ("CONTOSO\\jdoe", ""), ("CONTOSO\\jdoe", JANE["id"]), (JANE["id"], JANE["id"])],
)
async def test_account_is_disabled_and_enabled_again(world: World, target: str, user_id: str) -> None:
    parameters = {"user_id": user_id} if user_id else {}
    action, status, _ = await world.done(on(ActionName.DISABLE_ACCOUNT, target, **parameters))
    assert status == "verified"
    assert [user["accountEnabled"] for user in (await world.graph.state())["users"]] == [False]
    assert await world.undone(action) == ("verified", "undone")
    assert [user["accountEnabled"] for user in (await world.graph.state())["users"]] == [True]
    assert len(await world.graph.asked("PATCH")) == 2


async def test_account_that_was_disabled_before_is_not_ours_to_enable(world: World) -> None:
    await world.graph.change(users=[JANE | {"accountEnabled": False}])
    action, status, detail = await world.done(on(ActionName.DISABLE_ACCOUNT, "jane.doe@contoso.example"))
    assert (status, detail) == ("verified", "jane.doe@contoso.example was like that already")
    with pytest.raises(Conflict, match="changed nothing"):
        await world.undone(action)
    assert await world.graph.asked("PATCH") == []


async def test_disabled_account_whose_answer_was_lost_is_ours_and_can_be_enabled(world: World) -> None:
    await world.graph.change(faults=[{"on": "PATCH", "fault": "lost"}])
    action, status, _ = await world.done(on(ActionName.DISABLE_ACCOUNT, "jane.doe@contoso.example"))
    assert status == "verified"
    assert await world.undone(action) == ("verified", "undone")


async def test_sessions_are_revoked_once(world: World) -> None:
    await world.graph.change(faults=[{"on": "revokeSignInSessions", "fault": "lost"}])
    action, status, _ = await world.done(on(ActionName.REVOKE_SESSIONS, "jane.doe@contoso.example"))
    assert status == "verified"
    assert len(await world.graph.asked("POST")) == 1
    with pytest.raises(Conflict, match="cannot be undone by this product"):
        await world.undone(action)


async def test_credentials_are_reset_by_demanding_a_new_password(world: World) -> None:
    _, status, _ = await world.done(on(ActionName.RESET_CREDENTIALS, "jane.doe@contoso.example"))
    (user,) = (await world.graph.state())["users"]
    assert (status, user["passwordProfile"]) == ("verified", {"forceChangePasswordNextSignIn": True})


@pytest.mark.parametrize(
    ("target", "user_id", "sentence"),
    [
        ("nobody@contoso.example", "", "Entra ID has no account nobody@contoso.example"),
        ("CONTOSO\\nobody", "", "Entra ID has 0 accounts for CONTOSO\\nobody (none), expected one"),
        ("CONTOSO\\asmith", JANE["id"], "is jane.doe@contoso.example in Entra ID, but the alert names CONTOSO\\asmith"),
        ("x' or 'a' eq 'a", "", "is no name that Entra ID can be asked for"),
        ("../groups", "", "is no name that Entra ID can be asked for"),
    ],
)
async def test_account_that_is_not_clearly_one_needs_a_person(
    world: World, target: str, user_id: str, sentence: str
) -> None:
    parameters = {"user_id": user_id} if user_id else {}
    _, status, detail = await world.done(on(ActionName.DISABLE_ACCOUNT, target, **parameters))
    assert status == "needs_person"
    assert sentence in detail
    assert await world.graph.asked("PATCH", "POST") == []


async def test_missing_role_of_graph_is_named(world: World) -> None:
    await world.graph.change(roles=["User.Read.All"])
    _, status, detail = await world.done(on(ActionName.DISABLE_ACCOUNT, "jane.doe@contoso.example"))
    assert status == "failed"
    assert "This needs the application role User.EnableDisableAccount.All" in detail


@pytest.mark.parametrize(
    ("name", "target", "kind", "does"),
    [
        (ActionName.BLOCK_IP, "8.8.4.4", "IpAddress", "Block"),
        (ActionName.BLOCK_URL, "https://evil.example/a?b='c", "", ""),
        (ActionName.BLOCK_URL, "https://evil.example/a?b=c", "Url", "Block"),
        (ActionName.BLOCK_URL, "evil.example", "DomainName", "Block"),
        (ActionName.BLOCK_FILE, SHA256, "FileSha256", "BlockAndRemediate"),
        (ActionName.BLOCK_IP, "10.0.0.1", "", ""),
        (ActionName.BLOCK_URL, "not a url", "", ""),
    ],
)
async def test_indicator_is_set_once_and_removed_again(
    world: World, name: ActionName, target: str, kind: str, does: str
) -> None:
    await world.defender.change(faults=[{"on": "POST /defender/api/indicators", "fault": "lost"}])
    action, status, detail = await world.done(on(name, target))
    if not kind:
        assert status == "needs_person", detail
        return
    assert status == "verified"
    (indicator,) = (await world.defender.state())["indicators"]
    assert (indicator["indicatorType"], indicator["action"]) == (kind, does)
    assert len(await world.defender.asked("POST")) == 1
    assert await world.undone(action) == ("verified", "undone")
    assert (await world.defender.state())["indicators"] == []


@pytest.mark.parametrize(("does", "status"), [("Block", "verified"), ("Allowed", "needs_person")])
async def test_indicator_of_somebody_else_is_neither_overwritten_nor_removed(
    world: World, does: str, status: str
) -> None:
    theirs = {"id": "9", "indicatorValue": "8.8.4.4", "indicatorType": "IpAddress", "action": does, "createdBy": "lee"}
    await world.defender.change(indicators=[theirs])
    action, found, _ = await world.done(on(ActionName.BLOCK_IP, "8.8.4.4"))
    assert found == status
    if status == "verified":
        with pytest.raises(Conflict, match="changed nothing"):
            await world.undone(action)
    assert (await world.defender.state())["indicators"] == [theirs]


async def test_file_is_quarantined_on_the_one_machine_by_the_hash_that_defender_takes(world: World) -> None:
    _, status, detail = await world.done(on(ActionName.QUARANTINE_FILE, SHA256, host="ws-17"))
    assert status == "verified", detail
    (one,) = (await world.defender.state())["machine_actions"]
    assert (one["type"], one["relatedFileInfo"]["fileIdentifier"]) == ("StopAndQuarantineFile", SHA1)


@pytest.mark.parametrize(("target", "parameters"), [(SHA256, {}), ("evil.exe", {"host": "ws-17"})])
async def test_file_without_machine_or_hash_needs_a_person(world: World, target: str, parameters: Any) -> None:
    _, status, _ = await world.done(on(ActionName.QUARANTINE_FILE, target, **parameters))
    assert status == "needs_person"


async def test_mail_leaves_the_mailbox_and_comes_back(world: World) -> None:
    action, status, detail = await world.done(on(ActionName.PURGE_MAIL, MESSAGE, recipient="jane.doe@contoso.example"))
    assert status == "executed"  # Graph answers 202: nobody has seen the effect
    assert "Defender's action center shows how it ended" in detail
    assert await world.undone(action) == ("executed", "undone")
    asked = [(one["action"], one["analyzedEmails"]) for one in (await world.graph.state())["remediations"]]
    message = [{"networkMessageId": MESSAGE, "recipientEmailAddress": "jane.doe@contoso.example"}]
    assert asked == [("softDelete", message), ("moveToInbox", message)]


async def test_incident_of_the_alert_gets_one_comment(world: World) -> None:
    await world.sentinel.change(faults=[{"on": "PUT", "fault": "lost"}])
    _, status, _ = await world.done(on(ActionName.ADD_COMMENT, "alert-1", text="ALUSKORT: true positive"))
    assert status == "verified"
    other, ours = (await world.sentinel.state())["incidents"]
    assert "comments" not in other
    (comment,) = ours["comments"].values()
    assert comment.startswith("ALUSKORT: true positive\n[aluskort ")


@pytest.mark.parametrize(
    ("name", "parameters", "changed"),
    [
        (
            ActionName.TAG_INCIDENT,
            {"tag": "new"},
            {"labels": [{"labelName": "old"}, {"labelName": "new", "labelType": "User"}]},
        ),
        (ActionName.TAG_INCIDENT, {"tag": "old"}, {}),
        (ActionName.SET_SEVERITY, {"severity": "critical"}, {"severity": "High"}),
    ],
)
async def test_incident_keeps_what_others_wrote(
    world: World, name: ActionName, parameters: Any, changed: dict[str, Any]
) -> None:
    before = INCIDENT["properties"] | {"labels": [{"labelName": "old"}]}
    await world.sentinel.change(incidents=[INCIDENT | {"properties": before}])
    _, status, _ = await world.done(on(name, "alert-1", **parameters))
    assert status == "verified"
    (ours,) = (await world.sentinel.state())["incidents"]
    assert ours["properties"] == before | changed


async def test_incident_that_somebody_changes_meanwhile_is_read_again(world: World) -> None:
    await world.sentinel.change(faults=[{"on": "PUT", "status": 409, "code": "Conflict", "message": "etag"}])
    action, status, _ = await world.done(on(ActionName.CLOSE_INCIDENT, "alert-1", classification="false_positive"))
    assert status == "verified"
    (_, ours) = (await world.sentinel.state())["incidents"]
    closed = ("Closed", "FalsePositive", "InaccurateData")
    names = ("status", "classification", "classificationReason")
    assert tuple(ours["properties"][name] for name in names) == closed
    assert await world.undone(action) == ("verified", "undone")
    (_, ours) = (await world.sentinel.state())["incidents"]
    assert ours["properties"]["status"] == "Active"


async def test_alert_without_an_incident_needs_a_person(world: World) -> None:
    await world.sentinel.change(incidents=[])
    _, status, detail = await world.done(on(ActionName.SET_SEVERITY, "alert-1", severity="high"))
    assert (status, detail) == ("needs_person", "none of the newest 50 incidents of Sentinel holds the alert alert-1")


async def test_ticket_is_one_task_of_the_incident_of_the_alert(world: World) -> None:
    await world.sentinel.change(faults=[{"on": "PUT", "fault": "lost"}])
    action, status, _ = await world.done(on(ActionName.OPEN_TICKET, "alert-1"))
    assert status == "verified"
    other, ours = (await world.sentinel.state())["incidents"]
    assert "tasks" not in other
    (task,) = ours["tasks"].values()
    assert task["status"] == "New"
    assert task["description"] == f"Case {world.case.investigation_id}\n[aluskort {action}]"


async def test_message_to_nobody_needs_a_person(world: World) -> None:
    _, status, detail = await world.done(on(ActionName.NOTIFY_OWNER, "alert-1"))
    assert status == "needs_person"
    assert "ALUSKORT_NOTIFICATION_TEAMS_URL" in detail


async def test_message_waits_once_for_each_channel_and_says_nothing_of_the_alert(world: World, store: Postgres) -> None:
    channels: list[Channel] = [Teams("http://127.0.0.1:9/"), Slack("http://127.0.0.1:9/")]
    waiting = Notifications(store, channels, None)

    async def tell(action: StoredAction) -> list[str]:
        return await waiting.leave(of_action(action.tenant_id, action.investigation_id, action.action_id))

    incidents = world.case.connectors[ActionClass.INCIDENT]
    assert isinstance(incidents, SentinelIncidents)
    world.case.connectors[ActionClass.PEOPLE] = People(incidents, tell)
    action, status, detail = await world.done(on(ActionName.NOTIFY_OWNER, "alert-1"))
    assert (status, detail) == ("executed", "a message goes out by teams and slack")
    assert await tell(await world.case.read(action)) == ["teams", "slack"]  # repeated after a crash
    async with store.transaction(world.case.tenant) as connection:
        rows = await (await connection.execute("SELECT notice FROM notifications")).fetchall()
    assert len(rows) == 2
    notice = Notice.model_validate(rows[0]["notice"])
    assert notice.facts == [("Case", world.case.investigation_id)]
    assert "look at it" in notice.headline


async def test_people_are_a_dry_run_where_their_class_is_not_live(world: World) -> None:
    world.case.live = frozenset(ActionClass) - {ActionClass.PEOPLE}
    world.case.__post_init__()
    for number, name in enumerate((ActionName.NOTIFY_OWNER, ActionName.OPEN_TICKET)):
        assert await world.case.status(await world.case.begin(on(name, "alert-1"), number=number)) == "dry_run"
    assert await world.sentinel.asked("PUT") == []


@pytest.mark.parametrize(
    "address", ["http://api.security.microsoft.com", "ftp://127.0.0.1", "api.security.microsoft.com"]
)
def test_token_goes_to_https_addresses_only(address: str) -> None:
    with pytest.raises(ConfigurationError, match="a token must not travel unencrypted"):
        HttpProduct("Defender", address, "scope", roles={}, setting="ALUSKORT_ACTION_DEFENDER_URL")
