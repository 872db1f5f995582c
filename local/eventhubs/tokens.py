"""Shared access signatures, as Event Hubs clients put them to the $cbs node, and what they open.

An expired token is noticed at the next link or request; links that are open already stay open.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
import urllib.parse
from collections.abc import Mapping

from local.eventhubs.namespace import path_of
from local.eventhubs.refusal import Condition, Refused

SAS_TYPE = "servicebus.windows.net:sastoken"
_SCHEME = "SharedAccessSignature "


def _covers(granted: str, path: str) -> bool:
    return not granted or path == granted or path.startswith(f"{granted}/")


def _refused(text: str) -> Refused:
    return Refused(Condition.UNAUTHORIZED, text)


class Grants:
    """What one connection may open: paths with the time (s since 1970) at which each grant ends."""

    def __init__(self, keys: Mapping[str, str]) -> None:
        self._keys = keys
        self._ends: dict[str, int] = {}

    def put_token(self, token: str, kind: str, audience: str) -> None:
        """Check a token and grant its audience; Refused says why not."""
        if kind != SAS_TYPE:
            raise _refused(f"UnsupportedTokenType: got '{kind[:100]}', expected '{SAS_TYPE}'.")
        if not token.startswith(_SCHEME):
            raise _refused("MalformedToken: the token is not a shared access signature.")
        pairs = (pair.partition("=") for pair in token.removeprefix(_SCHEME).split("&"))
        raw = {name: value for name, _, value in pairs}
        policy, signature, resource, ends = (
            urllib.parse.unquote_plus(raw.get(name, "")) for name in ("skn", "sig", "sr", "se")
        )
        # The signature covers the resource as it stands in the token, still quoted.
        signed = f"{raw.get('sr', '')}\n{ends}".encode()
        digest = hmac.digest(self._keys.get(policy, "").encode(), signed, hashlib.sha256)
        genuine = hmac.compare_digest(base64.b64encode(digest), signature.encode())
        if policy not in self._keys or not genuine:
            raise _refused("InvalidSignature: the token has an invalid signature or an unknown policy.")
        if not (ends.isascii() and ends.isdigit()) or int(ends) <= time.time():
            raise _refused("ExpiredToken: the token is expired.")
        path = path_of(audience).removesuffix("/$management")
        if not _covers(path_of(resource), path):
            raise _refused("InvalidAudience: the token's resource does not cover the audience.")
        self._ends[path] = int(ends)

    def check(self, path: str) -> None:
        """Raise Refused unless a valid token covers the path."""
        now = time.time()
        if not any(ends > now and _covers(granted, path) for granted, ends in self._ends.items()):
            raise _refused(f"Unauthorized access: no valid token covers '{path[:200]}'.")
