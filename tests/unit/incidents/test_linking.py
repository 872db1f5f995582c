"""What links alerts, what does not, and that the order in which they come does not matter."""

import random
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from shared.contracts.alert import NormalizedAlert
from shared.incidents.linking import LONGEST, MOST_INCIDENTS, MOST_PRINCIPALS, Known, Link, Rule, Seen, joined_by, plan
from shared.incidents.traces import MOST_NAMED, Kind
from tests.unit.incidents.alerts import NOON, alert
from tests.unit.incidents.everyday import account, host
from tests.unit.incidents.gathering import Gathering


def gathered(*alerts: NormalizedAlert) -> Gathering:
    found = Gathering()
    for each in alerts:
        found.add(each)
    return found


def together(*alerts: NormalizedAlert) -> bool:
    return len(set(gathered(*alerts).incident_of.values())) == 1


def mail(name: str) -> dict[str, Any]:
    return {"NetworkMessageId": name, "Type": "mailMessage"}


def session(name: str) -> dict[str, Any]:
    return {"SessionId": name, "Type": "cloud-logon-session"}


def process(command: str) -> dict[str, Any]:
    name = command.split(maxsplit=1)[0]
    return {"CommandLine": command, "ImageFile": {"Name": name, "Type": "file"}, "Type": "process"}


def application(name: str) -> dict[str, Any]:
    return {"Name": name, "Type": "cloud-application"}


def address(value: str, role: str) -> dict[str, Any]:
    return {"Address": value, "Roles": [role], "Type": "ip"}


def endpoint(name: str) -> dict[str, Any]:
    group = "/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/w"
    return {"ResourceId": f"{group}/onlineEndpoints/{name}", "Type": "azure-resource"}


HOURS, DAYS = 60, 60 * 24
LINKED: dict[str, tuple[tuple[dict[str, Any], ...], float]] = {
    "host": ((host("ws-1"),), 4 * HOURS),
    "account": ((account("robin"),), 4 * HOURS),
    "session": ((session("930b135f-b6d9-4480-9642-852b4a8985f4"),), 7 * DAYS),
    "mail": ((mail("74dd3f2c-844d-4aea-1a98-08dcb21cbcfb"),), 7 * DAYS),
    "process": ((host("ws-1"), process("powershell.exe -enc aQBlAHgA")), 3 * DAYS),
    "account and application": ((account("robin"), application("PayrollSync")), 3 * DAYS),
    "model endpoint": ((endpoint("fraud-scores"),), 24 * HOURS),
    "attacker's address": ((address("9.9.9.9", "Attacker"),), 4 * HOURS),
}


@pytest.mark.parametrize("name", LINKED)
def test_shared_trace_links_within_its_time_and_not_after_it(name: str) -> None:
    entities, minutes = LINKED[name]
    assert together(alert("a", *entities), alert("b", *entities, minutes=minutes))
    assert not together(alert("a", *entities), alert("b", *entities, minutes=minutes + 1))


SHARED_BY_NATURE = {
    "SYSTEM": (account("SYSTEM") | {"Sid": "S-1-5-18"},),
    "LocalSystem": ({"Name": "LocalSystem", "Type": "account"},),
    "Administrator": (account("Administrator"),),
    "everyone@": ({"MailboxPrimaryAddress": "everyone@corp.example", "Type": "mailbox"},),
    "address without a role": ({"Address": "9.9.9.9", "Type": "ip"},),
    "address of the victim": (address("9.9.9.9", "Contextual"),),
    "private address": (address("10.0.0.7", "Attacker"),),
    "loopback": (address("127.0.0.1", "Attacker"),),
    "office suite": (application("Office 365"),),
    "hash of PowerShell": ({"Algorithm": "SHA256", "Value": "9" * 64, "Type": "filehash"},),
    "system process": (process("svchost.exe -k netsvcs -p -s Schedule"),),
}


@pytest.mark.parametrize("name", SHARED_BY_NATURE)
def test_what_everybody_shares_links_nothing(name: str) -> None:
    assert not together(alert("a", *SHARED_BY_NATURE[name]), alert("b", *SHARED_BY_NATURE[name]))


