"""Incidents in PostgreSQL: an alert is linked, merged and read for one tenant at a time.

Whoever changes which alerts an incident has takes the tenant's lock first, then the incidents' rows in the order of
their ids, then rows of alerts. An investigation that forms its actions holds its incident's row, later its own alert's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

from psycopg.types.json import Jsonb

from shared.bus.outbox import put
from shared.contracts.alert import NormalizedAlert
from shared.contracts.audit_event_type import AuditEventType
from shared.contracts.incident import MOST_ALERTS, Incident, IncidentAlert, IncidentSummary, LinkedBy
from shared.contracts.investigation import GraphState
from shared.contracts.listing import Listed, Listing, listed
from shared.contracts.outside_text import storable
from shared.errors import NotFound
from shared.incidents import report
from shared.incidents.linking import LOOK_AROUND, Known, Neighbour, Plan, Seen, links, plan
from shared.incidents.rows import alert_values, exposures_named, member, neighbour, summary
from shared.incidents.traces import LONGEST_ACTIVITY, Traces, source_incident, traces_of
from shared.stores.postgres import Connection, Postgres, Statement
from shared.stores.statements import statements

LOCK = 0x696E6369  # the room of the advisory locks of tenants
MOST_SIFTED = 300  # incidents that are read for one page of a list with filters
REASONS_KEPT = 5  # of an alert that is linked to many; each names one alert

_NAMESPACE = UUID("0d7c6a52-4a0e-5f6b-9d53-2b8f6f6f1c77")  # ours; any fixed UUID does
SQL = statements(Path(__file__).with_suffix(".sql"))


class Incidents:
    """Each method raises StoreUnavailable."""

    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    async def link(self, alert: NormalizedAlert, investigation_id: str) -> str:
        """Put an alert into the incident it belongs to, or into a new one; the incident's id.

        A message that repeats an alert changes nothing, one that names more of it may link it to more.
        """
        traces = traces_of(alert)
        values = alert_values(alert, traces, investigation_id)
        first = (_lock_statement(alert.tenant_id), (SQL["place_of_alert"], values))
        async with (
            self._postgres.unit_of_work(alert.tenant_id, *first) as (_, place),
            self._postgres.transaction(alert.tenant_id) as connection,
        ):
            return await _Linking(connection, alert, traces, values).make(place.rows[0])

    async def hold_others(self, tenant_id: str, alert_id: str) -> list[str]:
        """The other investigations of an alert's incident, which is held until the caller's unit of work ends."""
        values = {"tenant_id": tenant_id, **alert_of(alert_id)}
        async with self._postgres.transaction(tenant_id) as connection:
            while True:
                async with connection.pipeline():
                    held = await connection.execute(SQL["hold_incident_of_alert"], values)
                    found = await connection.execute(SQL["alerts_of_incident_of_alert"], values)
                incident = await held.fetchone()
                if incident is None:
                    return []
                members = [member(row) for row in await found.fetchall()]
                if all(each.incident_id == incident["incident_id"] for each in members):
                    return [each.investigation_id for each in members if each.alert_id != values["alert_id"]]
                # else it left this incident while we waited

    async def of_alert(self, tenant_id: str, alert_id: str) -> Incident | None:
        """The incident that an alert is in; None for an alert from before there were incidents."""
        async with self._postgres.transaction(tenant_id) as connection:
            return await incident_of(connection, tenant_id, alert_id)

    async def incident(self, tenant_id: str, incident_id: str) -> Incident:
        """One incident whole. Raises NotFound."""
        async with self._postgres.transaction(tenant_id) as connection:
            return await read(connection, tenant_id, incident_id)

    async def incidents(
        self, tenant_id: str, listing: Listing, *, decided: bool | None = None, severity: str | None = None
    ) -> Listed[IncidentSummary]:
        """Incidents by the time they were opened; the key of a row is that time and its id.

        Both filters follow from the alerts, so MOST_SIFTED incidents are looked at for one part, which may be short.
        """
        sifted = decided is not None or severity is not None
        wanted = replace(listing, limit=MOST_SIFTED) if sifted else listing
        moment, row_id = wanted.after or (None, None)
        values = {"tenant_id": tenant_id, "moment": moment, "row_id": row_id, "limit": wanted.look_ahead}
        async with self._postgres.transaction(tenant_id) as connection:
            cursor = await connection.execute(SQL["oldest" if wanted.ascending else "newest"], values)
            part = listed(await cursor.fetchall(), wanted, lambda row: (row["opened_at"], row["incident_id"]))
            members = await members_of(connection, tenant_id, [row["incident_id"] for row in part.rows])
        read = [summary(row, members.get(row["incident_id"], [])) for row in part.rows]
        found = [each for each in read if decided in {None, each.decided} and severity in {None, each.severity}]
        if len(found) <= listing.limit:
            return Listed(found, part.last)
        return listed(found, listing, lambda summary: (summary.opened_at, summary.incident_id))


class _Linking:
    """One alert, under the tenant's lock."""

    def __init__(self, connection: Connection, alert: NormalizedAlert, traces: Traces, values: dict[str, Any]) -> None:
        self._connection = connection
        self._alert = alert
        self._traces = traces
        self._values = values
        self._tenant_id = alert.tenant_id

    async def make(self, found: dict[str, Any]) -> str:
        """The id of the incident that the alert is in now; ``found`` is where it was."""
        place = found if found["incident_id"] else None
        if place and not _adds_to(self._traces, place["traces"]):
            return str(place["incident_id"])
        if place and place["linked_by"] == LinkedBy.PERSON:
            return await self._store(place["incident_id"], **_as_before(place))
        grouped = None if place else await self._grouped(found["expected_in"])
        if grouped is not None:
            return await self._join_group(grouped)
        linked = await self._plan(place["incident_id"] if place else "")
        reasons = [link.reason for link in linked.links[:REASONS_KEPT]]
        reason = "; ".join(reasons) or "the first alert of its incident"
        if not linked.target:
            async with self._connection.pipeline():
                return await self._store(await self._open(), linked_by=LinkedBy.RULE, reason=reason, linked_to=[])
        if place and not linked.links:
            return await self._store(linked.target, **_as_before(place))
        before, by = (place["linked_to"], place["linked_by"]) if place else ([], LinkedBy.RULE)
        linked_to = [*before, *(link.alert_id for link in linked.links)]
        await self._audit(linked.target, reason)
        if linked.absorbed:  # before the alert's own row is locked
            why = f"alert {self._alert.alert_id} belongs to all of them: {reason}"
            await absorb(
                self._connection, self._tenant_id, linked.target, linked.absorbed, actor=report.RULES, reason=why
            )
        await self._store(linked.target, linked_by=by, reason=reason, linked_to=linked_to)
        return linked.target

    async def _plan(self, own: str) -> Plan:
        seen = Seen(
            alert_id=self._alert.alert_id,
            source=self._alert.source,
            title=self._alert.title,
            severity=self._alert.severity,
            tactics=self._alert.tactics,
            techniques=self._alert.techniques,
            began=self._traces.began,
            ended=self._traces.ended,
            principals=self._traces.principals,
        )
        found = links(seen, await self._neighbours())
        if not found and not own:
            return Plan("")
        wanted = {link.incident_id for link in found} | ({own} if own else set())
        known = await known_incidents(self._connection, self._tenant_id, sorted(wanted))
        return plan(known.get(own), [link for link in found if link.incident_id != own], known, seen)

    async def _neighbours(self) -> list[Neighbour]:
        sought = sorted(self._traces.sought)
        values = {
            "kinds": [trace.kind for trace in sought],
            "names": storable([trace.value for trace in sought]),
            "begun_since": self._traces.began - LOOK_AROUND - LONGEST_ACTIVITY,
            "begun_until": self._traces.ended + LOOK_AROUND,
            "at_most": MOST_ALERTS + 1,
        }
        cursor = await self._connection.execute(SQL["neighbours"], {**self._values, **values})
        return [neighbour(row) for row in await cursor.fetchall()]

    async def _grouped(self, expected_in: str | None) -> str | None:
        """The incident into which the source put the alert; empty when that incident is not there yet."""
        if expected_in:
            await self._connection.execute(SQL["expected_has_come"], self._values)
            return expected_in
        number = source_incident(self._alert)
        if not number:
            return None
        values = {"tenant_id": self._tenant_id, "source": self._alert.source, "source_incident": number}
        cursor = await self._connection.execute(SQL["grouped_by_source"], values)
        row = await cursor.fetchone()
        return str(row["incident_id"]) if row else ""

    async def _join_group(self, incident_id: str) -> str:
        reason = "the source put it into this incident"
        if incident_id:
            await self._audit(incident_id, reason)
        else:
            number = source_incident(self._alert)
            incident_id = await self._open(source=self._alert.source, source_incident=number)
        return await self._store(incident_id, linked_by=LinkedBy.SOURCE, reason=reason, linked_to=[])

    async def _open(self, *, source: str = "", source_incident: str | None = None) -> str:
        incident_id = str(uuid5(_NAMESPACE, f"{len(self._tenant_id)}:{self._tenant_id}:{self._alert.alert_id}"))
        await open_incident(
            self._connection,
            self._tenant_id,
            incident_id,
            title=self._alert.title,
            alert_ids=[self._alert.alert_id],
            source=source,
            source_incident=source_incident,
        )
        return incident_id

    async def _store(self, incident_id: str, *, linked_by: str, reason: str, linked_to: Sequence[str]) -> str:
        placed = {"incident_id": incident_id, "linked_by": linked_by, "reason": storable(reason)}
        linked = {"linked_to": list(dict.fromkeys(linked_to))[:MOST_ALERTS]}
        left = sorted(self._traces.left)
        traces = {"kinds": [trace.kind for trace in left], "names": storable([trace.value for trace in left])}
        await self._connection.execute(SQL["put_alert"], {**self._values, **placed, **linked, **traces})
        return incident_id

    async def _audit(self, incident_id: str, reason: str) -> None:
        alert, linked = self._alert.alert_id, AuditEventType.INCIDENT_LINKED
        event = report.changed(self._tenant_id, linked, incident_id, [alert], actor=report.RULES, reason=reason)
        await put(self._connection, self._tenant_id, incident_id, [event])


