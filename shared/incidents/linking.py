"""Which incident an alert belongs to, by rules that are data. Pure.

1. Two alerts are linked when they share a trace within the time that a rule of that kind allows.
2. No trace links that many share: the fan-out guard counts who else named it lately.
3. An alert joins the incidents of the alerts that it is linked to; several become one, the one that was opened first.
4. What a person took apart stays apart, what the source grouped itself takes only sure links, and no incident grows
   beyond MOST_ALERTS alerts or LONGEST days.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from shared.contracts.alert import SeverityLevel
from shared.contracts.incident import MOST_ALERTS
from shared.incidents.stage import LATERAL_MOVEMENT, STOLEN_CREDENTIALS, Stage, rank, stages_of, tactics_of
from shared.incidents.traces import Kind, Trace

LONGEST = timedelta(days=14)
LOOK_AROUND = timedelta(days=7)  # before and after an alert: where links and the fan-out are looked for
# A trace that more incidents, or more hosts and accounts, have named in that time is everybody's. An intruder's account
# on a dozen hosts is rare, a scanner's or an administrator's there every day.
MOST_INCIDENTS = 5
MOST_PRINCIPALS = 8
AT_LEAST = rank(SeverityLevel.MEDIUM)


@dataclass(frozen=True)
class Guard:
    """A trace is everybody's when more than ``incidents`` have named it ``around`` an alert, or more hosts and accounts
    than ``principals``. ``rare``: it links no alert of a detection that names it at other times too, outside of that.
    """

    incidents: int = MOST_INCIDENTS
    principals: int | None = MOST_PRINCIPALS
    around: timedelta = LOOK_AROUND
    rare: bool = False


USUAL = Guard()
GUARDS: Mapping[Kind, Guard] = {
    Kind.DETECTION: Guard(incidents=2, principals=None),
    # By nature many hosts; what is rare are two such alerts within a day, of detections that are none of every day's.
    Kind.DOMAIN: Guard(principals=None, around=timedelta(days=1), rare=True),
}


@dataclass(frozen=True)
class Rule:
    """Two alerts that share each of ``kinds`` and lie at most ``within`` apart belong together.

    ``sure``: what is shared is the one thing itself, such as one mail, so no guard is needed. ``loud``: one of the
    alerts is of medium severity or more; everyday notices of one host are no incident. ``later``: both are, and the
    later one shows a later stage of an attack. ``reached``: both are, and one shows stolen credentials, the other
    lateral movement.
    """

    name: str
    kinds: frozenset[Kind]
    within: timedelta
    sure: bool = False
    loud: bool = False
    later: bool = False
    reached: bool = False


RULES: Sequence[Rule] = (
    Rule("same session", frozenset({Kind.SESSION}), timedelta(days=7), sure=True),
    Rule("same mail", frozenset({Kind.MAIL}), timedelta(days=7), sure=True),
    Rule("same process", frozenset({Kind.PROCESS}), timedelta(days=3), sure=True),
    Rule("same account and application", frozenset({Kind.ACCOUNT, Kind.APPLICATION}), timedelta(days=3)),
    Rule("same model endpoint", frozenset({Kind.ENDPOINT}), timedelta(hours=24), loud=True),
    Rule("same host", frozenset({Kind.HOST}), timedelta(hours=4), loud=True),
    Rule("same account", frozenset({Kind.ACCOUNT}), timedelta(hours=4), loud=True),
    Rule("same attacker's address", frozenset({Kind.ADDRESS}), timedelta(hours=4), loud=True),
    Rule("later stage on the same host", frozenset({Kind.HOST}), timedelta(hours=12), later=True),
    Rule("later stage with the same account", frozenset({Kind.ACCOUNT}), timedelta(hours=12), later=True),
    Rule(
        "stolen credentials and lateral movement in one domain",
        frozenset({Kind.DOMAIN}),
        timedelta(hours=1),
        reached=True,
    ),
    Rule("same rare detection at one moment", frozenset({Kind.DETECTION}), timedelta(minutes=5)),
)


@dataclass(frozen=True)
class Seen:
    """What linking knows of an alert. ``principals`` are the hosts and accounts that it names."""

    alert_id: str
    source: str
    title: str
    severity: str
    tactics: Sequence[str]
    techniques: Sequence[str]
    began: datetime
    ended: datetime
    principals: frozenset[str]

    @property
    def detection(self) -> tuple[str, str]:
        """What raised it."""
        return self.source, self.title

    @property
    def stages(self) -> frozenset[Stage]:
        """See stages_of."""
        return stages_of(self.tactics, self.techniques)

    @property
    def all_tactics(self) -> frozenset[str]:
        """See tactics_of."""
        return tactics_of(self.tactics, self.techniques)


@dataclass(frozen=True)
class Neighbour:
    """An earlier alert that shares a trace."""

    trace: Trace
    seen: Seen
    incident_id: str


@dataclass(frozen=True)
class Link:
    """Why an alert belongs to another one's incident; ``reason`` is for people and repeats text from outside."""

    incident_id: str
    alert_id: str
    rule: Rule
    reason: str