def test_account_that_is_on_many_hosts_links_no_more() -> None:
    scans = [alert(f"s-{n}", account("svc-x"), host(f"ws-{n}"), minutes=-n * 300) for n in range(MOST_PRINCIPALS + 1)]
    found = gathered(*scans, alert("new", account("svc-x"), minutes=1))
    assert found.why["new"] == []
    assert len(set(found.incident_of.values())) == len(scans) + 1


def test_host_with_incidents_of_its_own_every_day_links_no_more() -> None:
    days = [alert(f"d-{n}", host("dc01"), minutes=-n * 5 * HOURS) for n in range(MOST_INCIDENTS + 1)]
    assert gathered(*days, alert("new", host("dc01"), minutes=1)).why["new"] == []
    assert gathered(*days[:-1], alert("new", host("dc01"), minutes=1)).why["new"] != []


def test_alert_that_names_very_many_hosts_says_little_about_each() -> None:
    many = [host(f"ws-{number}") for number in range(MOST_NAMED + 1)]
    assert not together(alert("a", *many), alert("b", host("ws-1")))


def test_everyday_notices_of_one_host_are_no_incident_until_something_serious_is_seen() -> None:
    one, two = alert("a", host("ws-1"), severity="Low"), alert("b", host("ws-1"), severity="Informational")
    assert not together(one, two)
    assert together(one, two, alert("c", host("ws-1"), severity="High"))


def test_host_without_its_domain_is_found_and_a_namesake_elsewhere_is_not() -> None:
    bare = {"HostName": "ws-1", "Type": "host"}
    assert together(alert("a", host("ws-1")), alert("b", bare))
    assert together(alert("b", bare), alert("a", host("ws-1")))
    assert not together(alert("a", host("ws-1")), alert("b", host("ws-1", "other.example")))


def test_account_is_found_by_any_of_its_names() -> None:
    by_sid = {"Sid": "S-1-5-21-1-2-3-1103", "Name": "robin", "Type": "account"}
    both = account("robin") | {"Sid": "S-1-5-21-1-2-3-1103"}
    assert together(alert("a", by_sid), alert("b", both))
    assert together(alert("a", {"AadUserId": both["AadUserId"], "Type": "account"}), alert("b", both))
    assert not together(alert("a", by_sid), alert("b", account("robin")))


def test_later_stage_of_an_attack_links_over_a_longer_time_than_the_host_alone() -> None:
    entry: dict[str, Any] = {"tactics": "InitialAccess"}
    effect: dict[str, Any] = {"tactics": "Impact"}
    assert together(alert("a", host("ws-1"), **entry), alert("b", host("ws-1"), minutes=12 * HOURS, **effect))
    assert not together(alert("a", host("ws-1"), **effect), alert("b", host("ws-1"), minutes=12 * HOURS, **entry))


def test_stolen_credentials_and_lateral_movement_join_two_hosts_of_a_domain() -> None:
    stolen: dict[str, Any] = {"tactics": "CredentialAccess"}
    reached: dict[str, Any] = {"tactics": "LateralMovement"}
    assert together(alert("a", host("ws-1"), **stolen), alert("b", host("srv-2"), minutes=50, **reached))
    assert not together(alert("a", host("ws-1"), **stolen), alert("b", host("srv-2"), minutes=70, **reached))
    assert not together(alert("a", host("ws-1"), **stolen), alert("b", host("srv-2"), **stolen))
    assert not together(alert("a", host("ws-1"), **stolen), alert("b", host("srv-2", "other.example"), **reached))


def test_detection_that_a_domain_sees_on_other_days_too_joins_no_hosts_of_it() -> None:
    stolen = alert("a", host("ws-1"), tactics="CredentialAccess")
    usual: dict[str, Any] = {"tactics": "LateralMovement", "AlertName": "Remote execution by an administrator"}
    today, yesterday = alert("b", host("srv-2"), **usual), alert("c", host("srv-3"), minutes=-25 * HOURS, **usual)
    assert together(stolen, today)
    for order in ((yesterday, today, stolen), (yesterday, stolen, today)):
        assert len(set(gathered(*order).incident_of.values())) == 3


