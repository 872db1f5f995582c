"""How every Kafka client of ours connects: bare, or to an Event Hubs namespace over TLS with an Entra token."""

from __future__ import annotations

import ssl
from typing import Any

from aiokafka.abc import AbstractTokenProvider

from shared.settings import KafkaSecurity
from shared.stores.entra import EntraToken


class _Token(AbstractTokenProvider):  # type: ignore[misc]
    """aiokafka asks for one at each connect; the namespace ends a connection whose token has expired."""

    def __init__(self, scope: str) -> None:
        self._token = EntraToken(scope)

    async def token(self) -> str:
        return await self._token.get()


def connection_arguments(brokers: str, security: KafkaSecurity) -> dict[str, Any]:
    """Arguments for any aiokafka client of these brokers, "host:port,host:port"."""
    arguments: dict[str, Any] = {"bootstrap_servers": brokers}
    if security is KafkaSecurity.PLAINTEXT:
        return arguments
    namespace = brokers.split(",", maxsplit=1)[0].rpartition(":")[0]
    return arguments | {
        "security_protocol": "SASL_SSL",
        "sasl_mechanism": "OAUTHBEARER",
        "sasl_oauth_token_provider": _Token(f"https://{namespace}/.default"),
        "ssl_context": ssl.create_default_context(),
    }
