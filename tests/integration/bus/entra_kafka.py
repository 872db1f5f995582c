"""A Kafka as an Event Hubs namespace offers it: TLS, connection strings for triggers, Entra tokens for the rest."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from local.services.kafka import Kafka
from local.services.process import Command

JAAS = "org.apache.kafka.common.security"


@dataclass(frozen=True)
class EntraKafka(Kafka):
    """The broker with one listener more. ``issuer`` signs the tokens, ``pem`` is the server's key and certificate."""

    issuer: str = ""
    pem: Path = Path()
    connection_string: str = ""

    def namespace(self) -> str:
        """``host:port`` of the listener that Event Hubs would be."""
        return f"127.0.0.1:{self.site.port('kafka-entra')}"

    def command(self) -> Command:
        plain = Kafka.command(self)
        allowed = f"-Dorg.apache.kafka.sasl.oauthbearer.allowed.urls={self.issuer}/jwks"
        return Command(plain.arguments, {"JAVA_TOOL_OPTIONS": allowed}, plain.folder)

    def _properties(self) -> dict[str, object]:
        port, controller = self.ports()
        entra = "listener.name.entra"
        validator = f"{JAAS}.oauthbearer.OAuthBearerValidatorCallbackHandler"
        return Kafka._properties(self) | {
            "listeners": f"PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller},ENTRA://{self.namespace()}",
            "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,ENTRA:SASL_SSL",
            f"{entra}.ssl.keystore.type": "PEM",
            f"{entra}.ssl.keystore.location": self.pem,
            f"{entra}.sasl.enabled.mechanisms": "OAUTHBEARER,PLAIN",
            f"{entra}.oauthbearer.sasl.jaas.config": f"{JAAS}.oauthbearer.OAuthBearerLoginModule required;",
            f"{entra}.oauthbearer.sasl.server.callback.handler.class": validator,
            "sasl.oauthbearer.jwt.validator.class": f"{JAAS}.oauthbearer.BrokerJwtValidator",
            "sasl.oauthbearer.jwks.endpoint.url": f"{self.issuer}/jwks",
            "sasl.oauthbearer.expected.issuer": self.issuer,
            "sasl.oauthbearer.expected.audience": "https://127.0.0.1",
            f"{entra}.plain.sasl.jaas.config": f"{JAAS}.plain.PlainLoginModule required "
            f'user_$ConnectionString="{self.connection_string}";',
        }
