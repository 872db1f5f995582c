"""Messages to people, built from the settings."""

from __future__ import annotations

import logging

from shared.notifications.channels import Channel, NoWebhooks, Slack, Teams
from shared.notifications.links import CaseLinks
from shared.notifications.queue import Notifications
from shared.settings import NotificationSettings
from shared.stores.postgres import Postgres


def case_links(settings: NotificationSettings) -> CaseLinks | None:
    """Links to cases, where the settings have a key for them."""
    if not settings.link_key:
        return None
    return CaseLinks(base=settings.link_base, key=settings.link_key.get_secret_value())


def notifications(settings: NotificationSettings, postgres: Postgres) -> Notifications:
    """The channels that the settings name. From here on no log names a webhook."""
    urls = {kind: url.get_secret_value() for kind, url in settings.webhooks.items()}
    channels: list[Channel] = []
    if "teams" in urls:
        channels.append(Teams(urls["teams"]))
    if "slack" in urls:
        channels.append(Slack(urls["slack"]))
    if urls:
        logging.getLogger("httpx").addFilter(NoWebhooks(list(urls.values())))
    return Notifications(postgres, channels, case_links(settings))
