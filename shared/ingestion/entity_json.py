"""Entities in the form that Sentinel gives them (`Type` and its fields), for sources that name theirs otherwise: the
parser then reads one language. Every function takes what the source holds and leaves out what is empty.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any

import orjson
import re2

from shared.contracts.ip_address import ip_address_of

Entity = dict[str, Any]
MAX_ENTITIES = 2_000  # of one alert; the parser keeps fewer, and the payload all
DIGESTS = {32: "MD5", 40: "SHA1", 64: "SHA256", 128: "SHA512"}  # by number of hex digits
_DIGEST = re2.compile(r"\b(?:[0-9A-Fa-f]{128}|[0-9A-Fa-f]{64}|[0-9A-Fa-f]{40}|[0-9A-Fa-f]{32})\b")


def entity(kind: str, **fields: Any) -> Entity:
    """An entity of ``kind``; {} when it says nothing."""
    given = {name: value for name, value in fields.items() if value not in (None, "", [], {})}
    return {"Type": kind, **given} if given else {}


def several(entities: Iterable[Entity]) -> list[Entity]:
    """Those that say something, equal ones once, with an `$id` in order, e1 and on; at most MAX_ENTITIES."""
    kept: dict[bytes, Entity] = {}
    for item in entities:
        if item:
            kept.setdefault(orjson.dumps(item), item)
        if len(kept) == MAX_ENTITIES:
            break
    return [{"$id": f"e{number}", **item} for number, item in enumerate(kept.values(), 1)]


def cuts(entities: Sequence[Entity]) -> tuple[str, ...]:
    """The flag that says that ``several`` may have left out some."""
    return ("entities_cut",) if len(entities) == MAX_ENTITIES else ()


def account(  # noqa: PLR0913 - all that a source may know an account by
    *, name: str = "", domain: str = "", principal: str = "", sid: str = "", object_id: str = "", display: str = ""
) -> Entity:
    """An account. ``principal`` is user@suffix; ``name`` may be DOMAIN\\user."""
    if "\\" in name and not domain:
        domain, _, name = name.rpartition("\\")
    if "@" in name and not principal:
        name, principal = "", name
    user, at, suffix = principal.rpartition("@")
    return entity(
        "account",
        Name=(user if at else principal) or name,
        UPNSuffix=suffix if at else "",
        NTDomain=domain,
        Sid=sid,
        AadUserId=object_id,
        DisplayName=display,
    )


def host(name: str = "", **fields: Any) -> Entity:
    """A machine; ``name`` may be fully qualified."""
    return entity("host", HostName=name, **fields)


def address(value: Any, *, country: Any = None, city: Any = None, asn: Any = None) -> Entity:
    """An IP address with where it is."""
    location = {"CountryName": country, "City": city, "Asn": asn}
    return entity("ip", Address=value) and entity(
        "ip", Address=value, Location={name: held for name, held in location.items() if held not in (None, "")}
    )


def machine(value: str) -> Entity:
    """What a source calls a machine by whatever it knew: an address or a name."""
    return host(value) if ip_address_of(value.strip("[]")) is None else address(value)


def file(*, path: str = "", name: str = "", folder: str = "", digests: Iterable[Any] = (), size: Any = None) -> Entity:
    """A file by its full path, or by folder and name; ``digests`` may hold empty values."""
    if path:
        separator = "\\" if "\\" in path else "/"
        folder_of_path, _, name_of_path = path.rpartition(separator)
        folder, name = folder or folder_of_path, name or name_of_path
    hashes = [item for value in digests for item in file_hashes(value)]
    known = entity("file", Name=name, Directory=folder, FileHashes=hashes)
    return {**known, "SizeInBytes": size} if known and size is not None else known


def file_hashes(text: Any) -> list[Entity]:
    """The digests in a text, such as `SHA256=...,MD5=...` of Sysmon."""
    matches = islice(_DIGEST.finditer(text), MAX_ENTITIES) if isinstance(text, str) else ()
    found = dict.fromkeys(match.group() for match in matches)
    return [entity("filehash", Algorithm=DIGESTS[len(value)], Value=value) for value in found]


def process(  # noqa: PLR0913 - all that a source may say about one process
    *,
    pid: Any = None,
    command: Any = None,
    created: Any = None,
    image: Entity | None = None,
    parent: Entity | None = None,
    owner: Entity | None = None,
) -> Entity:
    """A process with its image, parent and account."""
    return entity(
        "process",
        ProcessId=str(pid) if pid is not None else "",
        CommandLine=command,
        CreationTimeUtc=created,
        ImageFile=image,
        ParentProcess=parent,
        Account=owner,
    )


def url(value: Any) -> Entity:
    """A URL."""
    return entity("url", Url=value)


def domain(name: str, addresses: Iterable[str] = ()) -> Entity:
    """A DNS name with what it resolved to."""
    resolved = [entity("ip", Address=value) for value in addresses]
    return entity("dns", DomainName=name, IpAddresses=resolved) if name else {}


def registry_key(*, hive: str = "", key: str = "") -> Entity:
    """A registry key; the hive may stand at the start of ``key``."""
    return entity("registry-key", Key=key) and entity("registry-key", Hive=hive, Key=key)


def registry_value(*, hive: str = "", key: str = "", name: Any = None, data: Any = None) -> Entity:
    """A registry value with its key; the one without a name is a key's default value."""
    name = name or ("(Default)" if key and data else "")
    return entity("registry-value", Name=name) and entity(
        "registry-value", Name=name, Value=data, Key=registry_key(hive=hive, key=key)
    )
