"""Cursors of time-ordered lists: opaque text that marks the last row of a page."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from datetime import datetime

from shared.errors import InvalidInput


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place in a list that is ordered by time, then id."""

    moment: datetime
    row_id: str

    def encode(self) -> str:
        """URL-safe text."""
        return base64.urlsafe_b64encode(f"{self.moment.isoformat()} {self.row_id}".encode()).decode()

    @classmethod
    def decode(cls, text: str) -> Cursor:
        """Read what ``encode`` wrote. Raises InvalidInput."""
        try:
            moment, _, row_id = base64.b64decode(text, altchars=b"-_", validate=True).decode().partition(" ")
            at = datetime.fromisoformat(moment)
            if at.tzinfo is None or "\x00" in row_id:
                raise ValueError(moment)
        except (binascii.Error, ValueError) as error:
            raise InvalidInput(
                "cursor", got=text, expected="the next_cursor of an earlier page", hint="Leave it out to start anew."
            ) from error
        return cls(at, row_id)
