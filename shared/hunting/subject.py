"""What questions are asked about: the values that an alert gives, by parameter. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain
from urllib.parse import urlsplit

from shared.contracts.entity import AlertEntities, EntityType, NormalizedEntity
from shared.hunting.question import Parameter

MOST_VALUES = 20  # of one parameter: an attacker may name a thousand
LONGEST_VALUE = 256  # characters
# Accounts that every machine has: asked for, they would answer with everything that happens on it.
EVERYWHERE = frozenset({"system", "local service", "network service", "anonymous logon", "root", "everyone"})
HASH_LENGTHS = frozenset({32, 40, 64})


@dataclass(frozen=True)
class Subject:
    """An alert as the catalogue sees it. ``at`` is when it happened; ``values`` has no empty lists."""

    at: datetime
    tactics: tuple[str, ...]
    techniques: tuple[str, ...]
    product: str
    values: Mapping[Parameter, tuple[str, ...]]


def subject_of(  # noqa: PLR0913 - what of an alert calls for questions
    entities: AlertEntities,
    *,
    alert_id: str,
    timestamp: str,
    tactics: Iterable[str],
    techniques: Iterable[str],
    product: str,
) -> Subject:
    """``timestamp`` is the alert's, ISO 8601; one that cannot be read, or lies in the future, counts as now."""
    found: dict[Parameter, dict[str, str]] = {}
    of_entities = (pair for entity in entities.all() for pair in _values(entity))
    for parameter, value in chain(of_entities, [(Parameter.ALERT_IDS, alert_id)]):
        if 0 < len(value) <= LONGEST_VALUE and value.isprintable():  # no other text is bound
            found.setdefault(parameter, {}).setdefault(value.casefold(), value)
    values = {parameter: tuple(named.values())[:MOST_VALUES] for parameter, named in found.items()}
    return Subject(_time(timestamp), tuple(tactics), tuple(techniques), product, values)


def _values(entity: NormalizedEntity) -> Iterator[tuple[Parameter, str]]:
    value, more = entity.primary_value, entity.properties
    match entity.entity_type:
        case EntityType.ACCOUNT:
            name = str(more.get("name") or value.rpartition("\\")[2]).partition("@")[0]
            if name.casefold() not in EVERYWHERE:
                yield Parameter.ACCOUNT_NAMES, name
                yield from _addresses_of_mail(value)
        case EntityType.MAILBOX:
            yield from _addresses_of_mail(value)
        case EntityType.HOST:
            yield Parameter.DEVICE_NAMES, value
            yield Parameter.DEVICE_NAMES, str(more.get("hostname") or value).partition(".")[0]
        case EntityType.IP:
            yield Parameter.ADDRESSES, value
        case EntityType.FILE:
            yield Parameter.FILE_NAMES, value
        case EntityType.PROCESS:
            yield Parameter.FILE_NAMES, value.replace("\\", "/").rpartition("/")[2]
        case EntityType.FILEHASH if len(value) in HASH_LENGTHS:
            yield Parameter.FILE_HASHES, value
        case EntityType.DNS:
            yield Parameter.DOMAINS, value
        case EntityType.URL:
            yield Parameter.DOMAINS, _host(value)
        case EntityType.MAILMESSAGE:
            yield from _of_a_mail(entity)


def _of_a_mail(entity: NormalizedEntity) -> Iterator[tuple[Parameter, str]]:
    more = entity.properties
    yield Parameter.SENDERS, str(more.get("sender") or "")
    yield from _addresses_of_mail(str(more.get("recipient") or ""))
    several = more.get("network_message_ids")
    for message_id in [more.get("network_message_id"), *(several if isinstance(several, list) else [])]:
        yield Parameter.MESSAGE_IDS, str(message_id or "")


def _addresses_of_mail(value: str) -> Iterator[tuple[Parameter, str]]:
    if "@" in value:
        yield Parameter.USER_PRINCIPAL_NAMES, value


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:  # a bracket without an end
        return ""


def _time(text: str) -> datetime:
    now = datetime.now(UTC)
    try:
        read = datetime.fromisoformat(text)
        return min(read if read.tzinfo else read.replace(tzinfo=UTC), now).astimezone(UTC)
    except (ValueError, OverflowError):
        return now
