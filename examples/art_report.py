"""Writes what the Adversarial Robustness Toolbox found as a report that `aluskort exposures import --tool art` takes.

ART has attacks and no report format; this is ours (shared/ctem/normalisers/art.schema.json). Copy it beside your own
evaluation and hand over the counts: it needs nothing but Python.

    report = ArtReport("turbine-anomaly-detector", endpoint="edge-inference-2")
    adversarial = attack.generate(x=images)  # art.attacks.evasion.ProjectedGradientDescent, for example
    fooled = (classifier.predict(adversarial).argmax(1) != labels).sum()
    report.add(attack, attempts=len(images), successes=int(fooled))
    report.write("art.json")
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any


@dataclass
class ArtReport:
    """What was tried against one model. ``endpoint`` is the host or endpoint as alerts name it."""

    model: str
    endpoint: str = ""
    zone: str = ""
    results: list[dict[str, Any]] = field(default_factory=list)

    def add(self, attack: object, *, attempts: int, successes: int, category: str = "", **more: Any) -> None:
        """One attack: an object of ART, whose module says the category, or its name with ``category``.

        ``more`` may hold perturbation, description, defence and evidence.
        """
        if not 0 <= successes <= attempts:
            raise ValueError(f"{successes} successes of {attempts} attempts")
        name = attack if isinstance(attack, str) else type(attack).__name__
        kind = category or type(attack).__module__
        counts = {"attempts": attempts, "successes": successes}
        self.results.append({"attack": name, "category": kind, **counts, **more})

    def write(self, path: str | Path) -> None:
        """As JSON, with the time of now."""
        target = {"model": self.model, "endpoint": self.endpoint, "zone": self.zone}
        given = {name: value for name, value in target.items() if value}
        report = {"target": given, "ran_at": datetime.now(UTC).isoformat(), "results": self.results}
        Path(path).write_text(json.dumps(report, indent=2))
