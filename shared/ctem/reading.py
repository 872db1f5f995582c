"""A scanner's report becomes stored exposures: recognised, read as a stream, scored with what the graph knows, stored
in batches.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import batched
from typing import BinaryIO

from shared.ctem.finding import Finding, Refused, Tool
from shared.ctem.normalisers.art import ARTNormaliser
from shared.ctem.normalisers.burp import BurpNormaliser
from shared.ctem.normalisers.custom import CustomNormaliser
from shared.ctem.normalisers.garak import GarakNormaliser
from shared.ctem.normalisers.layout import Normaliser, layout_of
from shared.ctem.normalisers.snyk import SnykNormaliser
from shared.ctem.normalisers.wiz import WizNormaliser
from shared.ctem.report import opened
from shared.ctem.scans import Scan, Scans
from shared.ctem.scoring import Scored, Stakes, scored
from shared.ctem.threat_graph import ThreatGraph
from shared.errors import StoreUnavailable

BATCH = 1_000  # findings of one transaction
REFUSALS = 100  # that are shown of one report
NORMALISERS: dict[Tool, Normaliser] = {
    normaliser.tool: normaliser
    for normaliser in (
        WizNormaliser(),
        SnykNormaliser(),
        GarakNormaliser(),
        ARTNormaliser(),
        BurpNormaliser(),
        CustomNormaliser(),
    )
}
UNAVAILABLE = "GRAPH_UNAVAILABLE: the table of zones says what is at stake"

logger = logging.getLogger(__name__)
Progress = Callable[[int], None]  # called with the byte that was read last


@dataclass(slots=True)
class Reading:
    """What came of a report. ``is_whole`` unless some of it could not be read: then nothing counts as gone."""

    layout: str
    found: int = 0
    refused: int = 0
    refusals: list[Refused] = field(default_factory=list)

    @property
    def is_whole(self) -> bool:
        """Whether every row was read."""
        return self.refused == 0


class Reports:
    """Reads reports into the store. Every transaction ends before the graph or the report is asked again."""

    def __init__(self, scans: Scans, graph: ThreatGraph | None) -> None:
        self._scans = scans
        self._graph = graph

    async def read(
        self, stream: BinaryIO, scan: Scan, *, asset: str = "", progress: Progress = lambda _: None
    ) -> Reading:
        """Store all that a report holds. ``asset`` is what it is about, for layouts that do not say.

        Raises InvalidInput when it is none of the scanner's layouts, StoreUnavailable.
        """
        with opened(stream, asset=asset) as report:
            layout = layout_of(NORMALISERS[scan.tool], report)
            reading = Reading(layout.name)
            for batch in batched(_readable(layout.read(report), reading), BATCH, strict=False):
                await self._scans.record(scan, await self._scored(batch, scan))
                progress(report.stream.tell())
        if reading.is_whole:
            await self._scans.finish(scan)
        return reading

    async def _scored(self, batch: Sequence[Finding], scan: Scan) -> list[Scored]:
        known: dict[str, Stakes] = {}
        note: tuple[str, ...] = ()
        if self._graph is not None:
            try:
                known = await self._graph.stakes(scan.tenant_id, {finding.asset_id for finding in batch})
            except StoreUnavailable as error:
                logger.warning("Exposures are scored without the graph: %s", error)
                note = (UNAVAILABLE,)
        return [
            scored(finding, tenant_id=scan.tenant_id, at=scan.at, known=known.get(finding.asset_id), notes=note)
            for finding in batch
        ]


def _readable(found: Iterator[Finding | Refused], reading: Reading) -> Iterator[Finding]:
    for one in found:
        if isinstance(one, Finding):
            reading.found += 1
            yield one
        else:
            reading.refused += 1
            if len(reading.refusals) < REFUSALS:
                reading.refusals.append(one)
