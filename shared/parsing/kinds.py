"""How each of Sentinel's entity types becomes entities of ours: one reader a type (spec/data-model §2.2).
Types that we have no word for are kept whole under ``other``; that they were unknown is put on the record.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from shared.contracts.entity import EntityType
from shared.parsing.collection import Collection
from shared.parsing.graph import EntityGraph, Node
from shared.parsing.value import MAX_CHARACTERS, clean, verbatim

ALGORITHMS = {32: "md5", 40: "sha1", 64: "sha256"}  # by number of hex digits
MAX_LIST = 50  # values of one list property
PLACE = {
    "geo_country": ("countryname", "countrycode"),
    "geo_city": ("city",),
    "asn": ("asn",),
    "carrier": ("carrier",),
}
HEX = frozenset("0123456789abcdef")


@dataclass(frozen=True, slots=True)
class Reader:
    """What a reader of one node works with."""

    graph: EntityGraph
    found: Collection

    def text(self, node: Node, *names: str) -> str:
        """The first of these fields that holds a scalar, cleaned; "" when none does. A cut is a loss on the record."""
        for name in names:
            value = node.fields.get(name)
            if value is not None and (text := clean(value)):
                if isinstance(value, str) and len(value) > MAX_CHARACTERS:
                    self.found.lose(f"{node.where}.{name}", f"{len(value)} characters, cut to {MAX_CHARACTERS}")
                return text
        return ""

    def nodes(self, node: Node, name: str) -> list[Node]:
        """The objects that a field holds or refers to, one or a list."""
        value = node.fields.get(name)
        items = value if isinstance(value, list) else [value]
        return [held for item in items if (held := self.graph.resolve(item, f"{node.where}.{name}"))]

    def node(self, node: Node, name: str) -> Node | None:
        """The object that a field holds or refers to."""
        return next(iter(self.nodes(node, name)), None)

    def add(self, node: Node, kind: EntityType, value: str, properties: Mapping[str, Any] | None = None) -> None:
        """Keep what was read, or say that it has nothing to be known by."""
        if value:
            self.found.add(kind, value, properties, source_id=node.source_id)
        else:
            self.found.lose(node.where, f"{node.kind} without a value to know it by")


def read_node(reader: Reader, node: Node) -> None:
    """Turn one node into entities; a nested object that is no entity (a location, a threat note) is its parent's."""
    if node.kind:
        READERS.get(node.kind.replace("-", ""), _other)(reader, node)
    elif not node.nested:
        reader.found.lose(node.where, "an object without a Type")


def _account(reader: Reader, node: Node) -> None:
    name, suffix, directory_id, sid = (
        reader.text(node, field) for field in ("name", "upnsuffix", "aaduserid", "sid")
    )  # fmt: skip
    principal = f"{name}@{suffix}" if name and suffix and "@" not in name else ""
    reader.add(
        node,
        EntityType.ACCOUNT,
        principal or directory_id or name or sid or reader.text(node, "displayname", "puid", "objectguid"),
        {
            "name": name,
            "upn_suffix": suffix,
            "aad_user_id": directory_id,
            "sid": sid,
            "is_domain_joined": node.fields.get("isdomainjoined") if name else None,
            "dns_domain": reader.text(node, "dnsdomain"),
            "nt_domain": reader.text(node, "ntdomain"),
        },
    )


def _host(reader: Reader, node: Node) -> None:
    reader.add(node, EntityType.HOST, _host_name(reader, node), {
        "hostname": reader.text(node, "hostname", "netbiosname", "devicename"),
        "dns_domain": reader.text(node, "dnsdomain"),
        "os_family": reader.text(node, "osfamily", "operatingsystem"),
        "os_version": reader.text(node, "osversion"),
        "resource_id": reader.text(node, "azureid", "resourceid"),
        "edr_device_id": reader.text(node, "mdatpdeviceid", "deviceid"),
        "device_type": reader.text(node, "devicetype"),
        "manufacturer": reader.text(node, "manufacturer"),
    })  # fmt: skip


