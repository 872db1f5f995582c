"""Entities of an event in the Elastic Common Schema, in Sentinel's entity JSON. Reads flattened and nested fields."""

from __future__ import annotations

from collections.abc import Iterator

from shared.ingestion import entity_json
from shared.ingestion.entity_json import Entity
from shared.ingestion.fields import Fields

SIDES = ("source", "destination", "client", "server")
USERS = ("user", "user.target", "user.effective", *(f"{side}.user" for side in SIDES))
DIGESTS = ("md5", "sha1", "sha256", "sha512")
SID = "S-1-"


def ecs_entities(event: Fields) -> list[Entity]:
    """Machines, accounts, addresses, processes, files, names, URLs, registry values and mails, in this order."""
    return entity_json.several(_all(event))


def _all(event: Fields) -> Iterator[Entity]:
    yield _host(event)
    yield from (_account(event, prefix) for prefix in USERS)
    yield from (entity_json.address(value) for value in event.texts("host.ip"))
    yield from (found for side in SIDES for found in _side(event, side))
    yield _process(event, "process", parent=_process(event, "process.parent"))
    yield from (_file(event, prefix) for prefix in ("file", "dll"))
    yield from _names(event)
    yield from _registry(event)
    yield from _mail(event)


def _host(event: Fields) -> Entity:
    return entity_json.host(
        event.text("host.name", "host.hostname"),
        NTDomain=event.text("host.domain"),
        OSFamily=event.text("host.os.family", "host.os.type"),
        OSVersion=event.text("host.os.full", "host.os.version"),
        DeviceId=event.text("host.id"),
    )


def _account(event: Fields, prefix: str) -> Entity:
    user_id = event.text(f"{prefix}.id")
    return entity_json.account(
        name=event.text(f"{prefix}.name"),
        domain=event.text(f"{prefix}.domain"),
        principal=event.text(f"{prefix}.email"),
        sid=user_id if user_id.startswith(SID) else "",
        display=event.text(f"{prefix}.full_name"),
    )


def _side(event: Fields, side: str) -> Iterator[Entity]:
    for value in event.texts(f"{side}.ip"):
        yield entity_json.address(
            value,
            country=event.text(f"{side}.geo.country_name"),
            city=event.text(f"{side}.geo.city_name"),
            asn=event.scalar(f"{side}.as.number"),
        )
    yield entity_json.domain(event.text(f"{side}.domain"))


def _process(event: Fields, prefix: str, parent: Entity | None = None) -> Entity:
    return entity_json.process(
        pid=event.scalar(f"{prefix}.pid"),
        command=event.text(f"{prefix}.command_line"),
        created=event.text(f"{prefix}.start"),
        image=entity_json.file(
            path=event.text(f"{prefix}.executable"),
            name=event.text(f"{prefix}.name"),
            digests=_digests(event, prefix),
        ),
        parent=parent,
    )


def _file(event: Fields, prefix: str) -> Entity:
    return entity_json.file(
        path=event.text(f"{prefix}.path"),
        name=event.text(f"{prefix}.name"),
        folder=event.text(f"{prefix}.directory"),
        digests=_digests(event, prefix),
        size=event.scalar(f"{prefix}.size"),
    )


def _digests(event: Fields, prefix: str) -> list[str]:
    return [event.text(f"{prefix}.hash.{name}") for name in DIGESTS]


def _names(event: Fields) -> Iterator[Entity]:
    yield entity_json.url(event.text("url.full", "url.original"))
    yield entity_json.domain(event.text("url.domain"))
    yield entity_json.domain(event.text("dns.question.name"), event.texts("dns.resolved_ip"))


def _registry(event: Fields) -> Iterator[Entity]:
    hive, key = event.text("registry.hive"), event.text("registry.key")
    data = ", ".join(event.texts("registry.data.strings"))
    value = entity_json.registry_value(hive=hive, key=key, name=event.text("registry.value"), data=data)
    yield value or entity_json.registry_key(hive=hive, key=key or event.text("registry.path"))


def _mail(event: Fields) -> Iterator[Entity]:
    recipients = event.texts("email.to.address", "email.cc.address", "email.bcc.address")
    yield entity_json.entity(
        "mailmessage",
        InternetMessageId=event.text("email.message_id"),
        NetworkMessageId=event.text("email.local_id"),
        Subject=event.text("email.subject"),
        Sender=event.text("email.from.address", "email.sender.address"),
        Recipient=", ".join(recipients),
    )
    yield from (entity_json.entity("mailbox", MailboxPrimaryAddress=value) for value in recipients)
    for attachment in event.parts("email.attachments"):
        yield _file(attachment, "file")
