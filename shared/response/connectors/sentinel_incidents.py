"""Microsoft Sentinel: the incident of an alert, over Azure Resource Manager (Microsoft.SecurityInsights).

A PUT replaces a whole incident, so what was read is sent back with its ETag: a change that somebody made in between is
answered with 409 or 412, and read again. Comments and tasks have ids of our own, so each is written once.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from shared.contracts.action import ActionName
from shared.response.connectors.connector import Outcome, mark, needs_person, running, verified
from shared.response.connectors.product import Product, ProductRefused
from shared.response.stored_actions import StoredAction

SCOPE = "https://management.azure.com/.default"
ROLES = {"": "Microsoft Sentinel Responder, an Azure role on the workspace"}
VERSION = {"api-version": "2024-09-01"}
SEVERITIES = {"informational": "Informational", "low": "Low", "medium": "Medium", "high": "High", "critical": "High"}
# Sentinel's classification and the reason that it demands.
CLOSING = {
    "true_positive": ("TruePositive", "SuspiciousActivity"),
    "benign_true_positive": ("BenignPositive", "SuspiciousButExpected"),
    "false_positive": ("FalsePositive", "InaccurateData"),
    "undetermined": ("Undetermined", None),
}
NEWEST = 50  # incidents that are looked through for an alert
COMMENT = 3000  # characters
WRITTEN_ONCE = {ActionName.ADD_COMMENT: "comment", ActionName.OPEN_TICKET: "task"}
TASK = "Look at the case that ALUSKORT investigated"
_ID = re.compile(r"[A-Za-z0-9_.:-]{1,128}")


class SentinelIncidents:
    """Comments, tasks, labels, severity, closing and reopening; ``workspaces`` has the resource id for each tenant."""

    def __init__(self, manager: Product, workspaces: Mapping[str, str]) -> None:
        self._manager = manager
        self._workspaces = workspaces

    async def prepare(self, action: StoredAction) -> Outcome:
        """See Connector."""
        if action.undoes and action.subject["undone"].get("incident"):
            undone = action.subject["undone"]
            return running(f"will {action.words}", incident=undone["incident"], status=undone.get("status", "Active"))
        workspace = self._workspaces.get(action.tenant_id)
        if workspace is None:
            return needs_person("ALUSKORT_ACTION_INCIDENTS names no Sentinel workspace for this tenant")
        incident = await self._incident(f"{workspace}/providers/Microsoft.SecurityInsights", action.alert_id)
        if incident is None:
            return needs_person(f"none of the newest {NEWEST} incidents of Sentinel holds the alert {action.alert_id}")
        status = str(incident["properties"]["status"])
        number = incident["properties"].get("incidentNumber")
        return running(f"will {action.words}: incident {number}", incident=str(incident["id"]), status=status)

    async def perform(self, action: StoredAction) -> Outcome:
        """See Connector."""
        path = action.subject["incident"]
        if action.action in WRITTEN_ONCE:
            return await self._write_once(action, path)
        incident = await self._manager.get(path, VERSION)
        if incident is None:
            return needs_person("the incident does not exist any more; Sentinel may have merged it into another")
        wanted = _wanted(action, incident["properties"])
        if all(incident["properties"].get(name) == value for name, value in wanted.items()):
            return verified("the incident shows it", changed=bool(action.subject.get("sent")))
        if not action.subject.get("sent"):
            return running(f"will {action.words}", sent=True)
        body = {"etag": incident.get("etag"), "properties": incident["properties"] | wanted}
        try:
            await self._manager.send("PUT", path, body=body, query=VERSION)
        except ProductRefused as error:
            if error.status not in {HTTPStatus.CONFLICT, HTTPStatus.PRECONDITION_FAILED}:
                raise
            return running("somebody changed the incident meanwhile; reads it again")
        return running("Sentinel has taken it")

    async def _write_once(self, action: StoredAction, path: str) -> Outcome:
        kind = WRITTEN_ONCE[action.action]
        place = f"{path}/{kind}s/{uuid5(NAMESPACE_URL, mark(action))}"
        if await self._manager.get(place, VERSION) is None:
            await self._manager.send("PUT", place, body={"properties": _said(action)}, query=VERSION)
        return verified(f"the incident has the {kind}", changed=True)

    async def _incident(self, insights: str, alert_id: str) -> dict[str, Any] | None:
        """The incident of this id, which an alert may be itself, or the one among the newest that holds the alert."""
        if not _ID.fullmatch(alert_id):
            return None
        if itself := await self._manager.get(f"{insights}/incidents/{alert_id}", VERSION):
            return itself
        query = {**VERSION, "$orderby": "properties/createdTimeUtc desc", "$top": str(NEWEST)}
        listed = (await self._manager.get(f"{insights}/incidents", query) or {}).get("value", [])
        for incident in listed:
            alerts = await self._manager.send("POST", f"{incident['id']}/alerts", query=VERSION)
            names = {one["name"] for one in alerts["value"]}
            names |= {str(one["properties"].get("systemAlertId")) for one in alerts["value"]}
            if alert_id in names:
                found: dict[str, Any] = incident
                return found
        return None


def _said(action: StoredAction) -> dict[str, str]:
    """The properties of a comment or a task."""
    if action.action is ActionName.ADD_COMMENT:
        return {"message": f"{action.parameters.get('text', '')}\n{mark(action)}"[-COMMENT:]}
    return {"title": TASK, "description": f"Case {action.investigation_id}\n{mark(action)}", "status": "New"}


def _wanted(action: StoredAction, properties: Mapping[str, Any]) -> dict[str, Any]:
    """The properties that the action sets."""
    match action.action:
        case ActionName.SET_SEVERITY:
            return {"severity": SEVERITIES[action.parameters.get("severity", "medium")]}
        case ActionName.TAG_INCIDENT:
            labels = list(properties.get("labels") or [])
            tag = action.parameters.get("tag", "aluskort")
            if tag not in {one.get("labelName") for one in labels}:
                labels.append({"labelName": tag, "labelType": "User"})
            return {"labels": labels}
        case ActionName.REOPEN_INCIDENT:
            return {"status": action.subject["status"], "classification": None, "classificationReason": None}
        case _:
            verdict, reason = CLOSING[action.parameters.get("classification", "undetermined")]
            return {"status": "Closed", "classification": verdict, "classificationReason": reason}