def _host_name(reader: Reader, node: Node) -> str:
    name = reader.text(node, "hostname", "netbiosname", "devicename")
    domain = reader.text(node, "dnsdomain")
    if name and domain and not name.lower().endswith(f".{domain.lower()}"):
        return f"{name}.{domain}"
    return name or reader.text(node, "fullyqualifieddomainname", "fqdn", "azureid", "resourceid", "deviceid")


def _ip(reader: Reader, node: Node) -> None:
    place = reader.node(node, "location")
    properties = {name: reader.text(place, *fields) for name, fields in PLACE.items()} if place else {}
    _add_address(reader, node, reader.text(node, "address"), properties)


def _add_address(reader: Reader, node: Node, text: str, properties: Mapping[str, Any] | None = None) -> None:
    try:
        address = str(ipaddress.ip_address(text.strip("[]")))
    except ValueError:
        reader.found.lose(node.where, f"{text[:100]!r} is no IP address")
    else:
        reader.add(node, EntityType.IP, address, properties)


def _file(reader: Reader, node: Node) -> None:
    name, folder = reader.text(node, "name", "filename"), reader.text(node, "directory", "folderpath")
    separator = "/" if "/" in folder else "\\"
    full_path = f"{folder.rstrip(separator)}{separator}{name}"[:MAX_CHARACTERS] if folder and name else ""
    hashes = {}
    for held in reader.nodes(node, "filehashes"):
        algorithm, digest = _digest(reader, held)
        if digest:
            hashes[f"hash_{algorithm}"] = digest
            reader.add(held, EntityType.FILEHASH, digest, {"algorithm": algorithm, "associated_file": name})
    size = reader.text(node, "sizeinbytes", "size")
    reader.add(node, EntityType.FILE, name or full_path or next(iter(hashes.values()), ""), {
        "directory": folder, "full_path": full_path, "size": int(size) if size.isdecimal() else None, **hashes
    })  # fmt: skip


def _digest(reader: Reader, node: Node) -> tuple[str, str]:
    """Algorithm and lower-case hex; ("", "") when it is no MD5, SHA-1 or SHA-256."""
    digest = reader.text(node, "value", "filehash").lower()
    algorithm = ALGORITHMS.get(len(digest), "")
    return (algorithm, digest) if algorithm and HEX.issuperset(digest) else ("", "")


def _hash(reader: Reader, node: Node) -> None:
    algorithm, digest = _digest(reader, node)
    if digest:
        reader.add(node, EntityType.FILEHASH, digest, {"algorithm": algorithm})
    else:
        value = reader.text(node, "value", "filehash")
        reader.found.lose(node.where, f"{value[:100]!r} is no MD5, SHA-1 or SHA-256")


def _process(reader: Reader, node: Node) -> None:
    image, parent = reader.node(node, "imagefile"), reader.node(node, "parentprocess")
    name = reader.text(image, "name", "filename") if image else ""
    process_id, command = reader.text(node, "processid"), verbatim(node.fields.get("commandline"))
    name = name or reader.text(node, "imagename", "processname")
    reader.add(node, EntityType.PROCESS, name or process_id or clean(command), {
        "process_id": process_id,
        "command_line": command,
        "image_name": name,
        "parent_process_id": reader.text(parent, "processid") if parent else "",
        "creation_time": reader.text(node, "creationtimeutc"),
    })  # fmt: skip


def _url(reader: Reader, node: Node) -> None:
    reader.add(node, EntityType.URL, reader.text(node, "url"))


def _dns(reader: Reader, node: Node) -> None:
    value = node.fields.get("ipaddresses", node.fields.get("ipaddress"))
    addresses = []
    for item in (value if isinstance(value, list) else [value])[:MAX_LIST]:
        held = reader.graph.resolve(item, f"{node.where}.ipaddresses")
        addresses.append(reader.text(held, "address") if held else clean(item))
    reader.add(node, EntityType.DNS, reader.text(node, "domainname", "domain").rstrip("."), {
        "resolved_ips": [address for address in addresses if address]
    })  # fmt: skip


def _mailbox(reader: Reader, node: Node) -> None:
    principal = reader.text(node, "upn")
    reader.add(node, EntityType.MAILBOX, reader.text(node, "mailboxprimaryaddress") or principal, {
        "display_name": reader.text(node, "displayname"), "upn": principal
    })  # fmt: skip


