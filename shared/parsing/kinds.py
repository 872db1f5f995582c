"""How each of Sentinel's entity types becomes entities of ours: one reader a type (spec/data-model §2.2).
Types that we have no word for are kept whole under ``other``; that they were unknown is put on the record.
"""

from __future__ import annotations

import ipaddress
import ntpath
import socket
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from shared.contracts.entity import EntityType
from shared.parsing.collection import Collection
from shared.parsing.graph import EntityGraph, Node
from shared.parsing.rest import MAX_LIST, raw_fields, texts_of, with_the_rest
from shared.parsing.value import MAX_CHARACTERS, clean

ALGORITHMS = {32: "md5", 40: "sha1", 64: "sha256", 128: "sha512"}  # by number of hex digits
RESOLVED = ("ipaddresses", "ipaddress")
# Fields and the properties that they become; of several for one property the last counts.
ACCOUNT = (
    ("name", "name"),
    ("upnsuffix", "upn_suffix"),
    ("aaduserid", "aad_user_id"),
    ("sid", "sid"),
    ("dnsdomain", "dns_domain"),
    ("ntdomain", "nt_domain"),
    ("displayname", "display_name"),
    ("userprincipalname", "user_principal_name"),
    ("accountname", "account_name"),
    ("aadtenantid", "aad_tenant_id"),
)
HOST = (
    ("devicename", "hostname"),
    ("netbiosname", "hostname"),
    ("hostname", "hostname"),
    ("dnsdomain", "dns_domain"),
    ("operatingsystem", "os_family"),
    ("osfamily", "os_family"),
    ("osversion", "os_version"),
    ("resourceid", "resource_id"),
    ("azureid", "resource_id"),
    ("deviceid", "edr_device_id"),
    ("mdatpdeviceid", "edr_device_id"),
    ("devicetype", "device_type"),
    ("manufacturer", "manufacturer"),
    ("aaddeviceid", "aad_device_id"),
    ("riskscore", "risk_score"),
    ("healthstatus", "health_status"),
    ("onboardingstatus", "onboarding_status"),
    ("avstatus", "av_status"),
    ("lastseen", "last_seen"),
    ("firstseendatetime", "first_seen"),
    ("rbacgroupname", "device_group"),
    ("osbuild", "os_build"),
    ("fqdn", "fqdn"),
)
LAST_SEEN_AT = (("lastipaddress", "last_ip_address"), ("lastexternalipaddress", "last_external_ip_address"))
PLACE = (
    ("countrycode", "geo_country"),
    ("countryname", "geo_country"),
    ("city", "geo_city"),
    ("asn", "asn"),
    ("carrier", "carrier"),
)
PLACE_FIELDS = frozenset(field for field, _ in PLACE)
HEX = "0123456789abcdef"
NO_HASH = "is no MD5, SHA-1, SHA-256 or SHA-512"
# Types that are resources of a cloud or a cluster and have no category of their own.
RESOURCES = (
    "amazonresource", "azureresource", "blob", "blobcontainer", "cloudapplication", "cloudlogonrequest", "container",
    "containerimage", "containerregistry", "gcpresource", "kubernetescluster", "kubernetescontroller",
    "kubernetesnamespace", "kubernetespod", "kubernetessecret", "kubernetesservice", "kubernetesserviceaccount",
    "oauthapplication", "k8scluster", "k8scontroller", "k8snamespace", "k8spod", "k8ssecret", "k8sservice",
    "k8sserviceaccount", "mldataset", "mlendpoint", "mlmodel", "mlpipeline", "nic", "otsensor", "storageaccount",
)  # fmt: skip
RESOURCE_NAMES = (
    "name", "resourceid", "azureid", "amazonresourceid", "resourcename", "appid", "instancename", "imageid",
    "containerid", "registry", "url", "requestid", "macaddress",
)  # fmt: skip


class Reader:
    """What a reader of one node works with."""

    __slots__ = ("_parts", "found", "graph")

    def __init__(self, graph: EntityGraph, found: Collection) -> None:
        self.graph = graph
        self.found = found
        self._parts: list[Node] = []

    def leave(self, part: Node) -> None:
        """Pass over an object that is no entity; it is for the one that holds it to keep."""
        self._parts.append(part)

    def close(self) -> None:
        """Say which of these nothing kept."""
        for part in self._parts:
            if not part.kept:
                self.found.lose(part.pointer, "an object without a Type, which its entity has no field for")

    def add(self, node: Node, kind: EntityType, value: str, properties: Mapping[str, Any] | None = None) -> None:
        """Keep what was read, or say that it has nothing to be known by."""
        if value:
            said = with_the_rest(node, kind, properties or {})
            self.found.add(kind, value, said, source_id=node.source_id, pointer=node.pointer)
        else:
            self.found.lose(node.pointer, f"{node.kind} without a value to know it by")


