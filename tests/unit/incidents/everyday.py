"""Everyday alerts of one company, as rows of `SecurityAlert`: none belongs to any other. Made from a seed.

They touch what everybody touches (domain controllers, a scanner's account, the proxy's address, everyone@) and, when
asked, the very hosts and accounts that an attack is on.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

DOMAIN = "corp.example"
SHARED_HOSTS = ("dc01", "dc02", "fs01", "proxy01", "sccm01")
SHARED_USERS = ("svc-scan", "svc-backup", "svc-deploy")
EGRESS = "203.0.113.10"

# Name, severity, tactics, and who is named: user, host, mail, cloud application, shared host, shared account.
KINDS: Sequence[tuple[str, str, str, str]] = (
    ("Unfamiliar sign-in properties", "Low", "InitialAccess", "user"),
    ("Atypical travel", "Medium", "InitialAccess", "user"),
    ("Multiple failed user logon attempts to a service", "Low", "CredentialAccess", "user host"),
    ("Email reported by user as malware or phish", "Informational", "InitialAccess", "mail"),
    ("Email messages removed after delivery", "Informational", "InitialAccess", "mail"),
    ("Mass download by a single user", "Medium", "Exfiltration", "user suite"),
    ("Unwanted software was prevented", "Informational", "", "host file"),
    ("Suspicious PowerShell command line", "Medium", "Execution", "user host process"),
    ("Port scan from a scanner", "Low", "Discovery", "service shared"),
    ("Backup service read many files", "Low", "Collection", "service shared"),
    ("Account enumeration reconnaissance", "Medium", "Discovery", "service shared"),
    ("Connection to a custom network indicator", "Informational", "CommandAndControl", "host egress"),
    ("Unusual volume of external file sharing", "Low", "Exfiltration", "user suite"),
    ("Rare scheduled task on a server", "Medium", "Persistence", "shared system"),
    ("Admin activity from an unusual address", "Medium", "PrivilegeEscalation", "user egress"),
    ("Credential theft tool was blocked", "High", "CredentialAccess", "user host"),
    ("Remote execution by an administrator", "Medium", "LateralMovement", "shared service"),
    ("New mail forwarding rule to everyone", "Low", "Collection", "everyone"),
)


@dataclass(frozen=True)
class Company:
    """Whom everyday alerts are about. Each user has a workstation; ``also`` are hosts and accounts of an attack."""

    people: int = 120
    domain: str = DOMAIN
    also_hosts: Sequence[dict[str, Any]] = ()
    also_accounts: Sequence[dict[str, Any]] = ()
    also_share: float = 0.05  # of the alerts touch those


def account(name: str, domain: str = DOMAIN) -> dict[str, Any]:
    """A user as Defender writes one."""
    number = UUID(int=abs(hash_of(name)))
    return {
        "Name": name,
        "UPNSuffix": domain,
        "NTDomain": domain.partition(".")[0].upper(),
        "AadUserId": str(number),
        "Type": "account",
    }


def host(name: str, domain: str = DOMAIN) -> dict[str, Any]:
    """A host as Defender writes one."""
    return {"HostName": name, "DnsDomain": domain, "FQDN": f"{name}.{domain}", "Type": "host"}


def hash_of(text: str) -> int:
    """A number that is the same in every run."""
    return int.from_bytes(text.encode().ljust(15, b"\0")[:15])


def everyday(count: int, *, since: datetime, until: datetime, company: Company, seed: int) -> list[dict[str, Any]]:
    """So many rows, at any time within office hours."""
    random = Random(seed)
    days = max(1, (until - since).days)
    rows = []
    for number in range(count):
        day = (since + timedelta(days=random.randrange(days))).replace(hour=0, minute=0, second=0, microsecond=0)
        at = day + timedelta(minutes=random.randrange(7 * 60, 19 * 60))
        rows.append(_row(random, f"{seed}-{number}", at, company))
    return rows


def row(
    alert_id: str,
    title: str,
    severity: str,
    tactics: str,
    at: datetime,
    entities: Sequence[dict[str, Any]],
    **more: Any,
) -> dict[str, Any]:
    """One row of `SecurityAlert`, sent some minutes after its activity."""
    return {
        "TenantId": "3f5a1c2e-7b60-4d8e-9a41-0c2d4e6f8a10",
        "TimeGenerated": (at + timedelta(minutes=12)).isoformat(),
        "StartTime": at.isoformat(),
        "EndTime": at.isoformat(),
        "SystemAlertId": alert_id,
        "AlertName": title,
        "AlertSeverity": severity,
        "ProductName": "Microsoft Defender XDR",
        "Tactics": tactics,
        "Entities": json.dumps([{"$id": str(place), **entity} for place, entity in enumerate(entities, 2)]),
        "Type": "SecurityAlert",
        **more,
    }


def _row(random: Random, name: str, at: datetime, company: Company) -> dict[str, Any]:
    title, severity, tactics, named = random.choice(KINDS)
    person = random.randrange(company.people)
    entities = [_entity(random, word, name, person, company) for word in named.split()]
    return row(f"everyday-{name}", title, severity, tactics, at, entities)


def _entity(random: Random, word: str, name: str, person: int, company: Company) -> dict[str, Any]:
    attacked = random.random() < company.also_share
    if word == "user":
        return (
            dict(random.choice(company.also_accounts))
            if attacked and company.also_accounts
            else account(f"user{person:03}", company.domain)
        )
    if word in {"host", "shared"} and attacked and company.also_hosts:
        return dict(random.choice(company.also_hosts))
    made: dict[str, dict[str, Any]] = {
        "host": host(f"ws-{person:03}", company.domain),
        "shared": host(random.choice(SHARED_HOSTS), company.domain),
        "service": account(random.choice(SHARED_USERS), company.domain),
        "system": {"Name": "SYSTEM", "NTDomain": "NT AUTHORITY", "Sid": "S-1-5-18", "Type": "account"},
        "egress": {"Address": EGRESS, "Type": "ip"},
        "suite": {"Name": "Office 365", "AppId": 11161, "Type": "cloud-application"},
        "everyone": {"MailboxPrimaryAddress": f"everyone@{DOMAIN}", "Type": "mailbox"},
        "mail": {"NetworkMessageId": f"mail-{name}", "Recipient": f"user{person:03}@{DOMAIN}", "Type": "mailMessage"},
        "file": {"Name": "toolbar.exe", "Type": "file"},
        "process": {
            "ProcessId": str(random.randrange(1000, 20000)),
            "CommandLine": f"powershell.exe -File C:\\it\\login-{random.randrange(40)}.ps1",
            "Type": "process",
        },
    }
    return made[word]
