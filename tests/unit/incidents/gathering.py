"""Linking without a database: alerts one after the other, as the repository would gather them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from itertools import combinations

from shared.contracts.alert import NormalizedAlert
from shared.incidents.linking import LOOK_AROUND, Known, Link, Neighbour, Seen, links, plan
from shared.incidents.traces import Trace, traces_of

OPENED = datetime(2026, 11, 1, tzinfo=UTC)


class Gathering:
    """Incidents in memory: ``incident_of`` each alert, and ``why`` it is there."""

    def __init__(self) -> None:
        self.incident_of: dict[str, str] = {}
        self.why: dict[str, list[Link]] = {}
        self._seen: dict[str, Seen] = {}
        self._left: dict[Trace, list[str]] = defaultdict(list)
        self._opened: dict[str, datetime] = {}

    def add(self, alert: NormalizedAlert) -> None:
        """Link one more alert."""
        traces = traces_of(alert)
        seen = Seen(
            alert_id=alert.alert_id,
            source=alert.source,
            title=alert.title,
            severity=alert.severity,
            tactics=alert.tactics,
            techniques=alert.techniques,
            began=traces.began,
            ended=traces.ended,
            principals=traces.principals,
        )
        near = [
            Neighbour(trace, self._seen[other], self.incident_of[other])
            for trace in traces.sought
            for other in self._left[trace]
            if self._seen[other].began <= seen.ended + LOOK_AROUND
            and self._seen[other].ended >= seen.began - LOOK_AROUND
        ]
        found = links(seen, near)
        result = plan(None, found, {link.incident_id: self._known(link.incident_id) for link in found}, seen)
        target = result.target or f"of {alert.alert_id}"
        self._opened.setdefault(target, OPENED + timedelta(seconds=len(self._opened)))
        for other, incident in self.incident_of.items():
            if incident in result.absorbed:
                self.incident_of[other] = target
        self.incident_of[alert.alert_id], self.why[alert.alert_id] = target, result.links
        self._seen[alert.alert_id] = seen
        for trace in traces.left:
            self._left[trace].append(alert.alert_id)

    def _known(self, incident: str) -> Known:
        alerts = [self._seen[alert] for alert, own in self.incident_of.items() if own == incident]
        return Known(
            incident_id=incident,
            opened_at=self._opened[incident],
            source="",
            apart_from=frozenset(),
            alerts=len(alerts),
            began=min(alert.began for alert in alerts),
            ended=max(alert.ended for alert in alerts),
        )


def pairwise(incident_of: Mapping[str, str], truth: Mapping[str, str]) -> tuple[float, float, float]:
    """Precision, recall and F1 of the pairs that share an incident and hold an alert of ``truth``; any other alert
    belongs with none of those.
    """
    found = {pair for pair in _pairs(incident_of) if not pair.isdisjoint(truth)}
    wanted = _pairs(truth)
    right = len(found & wanted)
    precision = right / len(found) if found else 1.0
    recall = right / len(wanted) if wanted else 1.0
    return precision, recall, 2 * right / max(1, len(found) + len(wanted))


def incidents_holding(incident_of: Mapping[str, str], alerts: Iterable[str]) -> int:
    """How many incidents these alerts are in."""
    return len({incident_of[alert] for alert in alerts})


def largest(incident_of: Mapping[str, str]) -> int:
    """How many alerts the largest incident has."""
    return max(Counter(incident_of.values()).values())


def _pairs(incident_of: Mapping[str, str]) -> set[frozenset[str]]:
    groups: dict[str, list[str]] = defaultdict(list)
    for alert, incident in incident_of.items():
        groups[incident].append(alert)
    return {frozenset(pair) for group in groups.values() for pair in combinations(group, 2)}