def record_verdict(state: GraphState, *, decided: bool) -> Statement:
    """Notes what an alert's investigation has come to; nothing when no incident has it."""
    values = {
        "tenant_id": state.tenant_id,
        **alert_of(state.alert_id),
        "decided": decided,
        "classification": state.classification,
        "confidence": state.confidence,
        "outcome": state.outcome,
        "open_exposures": Jsonb(storable(exposures_named(state.ctem_exposures))),
    }
    return SQL["record_verdict"], values


async def lock(connection: Connection, tenant_id: str) -> None:
    """Hold the tenant's incidents until the transaction ends."""
    await connection.execute(*_lock_statement(tenant_id))


def _lock_statement(tenant_id: str) -> Statement:
    return SQL["lock"], {"room": LOCK, "tenant_id": tenant_id}


async def open_incident(  # noqa: PLR0913 - the columns of a new incident
    connection: Connection,
    tenant_id: str,
    incident_id: str,
    *,
    title: str,
    alert_ids: Sequence[str],
    source: str = "",
    source_incident: str | None = None,
) -> None:
    """Store a new incident; its alerts are put into it afterwards."""
    values = {"incident_id": incident_id, "tenant_id": tenant_id, "title": storable(title)}
    grouped = {"source": storable(source), "source_incident": storable(source_incident)}
    await connection.execute(SQL["open_incident"], {**values, **grouped})
    opened = AuditEventType.INCIDENT_OPENED
    event = report.changed(tenant_id, opened, incident_id, alert_ids, actor=report.RULES, reason=title)
    await put(connection, tenant_id, incident_id, [event])


