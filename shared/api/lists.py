"""What every list of the API keeps to: cursor, limit, filters and sort in one query model, one shape of page.

A new list derives its query from ListQuery: its fields are the filters, ``sort`` is a Literal of its orders (a field's
name, with ``-`` for descending), KEY reads the parts of a row's key. The route hands ``listing`` to the reader of its
table and answers ``page`` of what comes back. Give each order an index that begins with the tenant.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, ClassVar

from pydantic import AwareDatetime, BeforeValidator, Field

from shared.contracts.contract import Contract
from shared.contracts.listing import Listed, Listing
from shared.errors import InvalidInput

MOST_ROWS = 100

_DATE_AND_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d")


def _not_a_number(value: str) -> str:
    """pydantic would read 1700000000 as seconds since 1970, which the published schema does not allow."""
    if not _DATE_AND_TIME.match(value):
        raise ValueError("expected a date and time with its zone, such as 2026-01-31T08:00:00Z")
    return value


Moment = Annotated[AwareDatetime, BeforeValidator(_not_a_number)]


class Page[T](Contract):
    """Part of a list; ``next_cursor`` reads on and is null at the end."""

    items: list[T]
    next_cursor: str | None


class ListQuery(Contract):
    """``cursor`` is the page before's ``next_cursor``, with the same filters and sort; filters left out mean any."""

    KEY: ClassVar[tuple[Callable[[str], Any], ...]]

    sort: str
    cursor: str | None = None
    limit: int = Field(default=50, ge=1, le=MOST_ROWS)

    def listing(self, tenant_id: str) -> Listing:
        """The part that is asked for. Raises InvalidInput for a cursor that does not belong to this list."""
        after = self._read(self.cursor, tenant_id) if self.cursor else None
        return Listing(after=after, limit=self.limit, ascending=not self.sort.startswith("-"))

    def page[T](self, tenant_id: str, part: Listed[T]) -> Page[T]:
        """The answer."""
        return Page(items=part.rows, next_cursor=self._cursor(tenant_id, part.last) if part.last else None)

    def _list(self, tenant_id: str) -> str:
        """Names the list that a cursor is a place of: whose, which filters, which order."""
        asked = self.model_dump(mode="json", exclude={"cursor", "limit"})
        text = json.dumps([type(self).__name__, tenant_id, asked], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def _cursor(self, tenant_id: str, key: tuple[Any, ...]) -> str:
        parts = [part.isoformat() if isinstance(part, datetime) else str(part) for part in key]
        return base64.urlsafe_b64encode(json.dumps([self._list(tenant_id), *parts]).encode()).decode()

    def _read(self, cursor: str, tenant_id: str) -> tuple[Any, ...]:
        try:
            of_list, *parts = json.loads(base64.b64decode(cursor, altchars=b"-_", validate=True))
            key = tuple(read(part) for read, part in zip(self.KEY, parts, strict=True))
        except (ValueError, TypeError, OverflowError, RecursionError) as error:
            raise InvalidInput(
                "cursor", got=cursor, expected="the next_cursor of an earlier page", hint="Leave it out to start anew."
            ) from error
        if of_list != self._list(tenant_id):
            raise InvalidInput(
                "cursor",
                got="the cursor of another list",
                expected="the filters and sort that it was made with",
                hint="Repeat them, or leave the cursor out to start anew.",
            )
        return key


def key_time(text: str) -> datetime:
    """A time of a key. Raises ValueError."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(text)
    return moment


def key_text(text: str) -> str:
    """An id of a key; PostgreSQL takes no NUL and no lone surrogate. Raises ValueError."""
    if not isinstance(text, str) or b"\x00" in text.encode():
        raise ValueError(text)
    return text


def key_number(text: str) -> int:
    """A bigint of a key, from 0 on. Raises ValueError."""
    number = int(text)
    if not 0 <= number < 2**63:
        raise ValueError(text)
    return number