@dataclass(frozen=True)
class Known:
    """An incident as it stands. ``apart_from`` are those that a person took from it, and the reverse."""

    incident_id: str
    opened_at: datetime
    source: str  # of the alerts, when the source grouped them itself
    apart_from: frozenset[str]
    alerts: int
    began: datetime
    ended: datetime


@dataclass(frozen=True)
class Plan:
    """Where the alert goes: an incident, or a new one when ``target`` is empty; ``absorbed`` become part of it."""

    target: str
    absorbed: list[str] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)


def links(alert: Seen, neighbours: Iterable[Neighbour]) -> list[Link]:
    """One link for each alert that belongs with this one, by the first rule that holds."""
    traces: dict[Trace, list[Neighbour]] = defaultdict(list)
    for neighbour in neighbours:
        traces[neighbour.trace].append(neighbour)
    shared_by: dict[str, list[Neighbour]] = defaultdict(list)
    for trace, all_named_by in traces.items():
        usual = _of_every_day(trace, alert, all_named_by)
        named_by = [neighbour for neighbour in all_named_by if neighbour.seen.detection not in usual]
        if alert.detection in usual or _is_everybodys(trace, alert, named_by):
            continue
        for neighbour in named_by:
            shared_by[neighbour.seen.alert_id].append(neighbour)
    found = (_link(alert, shared) for shared in shared_by.values())
    return [link for link in found if link is not None]


def plan(own: Known | None, found: Sequence[Link], known: Mapping[str, Known], alert: Seen) -> Plan:
    """What the links come to. ``own`` is the alert's incident if it has one, ``known`` those of the links."""
    usable = [link for link in found if link.incident_id in known and _takes(known[link.incident_id], link, alert)]
    incidents = {link.incident_id: known[link.incident_id] for link in usable}
    if own is not None:
        incidents[own.incident_id] = own
    if not incidents:
        return Plan("")
    weight = Counter(link.incident_id for link in usable)
    ranked = sorted(incidents.values(), key=lambda each: (not each.source, each.opened_at, each.incident_id))
    first = ranked[0]
    if any(_apart(first, other) for other in ranked[1:]):  # then its own, or the one that it has most in common with
        first = own or max(ranked, key=lambda each: weight[each.incident_id])
    joined, absorbed = first, []
    for other in ranked:
        if other is not first and (both := _together(joined, other)):
            joined = both
            absorbed.append(other.incident_id)
    kept = {first.incident_id, *absorbed}
    return Plan(first.incident_id, absorbed, [link for link in usable if link.incident_id in kept])


def _is_everybodys(trace: Trace, alert: Seen, named_by: Sequence[Neighbour]) -> bool:
    if any(trace.kind in rule.kinds and rule.sure for rule in RULES):
        return False
    guard = GUARDS.get(trace.kind, USUAL)
    near = [neighbour for neighbour in named_by if _gap(alert, neighbour.seen) <= guard.around]
    if len({neighbour.incident_id for neighbour in near}) > guard.incidents or len(near) > MOST_ALERTS:
        return True
    principals = alert.principals.union(*(neighbour.seen.principals for neighbour in near))
    others = [name for name in principals if not name.startswith(trace.kind)]
    return guard.principals is not None and len(others) > guard.principals


