"""What an entity's object says beside the fields that its kind is read for: what the source's own product judged, by
name, and every other value in a bounded ``extra``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeGuard

from shared.contracts.entity import EntityType
from shared.parsing.graph import Node
from shared.parsing.value import clean

MAX_LIST = 50  # values of one list property
MAX_EXTRA = 40  # fields of one entity
MAX_EXTRA_CHARACTERS = 1_024  # of one value
# Fields that each kind is read for by name (shared/parsing/kinds.py): they need no place in ``extra``.
JUDGED = frozenset({"roles", "lastverdict", "threatanalysissummary"})
READ_OF_ALL = JUDGED | frozenset({"$id", "type", "host", "account"})
READ_BY_NAME: Mapping[EntityType, frozenset[str]] = {
    kind: READ_OF_ALL | frozenset(names.split())
    for kind, names in {
        EntityType.ACCOUNT: "name upnsuffix aaduserid sid dnsdomain ntdomain displayname userprincipalname accountname"
        " aadtenantid isdomainjoined",
        EntityType.HOST: "hostname dnsdomain osfamily osversion azureid fqdn netbiosname mdatpdeviceid aaddeviceid"
        " riskscore healthstatus onboardingstatus avstatus lastseen firstseendatetime rbacgroupname osbuild"
        " lastipaddress lastexternalipaddress loggedonusers",
        EntityType.IP: "address location",
        EntityType.FILE: "name directory filehashes",
        EntityType.FILEHASH: "algorithm value",
        EntityType.PROCESS: "processid commandline creationtimeutc imagefile parentprocess",
        EntityType.URL: "url",
        EntityType.DNS: "domainname ipaddresses dnsserverip hostipaddress",
        EntityType.MAILBOX: "mailboxprimaryaddress displayname upn",
    }.items()
}


def with_the_rest(node: Node, kind: EntityType, properties: Mapping[str, Any]) -> Mapping[str, Any]:
    """The properties of an entity, with ``roles``, ``last_verdict``, ``threat_analysis`` (what the
    source's own product judged of it) and ``extra``, in which a field stands under its lower-case name.
    """
    fields = node.fields
    read = READ_BY_NAME.get(kind, READ_OF_ALL)
    found: dict[str, Any] = {}
    if fields.keys() <= read and not fields.keys() & JUDGED:  # nearly always, and it must not cost anything
        return properties
    if "roles" in fields:
        found["roles"] = texts_of(fields["roles"])
    if "lastverdict" in fields:
        found["last_verdict"] = node.text("lastverdict")
    if "threatanalysissummary" in fields:
        found["threat_analysis"] = list(_judgements(fields["threatanalysissummary"]))
    if "raw" not in properties and (extra := _extra(node, read)):
        found["extra"] = extra
    return {**properties, **found} if found else properties


def raw_fields(node: Node) -> dict[str, Any]:
    """The scalars of a node and the objects below it that are no entities, in lists too."""
    node.kept = True
    kept: dict[str, Any] = {}
    for name, value in node.fields.items():
        if item := _item(value):
            kept[clean(name)] = item
    return kept


def texts_of(value: Any) -> list[str]:
    """The texts of a list, or of one value."""
    items = value if isinstance(value, list) else [value]
    return [text for item in items[:MAX_LIST] if (text := clean(item))]


def is_part(value: Any) -> TypeGuard[Node]:
    """Whether it is an object that is no entity of its own."""
    return isinstance(value, Node) and not value.kind


def _extra(node: Node, read: frozenset[str]) -> dict[str, Any]:
    kept: dict[str, Any] = {}
    for name, value in node.fields.items():
        if name in read or _is_kept(value):
            continue
        found = value if value.__class__ is bool else _item(value)
        if found or found is False:
            kept[clean(name)[:64]] = found[:MAX_EXTRA_CHARACTERS] if isinstance(found, str) else found
            if len(kept) == MAX_EXTRA:
                break
    return kept


def _item(value: Any) -> Any:
    if isinstance(value, list):
        return [*texts_of(value), *(raw_fields(part) for part in value[:MAX_LIST] if is_part(part))]
    return raw_fields(value) if is_part(value) else clean(value)


def _is_kept(value: Any) -> bool:
    """Whether it is an object whose reader has kept it already."""
    items = value if isinstance(value, list) else [value]
    return any(is_part(part) and part.kept for part in items)


def _judgements(summary: Any) -> list[str]:
    """Each verdict with the day of its analysis."""
    parts = [part for part in (summary if isinstance(summary, list) else [summary])[:MAX_LIST] if is_part(part)]
    for part in parts:
        part.kept = True
    said = [(part.text("verdict"), part.text("analysisdate")) for part in parts]
    return [f"{verdict} ({day})" if day else verdict for verdict, day in said if verdict]
