"""A result as a CanonicalAlert on `alerts.raw` (spec §2.4). No text of a monitored user stands in title or description.

What is there is the subject's name, which may be anybody's choice: it is cut and made printable.
"""

from __future__ import annotations

import json

from shared.contracts.alert import CanonicalAlert
from shared.contracts.detection import DetectionResult
from shared.contracts.taxonomy import techniques

SOURCE = "atlas"
PRODUCT = "ALUSKORT ATLAS Detection"


def alert_of(result: DetectionResult, alert_id: str) -> CanonicalAlert:
    """The alert of a result that has triggered."""
    named = [result.atlas_technique, result.attack_technique, *result.atlas_techniques, *result.attack_techniques]
    given = list(dict.fromkeys(filter(None, named)))
    known = techniques()
    tactics = [tactic for name in given if name in known for tactic in known[name].tactics]
    entities = [{"$id": str(number), **entity} for number, entity in enumerate(result.entities, start=1)]
    return CanonicalAlert(
        alert_id=alert_id,
        source=SOURCE,
        product=PRODUCT,
        timestamp=result.window_end,
        title=result.alert_title,
        description=result.description,
        severity=result.alert_severity,
        tactics=list(dict.fromkeys(tactics)),
        techniques=given,
        entities_raw=json.dumps(entities),
        tenant_id=result.tenant_id,
        raw_payload={
            **result.model_dump(mode="json"),
            "min_confidence": result.confidence_floor,
            "fp_dismissal_allowed": not result.safety_relevant,
        },
    )
