"""The channels: a Teams workflow's webhook (an Adaptive Card) and a Slack incoming webhook (blocks)."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Protocol

import httpx

from shared.errors import Retryable
from shared.notifications.notice import Notice

TIMEOUT_SECONDS = 5.0
CARD_VERSION = "1.4"  # the newest that every Teams client shows


class NotDelivered(Retryable):
    """A channel did not take a message. Whoever sends tries again a few times."""


class Channel(Protocol):
    """Where people read messages."""

    @property
    def name(self) -> str:
        """The setting's word for it."""

    async def send(self, notice: Notice, link: str) -> None:
        """Deliver one message. Raises NotDelivered."""


@dataclass(frozen=True)
class Teams:
    """A webhook of the Workflows app: it takes a message with one Adaptive Card and answers 202."""

    url: str
    name: str = "teams"

    async def send(self, notice: Notice, link: str) -> None:
        """See Channel."""
        facts = [{"title": title, "value": value} for title, value in notice.facts]
        card = {
            "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
            "type": "AdaptiveCard",
            "version": CARD_VERSION,
            "body": [
                {"type": "TextBlock", "text": notice.headline, "weight": "Bolder", "wrap": True},
                {"type": "FactSet", "facts": facts},
            ],
            "actions": [{"type": "Action.OpenUrl", "title": "Open the case", "url": link}],
        }
        attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None, "content": card}
        await _post(self.url, {"type": "message", "attachments": [attachment]})


@dataclass(frozen=True)
class Slack:
    """An incoming webhook: it takes blocks, with ``text`` for notifications, and answers 200."""

    url: str
    name: str = "slack"

    async def send(self, notice: Notice, link: str) -> None:
        """See Channel."""
        facts = "\n".join(f"*{title}:* {_plain(value)}" for title, value in notice.facts)
        button = {"type": "button", "text": {"type": "plain_text", "text": "Open the case"}, "url": link}
        blocks = [
            {"type": "section", "text": {"type": "mrkdwn", "text": f"*{_plain(notice.headline)}*\n{facts}"}},
            {"type": "actions", "elements": [button]},
        ]
        await _post(self.url, {"text": _plain(notice.headline), "blocks": blocks})


def _plain(text: str) -> str:
    """The three characters that Slack gives a meaning."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


async def _post(url: str, body: dict[str, Any]) -> None:
    """No error repeats the URL: whoever knows it may write to the channel."""
    try:
        async with httpx.AsyncClient(timeout=TIMEOUT_SECONDS, follow_redirects=False) as client:
            answer = await client.post(url, json=body)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise NotDelivered(f"the webhook cannot be reached ({type(error).__name__})") from None
    if answer.status_code >= HTTPStatus.MULTIPLE_CHOICES:
        raise NotDelivered(f"the webhook answered {answer.status_code}")


class NoWebhooks(logging.Filter):
    """For the HTTP client's logger, which writes every address that it calls."""

    def __init__(self, urls: list[str]) -> None:
        super().__init__()
        self._urls = tuple(urls)

    def filter(self, record: logging.LogRecord) -> bool:
        """False for a record that names a webhook."""
        return not any(url in record.getMessage() for url in self._urls)
