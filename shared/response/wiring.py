"""What may be done about an alert, built from the settings."""

from __future__ import annotations

from shared.bus.producer import Producer
from shared.contracts.executor import ExecutorConstraints
from shared.response.executor import Executor
from shared.response.playbooks import Playbooks
from shared.settings import Settings
from shared.stores.postgres import Postgres


class Response:
    """Playbooks, what may happen without a person, and the executor."""

    def __init__(self, settings: Settings, postgres: Postgres, producer: Producer) -> None:
        self.playbooks = Playbooks(postgres)
        self.constraints = ExecutorConstraints(allowlisted_playbooks=settings.allowlisted_playbooks)
        self.executor = Executor(postgres, producer, self.constraints)
