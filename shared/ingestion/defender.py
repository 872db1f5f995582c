"""Defender XDR's tables `AlertInfo` and `AlertEvidence`, from its streaming API or from Log Analytics.

One alert comes as one row of the first and one row of the second for each thing seen, all with one AlertId.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from shared.contracts.alert import EVIDENCE_ONLY, CanonicalAlert
from shared.ingestion import entity_json
from shared.ingestion.draft import Draft
from shared.ingestion.entity_json import Entity
from shared.ingestion.fields import Fields
from shared.ingestion.sentinel import SOURCE, TENANT_HINT

CATEGORY = "AdvancedHunting-"
# Types that the columns of every row tell already, and files, which are told apart from images by the type alone.
BESIDE = frozenset({"file", "ip", "machine", "url", "user"})
MESSAGE = {"NetworkMessageId": "NetworkMessageId", "Subject": "EmailSubject"}
APPLICATION = {"Name": "Application", "AppId": "ApplicationId", "OAuthAppId": "OAuthApplicationId"}
# EntityType: Sentinel's type, and the column of each of its fields.
NAMED: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "cloudapplication": ("cloud-application", APPLICATION),
    "cloudresource": ("azure-resource", {"Name": "CloudResource", "ResourceId": "ResourceID"}),
    "mailbox": ("mailbox", {"MailboxPrimaryAddress": "AccountUpn"}),
    "mailcluster": ("mailcluster", MESSAGE),
    "mailmessage": ("mailmessage", MESSAGE),
    "oauthapplication": ("cloud-application", APPLICATION),
}


def read_alert_info(payload: dict[str, Any]) -> CanonicalAlert:
    """The alert itself; what was seen comes in rows of `AlertEvidence`, so it is marked `entities_missing`."""
    return _draft("AlertInfo", payload, entities=None, flags=())


def read_alert_evidence(payload: dict[str, Any]) -> CanonicalAlert:
    """One thing seen, as an update of its alert; the flag `evidence_only` says that it is one thing of several, and
    that title and severity may be wanting.
    """
    columns = Fields("AlertEvidence", _columns(payload))
    return _draft("AlertEvidence", payload, entities=entity_json.several(_evidence(columns)), flags=(EVIDENCE_ONLY,))


def _columns(payload: dict[str, Any]) -> Any:
    """Streamed rows hold the columns under `properties`, rows of Log Analytics are the columns."""
    return payload.get("properties", payload)


def _draft(shape: str, payload: dict[str, Any], *, entities: Any, flags: tuple[str, ...]) -> CanonicalAlert:
    row, columns = Fields(shape, payload), Fields(shape, _columns(payload))
    return Draft(
        shape=shape,
        source=SOURCE,
        alert_id=columns.required("AlertId"),
        tenant_id=row.required("tenantId", expected="the id of the directory or workspace", hint=TENANT_HINT),
        timestamp=row.time("time", "TimeGenerated", "properties.Timestamp", "Timestamp"),
        title=columns.text("Title"),
        description=columns.text("Description"),
        severity=columns.get("Severity"),
        tactics=(columns.get("Category", "Categories"),),
        techniques=(columns.get("AttackTechniques"),),
        entities=entities,
        late_entities=True,
        product=columns.text("ServiceSource"),
        payload=payload,
        flags=flags,
    ).alert()


def _evidence(columns: Fields) -> Iterator[Entity]:
    """The entity that the row is about, then the machine, account and addresses that it names beside it."""
    owner = entity_json.account(
        name=columns.text("AccountName"),
        domain=columns.text("AccountDomain"),
        principal=columns.text("AccountUpn"),
        sid=columns.text("AccountSid"),
        object_id=columns.text("AccountObjectId"),
    )
    yield from _completed(_subject(columns, owner), columns.part("AdditionalFields"))
    yield entity_json.host(columns.text("DeviceName"), DeviceId=columns.text("DeviceId"))
    yield owner
    yield from (entity_json.address(columns.text(name)) for name in ("RemoteIP", "LocalIP"))
    yield entity_json.url(columns.text("RemoteUrl"))


def _subject(columns: Fields, owner: Entity) -> Entity:
    kind = columns.text("EntityType").lower()
    image = entity_json.file(
        name=columns.text("FileName"),
        folder=columns.text("FolderPath"),
        digests=(columns.text("SHA1"), columns.text("SHA256")),
        size=columns.scalar("FileSize"),
    )
    if kind in BESIDE:
        return image
    if kind == "process":
        return entity_json.process(command=columns.text("ProcessCommandLine"), image=image, owner=owner)
    if kind in ("registrykey", "registryvalue"):
        key, name = columns.text("RegistryKey"), columns.text("RegistryValueName")
        value = entity_json.registry_value(key=key, name=name, data=columns.text("RegistryValueData"))
        return value or entity_json.registry_key(key=key)
    if kind in NAMED:
        known, names = NAMED[kind]
        return entity_json.entity(known, **{name: columns.scalar(column) for name, column in names.items()})
    return columns.whole(kind or "evidence")


def _completed(subject: Entity, more: Fields) -> Iterator[Entity]:
    """The subject with what `AdditionalFields` says beyond the columns; that is an entity in Sentinel's form."""
    kind = more.text("Type")
    given = {name: value for name, value in more.whole(kind).items() if kind and name != "$id"}
    if subject and given and _plain(kind) != _plain(subject["Type"]):
        yield from (subject, given)
        return
    known = {name.lower() for name in subject}
    yield subject | {name: value for name, value in given.items() if name.lower() not in known}


def _plain(kind: str) -> str:
    return kind.replace("-", "").lower()
