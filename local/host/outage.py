"""Logs once that a service is unavailable and once that it is back, however often the attempts fail in between."""

from __future__ import annotations

import logging

log = logging.getLogger(__name__)


class Outage:
    """The state of one service as the host sees it; `service` is the subject of the logged sentence."""

    def __init__(self, service: str) -> None:
        self._service = service
        self._reported = False

    def report(self, error: BaseException | None) -> None:
        """The service failed; logged only when it worked before."""
        if not self._reported:
            self._reported = True
            log.warning("%s cannot be used: %s. The host keeps trying.", self._service, error or type(error).__name__)

    def over(self) -> None:
        """The service answered."""
        if self._reported:
            self._reported = False
            log.info("%s works again.", self._service)
