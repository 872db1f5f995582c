"""Who sent an alert: taken from a person's token when it is pushed, and kept with the alert."""

from functools import partial
from typing import Any

import pytest

from shared.access.signing_keys import SigningKeys
from shared.access.submitter import submitter_of
from shared.access.tokens import TokenVerifier
from shared.bus.producer import MemoryProducer
from shared.contracts.alert import CanonicalAlert
from shared.contracts.alert_source import AlertSource, Siem
from shared.ingestion.push import take_push
from shared.ingestion.sources import AlertSources
from tests.unit.access.test_tokens import AUDIENCE, ISSUER, token

SOURCES = {"elastic-prod": AlertSource(siem=Siem.ELASTIC, tenant="contoso")}
ALERT = b'{"kibana.alert.uuid": "u-1", "@timestamp": "2026-11-20T08:00:00Z", "submitted_by": ["somebody else"]}'


@pytest.fixture
def verifier(key_server: Any) -> TokenVerifier:
    return TokenVerifier(SigningKeys(key_server.url), issuer=ISSUER, audience=AUDIENCE)


def sent(producer: MemoryProducer) -> list[list[str]]:
    return [CanonicalAlert.from_json(message.value).submitted_by for message in producer.on("alerts.raw")]


async def test_alert_pushed_with_a_token_names_its_subject_and_nobody_that_the_alert_names(
    verifier: TokenVerifier, trusted_key: Any
) -> None:
    producer = MemoryProducer()
    submitter = partial(submitter_of, verifier, f"Bearer {token(trusted_key)}")
    answer = await take_push(AlertSources(producer, SOURCES), "elastic-prod", ALERT, submitter)
    assert (answer.status, sent(producer)) == (202, [["00u1"]])


async def test_alert_pushed_without_a_token_is_a_machines() -> None:
    producer = MemoryProducer()
    answer = await take_push(AlertSources(producer, SOURCES), "elastic-prod", ALERT)
    assert (answer.status, sent(producer)) == (202, [[]])


async def test_event_that_comes_again_from_the_dead_letters_keeps_who_sent_it() -> None:
    producer = MemoryProducer()
    headers = {"source": b"elastic-prod", "submitted_by": b"00u1"}
    await AlertSources(producer, SOURCES).ingest_event(ALERT, headers=headers)
    assert sent(producer) == [["00u1"]]


@pytest.mark.parametrize(
    ("scheme", "tenant", "status", "code"),
    [("Bearer", "fabrikam", 403, "FORBIDDEN"), ("Basic", "contoso", 401, "TOKEN_REJECTED")],
    ids=["of another tenant", "of another kind"],
)
async def test_push_with_a_token_that_is_not_good_publishes_nothing(
    verifier: TokenVerifier, trusted_key: Any, scheme: str, tenant: str, status: int, code: str
) -> None:
    producer = MemoryProducer()
    submitter = partial(submitter_of, verifier, f"{scheme} {token(trusted_key, tenant_id=tenant)}")
    answer = await take_push(AlertSources(producer, SOURCES), "elastic-prod", ALERT, submitter)
    assert (answer.status, answer.body["error"]["code"], sent(producer)) == (status, code, [])


async def test_push_while_the_identity_provider_is_unavailable_must_be_sent_again(
    verifier: TokenVerifier, trusted_key: Any, key_server: Any
) -> None:
    key_server.broken = True
    producer = MemoryProducer()
    submitter = partial(submitter_of, verifier, f"Bearer {token(trusted_key)}")
    answer = await take_push(AlertSources(producer, SOURCES), "elastic-prod", ALERT, submitter)
    assert (answer.status, sent(producer)) == (503, [])
