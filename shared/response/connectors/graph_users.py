"""Microsoft Graph: accounts of Entra ID (v1.0/users).

What an account was like before is kept before anything changes: an account that was disabled already is not ours to
enable again.
"""

from __future__ import annotations

import re
from typing import Any

from shared.contracts.action import ActionName
from shared.response.connectors.connector import Outcome, failed, needs_person, running, verified
from shared.response.connectors.product import Product
from shared.response.stored_actions import StoredAction

SCOPE = "https://graph.microsoft.com/.default"
ROLES = {
    "revokeSignInSessions": "User.RevokeSessions.All or User.ReadWrite.All",
    "PATCH /v1.0/users": "User.EnableDisableAccount.All (to disable), User-PasswordProfile.ReadWrite.All (passwords), "
    "or User.ReadWrite.All; for administrators' accounts also a directory role",
    "GET /v1.0/users": "User.Read.All",
    "/analyzedEmails/": "SecurityAnalyzedMessage.ReadWrite.All",
}
FIELDS = (
    "id,userPrincipalName,mail,onPremisesSamAccountName,accountEnabled,signInSessionsValidFromDateTime,passwordProfile"
)
_GUID = re.compile(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_PRINCIPAL = re.compile(r"[A-Za-z0-9._'+#!-]{1,64}@[A-Za-z0-9.-]{1,255}")
_SAM = re.compile(r"[A-Za-z0-9._$-]{1,64}")  # nothing in it can end an OData string


class GraphUsers:
    """Disables and enables accounts, revokes their sessions, makes them choose a new password."""

    def __init__(self, graph: Product) -> None:
        self._graph = graph

    async def prepare(self, action: StoredAction) -> Outcome:
        """See Connector."""
        if action.undoes and action.subject["undone"].get("user_id"):
            undone = action.subject["undone"]
            return running(f"will {action.words}", user_id=undone["user_id"], name=undone["name"])
        user = await self._user(action.target, action.parameters.get("user_id", ""))
        if isinstance(user, Outcome):
            return user
        name = str(user["userPrincipalName"])
        if _is_so(action.action, user, before=None):
            return verified(f"{name} was like that already", changed=False)
        before = str(user.get("signInSessionsValidFromDateTime") or "")
        return running(f"will {action.words} ({name})", user_id=str(user["id"]), name=name, sessions_from=before)

    async def perform(self, action: StoredAction) -> Outcome:
        """See Connector."""
        path, before = f"/v1.0/users/{action.subject['user_id']}", action.subject.get("sessions_from", "")
        user = await self._read(path)
        if user is None:
            return failed(f"{action.subject['name']} does not exist any more")
        if not _is_so(action.action, user, before=before):
            await self._change(path, action.action)
            user = await self._read(path)
        if user and _is_so(action.action, user, before=before):
            return verified(f"Entra ID shows it: {action.words}", changed=True)
        return running("Entra ID has taken it and does not show it yet")

    async def _change(self, path: str, name: ActionName) -> None:
        match name:
            case ActionName.REVOKE_SESSIONS:
                await self._graph.send("POST", f"{path}/revokeSignInSessions", body={})
            case ActionName.RESET_CREDENTIALS:
                profile = {"forceChangePasswordNextSignIn": True}
                await self._graph.send("PATCH", path, body={"passwordProfile": profile})
            case _:
                await self._graph.send("PATCH", path, body={"accountEnabled": name is ActionName.ENABLE_ACCOUNT})

    async def _user(self, target: str, user_id: str) -> dict[str, Any] | Outcome:
        """The one account that is meant, or why there is none."""
        if _GUID.fullmatch(user_id or target):
            return await self._by_id(target, user_id or target)
        if _PRINCIPAL.fullmatch(target):
            user = await self._read(f"/v1.0/users/{target}")
            return user or needs_person(f"Entra ID has no account {target}; it may be a guest, or of another directory")
        return await self._by_windows_name(target)

    async def _by_id(self, target: str, user_id: str) -> dict[str, Any] | Outcome:
        user = await self._read(f"/v1.0/users/{user_id}")
        if user is None:
            return needs_person(f"Entra ID has no account {user_id}")
        if target != user["id"] and not _is_named(user, target):
            known = user["userPrincipalName"]
            return needs_person(
                f"the alert's account id {user_id} is {known} in Entra ID, but the alert names {target}"
            )
        return user

    async def _by_windows_name(self, target: str) -> dict[str, Any] | Outcome:
        name = target.rpartition("\\")[2]
        if not _SAM.fullmatch(name):
            return needs_person(f"{target!r} is no name that Entra ID can be asked for")
        query = {"$filter": f"onPremisesSamAccountName eq '{name}'", "$select": FIELDS, "$count": "true"}
        found = await self._graph.get("/v1.0/users", query, headers={"ConsistencyLevel": "eventual"})
        users: list[dict[str, Any]] = (found or {}).get("value", [])
        if len(users) != 1:
            each = ", ".join(str(one["userPrincipalName"]) for one in users[:5]) or "none"
            return needs_person(f"Entra ID has {len(users)} accounts for {target} ({each}), expected one")
        return users[0]

    async def _read(self, path: str) -> dict[str, Any] | None:
        return await self._graph.get(path, {"$select": FIELDS})


def _is_so(name: ActionName, user: dict[str, Any], *, before: str | None) -> bool:
    """Whether the account is as the action wants it; ``before`` is since when its sessions were valid."""
    match name:
        case ActionName.REVOKE_SESSIONS:
            return before is not None and str(user.get("signInSessionsValidFromDateTime") or "") > before
        case ActionName.RESET_CREDENTIALS:
            return bool((user.get("passwordProfile") or {}).get("forceChangePasswordNextSignIn"))
        case ActionName.ENABLE_ACCOUNT:
            return user.get("accountEnabled") is True
        case _:
            return user.get("accountEnabled") is False


def _is_named(user: dict[str, Any], target: str) -> bool:
    """Whether the account goes by this name: its principal name, mail address or Windows name."""
    known = {str(user.get(name) or "").casefold() for name in ("userPrincipalName", "mail", "onPremisesSamAccountName")}
    known |= {name.partition("@")[0] for name in known}
    wanted = target.rpartition("\\")[2].casefold()
    return wanted in known or ("@" in wanted and wanted.partition("@")[0] in known)
