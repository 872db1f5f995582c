"""Microsoft Defender for Endpoint: indicators that block addresses, names and files on every managed device."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from shared.contracts.action import ActionName
from shared.contracts.ip_address import ip_address_of
from shared.response.connectors.connector import Outcome, mark, mark_of, needs_person, running, verified
from shared.response.connectors.product import Product
from shared.response.stored_actions import StoredAction

FILE_TYPES = {40: "FileSha1", 64: "FileSha256"}  # by number of hex digits
BLOCKING = frozenset({"Block", "BlockAndRemediate", "AlertAndBlock"})
_HEX = re.compile(r"[0-9a-fA-F]+")
_DOMAIN = re.compile(r"(?:[A-Za-z0-9_-]{1,63}\.)+[A-Za-z0-9-]{2,63}")
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^\s'\"<>]{1,2000}")


class DefenderIndicators:
    """Blocks and unblocks. Defender keeps one indicator a value, and a second submission would overwrite the first."""

    def __init__(self, defender: Product) -> None:
        self._defender = defender

    async def prepare(self, action: StoredAction) -> Outcome:
        """See Connector."""
        kind = _kind(action.target)
        if isinstance(kind, Outcome):
            return kind
        return running(f"will {action.words}", kind=kind)

    async def perform(self, action: StoredAction) -> Outcome:
        """See Connector."""
        standing = await self._standing(action)
        if action.undoes:
            return await self._unblock(action, standing)
        if standing is None:
            await self._defender.send("POST", "/api/indicators", body=_indicator(action))
            standing = await self._standing(action)
        if standing is None:
            return running("Defender has taken the indicator and does not list it yet")
        if standing.get("action") not in BLOCKING:
            return needs_person(
                f"Defender has {_named(standing)}, set by somebody else: change it there if it is wrong"
            )
        ours = mark(action) in str(standing.get("description"))
        return verified(f"Defender has {_named(standing)}", changed=ours, operation=str(standing["id"]))

    async def _unblock(self, action: StoredAction, standing: dict[str, Any] | None) -> Outcome:
        if standing is None:
            return verified("Defender blocks it no longer", changed=bool(action.subject.get("removing")))
        if mark_of(str(action.undoes)) not in str(standing.get("description")):
            return needs_person(f"Defender has {_named(standing)}, which is not ours: remove it there if it is wrong")
        if not action.subject.get("removing"):
            return running(f"will remove {_named(standing)}", removing=str(standing["id"]))
        await self._defender.send("DELETE", f"/api/indicators/{standing['id']}")
        gone = await self._standing(action) is None
        return verified("Defender blocks it no longer", changed=True) if gone else running("Defender still lists it")

    async def _standing(self, action: StoredAction) -> dict[str, Any] | None:
        """The indicator of this value."""
        value = action.target.replace("'", "''")
        query = f"indicatorValue eq '{value}' and indicatorType eq '{action.subject['kind']}'"
        found = (await self._defender.get("/api/indicators", {"$filter": query}) or {}).get("value", [])
        return next((one for one in found if str(one["indicatorValue"]).casefold() == action.target.casefold()), None)


def _kind(value: str) -> str | Outcome:
    """Defender's type of an indicator; ranges and internal addresses are none."""
    if (address := ip_address_of(value)) is not None:
        if not address.is_global:
            return needs_person(f"{value} is no address of the internet: Defender blocks only those")
        return "IpAddress"
    if _HEX.fullmatch(value) and len(value) in FILE_TYPES:
        return FILE_TYPES[len(value)]
    if _URL.fullmatch(value):
        return "Url"
    if _DOMAIN.fullmatch(value):
        return "DomainName"
    return needs_person(f"{value[:200]!r} is no address, domain, URL, SHA-1 or SHA-256 that Defender could block")


def _indicator(action: StoredAction) -> dict[str, Any]:
    until = datetime.now(UTC) + timedelta(days=int(action.parameters.get("days", 90)))
    remediate = action.action is ActionName.BLOCK_FILE
    return {
        "indicatorValue": action.target,
        "indicatorType": action.subject["kind"],
        "action": "BlockAndRemediate" if remediate else "Block",
        "title": "Blocked by ALUSKORT",
        "description": f"{mark(action)} approved by {action.approved_by}"[:500],
        "severity": "High",
        "generateAlert": True,
        "expirationTime": until.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }


def _named(indicator: dict[str, Any]) -> str:
    by = indicator.get("createdBy") or indicator.get("createdByDisplayName") or "unknown"
    return f"the indicator {indicator.get('id')} ({indicator.get('action')}, by {by})"
