"""Entities of a Splunk event in its Common Information Model, in Sentinel's entity JSON."""

from __future__ import annotations

from collections.abc import Iterator

from shared.ingestion import entity_json
from shared.ingestion.entity_json import Entity
from shared.ingestion.fields import Fields

# Fields that hold a machine as an address or a name, whichever the data knew; a list or one a line when several.
MACHINES = (
    *("src", "dest", "dvc", "orig_host", "src_ip", "dest_ip", "dvc_ip", "src_host", "dest_host", "dvc_host"),
    *("src_nt_host", "dest_nt_host", "src_dns", "dest_dns"),
)
ACCOUNTS = ("user", "src_user", "dest_user")
UNKNOWN = frozenset({"", "-", "unknown", "n/a", "null"})  # what the model fills a required field with


def cim_entities(event: Fields) -> list[Entity]:
    """Machines, accounts, processes, files, names, URLs, registry values and mails, in this order."""
    return entity_json.several(_all(event))


def _all(event: Fields) -> Iterator[Entity]:
    yield from (entity_json.machine(value) for value in _values(event, *MACHINES))
    domain = _value(event, "user_domain", "src_user_domain", "src_nt_domain", "dest_nt_domain")
    yield from (entity_json.account(name=value, domain=domain) for value in _values(event, *ACCOUNTS))
    yield _process(event)
    yield from _files(event)
    yield from (entity_json.domain(value) for value in _values(event, "query", "url_domain"))
    yield from (entity_json.url(value) for value in _values(event, "url"))
    yield _registry(event)
    yield from _mail(event)


def _process(event: Fields) -> Entity:
    return entity_json.process(
        pid=event.scalar("process_id"),
        command=_value(event, "process"),
        image=entity_json.file(
            path=_value(event, "process_path"),
            name=_value(event, "process_name"),
            digests=_values(event, "process_hash"),
        ),
        parent=entity_json.process(
            pid=event.scalar("parent_process_id"),
            command=_value(event, "parent_process"),
            image=entity_json.file(
                path=_value(event, "parent_process_path"), name=_value(event, "parent_process_name")
            ),
        ),
    )


def _files(event: Fields) -> Iterator[Entity]:
    digests = _values(event, "file_hash")
    yield entity_json.file(
        path=_value(event, "file_path"),
        name=_value(event, "file_name"),
        digests=digests,
        size=event.scalar("file_size"),
    )


def _registry(event: Fields) -> Entity:
    key = _value(event, "registry_path")
    name, data = _value(event, "registry_value_name"), _value(event, "registry_value_data")
    return entity_json.registry_value(key=key, name=name, data=data) or entity_json.registry_key(key=key)


def _mail(event: Fields) -> Iterator[Entity]:
    recipients = _values(event, "recipient")
    message = entity_json.entity(
        "mailmessage",
        InternetMessageId=_value(event, "message_id"),
        Subject=_value(event, "subject"),
        Recipient=", ".join(recipients),
    )
    if message:
        yield message | {"Sender": _value(event, "sender", "src_user")}
    yield from (entity_json.entity("mailbox", MailboxPrimaryAddress=value) for value in recipients)


def _values(event: Fields, *names: str) -> list[str]:
    """Every value that says something; several stand in a list, or one a line."""
    return [line for line in event.lines(*names) if line.lower() not in UNKNOWN]


def _value(event: Fields, name: str, *others: str) -> str:
    text = event.text(name, *others)
    return "" if text.lower() in UNKNOWN else text