def _of_every_day(trace: Trace, alert: Seen, named_by: Sequence[Neighbour]) -> frozenset[tuple[str, str]]:
    """The detections that name the trace again and again; none where that says nothing."""
    guard = GUARDS.get(trace.kind, USUAL)
    if not guard.rare:
        return frozenset()
    began: dict[tuple[str, str], list[datetime]] = defaultdict(list)
    for seen in (alert, *(neighbour.seen for neighbour in named_by)):
        began[seen.detection].append(seen.began)
    return frozenset(detection for detection, times in began.items() if max(times) - min(times) > guard.around)


def _link(alert: Seen, shared: Sequence[Neighbour]) -> Link | None:
    other = shared[0]
    kinds = {neighbour.trace.kind: neighbour.trace for neighbour in reversed(shared)}
    gap = _gap(alert, other.seen)
    for rule in RULES:
        if rule.kinds <= kinds.keys() and gap <= rule.within and _fits(rule, alert, other.seen):
            names = " and ".join(kinds[kind].value for kind in sorted(rule.kinds))
            reason = f"{rule.name}, {names}, {_distance(gap)} alert {other.seen.alert_id} ({other.seen.title[:100]})"
            return Link(other.incident_id, other.seen.alert_id, rule, reason)
    return None


def _gap(one: Seen, other: Seen) -> timedelta:
    return max(other.began - one.ended, one.began - other.ended, timedelta())


def _fits(rule: Rule, alert: Seen, other: Seen) -> bool:
    ranks = rank(alert.severity), rank(other.severity)
    if rule.later:
        first, last = sorted((alert, other), key=lambda each: each.began)
        grows = bool(first.stages) and bool(last.stages) and max(last.stages) > max(first.stages)
        return min(ranks) >= AT_LEAST and grows
    if rule.reached:
        one, two = alert.all_tactics, other.all_tactics
        seen = (STOLEN_CREDENTIALS in one and LATERAL_MOVEMENT in two) or (
            STOLEN_CREDENTIALS in two and LATERAL_MOVEMENT in one
        )
        return min(ranks) >= AT_LEAST and seen
    return not rule.loud or max(ranks) >= AT_LEAST


def _distance(gap: timedelta) -> str:
    minutes = round(gap.total_seconds() / 60)
    if not minutes:
        return "at the time of"
    return f"{minutes} minutes from" if minutes < 120 else f"{round(minutes / 60)} hours from"


def _takes(incident: Known, link: Link, alert: Seen) -> bool:
    """Whether there is room. The source that grouped an incident itself saw its other alerts too and left them out:
    only a sure link says otherwise.
    """
    began, ended = min(incident.began, alert.began), max(incident.ended, alert.ended)
    room = incident.alerts < MOST_ALERTS and ended - began <= LONGEST
    return room and (link.rule.sure or incident.source != alert.source)


def _apart(one: Known, other: Known) -> bool:
    return other.incident_id in one.apart_from or one.incident_id in other.apart_from


def _together(one: Known, other: Known) -> Known | None:
    """Both as one incident, or None when they must stay two."""
    began, ended = min(one.began, other.began), max(one.ended, other.ended)
    crowded = one.alerts + other.alerts >= MOST_ALERTS or ended - began > LONGEST
    if crowded or _apart(one, other) or (one.source and other.source):
        return None
    return Known(
        incident_id=one.incident_id,
        opened_at=one.opened_at,
        source=one.source or other.source,
        apart_from=one.apart_from | other.apart_from,
        alerts=one.alerts + other.alerts,
        began=began,
        ended=ended,
    )


def joined_by(alerts: Mapping[str, Sequence[str]]) -> list[list[str]]:
    """The groups that links form among alerts; ``alerts`` names for each those that it was linked to."""
    group = {alert: alert for alert in alerts}

    def root(alert: str) -> str:
        while group[alert] != alert:
            alert = group[alert]
        return alert

    for alert, others in alerts.items():
        for other in others:
            if other in group:
                group[root(other)] = root(alert)
    found: dict[str, list[str]] = defaultdict(list)
    for alert in alerts:
        found[root(alert)].append(alert)
    return list(found.values())
