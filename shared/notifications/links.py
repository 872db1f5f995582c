"""Links to cases, signed with HMAC-SHA256 (RFC 2104): ours, for one tenant's case, until a time. They open a page for
who signs in, and answer nothing.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable
from datetime import UTC, datetime
from urllib.parse import quote, urlencode

from shared.errors import InvalidInput


def _now() -> datetime:
    return datetime.now(UTC)


class CaseLinks:
    """Makes and checks links; ``base`` is the address under which people open cases."""

    def __init__(self, *, base: str, key: str, now: Callable[[], datetime] = _now) -> None:
        self._base = base.rstrip("/")
        self._key = key.encode()
        self._now = now

    def link(self, *, tenant_id: str, investigation_id: str, until: datetime) -> str:
        """The address of a case."""
        expires = int(until.timestamp())
        query = urlencode({"expires": expires, "signature": self._signature(tenant_id, investigation_id, expires)})
        return f"{self._base}/{quote(investigation_id, safe='')}?{query}"

    def check(self, *, tenant_id: str, investigation_id: str, expires: int, signature: str) -> None:
        """Raises InvalidInput for a link that is not ours for this tenant's case, or whose time is over."""
        ours = self._signature(tenant_id, investigation_id, expires)
        if not hmac.compare_digest(ours.encode(), signature.encode()):
            raise _refused("a link that was not made for this case and tenant")
        if self._now().timestamp() > expires:
            raise _refused("a link whose time is over")

    def _signature(self, tenant_id: str, investigation_id: str, expires: int) -> str:
        # The length first: no two (tenant, case) give one text.
        text = f"{len(tenant_id)}:{tenant_id}:{investigation_id}:{expires}"
        digest = hmac.new(self._key, text.encode(), hashlib.sha256).digest()
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _refused(got: str) -> InvalidInput:
    return InvalidInput(
        "signature", got=got, expected="a link from a message of ours", hint="Sign in and open the case from the list."
    )