def read_node(reader: Reader, node: Node) -> None:
    """Turn one node into entities; a nested object that is no entity (a location, a threat note) is its parent's."""
    if node.kind:
        (READERS.get(node.kind) or READERS.get(node.kind.replace("-", ""), _other))(reader, node)
    elif node.nested:
        reader.leave(node)
    else:
        reader.found.lose(node.pointer, "an object without a Type")


def _account(reader: Reader, node: Node) -> None:
    properties = node.texts(ACCOUNT)
    name, suffix = properties.get("name") or properties.get("account_name", ""), properties.get("upn_suffix")
    if "nt_domain" not in properties and (domain := node.text("domainname")) and "." not in domain:
        properties["nt_domain"] = domain
    principal = f"{name}@{suffix}" if name and suffix else node.text("userprincipalname")
    if "@" in name:  # some detectors write it whole
        principal = name
    joined = node.fields.get("isdomainjoined")
    if name and isinstance(joined, bool | str):
        properties["is_domain_joined"] = joined
    known_by = principal or properties.get("aad_user_id") or name or properties.get("sid")
    reader.add(node, EntityType.ACCOUNT, known_by or node.text("displayname", "puid", "objectguid"), properties)


def _host(reader: Reader, node: Node) -> None:
    properties = node.texts(HOST)
    name, domain = properties.get("hostname", ""), properties.get("dns_domain", "")
    if name and domain and not name.lower().endswith(f".{domain.lower()}"):
        name = f"{name}.{domain}"
    known_by = name or node.text("fullyqualifieddomainname", "fqdn", "azureid", "resourceid", "deviceid")
    for field, property_name in LAST_SEEN_AT:
        held = reader.graph.held(node, field)
        if address := held.text("address") if held else node.text(field):
            properties[property_name] = address
    if users := [_logged_on(held) for held in reader.graph.all_held(node, "loggedonusers")[:MAX_LIST]]:
        properties["logged_on_users"] = users
    if tags := [held.text("tagname", "name", "tagid") for held in reader.graph.all_held(node, "tags")[:MAX_LIST]]:
        properties["tags"] = tags
    reader.add(node, EntityType.HOST, known_by, properties)


def _logged_on(user: Node) -> str:
    name, domain = user.text("accountname", "name", "userprincipalname"), user.text("domainname", "ntdomain")
    return f"{domain}\\{name}" if domain and "@" not in name else name


def _ip(reader: Reader, node: Node) -> None:
    place, properties = reader.graph.held(node, "location"), dict[str, Any]()
    if place:
        properties = place.texts(PLACE)
        if rest := {name: said for name, said in raw_fields(place).items() if name not in PLACE_FIELDS}:
            properties["location"] = rest
    _add_address(reader, node, node.text("address"), properties)


def _add_address(reader: Reader, node: Node, text: str, properties: Mapping[str, Any] | None = None) -> None:
    address = _address(text)
    if address:
        reader.add(node, EntityType.IP, address, properties)
    else:
        reader.found.lose(node.pointer, f"{text[:100]!r} is no IP address")


def _address(text: str) -> str:
    """The address in its canonical form, "" for anything else."""
    with suppress(OSError, ValueError):  # six times as fast as the general form, and nearly every address is one
        return socket.inet_ntop(socket.AF_INET, socket.inet_pton(socket.AF_INET, text))
    with suppress(ValueError):
        return str(ipaddress.ip_address(text.strip("[]")))
    return ""


