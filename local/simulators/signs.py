"""The signs that the simulated judge knows: words and techniques, how heavy they weigh, and what they call for.
A strength is how sure a careful analyst would be on that sign alone, by our own estimate; weighing.py adds them up.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from local.simulators.wording import affirms, has_technique


class Weight(StrEnum):
    """What a sign speaks for."""

    INDUSTRIAL = "industrial"  # a plant is involved: it says nothing about guilt, much about care
    SEVERE = "severe"
    SUSPICIOUS = "suspicious"
    PLANNED = "planned"  # somebody says that the work was meant to happen: an attacker can write that too
    ORDINARY = "ordinary"  # an explanation that needs no attack


ATTACK = frozenset({Weight.SEVERE, Weight.SUSPICIOUS})
INNOCENT = frozenset({Weight.PLANNED, Weight.ORDINARY})


@dataclass(frozen=True)
class Sign:
    """``words`` is an RE2 alternation; ``techniques`` are ids that show it, and those that it implies; ``severity`` is
    the least of a verdict that it decides; ``asks`` is what would settle it.
    """

    name: str
    weight: Weight
    strength: float
    words: str
    techniques: tuple[str, ...] = ()
    actions: tuple[str, ...] = ()
    severity: str = "informational"
    asks: str = ""

    def shows_in(self, text: str) -> bool:
        """Whether ``text`` has one of the words, not denied, or one of the technique ids."""
        return self.is_said_in(text) or any(has_technique(technique, text) for technique in self.techniques)

    def is_said_in(self, text: str) -> bool:
        """Whether ``text`` says it in words: a technique id alone is a classification, not an observation."""
        return affirms(self.words, text)


CONTAIN = ("isolate_host", "disable_account")
PEOPLE = ("disable_account", "revoke_sessions")
ASK_THE_USER = "Whether the account's owner made this sign-in: ask, by another way than mail."
CONFIRM_THE_WORK = "A confirmation of the planned work by whoever ordered it, not by the alert."
SIGNS: tuple[Sign, ...] = (
    # Plants
    Sign("industrial control", Weight.INDUSTRIAL, 0.0,
         r"plc|scada|hmi|modbus|dnp3|opc[- ]?ua|historian|safety instrumented|(?:defender|security center) for iot"
         r"|physics oracle|sensor spoof\w*|setpoint|rtu|zone [01]|purdue level [01]|ics lateral movement",
         ("T0831", "T0836", "T0856"), severity="high"),
    Sign("a changed controller", Weight.SEVERE, 0.88,
         r"plc program\w* (?:was )?(?:changed|replaced|overwritten)|program of [\w-]+.{0,120}\b(?:replaced|changed)"
         r"|(?:ladder )?logic (?:was )?(?:changed|replaced|downloaded)|firmware of [\w-]+.{0,60}\b(?:replaced|changed)"
         r"|(?:changed|altered|wrote) (?:a|the|\d+) setpoints?|setpoints? .{0,40}\b(?:changed|written|altered)",
         ("T0889", "T0836", "T0831", "T0843", "T0821"), severity="critical"),
    Sign("a scan of a control network", Weight.SUSPICIOUS, 0.66,
         r"(?:modbus|dnp3|s7|opc[- ]?ua) (?:address )?scan\w*|prob\w+ of the control network"
         r"|scan\w* .{0,30}control network",
         ("T0846",), severity="high"),
    # Attacks that call for containment
    Sign("ransomware", Weight.SEVERE, 0.9,
         r"ransom\w*|delet\w+ (?:\w+ ){0,2}shadow cop(?:y|ies)|shadow cop(?:y|ies) (?:were |was |are )?"
         r"(?:delet|remov|wip|purg)\w*|vssadmin(?:\.exe)? delete|delete shadows|mass (?:file )?encrypt\w*"
         r"|files? (?:were )?encrypted", ("T1486", "T1490"), CONTAIN, "critical"),
    Sign("theft of the domain's secrets", Weight.SEVERE, 0.89,
         r"dcsync|lsadump|ntds\.dit|replication of secrets", ("T1003.006", "T1003.003"), CONTAIN, "critical"),
    Sign("credential dumping", Weight.SEVERE, 0.88,
         r"mimikatz|sekurlsa|procdump\w*|credential (?:dump\w*|theft)|dump(?:s|ed|ing)? (?:of )?(?:credentials|lsass)"
         r"|lsass(?:\.exe)?(?: memory)? (?:dump\w*|was read|memory)|memory of lsass|read(?:s|ing)? (?:the )?lsass"
         r"|leaked credentials", ("T1003",), CONTAIN, "high"),
    Sign("a log-on by the guesser", Weight.SEVERE, 0.8, r"accepted password", (), CONTAIN, "high"),
    Sign("lateral movement", Weight.SEVERE, 0.82,
         r"lateral(?:ly)? mov\w*|psexec\w*|pass[- ]the[- ](?:hash|ticket)|remote service (?:creation|was created)"
         r"|wmiexec",
         ("T1021", "T1550.002", "T1550.003"), CONTAIN, "high"),
    Sign("command and control", Weight.SEVERE, 0.84,
         r"cobalt strike|beacon(?:ing|s|ed)?|command[- ]and[- ]control|c2", ("T1071",), ("isolate_host", "block_ip"),
         "high"),
    Sign("exfiltration", Weight.SEVERE, 0.8,
         r"exfiltrat\w*|mass download|data (?:theft|leak)|rclone|upload\w* .{0,40}(?:private|personal|unknown) "
         r"(?:cloud )?storage", ("T1041", "T1567", "T1048"), (*PEOPLE, "isolate_host", "block_ip"), "high"),
    Sign("account takeover", Weight.SEVERE, 0.8,
         r"anomalous token|token (?:theft|replay)|account takeover|impossible travel|mfa fatigue",
         ("T1528", "T1550.001"), PEOPLE, "high"),
    Sign("hidden forwarding of mail", Weight.SEVERE, 0.75, r"inbox forwarding rule|forward\w* rule|new-inboxrule",
         ("T1114.003",), PEOPLE, "high"),
    Sign("a consent that gives mail away", Weight.SEVERE, 0.8,
         r"(?:consent|grant\w*) .{0,80}(?:unverified|unknown publisher|mail\.read\w*)|unverified application"
         r"|mails were read through", ("T1528",), PEOPLE, "high"),
    Sign("persistence", Weight.SEVERE, 0.7,
         r"(?:into|set|adds?|added|wrote) (?:itself )?(?:in)?(?:to )?(?:a |the )?run key|currentversion\\+run(?:once)?"
         r"|(?:schtasks|sc)(?:\.exe)? /?create", ("T1547.001",), CONTAIN, "high"),
    Sign("a new administrator", Weight.SEVERE, 0.84,
         r"net1?(?:\.exe)? localgroup administrators \S+ /add|net1?(?:\.exe)? user \S+ (?:\S+ )?/add"
         r"|new (?:local|domain) admin\w*", ("T1136",), CONTAIN, "high"),
    Sign("web shell", Weight.SEVERE, 0.86, r"web ?shell", ("T1505.003",), ("isolate_host",), "high"),
    Sign("attack on a model", Weight.SEVERE, 0.8,
         r"(?:training )?data poison\w*|model (?:extraction|theft|backdoor)|tampered (?:model )?weights"
         r"|labels of .{0,60}\bflipped", ("AML.T0020", "AML.T0024", "AML.T0018"), ("disable_account", "isolate_host"),
         "high"),
    # What our own rules measured: a departure from the usual, which somebody has to explain
    Sign("use far beyond what is usual", Weight.SUSPICIOUS, 0.52,
         r"questions to the model in \d+ hours|calls of \d+ inference endpoints|times the (?:daily )?average"
         r"|more than on (?:any day before|the busiest day)|alerts in \d+ hours where at most", severity="medium"),
    Sign("measurements that do not fit together", Weight.SUSPICIOUS, 0.52,
         r"[1-9]\d* protocol violations|standard deviations and \d+ sensors off|fail the physics check"
         r"|confidence fell by|checks in \d+ minutes with \d+ errors|nodes at once, as after", severity="medium"),
    Sign("a safeguard that was passed by", Weight.SUSPICIOUS, 0.52,
         r"[1-9]\d* without a verified certificate|safety filter stopped|injections in one session"
         r"|without another person's approval|weights that no production model has|dependencies changed with",
         severity="medium"),
    # Suspicious, answered without touching anybody's work
    Sign("phishing", Weight.SUSPICIOUS, 0.68,
         r"phish\w*|spam|suspicious (?:e-?)?mail|malicious (?:link|attachment|file)", ("T1566",), severity="low"),
    Sign("scanning", Weight.SUSPICIOUS, 0.67, r"port ?scan\w*|network scan\w*|reconnaissance|probing|ldap quer\w*",
         ("T1046", "T1595", "T1087"), severity="low"),
    Sign("password guessing", Weight.SUSPICIOUS, 0.72,
         r"brute[- ]force|password spray\w*|failed (?:sign-?ins?|log-?ons?)", ("T1110",), severity="medium"),
    Sign("script execution", Weight.SUSPICIOUS, 0.63,
         r"encoded ?(?:command|powershell)|suspicious (?:powershell|script)", ("T1059.001",), severity="medium"),
    Sign("a cryptocurrency miner", Weight.SUSPICIOUS, 0.76, r"coin ?min\w+|currency mining|stratum\+tcp|xmrig",
         ("T1496",), severity="medium"),
    Sign("unwanted software", Weight.SUSPICIOUS, 0.64,
         r"adware|unwanted (?:software|application)|malware|policy violation",
         severity="low"),
    Sign("unusual sign-in", Weight.SUSPICIOUS, 0.48,
         r"(?:unfamiliar|unusual|atypical|risky) (?:sign-?in|travel|log-?on)\w*|sign-?in from (?:a )?new country"
         r"|new (?:device|city|country)", ("T1078",), severity="low", asks=ASK_THE_USER),
    Sign("use of a break-glass account", Weight.SUSPICIOUS, 0.5, r"break-?glass", severity="high",
         asks="The ticket or drill that announces this use of a break-glass account."),
    Sign("an account outside its place", Weight.SUSPICIOUS, 0.52,
         r"used outside its hosts|interactive session .{0,60}|it belongs to [\w-]+", severity="medium",
         asks="Whether the owner of the service moved it: ask, and look at who opened the session."),
    # What speaks against an attack
    Sign("authorised work", Weight.PLANNED, 0.76,
         r"(?:pre-?)?authori[sz]ed (?:by|test\w*|scan\w*|change|activity|security|work|maintenance|exercise)"
         r"|penetration test\w*|pen ?test\w*|red team exercise|change (?:request|window|ticket)|chg\d{4,}",
         asks=CONFIRM_THE_WORK),
    Sign("maintenance", Weight.PLANNED, 0.72,
         r"maintenance|scheduled (?:task|job|backup|patch\w*)|patch window|quarterly drill", asks=CONFIRM_THE_WORK),
    Sign("a backup", Weight.PLANNED, 0.7, r"backup (?:job|software|window)|veeam\w*|nightly job",
         asks=CONFIRM_THE_WORK),
    Sign("a scanner of our own kind", Weight.PLANNED, 0.74,
         r"vulnerability scan\w*|nessus|qualys|tenable|rapid7|scheduled scan", asks=CONFIRM_THE_WORK),
    Sign("a test file", Weight.PLANNED, 0.92,
         r"eicar\w*|275a021bbfb6489e54d471899f7db9d1663fc695ec2fe2a2c4538aabf651fd0f"
         r"|test (?:alert|file|rule|detection|run)|this is a test"),
    Sign("a known fault", Weight.ORDINARY, 0.8,
         r"known (?:issue|bug|fault)|kb\d{6,7}|crash(?:ed|es)? .{0,20}after (?:an|the) .{0,30}update"),
    Sign("a second factor that was given", Weight.ORDINARY, 0.34,
         r"(?:passed|completed|satisfied|approved|correct) (?:the )?(?:mfa|multi-?factor\w*|second factor)"
         r"|mfa (?:was )?(?:passed|completed|satisfied)|password and second factor"),
    Sign("a device that is managed", Weight.ORDINARY, 0.45,
         r"(?:compliant|managed|registered|known) (?:device|laptop|phone|workstation)|is_?compliant[\s=:\"]+true"),
    Sign("travel that was announced", Weight.ORDINARY, 0.5,
         r"(?:travel )?calendar .{0,40}(?:trip|travel)|announced travel"),
    Sign("software that is approved", Weight.ORDINARY, 0.62,
         r"approved in the (?:software )?catalogue|(?:signed and approved|approved and signed)|approved software"),
)  # fmt: skip
# The attack came to nothing, as far as the alert knows: as true, and less severe.
STOPPED = (
    r"blocked at once|was blocked|were blocked|stopped by the antivirus|removed by the antivirus|none succeeded"
    r"|no sign-?in succeeded|dropped every packet|removed from the mailbox\w*|before they were opened"
    r"|delivered to the junk folder|nobody clicked"
)