def _mail(reader: Reader, node: Node) -> None:
    links = node.fields.get("urls")
    for link in links[:MAX_LIST] if isinstance(links, list) else []:
        if text := clean(link):
            reader.add(node, EntityType.URL, text)
    if sender_address := reader.text(node, "senderip"):
        _add_address(reader, node, sender_address)
    name = reader.text(node, "networkmessageid", "internetmessageid", "subject", "query", "source")
    reader.add(node, EntityType.MAILMESSAGE, name, {
        "sender": reader.text(node, "sender", "p2sender", "p1sender"),
        "subject": reader.text(node, "subject"),
        "recipient": reader.text(node, "recipient"),
        "delivery_action": reader.text(node, "deliveryaction"),
        "raw": _raw(node),
    })  # fmt: skip


def _registry_key(reader: Reader, node: Node) -> None:
    reader.add(node, EntityType.REGISTRY_KEY, _registry_path(reader, node), {"raw": _raw(node)})


def _registry_path(reader: Reader, node: Node) -> str:
    return "\\".join(part for part in (reader.text(node, "hive"), reader.text(node, "key")) if part)


def _registry_value(reader: Reader, node: Node) -> None:
    key = reader.node(node, "key")
    path = _registry_path(reader, key) if key else reader.text(node, "key")
    name = reader.text(node, "name", "valuename") or reader.text(node, "value")
    reader.add(node, EntityType.REGISTRY_VALUE, name, {"registry_key": path, "raw": _raw(node)})


def _malware(reader: Reader, node: Node) -> None:
    reader.add(node, EntityType.MALWARE, reader.text(node, "name"), {
        "category": reader.text(node, "category"), "raw": _raw(node)
    })  # fmt: skip


def _group(reader: Reader, node: Node) -> None:
    name = reader.text(node, "distinguishedname", "name", "sid", "objectguid")
    reader.add(node, EntityType.SECURITY_GROUP, name, {"raw": _raw(node)})


def _application(reader: Reader, node: Node) -> None:
    name = reader.text(node, "name", "resourceid", "azureid", "amazonresourceid", "appid", "instancename", "sessionid")
    reader.add(node, EntityType.CLOUD_APPLICATION, name, {"type": node.kind, "raw": _raw(node)})


def _other(reader: Reader, node: Node) -> None:
    """Data-model §2.2: whatever has no category of its own is stored as cloud-application."""
    kind = clean(node.kind)[:64]
    reader.found.lose(node.where, f"type {kind!r} is unknown; kept as {EntityType.CLOUD_APPLICATION}")
    known_by = reader.text(node, "name", "id", "resourceid", "displayname", "value", "friendlyname")
    properties = {"type": kind, "raw": _raw(node)}
    reader.add(node, EntityType.CLOUD_APPLICATION, known_by or node.source_id or kind, properties)


def _holder(reader: Reader, node: Node) -> None:
    """A session or connection says nothing beyond what it joins, and what it joins are nodes themselves."""


def _raw(node: Node) -> dict[str, Any]:
    """The scalars and lists of scalars of a node."""
    kept: dict[str, Any] = {}
    for name, value in node.fields.items():
        if isinstance(value, list):
            kept[clean(name)] = [text for item in value[:MAX_LIST] if (text := clean(item))]
        elif text := clean(value):
            kept[clean(name)] = text
    return kept


READERS: Mapping[str, Callable[[Reader, Node], None]] = {
    "account": _account,
    "amazonresource": _application,
    "azureresource": _application,
    "cloudapplication": _application,
    "cloudlogonsession": _holder,
    "dns": _dns,
    "dnsresolution": _dns,
    "file": _file,
    "filehash": _hash,
    "gcpresource": _application,
    "host": _host,
    "hostlogonsession": _holder,
    "iotdevice": _host,
    "ip": _ip,
    "mailbox": _mailbox,
    "mailcluster": _mail,
    "mailmessage": _mail,
    "malware": _malware,
    "networkconnection": _holder,
    "process": _process,
    "registrykey": _registry_key,
    "registryvalue": _registry_value,
    "securitygroup": _group,
    "submissionmail": _mail,
    "url": _url,
}