def _file(reader: Reader, node: Node) -> None:
    name, folder = node.text("name", "filename"), node.text("directory", "folderpath")
    separator = "/" if "/" in folder else "\\"
    full_path = f"{folder.rstrip(separator)}{separator}{name}"[:MAX_CHARACTERS] if folder and name else ""
    hashes = {}
    for held in reader.graph.all_held(node, "filehashes"):
        algorithm, digest = _digest(held)
        if digest:
            hashes[f"hash_{algorithm}"] = digest
            reader.add(held, EntityType.FILEHASH, digest, {"algorithm": algorithm, "associated_file": name})
    for digest in _plain_texts(node, "filehashes"):
        if algorithm := _algorithm(digest.lower()):
            hashes[f"hash_{algorithm}"] = digest.lower()
            reader.add(node, EntityType.FILEHASH, digest.lower(), {"algorithm": algorithm, "associated_file": name})
        else:
            reader.found.lose(f"{node.pointer}/filehashes", f"{digest[:100]!r} {NO_HASH}")
    size = node.text("sizeinbytes", "size")
    reader.add(node, EntityType.FILE, name or full_path or next(iter(hashes.values()), ""), {
        "directory": folder, "full_path": full_path, "size": int(size) if size.isdecimal() else None, **hashes
    })  # fmt: skip


def _digest(node: Node) -> tuple[str, str]:
    """Algorithm and lower-case hex; ("", "") when it is no hash that we know."""
    digest = node.text("value", "filehash").lower()
    algorithm = _algorithm(digest)
    return (algorithm, digest) if algorithm else ("", "")


def _algorithm(digest: str) -> str:
    return ALGORITHMS.get(len(digest), "") if not digest.strip(HEX) else ""


def _hash(reader: Reader, node: Node) -> None:
    algorithm, digest = _digest(node)
    if digest:
        reader.add(node, EntityType.FILEHASH, digest, {"algorithm": algorithm})
    else:
        value = node.text("value", "filehash")
        reader.found.lose(node.pointer, f"{value[:100]!r} {NO_HASH}")


def _process(reader: Reader, node: Node) -> None:
    image, parent = reader.graph.held(node, "imagefile"), reader.graph.held(node, "parentprocess")
    name = image.text("name", "filename") if image else ntpath.basename(node.text("imagefile"))
    process_id, command = node.text("processid"), node.text("commandline")
    name = name or node.text("imagename", "processname")
    reader.add(node, EntityType.PROCESS, name or clean(command) or process_id, {
        "process_id": process_id,
        "command_line": command,
        "image_name": name,
        "parent_process_id": parent.text("processid") if parent else "",
        "creation_time": node.text("creationtimeutc"),
    })  # fmt: skip


def _url(reader: Reader, node: Node) -> None:
    reader.add(node, EntityType.URL, node.text("url"))


def _dns(reader: Reader, node: Node) -> None:
    addresses = [held.text("address") for name in RESOLVED for held in reader.graph.all_held(node, name)]
    addresses += [text for name in RESOLVED for text in _texts(reader, node, name)]
    reader.add(node, EntityType.DNS, node.text("domainname", "domain").rstrip("."), {
        "resolved_ips": [address for address in addresses[:MAX_LIST] if address]
    })  # fmt: skip


def _mailbox(reader: Reader, node: Node) -> None:
    principal = node.text("upn")
    reader.add(node, EntityType.MAILBOX, node.text("mailboxprimaryaddress") or principal, {
        "display_name": node.text("displayname"), "upn": principal
    })  # fmt: skip


def _mail(reader: Reader, node: Node) -> None:
    for link in _texts(reader, node, "urls"):
        reader.add(node, EntityType.URL, link)
    if sender_address := node.text("senderip"):
        _add_address(reader, node, sender_address)
    name = node.text("networkmessageid", "internetmessageid", "submissionid", "subject", "query", "source")
    members = _plain_texts(node, "networkmessageids")  # of a cluster, which has no id of its own
    reader.add(node, EntityType.MAILMESSAGE, name or next(iter(members), ""), {
        "sender": node.text("sender", "p2sender", "p1sender"),
        "p2_sender": node.text("p2sender"),
        "network_message_id": node.text("networkmessageid"),
        "internet_message_id": node.text("internetmessageid"),
        "network_message_ids": members[:MAX_LIST],
        "urls": _texts(reader, node, "urls"),
        "threats": _texts(reader, node, "threats"),
        "subject": node.text("subject"),
        "recipient": node.text("recipient"),
        "delivery_action": node.text("deliveryaction"),
        "raw": _raw(reader, node),
    })  # fmt: skip


def _registry_key(reader: Reader, node: Node) -> None:
    reader.add(node, EntityType.REGISTRY_KEY, _registry_path(node), {"raw": _raw(reader, node)})


