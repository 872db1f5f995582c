"""The signs that the simulated judge knows: words and techniques, how heavy they weigh, and what they call for.
A sign that the text denies ("no ransomware", "malicious: false") is not one.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

import re2


class Weight(StrEnum):
    """What a sign speaks for."""

    INDUSTRIAL = "industrial"
    SEVERE = "severe"
    SUSPICIOUS = "suspicious"
    BENIGN = "benign"


@dataclass(frozen=True)
class Sign:
    """``words`` is an RE2 alternation; ``techniques`` are ids that show it, and those that it implies."""

    name: str
    weight: Weight
    words: str
    techniques: tuple[str, ...] = ()
    actions: tuple[str, ...] = ()

    def shows_in(self, text: str) -> bool:
        """Whether ``text`` has one of the words, not denied, or one of the technique ids."""
        return _affirms(self.words, text) or any(has_technique(technique, text) for technique in self.techniques)


CONTAIN = ("isolate_host", "disable_account")
SIGNS: tuple[Sign, ...] = (
    Sign("industrial control", Weight.INDUSTRIAL,
         r"plc|scada|hmi|modbus|dnp3|opc[- ]?ua|historian|safety instrumented|defender for iot|physics oracle"
         r"|sensor spoof\w*|setpoint|rtu|zone [01]|purdue level [01]|ics lateral movement",
         ("T0831", "T0836", "T0856")),
    Sign("credential dumping", Weight.SEVERE,
         r"mimikatz|lsass|credential (?:dump\w*|theft)|dumps? (?:of )?credentials|dcsync|ntds\.dit|procdump"
         r"|leaked credentials", ("T1003",), CONTAIN),
    Sign("ransomware", Weight.SEVERE,
         r"ransom\w*|shadow cop(?:y|ies)|vssadmin delete|mass (?:file )?encrypt\w*|files? (?:were )?encrypted",
         ("T1486", "T1490"), CONTAIN),
    Sign("lateral movement", Weight.SEVERE,
         r"lateral(?:ly)? mov\w*|psexec|pass[- ]the[- ](?:hash|ticket)|remote service creation|wmiexec",
         ("T1021", "T1550"), CONTAIN),
    Sign("command and control", Weight.SEVERE, r"cobalt strike|beacon(?:ing|s|ed)?|command[- ]and[- ]control|c2",
         ("T1071",), ("isolate_host", "block_ip")),
    Sign("exfiltration", Weight.SEVERE, r"exfiltrat\w*|mass download|data (?:theft|leak)", ("T1041", "T1567"),
         ("disable_account", "revoke_sessions", "block_ip")),
    Sign("account takeover", Weight.SEVERE,
         r"anomalous token|token (?:theft|replay)|account takeover|impossible travel|mfa fatigue|inbox forwarding rule",
         ("T1078", "T1528"), ("disable_account", "revoke_sessions")),
    Sign("web shell", Weight.SEVERE, r"web ?shell", ("T1505.003",), ("isolate_host",)),
    Sign("attack on a model", Weight.SEVERE,
         r"(?:training )?data poison\w*|model (?:extraction|theft|backdoor)|tampered (?:model )?weights",
         ("AML.T0020", "AML.T0024", "AML.T0018"), ("disable_account", "isolate_host")),
    Sign("phishing", Weight.SUSPICIOUS, r"phish\w*|spam|suspicious (?:e-?)?mail|malicious (?:link|attachment)",
         ("T1566",)),
    Sign("scanning", Weight.SUSPICIOUS, r"port ?scan\w*|network scan\w*|reconnaissance|probing", ("T1046", "T1595")),
    Sign("password guessing", Weight.SUSPICIOUS, r"brute[- ]force|password spray\w*|failed (?:sign-?ins?|log-?ons?)",
         ("T1110",)),
    Sign("script execution", Weight.SUSPICIOUS, r"encoded (?:command|powershell)|suspicious (?:powershell|script)",
         ("T1059.001",)),
    Sign("unwanted software", Weight.SUSPICIOUS,
         r"adware|unwanted (?:software|application)|malware|coin ?min\w+|policy violation", ()),
    Sign("unusual sign-in", Weight.SUSPICIOUS, r"(?:unfamiliar|unusual|atypical|risky) (?:sign-?in|travel|log-?on)\w*"),
    Sign("authorised work", Weight.BENIGN,
         r"(?:pre-?)?authori[sz]ed (?:by|test\w*|scan\w*|change|activity|security|work|maintenance|exercise)"
         r"|penetration test\w*|pen ?test\w*|red team exercise|change (?:request|window|ticket)|chg\d{4,}"),
    Sign("maintenance", Weight.BENIGN, r"maintenance|scheduled (?:task|job|backup|patch\w*)|backup job|patch window"),
    Sign("scanner", Weight.BENIGN, r"vulnerability scan\w*|nessus|qualys|tenable|rapid7|scheduled scan"),
    Sign("test", Weight.BENIGN, r"eicar|test (?:alert|file|rule|detection|run)|this is a test"),
)  # fmt: skip
_TECHNIQUE = re2.compile(r"\b(?:AML\.T\d{4}|T\d{4})(?:\.\d{3})?\b")
_DENIED_AFTER = re2.compile(r"(?i)^[\"']?\s*[:=]\s*[\"']?(?:false|no|none|0)\b")
_PATTERNS = {
    words: re2.compile(rf"(?i)(\b(?:no|not|non|never|without|0)[\s-]+(?:\w+\s+)?)?\b(?:{words})\b")
    for words in (sign.words for sign in SIGNS)
}


def _affirms(words: str, text: str) -> bool:
    """Whether ``text`` says one of ``words`` without denying it."""
    return any(
        not found.group(1) and not _DENIED_AFTER.search(text[found.end() : found.end() + 20])
        for found in _PATTERNS[words].finditer(text)
    )


@lru_cache(maxsize=256)  # every sign asks for the same few passages
def technique_ids(text: str) -> tuple[str, ...]:
    """Every ATT&CK and ATLAS id in ``text``, once each, in order."""
    return tuple(dict.fromkeys(found.group(0) for found in _TECHNIQUE.finditer(text)))


def has_technique(technique: str, text: str) -> bool:
    """Whether ``text`` names the technique or one of its sub-techniques."""
    return any(found == technique or found.startswith(f"{technique}.") for found in technique_ids(text))
