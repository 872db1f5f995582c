"""Four attacks on one company as rows of `SecurityAlert`, in the shapes that Defender's products write: the truth for
linking. Several products report each; some alerts name nothing but a host, an account or a mail.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.unit.incidents.everyday import account, host, row

START = datetime(2026, 11, 9, 9, 40, tzinfo=UTC)
LURE = {
    "NetworkMessageId": "5d0f6c1e-7a42-4d0a-9b0c-1f2e3d4c5b6a",
    "Recipient": "kim@corp.example",
    "Type": "mailMessage",
}
KIM, ADM, LEE = account("kim"), account("adm-noor"), account("lee")
LAPTOP, ADFS, DC = host("lt-0417"), host("adfs01"), host("dc03")
BUILD = host("build-07")
SIGN_IN = {"SessionId": "c1f0a2b4-0d3e-4f5a-8b6c-7d8e9f0a1b2c", "Type": "cloud-logon-session"}
ROBOT = {"Name": "InvoiceRobot", "AppId": 712233, "Type": "cloud-application"}
CALLER = {"Address": "8.8.4.4", "Roles": ["Attacker"], "Type": "ip"}
WORKSPACE = "/subscriptions/s/resourceGroups/ml/providers/Microsoft.MachineLearningServices/workspaces/w"
SCORES = {"ResourceId": f"{WORKSPACE}/onlineEndpoints/fraud-scores", "Type": "azure-resource"}

Alert = tuple[float, str, str, str, Sequence[dict[str, Any]]]  # minutes, title, severity, tactics, entities


def _process(image: str, arguments: str) -> dict[str, Any]:
    return {"CommandLine": f'"{image}" {arguments}', "ImageFile": {"Name": image, "Type": "file"}, "Type": "process"}


LOADER = _process("powershell.exe", "-w hidden -enc SQBFAFgA")
EXPORT = _process("a1x9.exe", "-e ExportTokenSigningKey")
MACRO = _process("winword.exe", "C:\\in\\invoice-3391.docm")
TASK = _process("schtasks.exe", "/create /tn Upd /tr C:\\users\\public\\u.exe")

PHISH_TO_DOMAIN: Sequence[Alert] = (
    (-1100, "Mail with a malicious link was delivered", "High", "InitialAccess", [LURE]),
    (0, "Malicious link was clicked", "High", "InitialAccess", [LURE, KIM]),
    (1, "Malicious link was clicked on a device", "Medium", "", [LAPTOP]),
    (4, "Suspicious PowerShell download", "Medium", "Execution", [KIM, LAPTOP, LOADER]),
    (6, "Sequence of exploration commands", "Low", "Discovery", [KIM, LAPTOP, LOADER]),
    (8, "Suspicious access to LSASS", "High", "CredentialAccess", [KIM, LAPTOP, LOADER]),
    (9, "Suspected DCSync attack", "High", "CredentialAccess", [LAPTOP, DC]),
    (10, "Directory key was read", "High", "CredentialAccess", [DC]),
    (14, "Remote service was created", "Medium", "LateralMovement,Execution", [ADM, ADFS]),
    (15, "Renamed system tool was started", "Medium", "DefenseEvasion", [ADFS, EXPORT]),
    (17, "Token signing key was extracted", "High", "CredentialAccess", [ADM, ADFS, EXPORT]),
    (95, "Mail was removed after delivery", "Informational", "", [LURE]),
    (3900, "Renamed system tool was started", "Medium", "DefenseEvasion", [ADFS, EXPORT]),
)
FRAUD_BY_MAIL: Sequence[Alert] = (
    (0, "Anonymous IP address", "Medium", "InitialAccess", [LEE, SIGN_IN]),
    (22, "Anonymous IP address", "Medium", "InitialAccess", [{"AadUserId": LEE["AadUserId"], "Type": "account"}]),
    (55, "Suspicious inbox rule", "High", "DefenseEvasion", [LEE]),
    (56, "Financial fraud by mail", "High", "Collection", [LEE, CALLER]),
    (90, "Credentials were added to an application", "Medium", "Persistence", [LEE, ROBOT]),
    (1500, "Credentials were added to an application", "Medium", "Persistence", [LEE, ROBOT]),
    (2880, "Password spray", "High", "CredentialAccess", [SIGN_IN]),
)
ONE_ENDPOINT: Sequence[Alert] = (
    (0, "Suspicious LDAP query", "Medium", "Discovery", [BUILD, MACRO]),
    (3, "Office started PowerShell", "Medium", "Execution", [BUILD, MACRO]),
    (3, "Scheduled task was created", "Medium", "Persistence", [BUILD, MACRO, TASK]),
    (4, "Suspicious Task Scheduler activity", "Medium", "Persistence", [BUILD, TASK]),
    (36, "Automated investigation was started", "Informational", "", [BUILD]),
    (76, "Run key was added", "Medium", "Persistence", [BUILD]),
)
MODEL_UNDER_ATTACK: Sequence[Alert] = (
    (0, "Unusual volume of queries to a model", "Medium", "AIModelAccess", [SCORES]),
    (150, "Model outputs are being harvested", "High", "Exfiltration", [SCORES, CALLER]),
    (240, "Evasion of a fraud model", "High", "Impact", [SCORES]),
    (300, "Key of a model endpoint was used from an unusual address", "Medium", "CredentialAccess", [CALLER]),
)
ATTACKS = (PHISH_TO_DOMAIN, FRAUD_BY_MAIL, ONE_ENDPOINT, MODEL_UNDER_ATTACK)
DAYS_APART = 6


def attacks() -> tuple[list[dict[str, Any]], dict[str, str]]:
    """The rows, and which attack each is of by its id."""
    rows, truth = [], {}
    for number, alerts in enumerate(ATTACKS):
        for place, (minutes, title, severity, tactics, entities) in enumerate(alerts):
            name, at = f"attack-{number}-{place:02}", START + timedelta(days=number * DAYS_APART, minutes=minutes)
            rows.append(row(name, title, severity, tactics, at, entities))
            truth[name] = str(number)
    return rows, truth


ATTACKED_HOSTS = (LAPTOP, ADFS, DC, BUILD)
ATTACKED_ACCOUNTS = (KIM, ADM, LEE)