def test_detections_of_every_day_do_not_hide_a_rare_one_in_their_domain() -> None:
    usual: dict[str, Any] = {"tactics": "LateralMovement", "AlertName": "Remote execution by an administrator"}
    daily = [alert(f"d-{n}", host(f"srv-{n}"), minutes=-n * 5 * HOURS, **usual) for n in range(2 * MOST_INCIDENTS)]
    stolen = alert("a", host("ws-1"), tactics="CredentialAccess")
    reached = alert("b", host("ws-2"), tactics="LateralMovement", minutes=30)
    found = gathered(*daily, stolen, reached).incident_of
    assert found["a"] == found["b"]


def test_activity_counts_and_not_the_time_at_which_an_alert_was_sent() -> None:
    late = alert("b", host("ws-1"), TimeGenerated=(NOON + timedelta(days=8)).isoformat())
    assert together(alert("a", host("ws-1")), late)


def test_order_of_arrival_does_not_matter() -> None:
    chain = [alert(f"c-{n}", host(f"ws-{n}"), host(f"ws-{n + 1}"), minutes=n) for n in range(12)]
    others = [alert(f"o-{n}", account(f"user{n}"), minutes=n) for n in range(6)]
    found = set()
    for seed in range(20):
        mixed = [*chain, *others]
        random.Random(seed).shuffle(mixed)
        made = gathered(*mixed)
        groups = [frozenset(a for a, i in made.incident_of.items() if i == own) for own in made.incident_of.values()]
        found.add(frozenset(groups))
    assert len(found) == 1
    assert max(len(group) for group in found.pop()) == 12


RULE = Rule("same host", frozenset({Kind.HOST}), timedelta(hours=4), loud=True)
SURE = replace(RULE, sure=True)
SEEN = Seen("new", "sentinel", "t", "high", (), (), NOON, NOON, frozenset())


def known(name: str, **values: Any) -> Known:
    usual: dict[str, Any] = {"source": "", "apart_from": frozenset(), "alerts": 1, "began": NOON, "ended": NOON}
    return Known(incident_id=name, opened_at=NOON + timedelta(seconds=ord(name)), **(usual | values))


def planned(*incidents: Known, rule: Rule = RULE, own: Known | None = None) -> tuple[str, list[str]]:
    found = [Link(each.incident_id, f"of {each.incident_id}", rule, "r") for each in incidents]
    made = plan(own, found, {each.incident_id: each for each in incidents}, SEEN)
    return made.target, made.absorbed


def test_incident_that_was_opened_first_takes_in_the_others() -> None:
    assert planned(known("b"), known("a"), known("c")) == ("a", ["b", "c"])


def test_what_a_person_took_apart_stays_apart() -> None:
    assert planned(known("a", apart_from=frozenset({"b"})), known("b"), own=known("b")) == ("b", [])
    assert planned(known("a"), known("b"), known("c", apart_from=frozenset({"a"}))) == ("a", ["b"])


def test_incident_that_the_source_grouped_takes_only_what_is_sure_or_comes_from_elsewhere() -> None:
    assert planned(known("a", source="sentinel")) == ("", [])
    assert planned(known("a", source="sentinel"), rule=SURE) == ("a", [])
    assert planned(known("a", source="splunk")) == ("a", [])
    assert planned(known("a", source="splunk"), known("b", source="elastic")) == ("a", [])


def test_incident_does_not_grow_over_weeks() -> None:
    assert planned(known("a", began=NOON - LONGEST, ended=NOON)) == ("a", [])
    assert planned(known("a", began=NOON - LONGEST - timedelta(hours=1), ended=NOON)) == ("", [])


def test_links_form_groups() -> None:
    found = joined_by({"a": [], "b": ["a"], "c": ["x"], "d": ["c", "x"], "e": []})
    assert sorted(map(sorted, found)) == [["a", "b"], ["c", "d"], ["e"]]