def _registry_path(node: Node) -> str:
    return "\\".join(part for part in (node.text("hive"), node.text("key")) if part)


def _registry_value(reader: Reader, node: Node) -> None:
    key = reader.graph.held(node, "key")
    path = _registry_path(key) if key else node.text("key")
    name = node.text("name", "valuename") or node.text("value")
    reader.add(node, EntityType.REGISTRY_VALUE, name, {"registry_key": path, "raw": _raw(reader, node)})


def _malware(reader: Reader, node: Node) -> None:
    reader.add(node, EntityType.MALWARE, node.text("name"), {
        "category": node.text("category"), "raw": _raw(reader, node)
    })  # fmt: skip


def _group(reader: Reader, node: Node) -> None:
    name = node.text("distinguishedname", "name", "sid", "objectguid")
    reader.add(node, EntityType.SECURITY_GROUP, name, {"raw": _raw(reader, node)})


def _resource(reader: Reader, node: Node) -> None:
    name = node.text(*RESOURCE_NAMES)
    reader.add(node, EntityType.CLOUD_APPLICATION, name, {"type": node.kind, "raw": _raw(reader, node)})


def _other(reader: Reader, node: Node) -> None:
    """Data-model §2.2: whatever has no category of its own is stored as cloud-application."""
    kind = clean(node.kind)[:64]
    reader.found.lose(node.pointer, f"type {kind!r} is unknown; kept as {EntityType.CLOUD_APPLICATION}")
    known_by = node.text("name", "id", "resourceid", "displayname", "value", "friendlyname")
    properties = {"type": kind, "raw": _raw(reader, node)}
    reader.add(node, EntityType.CLOUD_APPLICATION, known_by or node.source_id or kind, properties)


def _connection(reader: Reader, node: Node) -> None:
    """Its addresses are nodes themselves; what it adds is which ports they used."""
    ends = []
    for end in ("source", "destination"):
        held = reader.graph.held(node, f"{end}address")
        address = held.text("address") if held else node.text(f"{end}address")
        ends.append(f"{address or '?'}:{node.text(f'{end}port') or '?'}")
    name = f"{ends[0]} -> {ends[1]} {node.text('protocol')}".strip()
    reader.add(node, EntityType.CLOUD_APPLICATION, name, {"type": node.kind, "raw": _raw(reader, node)})


def _session(reader: Reader, node: Node) -> None:
    """A logon session joins nodes that are read themselves; without an id of its own it adds nothing to them."""
    if name := node.text("sessionid"):
        reader.add(node, EntityType.CLOUD_APPLICATION, name, {"type": node.kind, "raw": _raw(reader, node)})


def _texts(reader: Reader, node: Node, name: str) -> list[str]:
    """The texts of a field that holds a list of them, or one."""
    value = node.fields.get(name)
    items = value if isinstance(value, list) else [value]
    if len(items) > MAX_LIST:
        reader.found.lose(f"{node.pointer}/{name}", f"{len(items)} values, the first {MAX_LIST} were kept")
    return texts_of(items)


def _plain_texts(node: Node, name: str) -> list[str]:
    """The texts that stand in a list beside objects."""
    value = node.fields.get(name)
    return (
        [text for item in value if isinstance(item, str) and (text := clean(item))] if isinstance(value, list) else []
    )


def _raw(reader: Reader, node: Node) -> dict[str, Any]:
    """All that a node says and no other entity keeps."""
    for name, value in node.fields.items():
        if isinstance(value, list) and len(value) > MAX_LIST:
            reader.found.lose(f"{node.pointer}/{name}", f"{len(value)} values, the first {MAX_LIST} were kept")
    return raw_fields(node)


READERS: Mapping[str, Callable[[Reader, Node], None]] = {
    "account": _account,
    "cloudlogonsession": _session,
    "dns": _dns,
    "dnsresolution": _dns,
    "file": _file,
    "filehash": _hash,
    "host": _host,
    "hostlogonsession": _session,
    "iotdevice": _host,
    "ip": _ip,
    "mailbox": _mailbox,
    "mailcluster": _mail,
    "mailmessage": _mail,
    "malware": _malware,
    "networkconnection": _connection,
    "process": _process,
    "registrykey": _registry_key,
    "registryvalue": _registry_value,
    "securitygroup": _group,
    "submissionmail": _mail,
    "url": _url,
    **dict.fromkeys(RESOURCES, _resource),
}
