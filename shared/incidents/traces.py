"""What an alert leaves behind that other alerts may share: hosts, accounts, sessions, mails, processes. Pure.

What everybody shares by its nature (SYSTEM, everyone@, svchost.exe) leaves no trace; what turns out to be shared is
found by linking.py.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from shared.contracts.alert import NormalizedAlert, SeverityLevel
from shared.contracts.entity import EntityType, NormalizedEntity
from shared.contracts.ip_address import ip_address_of
from shared.incidents.stage import LATERAL_MOVEMENT, STOLEN_CREDENTIALS, rank, tactics_of

MOST_NAMED = 10  # hosts or accounts of one alert: one that names fifty says little about each
MOST_TRACES = 100  # of one alert
LONGEST_VALUE = 200  # bytes: an index takes 2,704 for tenant, alert id and value together
# A message sent days after the activity is common, one sent months after it has a wrong clock.
BELIEVED = timedelta(days=30)
# An alert that is open for days would gather everything that its account does meanwhile.
LONGEST_ACTIVITY = timedelta(hours=24)
BEGAN = ("starttime", "starttimeutc", "firstactivitydatetime")
ENDED = ("endtime", "endtimeutc", "lastactivitydatetime")

SHARED_ACCOUNTS = frozenset((
    "system", "localsystem", "localservice", "networkservice", "root", "administrator", "admin", "guest", "anonymous",
    "everyone", "nobody", "krbtgt", "trustedinstaller", "sa", "postgres",
))  # fmt: skip
SHARED_SIDS = ("S-1-1-0", "S-1-5-7", "S-1-5-11", "S-1-5-18", "S-1-5-19", "S-1-5-20", "S-1-5-32-")
SHARED_MAILBOXES = frozenset((
    "everyone", "all", "allstaff", "allusers", "info", "office", "sales", "support", "helpdesk", "hr", "team",
    "noreply", "donotreply", "postmaster", "mailerdaemon", "newsletter", "contact", "admin", "administrator",
))  # fmt: skip
SUITES = frozenset((
    "office365", "microsoft365", "microsoftexchangeonline", "microsoftsharepointonline",
    "microsoftonedriveforbusiness", "microsoftteams", "microsoftazure", "googleworkspace", "salesforce",
))  # fmt: skip
# Windows keeps these running on every host, with the same command line everywhere.
SYSTEM_IMAGES = frozenset((
    "system", "smss.exe", "csrss.exe", "wininit.exe", "winlogon.exe", "services.exe", "lsass.exe", "svchost.exe",
    "explorer.exe", "spoolsv.exe", "taskhostw.exe", "runtimebroker.exe", "sihost.exe", "dllhost.exe", "conhost.exe",
    "wmiprvse.exe", "msiexec.exe",
))  # fmt: skip
TAKEN_OVER = frozenset({STOLEN_CREDENTIALS, LATERAL_MOVEMENT})
ATTACKERS = frozenset({"attacker"})
ENDPOINTS = ("/onlineendpoints/", "/batchendpoints/", "/servingendpoints/", "/microsoft.cognitiveservices/accounts/")


class Kind(StrEnum):
    """What two alerts may have in common; stored, so names are added and never changed."""

    HOST = "host"
    ACCOUNT = "account"
    SESSION = "session"
    MAIL = "mail"
    PROCESS = "process"
    ENDPOINT = "endpoint"  # of a model
    APPLICATION = "application"
    ADDRESS = "address"  # that the source says is the attacker's
    DETECTION = "detection"  # of high severity: product and title
    DOMAIN = "domain"  # of the hosts on which credentials were stolen or that were reached with them


@dataclass(frozen=True, order=True)
class Trace:
    """One thing that an alert names, in the form in which it is compared."""

    kind: Kind
    value: str


@dataclass(frozen=True)
class Traces:
    """``left`` is stored and found by later alerts; ``sought`` is what this alert looks for. They differ for a host
    that is named with or without its domain. ``principals`` are its hosts and accounts, each once.
    """

    left: frozenset[Trace]
    sought: frozenset[Trace]
    principals: frozenset[str]
    began: datetime
    ended: datetime


def traces_of(alert: NormalizedAlert) -> Traces:
    """Everything by which an alert may be linked, and when what it is about happened."""
    entities = alert.parsed_entities
    hosts = list(dict.fromkeys(filter(None, map(_host_name, entities.hosts))))
    accounts = [names for account in entities.accounts if (names := _account_names(account))]
    accounts += [[f"upn:{address}"] for box in entities.mailboxes if (address := _mailbox(box))]
    left: list[Trace] = [*_unique(entities.other), *_processes(entities.processes, hosts), *_addresses(entities.ips)]
    sought = list(left)
    for host in hosts if len(hosts) <= MOST_NAMED else []:
        left += _host_left(host)
        sought += _host_sought(host)
    if len(accounts) <= MOST_NAMED:
        named = [Trace(Kind.ACCOUNT, name) for names in accounts for name in names]
        left += named
        sought += named
    if rank(alert.severity) >= rank(SeverityLevel.HIGH):
        detection = Trace(Kind.DETECTION, _value(f"{alert.product} {alert.title}"))
        left.append(detection)
        sought.append(detection)
    if rank(alert.severity) >= rank(SeverityLevel.MEDIUM) and TAKEN_OVER & tactics_of(alert.tactics, alert.techniques):
        domains = {domain for host in hosts if (domain := host.partition(".")[2]) and not ip_address_of(host)}
        left += (Trace(Kind.DOMAIN, domain) for domain in domains)
        sought += (Trace(Kind.DOMAIN, domain) for domain in domains)
    began, ended = _activity(alert)
    return Traces(
        left=frozenset(left[:MOST_TRACES]),
        sought=frozenset(sought[:MOST_TRACES]),
        principals=frozenset([*(f"host:{host}" for host in hosts), *(f"account:{names[0]}" for names in accounts)]),
        began=began,
        ended=ended,
    )


def source_incident(alert: NormalizedAlert) -> str:
    """The number of the incident that the source itself put the alert into; empty when it does not say."""
    given = {name.lower(): value for name, value in alert.raw_payload.items()}.get("incidentid")
    return str(given)[:LONGEST_VALUE] if isinstance(given, str | int) and not isinstance(given, bool) else ""


def _host_name(host: NormalizedEntity) -> str:
    return _value(str(host.properties.get("fqdn") or host.primary_value)).rstrip(".")


def _host_left(name: str) -> Iterator[Trace]:
    """A host with its domain is found by that name, and by a message that leaves the domain out; never by a namesake
    of another domain.
    """
    short, dot, _ = name.partition(".")
    if not dot or ip_address_of(name):
        yield Trace(Kind.HOST, f"bare:{name}")
    else:
        yield from (Trace(Kind.HOST, name), Trace(Kind.HOST, f"short:{short}"))


def _host_sought(name: str) -> Iterator[Trace]:
    short, dot, _ = name.partition(".")
    if not dot or ip_address_of(name):
        yield from (Trace(Kind.HOST, f"bare:{name}"), Trace(Kind.HOST, f"short:{name}"))
    else:
        yield from (Trace(Kind.HOST, name), Trace(Kind.HOST, f"bare:{short}"))


def _account_names(account: NormalizedEntity) -> list[str]:
    """Every name of an account that no other account has, the surest first; a bare name only when it has no other."""
    said = {name: _value(str(value)) for name, value in account.properties.items() if isinstance(value, str)}
    name = _value(account.primary_value)
    user = said.get("account_name") or said.get("name") or name
    sid = said.get("sid", "").upper()
    if _letters(user.partition("@")[0]) in SHARED_ACCOUNTS or sid.startswith(SHARED_SIDS):
        return []
    principal = said.get("user_principal_name") or said.get("upn") or (name if "@" in name else "")
    domain = said.get("nt_domain", "")
    names = {
        "aad": said.get("aad_user_id", ""),
        "sid": sid,
        "upn": principal,
        "nt": f"{domain}\\{user}" if domain and "@" not in user else "",
    }
    return [f"{kind}:{value}" for kind, value in names.items() if value] or [f"name:{user}"]


def _mailbox(box: NormalizedEntity) -> str:
    address = _value(box.primary_value)
    return "" if _letters(address.partition("@")[0]) in SHARED_MAILBOXES else address


def _unique(others: list[NormalizedEntity]) -> Iterator[Trace]:
    """Sessions, mails, model endpoints and applications."""
    for entity in others:
        value, kind = _value(entity.primary_value), str(entity.properties.get("type", "")).replace("-", "")
        if entity.entity_type is EntityType.MAILMESSAGE:
            yield Trace(Kind.MAIL, value)
        elif entity.entity_type is not EntityType.CLOUD_APPLICATION:
            continue
        elif kind in {"cloudlogonsession", "cloudlogonrequest", "hostlogonsession"}:
            yield Trace(Kind.SESSION, value)
        elif any(part in value for part in ENDPOINTS) or kind == "mlendpoint":
            yield Trace(Kind.ENDPOINT, value)
        elif kind == "mlmodel":
            yield Trace(Kind.ENDPOINT, f"model:{value}")
        elif kind in {"cloudapplication", "oauthapplication"} and _letters(value) not in SUITES:
            yield Trace(Kind.APPLICATION, value)


def _processes(processes: list[NormalizedEntity], hosts: list[str]) -> Iterator[Trace]:
    """Processes by host and command line: a process id is used again. Of an alert on several hosts nobody knows which
    of them a process ran on.
    """
    for process in processes if len(hosts) == 1 else []:
        command = " ".join(str(process.properties.get("command_line", "")).casefold().split())
        image = str(process.properties.get("image_name") or process.primary_value).casefold()
        if image not in SYSTEM_IMAGES and " " in command:
            digest = hashlib.sha256(f"{hosts[0].partition('.')[0]} {command}".encode("utf-8", "replace"))
            yield Trace(Kind.PROCESS, f"{image[:64]} {digest.hexdigest()[:32]}")


def _addresses(addresses: list[NormalizedEntity]) -> Iterator[Trace]:
    for address in addresses:
        roles = address.properties.get("roles")
        attackers = isinstance(roles, list) and any(str(role).casefold() in ATTACKERS for role in roles)
        number = ip_address_of(address.primary_value)
        if attackers and number is not None and number.is_global:
            yield Trace(Kind.ADDRESS, _value(address.primary_value))


def _activity(alert: NormalizedAlert) -> tuple[datetime, datetime]:
    """From when to when the alert's activity lasted; what a source says of it is believed near the alert's own time."""
    own = _time(alert.timestamp) or datetime.now(UTC)
    columns: dict[str, Any] = {}
    for part in (alert.raw_payload, alert.raw_payload.get("properties")):
        if isinstance(part, dict):
            columns |= {name.lower(): value for name, value in part.items()}
    said = [next((found for name in names if (found := _time(columns.get(name)))), own) for names in (BEGAN, ENDED)]
    began, ended = (moment if abs(moment - own) <= BELIEVED else own for moment in said)
    return began, max(began, min(ended, began + LONGEST_ACTIVITY))


def _time(value: Any) -> datetime | None:
    try:
        parsed = datetime.fromisoformat(value)
        return parsed.astimezone(UTC) if parsed.tzinfo else parsed.replace(tzinfo=UTC)
    except (TypeError, ValueError, OverflowError):
        return None


def _value(text: str) -> str:
    """As it is compared; of a long one, such as the query of a cluster of mails, the beginning and a digest."""
    plain = " ".join(text.casefold().split())
    written = plain.encode("utf-8", "replace")
    if len(written) <= LONGEST_VALUE:
        return plain
    return f"{written[: LONGEST_VALUE // 2].decode(errors='ignore')} {hashlib.sha256(written).hexdigest()[:32]}"


def _letters(text: str) -> str:
    return "".join(letter for letter in text.casefold() if letter.isalnum())
