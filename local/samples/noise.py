"""What a company's logs are full of: people at work for a week, the same at every run (a fixed seed).

The accounts and devices of the samples are at work too, so that an attack must be told from their ordinary days.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from random import Random
from typing import Any

SEED = 20261120
LAST = datetime(2026, 11, 20, 14, 0, tzinfo=UTC)
DAYS = 7
DOMAIN = "northlight.example"
OFFICES = (("192.0.2.200", "DE"), ("192.0.2.201", "FR"), ("192.0.2.202", "PL"))
PEOPLE = (  # each with a workstation
    *(("m.okafor", "WS-0147"), ("k.weiss", "WS-0212"), ("t.nowak", "WS-0302"), ("r.ivanova", "WS-0098")),
    *(("d.fischer", "WS-0551"), ("v.tran", "WS-0410"), ("h.brandt", "WS-0111"), ("p.santos", "WS-0112")),
    *(("j.haddad", "WS-0115"), ("s.moreau", "WS-0116"), ("a.keller", "WS-0117"), ("b.larsen", "WS-0118")),
    *(("c.dubois", "WS-0119"), ("e.novak", "WS-0120"), ("f.rossi", "WS-0121"), ("o.lindqvist", "WS-0122")),
    *(("l.peeters", "WS-0123"), ("g.adeyemi", "WS-0113"), ("i.kovacs", "WS-0031"), ("n.bakker", "WS-0288")),
    *(("q.meyer", "WS-0319"), ("u.silva", "WS-0377"), ("w.jansen", "WS-0177"), ("z.haas", "WS-0461")),
)
SERVERS = ("FS-02", "APP-02", "APP-07", "APP-08", "APP-11", "APP-12", "WEB-03", "DC-01", "DC-02", "BUILD-04", "JUMP-01")
SERVICES = ("svc-fileshare", "svc-patch", "svc-backup", "svc-billing", "svc-mlops")
APPLICATIONS = ("Exchange Online", "Microsoft Teams", "SharePoint Online", "Azure Portal", "Payroll")
PROGRAMS = (
    ("winword.exe", "winword.exe /n report.docx", "explorer.exe"),
    ("excel.exe", "excel.exe forecast.xlsx", "explorer.exe"),
    ("msedge.exe", "msedge.exe --profile-directory=Default", "explorer.exe"),
    ("powershell.exe", "powershell.exe -File C:\\Deploy\\Inventory.ps1", "ccmexec.exe"),
    ("sc.exe", "sc.exe query wuauserv", "ccmexec.exe"),
    ("schtasks.exe", "schtasks.exe /query /fo csv", "ccmexec.exe"),
    ("reg.exe", "reg.exe query HKLM\\Software\\Policies", "ccmexec.exe"),
    ("conhost.exe", "conhost.exe 0x4", "cmd.exe"),
)
SITES = (
    ("192.0.2.150", "telemetry.vendor.example", "agent.exe"),
    ("192.0.2.151", "news.example", "msedge.exe"),
    ("192.0.2.152", "updates.vendor.example", "agent.exe"),
    ("192.0.2.153", "cdn.example", "chrome.exe"),
)

Made = tuple[str, dict[str, Any]]


def noise() -> Iterator[Made]:
    """Rows with their tables, each with a time of the last week."""
    random = Random(SEED)  # noqa: S311 - nothing here is secret
    for make, number in (
        *((_sign_in, 1200), (_process, 1500), (_connection, 1500), (_log_on, 700), (_file, 700), (_mail, 500)),
        *((_office, 900), (_domain_log_on, 500), (_windows_log_on, 500), (_firewall, 600), (_rare, 300)),
    ):
        for _ in range(number):
            table, row = make(random)
            yield table, {"TimeGenerated": _time(random), **row}


def _time(random: Random) -> str:
    """In office hours, mostly."""
    day = LAST - timedelta(days=random.randrange(DAYS))
    hour = random.choice((6, 7, 7, 8, 8, 9, 9, 10, 11, 12, 13, 14, 15, 16, 17, 22, 2))
    time = day.replace(hour=hour, minute=random.randrange(60), second=random.randrange(60))
    return min(time, LAST).isoformat()


def _person(random: Random) -> tuple[int, str]:
    """Somebody: their place in PEOPLE, and their name."""
    place = random.randrange(len(PEOPLE))
    return place, PEOPLE[place][0]


def _device(name: str) -> str:
    return f"{name.lower()}.{DOMAIN}"


def _own_device(place: int) -> str:
    return _device(PEOPLE[place][1])


def _sign_in(random: Random) -> Made:
    place, name = _person(random)
    address, country = OFFICES[place % len(OFFICES)]
    failed = random.random() < 0.04
    return "SigninLogs", {
        "UserPrincipalName": f"{name}@{DOMAIN}",
        "IPAddress": address,
        "Location": country,
        "AppDisplayName": random.choice(APPLICATIONS),
        "ResultType": "50126" if failed else "0",
        "ResultDescription": "Invalid username or password" if failed else "",
        "DeviceDetail": {"operatingSystem": "Windows10"},
        "RiskLevelDuringSignIn": "none",
    }


def _process(random: Random) -> Made:
    place, name = _person(random)
    program, line, parent = random.choice(PROGRAMS)
    system = parent == "ccmexec.exe"
    device = _device(random.choice(SERVERS)) if system and random.random() < 0.5 else _own_device(place)
    return "DeviceProcessEvents", {
        "DeviceName": device,
        "AccountName": "system" if system else name,
        "FileName": program,
        "ProcessCommandLine": line,
        "InitiatingProcessFileName": parent,
        "SHA256": sha256(program.encode()).hexdigest(),
    }


def _connection(random: Random) -> Made:
    place, _ = _person(random)
    if random.random() < 0.3:
        remote: dict[str, Any] = {
            "RemoteIP": f"10.20.1.{random.randrange(10, 16)}",
            "RemoteUrl": "",
            "RemotePort": 445,
            "RemoteIPType": "Private",
            "InitiatingProcessFileName": "system",
        }
    else:
        address, url, program = random.choice(SITES)
        remote = {
            "RemoteIP": address,
            "RemoteUrl": url,
            "RemotePort": 443,
            "RemoteIPType": "Public",
            "InitiatingProcessFileName": program,
        }
    device = _device(random.choice(SERVERS)) if random.random() < 0.2 else _own_device(place)
    return "DeviceNetworkEvents", {"DeviceName": device, "ActionType": "ConnectionSuccess", **remote}


def _log_on(random: Random) -> Made:
    place, name = _person(random)
    if random.random() < 0.3:
        account, device, kind = random.choice(SERVICES), _device(random.choice(SERVERS)), "Service"
    else:
        account, device, kind = name, _own_device(place), "Interactive"
    return "DeviceLogonEvents", {
        "DeviceName": device,
        "AccountName": account,
        "ActionType": "LogonSuccess",
        "LogonType": kind,
        "RemoteIP": "",
        "IsLocalAdmin": False,
    }


def _file(random: Random) -> Made:
    place, name = _person(random)
    action = random.choice(("FileCreated", "FileModified", "FileRenamed"))
    number = random.randrange(500)
    return "DeviceFileEvents", {
        "DeviceName": _own_device(place),
        "ActionType": action,
        "FileName": f"note-{number}.docx",
        "FolderPath": f"C:\\Users\\{name}\\Documents\\note-{number}.docx",
        "InitiatingProcessFileName": "winword.exe",
        "InitiatingProcessAccountName": name,
    }


def _mail(random: Random) -> Made:
    _, name = _person(random)
    sender = random.choice(("newsletter@news.example", "orders@supplier.example", "hr@northlight.example"))
    return "EmailEvents", {
        "NetworkMessageId": f"{random.getrandbits(128):032x}",
        "SenderFromAddress": sender,
        "RecipientEmailAddress": f"{name}@{DOMAIN}",
        "Subject": f"Week {random.randrange(1, 53)}",
        "DeliveryAction": "Delivered",
        "DeliveryLocation": "Inbox",
        "EmailDirection": "Inbound",
        "ThreatTypes": "",
    }


def _office(random: Random) -> Made:
    place, name = _person(random)
    return "OfficeActivity", {
        "UserId": f"{name}@{DOMAIN}",
        "Operation": random.choice(("FileAccessed", "FileModified", "Send", "PageViewed")),
        "ClientIP": OFFICES[place % len(OFFICES)][0],
        "Site_Url": f"https://{DOMAIN}/sites/team-{place % 5}",
        "OfficeObjectId": f"file-{random.randrange(300)}",
        "OfficeWorkload": "SharePoint",
    }


def _domain_log_on(random: Random) -> Made:
    place, name = _person(random)
    return "IdentityLogonEvents", {
        "AccountUpn": f"{name}@{DOMAIN}",
        "ActionType": "LogonSuccess",
        "Protocol": "Kerberos",
        "DeviceName": _own_device(place),
        "DestinationDeviceName": _device(random.choice(("DC-01", "DC-02"))),
        "IPAddress": f"10.20.4.{place}",
    }


def _windows_log_on(random: Random) -> Made:
    _, name = _person(random)
    account, server = (random.choice(SERVICES), "FS-02") if random.random() < 0.4 else (name, "APP-02")
    return "SecurityEvent", {
        "EventID": 4624,
        "TargetUserName": account,
        "LogonType": 3,
        "Computer": f"{server}.{DOMAIN}",
        "IpAddress": f"10.20.4.{random.randrange(1, 26)}",
    }


def _firewall(random: Random) -> Made:
    return "CommonSecurityLog", {
        "SourceIP": f"198.18.{random.randrange(4)}.{random.randrange(1, 255)}",
        "DestinationIP": "192.0.2.10",
        "DestinationPort": random.choice((22, 80, 443, 3389)),
        "DeviceAction": "deny",
        "DeviceVendor": "Contoso",
    }


def _rare(random: Random) -> Made:
    """Tables that are never empty and never full."""
    place, name = _person(random)
    upn, address = f"{name}@{DOMAIN}", OFFICES[place % len(OFFICES)][0]
    return random.choice(
        [*_of_the_cloud(upn, name, address), *_of_devices(place, upn, name), *_of_alerts_and_models(random)]
    )


def _of_the_cloud(upn: str, name: str, address: str) -> list[Made]:
    """Directory, resources and applications."""
    return [
        (
            "AuditLogs",
            {
                "OperationName": "Update user",
                "Result": "success",
                "TargetResources": [{"displayName": name}],
                "InitiatedBy": {"user": {"userPrincipalName": f"hr-sync@{DOMAIN}", "ipAddress": address}},
            },
        ),
        (
            "AzureActivity",
            {
                "Caller": f"deploy@{DOMAIN}",
                "CallerIpAddress": address,
                "ResourceGroup": "rg-web",
                "OperationNameValue": "MICROSOFT.WEB/SITES/WRITE",
                "ActivityStatusValue": "Success",
            },
        ),
        (
            "CloudAppEvents",
            {
                "IPAddress": address,
                "AccountDisplayName": name,
                "ActionType": "MessageSent",
                "Application": "Microsoft Teams",
                "CountryCode": "DE",
            },
        ),
        (
            "UrlClickEvents",
            {
                "AccountUpn": upn,
                "Url": "https://news.example/today",
                "ActionType": "ClickAllowed",
                "IsClickedThrough": False,
                "Workload": "Email",
            },
        ),
    ]


def _of_devices(place: int, upn: str, name: str) -> list[Made]:
    """Registry, mail, directory queries and a jump host."""
    return [
        (
            "DeviceRegistryEvents",
            {
                "DeviceName": _own_device(place),
                "ActionType": "RegistryValueSet",
                "RegistryValueName": "Size",
                "RegistryKey": "HKEY_CURRENT_USER\\Software\\Vendor",
                "RegistryValueData": "3",
                "InitiatingProcessFileName": "agent.exe",
            },
        ),
        (
            "EmailAttachmentInfo",
            {
                "SHA256": f"{place:064x}",
                "FileName": "agenda.pdf",
                "RecipientEmailAddress": upn,
                "SenderFromAddress": "orders@supplier.example",
            },
        ),
        (
            "IdentityQueryEvents",
            {
                "AccountUpn": upn,
                "ActionType": "LDAP query",
                "Protocol": "Ldap",
                "QueryTarget": "printers",
                "DeviceName": _own_device(place),
                "DestinationDeviceName": _device("DC-01"),
            },
        ),
        (
            "Syslog",
            {
                "Computer": _device("JUMP-01"),
                "Facility": "authpriv",
                "ProcessName": "sshd",
                "SyslogMessage": f"Accepted publickey for {name} from 10.20.4.{place} port 50000 ssh2",
            },
        ),
    ]


def _of_alerts_and_models(random: Random) -> list[Made]:
    """Alerts that nobody reads, and the work on models."""
    return [
        (
            "SecurityAlert",
            {
                "SystemAlertId": f"noise-{random.getrandbits(32):08x}",
                "AlertName": "Unwanted software was blocked",
                "AlertSeverity": "Informational",
                "ProductName": "Microsoft Defender Antivirus",
                "Tactics": "",
                "Entities": f'[{{"HostName":"WS-{random.randrange(800, 999):04d}","Type":"host"}}]',
            },
        ),
        (
            "AmlModelsEvent",
            {
                "Identity": '{"UserName":"svc-mlops"}',
                "OperationName": "MICROSOFT.MACHINELEARNINGSERVICES/WORKSPACES/MODELS/READ",
                "AmlModelName": "pump-anomaly",
                "ResultType": "Succeeded",
            },
        ),
        (
            "AmlDataLabelEvent",
            {
                "Identity": '{"UserName":"n.bakker"}',
                "AmlProjectName": "pump-vibration v14",
                "AmlLabelNames": "normal",
                "AmlDataStoreName": "datasets",
                "ResultType": "Succeeded",
                "OperationName": "MICROSOFT.MACHINELEARNINGSERVICES/WORKSPACES/LABELING/LABELS/WRITE",
            },
        ),
    ]
