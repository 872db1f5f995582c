"""Which techniques a finding lets an attacker use: by CVE as MITRE's CTID mapped it, by weakness where no CVE helps.

cve_attack.json: CTID's attack_to_cve and the Mappings Explorer's known exploited vulnerabilities, in ATT&CK 18.1.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType

from shared.contracts.taxonomy import current_technique

# The first that a CVE has is the exposure's technique: how it is exploited says more than what comes of it.
KINDS = ("exploitation_technique", "primary_impact", "uncategorized", "secondary_impact")
BY_WEAKNESS = "cwe_fallback"
MOST = 12  # techniques kept of one finding

# What a weakness is exploited by. Our own, coarse: a weakness says less than a vulnerability.
_WEAKNESSES = {
    "T1190": "CWE-20 CWE-22 CWE-23 CWE-89 CWE-90 CWE-91 CWE-113 CWE-116 CWE-119 CWE-120 CWE-121 CWE-122 CWE-125 "
    "CWE-190 CWE-444 CWE-502 CWE-611 CWE-787 CWE-917 CWE-918 CWE-943 CWE-1321",
    "T1059": "CWE-77 CWE-78 CWE-88 CWE-94 CWE-95 CWE-1336",
    "T1189": "CWE-79 CWE-80 CWE-352 CWE-1021",
    "T1505.003": "CWE-434",
    "T1078": "CWE-287 CWE-288 CWE-290 CWE-294 CWE-306 CWE-307 CWE-384 CWE-521 CWE-613 CWE-640 CWE-798 CWE-1392",
    "T1068": "CWE-250 CWE-266 CWE-269 CWE-276 CWE-284 CWE-362 CWE-367 CWE-416 CWE-426 CWE-427 CWE-732 CWE-862 CWE-863",
    "T1552": "CWE-256 CWE-259 CWE-260 CWE-312 CWE-313 CWE-321 CWE-522 CWE-532 CWE-540",
    "T1040": "CWE-311 CWE-319 CWE-523 CWE-614",
    "T1557": "CWE-295 CWE-297 CWE-300 CWE-326 CWE-327 CWE-347",
    "T1499": "CWE-400 CWE-401 CWE-674 CWE-770 CWE-772 CWE-834 CWE-835 CWE-1333",
    "T1195.002": "CWE-494 CWE-506 CWE-829 CWE-1357",
    "T1566.002": "CWE-601",
    "T1203": "CWE-476 CWE-843",
}


@dataclass(frozen=True, slots=True)
class MappedTechnique:
    """One technique, the kind of mapping, and the CVE or CWE that it comes from."""

    id: str
    kind: str
    source: str

    def as_json(self) -> dict[str, str]:
        """For people and stores."""
        return asdict(self)


@cache
def _data() -> tuple[Mapping[str, Mapping[str, list[str]]], frozenset[str]]:
    read = json.loads(Path(__file__).with_name("cve_attack.json").read_text())
    return MappingProxyType(read["cves"]), frozenset(read["known_exploited"])


@cache
def weaknesses() -> Mapping[str, str]:
    """The technique of each weakness."""
    return MappingProxyType({cwe: technique for technique, cwes in _WEAKNESSES.items() for cwe in cwes.split()})


def known_exploited(cves: Iterable[str]) -> list[str]:
    """Those that attackers are known to use."""
    return [cve for cve in cves if cve in _data()[1]]


def mapped_techniques(cves: Iterable[str], cwes: Iterable[str]) -> list[MappedTechnique]:
    """The techniques, the telling kinds first; of the weaknesses only where no CVE has one."""
    by_cve, found = _data()[0], list[MappedTechnique]()
    for kind in KINDS:
        for cve in cves:
            found += [MappedTechnique(name, kind, cve) for name in by_cve.get(cve, {}).get(kind, [])]
    if not found:
        found = [MappedTechnique(weaknesses()[cwe], BY_WEAKNESS, cwe) for cwe in cwes if cwe in weaknesses()]
    return [one for one in found if current_technique(one.id)][:MOST]