async def lock_incidents(connection: Connection, tenant_id: str, incident_ids: Sequence[str]) -> None:
    """Hold incidents until the transaction ends, before any row of their alerts."""
    await _rows(connection, "lock_incidents", tenant_id, incident_ids)


async def absorb(  # noqa: PLR0913 - who merges what into what, and why
    connection: Connection, tenant_id: str, into: str, absorbed: Sequence[str], *, actor: report.Actor, reason: str
) -> None:
    """Make other incidents part of one."""
    await lock_incidents(connection, tenant_id, [into, *absorbed])
    known = await known_incidents(connection, tenant_id, [into, *absorbed])
    apart = frozenset[str]().union(*(each.apart_from for each in known.values())) - {into, *absorbed}
    values = {"tenant_id": tenant_id, "into": into, "incident_ids": list(absorbed)}
    for statement in ("move_all", "move_expected", "end_as_part_of"):
        await connection.execute(SQL[statement], values)
    await connection.execute(SQL["keep_apart"], {**values, "incident_id": into, "apart_from": sorted(apart)})
    event = report.changed(
        tenant_id,
        AuditEventType.INCIDENT_MERGED,
        into,
        [],
        actor=actor,
        reason=reason,
        context={"merged": list(absorbed)},
    )
    await put(connection, tenant_id, into, [event])


