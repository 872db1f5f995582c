"""Which alerts an incident has, changed otherwise than by rules: by a person, or as the source groups them."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import uuid4

from shared.bus.outbox import Outbox, put
from shared.contracts.audit import ActorType
from shared.contracts.audit_event_type import AuditEventType
from shared.contracts.incident import Incident, IncidentAlert, LinkedBy, SourceIncident
from shared.contracts.outside_text import storable
from shared.errors import Conflict, NotFound
from shared.incidents import report
from shared.incidents.linking import joined_by
from shared.incidents.repository import (
    SQL,
    absorb,
    known_incidents,
    lock,
    lock_incidents,
    members_of,
    open_incident,
    read,
)
from shared.stores.postgres import Connection, Postgres

MOST_LISTED = 1_000  # alerts of one incident of a source
LONGEST_NAME = 512  # characters: no alert has a longer id


class Regrouping:
    """Each method raises StoreUnavailable; its audit event is committed with the change."""

    def __init__(self, postgres: Postgres, outbox: Outbox) -> None:
        self._postgres = postgres
        self._outbox = outbox

    async def merge(
        self, tenant_id: str, incident_id: str, *, into: str, actor: report.Actor, comment: str
    ) -> Incident:
        """Make one incident part of another, whatever rules say of them. Raises NotFound, Conflict."""
        if incident_id == into:
            raise Conflict(f"incident {incident_id} cannot be merged into itself; name another one")
        async with self._postgres.transaction(tenant_id) as connection:
            await lock(connection, tenant_id)
            for each in (incident_id, into):
                _is_current(await read(connection, tenant_id, each))
            await absorb(connection, tenant_id, into, [incident_id], actor=actor, reason=comment)
            merged = await read(connection, tenant_id, into)
        self._outbox.notify()
        return merged

    async def split(
        self, tenant_id: str, incident_id: str, alert_ids: Sequence[str], *, actor: report.Actor, comment: str
    ) -> Incident:
        """Take alerts out of their incident into a new one, which is returned; no rule joins the two again.

        Raises NotFound for an incident or alert that is not there, Conflict when nothing would be left.
        """
        async with self._postgres.transaction(tenant_id) as connection:
            await lock(connection, tenant_id)
            await lock_incidents(connection, tenant_id, [incident_id])
            incident = await read(connection, tenant_id, incident_id)
            _is_current(incident)
            leaving = [alert for alert in incident.members if alert.alert_id in set(alert_ids)]
            if missing := sorted(set(alert_ids) - {alert.alert_id for alert in leaving}):
                raise NotFound(f"incident {incident_id} has no alert {missing[0]!r}")
            if len(leaving) == len(incident.members):
                raise Conflict(f"incident {incident_id} has no other alerts; leave at least one in it")
            reason = comment or f"taken from incident {incident_id}"
            new = await _leave(connection, tenant_id, incident_id, leaving, actor=actor, reason=reason)
            values = {"tenant_id": tenant_id, "alert_ids": [alert.alert_id for alert in leaving], "into": new}
            placed = {"linked_by": LinkedBy.PERSON, "reason": storable(reason)}
            await connection.execute(SQL["move_alerts"], {**values, **placed})
            known = await known_incidents(connection, tenant_id, [incident_id])
            apart = {incident_id: {*known[incident_id].apart_from, new}, new: {incident_id}}
            for each, others in apart.items():
                values = {"tenant_id": tenant_id, "incident_id": each, "apart_from": sorted(others)}
                await connection.execute(SQL["keep_apart"], values)
            made = await read(connection, tenant_id, new)
        self._outbox.notify()
        return made

    async def from_source(self, grouping: SourceIncident) -> str:
        """Group alerts as their source has grouped them, those to come included; the incident's id.

        What a person placed stays. Alerts of the same source that only a rule had put among them leave.
        """
        async with self._postgres.transaction(grouping.tenant_id) as connection:
            await lock(connection, grouping.tenant_id)
            incident_id = await _Grouping(connection, grouping).make()
        self._outbox.notify()
        return incident_id


class _Grouping:
    """One incident of a source, under the tenant's lock."""

    def __init__(self, connection: Connection, grouping: SourceIncident) -> None:
        self._connection = connection
        self._tenant_id = grouping.tenant_id
        self._source = grouping.source
        self._number = storable(grouping.number)[:LONGEST_NAME]
        self._title = storable(grouping.title)
        self._said = {
            "source_status": storable(grouping.status)[:LONGEST_NAME],
            "source_classification": storable(grouping.classification)[:LONGEST_NAME],
        }
        listed = [name for name in storable(grouping.alert_ids) if len(name) <= LONGEST_NAME]
        self._listed = list(dict.fromkeys(listed))[:MOST_LISTED]
        self._actor = report.Actor(grouping.source, ActorType.SYSTEM)

    async def make(self) -> str:
        values = {"tenant_id": self._tenant_id, "alert_ids": self._listed}
        cursor = await self._connection.execute(SQL["places_of_alerts"], values)
        places = {row["alert_id"]: row for row in await cursor.fetchall()}
        movable = {alert: row for alert, row in places.items() if row["linked_by"] != LinkedBy.PERSON}
        incident_id = await self._incident()
        touched = {incident_id, *(row["incident_id"] for row in movable.values())}
        await lock_incidents(self._connection, self._tenant_id, sorted(touched))
        await self._connection.execute(SQL["note_source"], {**values, **self._said, "incident_id": incident_id})
        moving = [alert for alert, row in movable.items() if row["incident_id"] != incident_id]
        reason = f"{self._source} put it into its incident {self._number}"
        placed = {"into": incident_id, "linked_by": LinkedBy.SOURCE, "reason": reason, "alert_ids": list(movable)}
        await self._connection.execute(SQL["move_alerts"], {**values, **placed})
        waiting = [alert for alert in self._listed if alert not in places]
        await self._connection.execute(SQL["expect"], {**values, "alert_ids": waiting, "incident_id": incident_id})
        if moving:
            linked = AuditEventType.INCIDENT_LINKED
            event = report.changed(self._tenant_id, linked, incident_id, moving, actor=self._actor, reason=reason)
            await put(self._connection, self._tenant_id, incident_id, [event])
        left = {movable[alert]["incident_id"] for alert in moving}
        for other, members in (await members_of(self._connection, self._tenant_id, sorted(left))).items():
            await self._divide(other, members)
            left.discard(other)
        if left:  # nothing of them is left
            await absorb(self._connection, self._tenant_id, incident_id, sorted(left), actor=self._actor, reason=reason)
        return incident_id

    async def _incident(self) -> str:
        values = {"tenant_id": self._tenant_id, "source": self._source, "source_incident": self._number}
        cursor = await self._connection.execute(SQL["grouped_by_source"], values)
        if found := await cursor.fetchone():
            known = await read(self._connection, self._tenant_id, found["incident_id"])
            return known.merged_into or known.incident_id
        incident_id = str(uuid4())
        await open_incident(
            self._connection,
            self._tenant_id,
            incident_id,
            title=self._title,
            alert_ids=self._listed,
            source=self._source,
            source_incident=self._number,
        )
        return incident_id

    async def _divide(self, incident_id: str, members: Sequence[IncidentAlert]) -> None:
        """Alerts whose only links were to those that have left are an incident each."""
        groups = joined_by({alert.alert_id: alert.linked_to for alert in members})
        by_id = {alert.alert_id: alert for alert in members}
        for group in groups[1:]:
            leaving = [by_id[alert] for alert in group]
            reason = f"{self._source} groups otherwise the alerts that linked them to incident {incident_id}"
            new = await _leave(
                self._connection, self._tenant_id, incident_id, leaving, actor=self._actor, reason=reason
            )
            values = {"tenant_id": self._tenant_id, "alert_ids": group, "into": new}
            await self._connection.execute(SQL["move_unlinked"], values)


async def _leave(  # noqa: PLR0913 - who takes what out of where, and why
    connection: Connection,
    tenant_id: str,
    incident_id: str,
    leaving: Sequence[IncidentAlert],
    *,
    actor: report.Actor,
    reason: str,
) -> str:
    """A new incident for alerts that leave one; the caller moves them."""
    new, alerts = str(uuid4()), [alert.alert_id for alert in leaving]
    await open_incident(connection, tenant_id, new, title=leaving[0].title, alert_ids=alerts)
    split, more = AuditEventType.INCIDENT_SPLIT, {"new_incident_id": new}
    event = report.changed(tenant_id, split, incident_id, alerts, actor=actor, reason=reason, context=more)
    await put(connection, tenant_id, incident_id, [event])
    return new


def _is_current(incident: Incident) -> None:
    if incident.merged_into:
        raise Conflict(
            f"incident {incident.incident_id} is part of incident {incident.merged_into} by now; use that one"
        )
