"""Microsoft Defender for Endpoint: machines and what is done to them (API of api.security.microsoft.com).

Defender answers a second isolate while one is under way with 400, or takes it as an action that stays pending for ever
and isolates the machine again after its release. So the machine's own list of actions is asked first, always, and what
runs there ends before anything new begins. Our requests are found again by the action's id in their comment.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from shared.contracts.action import ActionName
from shared.response.connectors.connector import Outcome, failed, mark, mark_of, needs_person, running, verified
from shared.response.connectors.product import Product, ProductRefused
from shared.response.stored_actions import StoredAction

SCOPE = "https://api.securitycenter.microsoft.com/.default"
ROLES = {
    "GET /api/machines": "Machine.Read.All",
    "GET /api/machineactions": "Machine.Read.All or Machine.ReadWrite.All",
    "isolate": "Machine.Isolate",
    "StopAndQuarantineFile": "Machine.StopAndQuarantine",
    "/api/files/": "File.Read.All",
    "/api/indicators": "Ti.ReadWrite or Ti.ReadWrite.All",
}
UNDER_WAY = frozenset({"Pending", "InProgress"})
ISOLATION = frozenset({"Isolate", "Unisolate"})
_HOST = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,254}")  # nothing in it can end an OData string
_ID = re.compile(r"[A-Za-z0-9-]{1,64}")
_SHA = re.compile(r"[0-9a-fA-F]{40}|[0-9a-fA-F]{64}")
COMMENT = 900  # characters


class DefenderMachines:
    """Isolates and releases machines, stops and quarantines files."""

    def __init__(self, defender: Product) -> None:
        self._defender = defender

    async def prepare(self, action: StoredAction) -> Outcome:
        """See Connector."""
        if action.undoes and action.subject["undone"].get("machine_id"):
            undone = action.subject["undone"]
            return running(f"will release {undone['name']}", machine_id=undone["machine_id"], name=undone["name"])
        file = await self._sha1(action) if action.action is ActionName.QUARANTINE_FILE else ""
        if isinstance(file, Outcome):
            return file
        host = action.parameters.get("host", "") if file else action.target
        found = await self._machine(host, action.parameters.get("device_id", ""))
        if isinstance(found, Outcome):
            return found
        return running(f"will {action.words} on {found['name']} ({found['machine_id']})", **found, sha1=file)

    async def perform(self, action: StoredAction) -> Outcome:
        """See Connector."""
        kinds = {"StopAndQuarantineFile"} if action.action is ActionName.QUARANTINE_FILE else ISOLATION
        done = await self._actions(action.subject["machine_id"], kinds)
        if ours := [one for one in done if mark(action) in str(one.get("requestorComment"))]:
            return _progress(ours[-1])
        if waiting := [one for one in done if one.get("status") in UNDER_WAY]:
            return running(f"waits for the end of {_named(waiting[-1])}, which somebody began before")
        if kinds is ISOLATION and (standing := _standing(action, done)):
            return standing
        return await self._begin(action)

    async def _begin(self, action: StoredAction) -> Outcome:
        verb, body = _request(action)
        try:
            begun = await self._defender.send("POST", f"/api/machines/{action.subject['machine_id']}/{verb}", body=body)
        except ProductRefused as error:
            if error.status != HTTPStatus.BAD_REQUEST or not _is_in_progress(error):
                raise
            return running("Defender says that an action on this machine is in progress already; waits for its end")
        if mark(action) not in str(begun.get("requestorComment")):
            return running(f"Defender answered with {_named(begun)}, which is not ours; waits for its end")
        return _progress(begun)

    async def _machine(self, host: str, device_id: str) -> dict[str, Any] | Outcome:
        """The id and name of the one machine that is meant, or why there is none."""
        machine = await (self._by_id(host, device_id) if device_id else self._by_name(host))
        if isinstance(machine, Outcome):
            return machine
        return {"machine_id": str(machine["id"]), "name": str(machine["computerDnsName"])}

    async def _by_id(self, host: str, device_id: str) -> dict[str, Any] | Outcome:
        if not _ID.fullmatch(device_id):
            return needs_person(f"the alert's device id is none of Defender's: {device_id!r}")
        machine = await self._defender.get(f"/api/machines/{device_id}")
        if machine is None:
            return needs_person(f"Defender has no machine with the alert's device id {device_id}")
        if not _same_host(known := str(machine.get("computerDnsName")), host):
            return needs_person(f"the alert's device id {device_id} is {known} in Defender, but the alert names {host}")
        return machine

    async def _by_name(self, host: str) -> dict[str, Any] | Outcome:
        if not _HOST.fullmatch(host):
            return needs_person(f"{host!r} is no host name that Defender can be asked for; choose the machine yourself")
        query = f"startswith(computerDnsName,'{host.partition('.')[0].lower()}')"
        listed = (await self._defender.get("/api/machines", {"$filter": query}) or {}).get("value", [])
        machines = [one for one in listed if _same_host(str(one.get("computerDnsName")), host)]
        if not machines:
            return needs_person(f"Defender knows no machine {host}: it may be unmanaged, or have another name there")
        if len(machines) > 1:
            each = "; ".join(f"{one['id']} (last seen {one.get('lastSeen', 'unknown')})" for one in machines[:5])
            return needs_person(
                f"Defender has {len(machines)} machines named {host}: {each}. Act on the right one there."
            )
        found: dict[str, Any] = machines[0]
        return found

    async def _actions(self, machine_id: str, kinds: frozenset[str] | set[str]) -> list[dict[str, Any]]:
        """What was done to a machine, oldest first."""
        found = await self._defender.get("/api/machineactions", {"$filter": f"machineId eq '{machine_id}'"})
        listed: list[dict[str, Any]] = (found or {}).get("value", [])
        return sorted((one for one in listed if one.get("type") in kinds), key=lambda one: one["creationDateTimeUtc"])

    async def _sha1(self, action: StoredAction) -> str | Outcome:
        """The file's SHA-1, which is the only name that Defender takes for it."""
        if not action.parameters.get("host") and not action.parameters.get("device_id"):
            return needs_person("the alert does not name the one machine that has the file; quarantine it in Defender")
        if not _SHA.fullmatch(action.target):
            return needs_person(f"{action.target!r} is no SHA-1 or SHA-256; quarantine the file in Defender")
        if len(action.target) == 40:
            return action.target.lower()
        file = await self._defender.get(f"/api/files/{action.target.lower()}")
        return str(file["sha1"]) if file else needs_person(f"Defender has never seen the file {action.target}")


