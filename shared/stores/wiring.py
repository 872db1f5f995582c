"""The stores of one process, each built when it is first asked for."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from shared.settings import Settings
from shared.stores.blob import Blob
from shared.stores.postgres import Postgres
from shared.stores.redis import Redis

if TYPE_CHECKING:
    from shared.stores.log_analytics import LogAnalytics
    from shared.stores.neo4j import Neo4j
    from shared.stores.qdrant import Qdrant

# Connections of one process by class of work; together what one instance may take of the server's (docs/scaling.md).
STEP_CONNECTIONS = 6
API_CONNECTIONS = 3
RELAY_CONNECTIONS = 1
API_WAIT_SECONDS = 3.0  # a person waits: better an early 503 with Retry-After


class Stores:
    """PostgreSQL, Redis, Qdrant, Blob storage and Log Analytics."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def _postgres(self, name: str, pool_size: int, *, wait_seconds: float | None = None) -> Postgres:
        url = self._settings.postgres.url.get_secret_value()
        return Postgres(url, name=name, pool_size=pool_size, wait_seconds=wait_seconds)

    @cached_property
    def postgres(self) -> Postgres:
        """PostgreSQL as the application's role, for the steps of investigations and for consumers."""
        return self._postgres("steps", STEP_CONNECTIONS)

    @cached_property
    def postgres_for_api(self) -> Postgres:
        """The same for requests, which a flood of steps must not keep waiting."""
        return self._postgres("the API", API_CONNECTIONS, wait_seconds=API_WAIT_SECONDS)

    @cached_property
    def postgres_for_relay(self) -> Postgres:
        """The same for the outbox: its relay has one short transaction at a time."""
        return self._postgres("the outbox relay", RELAY_CONNECTIONS)

    @cached_property
    def redis(self) -> Redis:
        """Redis."""
        return Redis(self._settings.redis.url.get_secret_value())

    @cached_property
    def qdrant(self) -> Qdrant:
        """Qdrant."""
        from shared.stores.qdrant import Qdrant  # noqa: PLC0415

        qdrant = self._settings.qdrant
        key = qdrant.api_key.get_secret_value() if qdrant.api_key else None
        return Qdrant.connect(url=qdrant.url, api_key=key)

    @cached_property
    def neo4j(self) -> Neo4j:
        """Neo4j; asked for only where its URL is set."""
        from shared.stores.neo4j import Neo4j  # noqa: PLC0415

        neo4j = self._settings.neo4j
        return Neo4j(neo4j.url, user=neo4j.user, password=neo4j.password.get_secret_value())

    @cached_property
    def blob(self) -> Blob:
        """Blob storage."""
        blob = self._settings.blob
        connection = blob.connection_string.get_secret_value() if blob.connection_string else None
        return Blob.connect(connection_string=connection, account_url=blob.account_url)

    @cached_property
    def log_analytics(self) -> LogAnalytics:
        """Log Analytics, as the process's identity."""
        from shared.stores.log_analytics import LogAnalytics  # noqa: PLC0415

        return LogAnalytics.connect(self._settings.log_analytics_endpoint)
