"""Which consequence a zone has when no graph says more: zones.yml, read once."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import yaml

from shared.contracts.exposure import Consequence

UNMAPPED = Consequence.DATA_LOSS  # data-model §5.3; whoever uses it says that the zone is unknown


@cache
def zones() -> dict[str, Consequence]:
    """Every known zone."""
    table = yaml.safe_load(Path(__file__).with_suffix(".yml").read_text())
    return {zone: Consequence(consequence) for consequence, names in table.items() for zone in names}