def _request(action: StoredAction) -> tuple[str, dict[str, Any]]:
    comment = f"{mark(action)} {action.words}, approved by {action.approved_by or 'a playbook'}"[:COMMENT]
    match action.action:
        case ActionName.QUARANTINE_FILE:
            return "StopAndQuarantineFile", {"Comment": comment, "Sha1": action.subject["sha1"]}
        case ActionName.RELEASE_HOST:
            return "unisolate", {"Comment": comment}
        case _:
            return "isolate", {"Comment": comment, "IsolationType": action.parameters.get("isolation", "Full")}


def _standing(action: StoredAction, done: Sequence[dict[str, Any]]) -> Outcome | None:
    """What the machine's last isolation or release means for the action; None when it can begin."""
    last = next((one for one in reversed(done) if one.get("status") == "Succeeded"), None)
    isolated = last is not None and last["type"] == "Isolate"
    if action.action is ActionName.ISOLATE_HOST:
        return verified(f"it was isolated already, by {_named(last)}", changed=False) if isolated and last else None
    if not isolated:
        by = f", by {_named(last)}" if last else ": Defender has no isolation of it that succeeded"
        return verified(f"it is isolated no longer{by}", changed=False)
    if last and mark_of(str(action.undoes)) not in str(last.get("requestorComment")):
        return needs_person(
            f"it was isolated again, by {_named(last)}: releasing it would undo somebody else's decision"
        )
    return None


def _progress(ours: dict[str, Any]) -> Outcome:
    operation = str(ours["id"])
    match ours.get("status"):
        case "Pending" | "InProgress":
            return running(f"Defender is at it: {_named(ours)}", operation=operation)
        case "Succeeded":
            return verified(f"Defender has done it: {_named(ours)}", changed=True, operation=operation)
        case status:
            return failed(f"Defender ended {_named(ours)} as {status}: {str(ours.get('troubleshootInfo') or '')[:200]}")


def _named(one: dict[str, Any]) -> str:
    return f"{one.get('type')} {one.get('id')} ({one.get('requestor') or 'unknown requestor'})"


def _is_in_progress(error: ProductRefused) -> bool:
    return "ActiveRequestAlreadyExists" in str(error) or "already in progress" in str(error)


def _same_host(known: str, named: str) -> bool:
    """Whether two spellings are one host: with a domain on both sides all of it counts, else the first label."""
    known, named = known.casefold(), named.casefold()
    return known == named or (
        ("." not in known or "." not in named) and known.partition(".")[0] == named.partition(".")[0]
    )