async def known_incidents(connection: Connection, tenant_id: str, incident_ids: Sequence[str]) -> dict[str, Known]:
    """Incidents as linking knows them, those without alerts left out."""
    rows = await _rows(connection, "incidents", tenant_id, incident_ids)
    members = await members_of(connection, tenant_id, incident_ids)
    return {
        row["incident_id"]: Known(
            incident_id=row["incident_id"],
            opened_at=row["opened_at"],
            source=row["source"],
            apart_from=frozenset(row["apart_from"]),
            alerts=len(alerts),
            began=min(alert.began_at for alert in alerts),
            ended=max(alert.ended_at for alert in alerts),
        )
        for row in rows
        if (alerts := members.get(row["incident_id"]))
    }


async def members_of(
    connection: Connection, tenant_id: str, incident_ids: Sequence[str]
) -> dict[str, list[IncidentAlert]]:
    """The alerts of each of these incidents."""
    found: dict[str, list[IncidentAlert]] = {}
    for row in await _rows(connection, "alerts_of_incidents", tenant_id, incident_ids):
        alert = member(row)
        found.setdefault(alert.incident_id, []).append(alert)
    return found


async def read(connection: Connection, tenant_id: str, incident_id: str) -> Incident:
    """See Incidents.incident."""
    rows = await _rows(connection, "incidents", tenant_id, [incident_id])
    if not rows:
        raise NotFound(f"incident {incident_id} does not exist in this tenant")
    members = (await members_of(connection, tenant_id, [incident_id])).get(incident_id, [])
    return _whole(rows[0], members)


async def incident_of(connection: Connection, tenant_id: str, alert_id: str) -> Incident | None:
    """See Incidents.of_alert."""
    values = {"tenant_id": tenant_id, **alert_of(alert_id)}
    async with connection.pipeline():
        incident = await connection.execute(SQL["incident_of_alert"], values)
        alerts = await connection.execute(SQL["alerts_of_incident_of_alert"], values)
    row = await incident.fetchone()
    return _whole(row, [member(alert) for alert in await alerts.fetchall()]) if row else None


def alert_of(alert_id: str) -> dict[str, str]:
    """An alert's id as it is stored."""
    return {"alert_id": storable(alert_id)}


def _whole(row: dict[str, Any], members: list[IncidentAlert]) -> Incident:
    return Incident(**dict(summary(row, members)), members=members)


async def _rows(
    connection: Connection, statement: str, tenant_id: str, incident_ids: Sequence[str]
) -> list[dict[str, Any]]:
    values = {"tenant_id": tenant_id, "incident_ids": list(incident_ids)}
    return await (await connection.execute(SQL[statement], values)).fetchall()


def _adds_to(traces: Traces, stored: Sequence[str]) -> bool:
    """Whether a message names more than what is known of its alert."""
    return not {storable(f"{trace.kind} {trace.value}") for trace in traces.left} <= set(stored)


def _as_before(place: dict[str, Any]) -> dict[str, Any]:
    return {name: place[name] for name in ("linked_by", "reason", "linked_to")}
