"""Whoever sends an alert again is told that it is not a new one."""

import io
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from rich.console import Console

from cli import follow


class Asked:
    """The API as it answers about one case."""

    def __init__(self, opened: datetime) -> None:
        self._case = {
            "investigation_id": "a9ca5429-1",
            "alert_id": "alert-1",
            "alert_title": "Credential dumping",
            "severity": "high",
            "state": "closed",
            "outcome": "approved",
            "classification": "true_positive",
            "confidence": 0.86,
            "disposition": None,
            "version": 7,
            "waits_for": None,
            "created_at": opened.isoformat(),
        }

    async def investigations(self) -> list[dict[str, Any]]:
        return [self._case]


@pytest.mark.parametrize(("ago", "told"), [(timedelta(hours=1), True), (timedelta(), False)])
async def test_alert_whose_id_is_known_is_said_to_open_no_case(ago: timedelta, told: bool) -> None:
    screen = io.StringIO()
    person: Any = Asked(datetime.now(UTC) - ago)
    settled = await follow._follow(Console(file=screen, width=200), ["alert-1"], person)
    assert [case["alert_id"] for case in settled] == ["alert-1"]
    assert ("known already" in screen.getvalue()) == told
