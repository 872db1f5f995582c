"""What every tenant may read, found by tokens: reports of threat intelligence in parts, playbooks whole (llm.md §14).

The vector store is all that keeps a report: whoever published it has the original.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Literal

import re2
from pydantic import Field

from shared.contracts.contract import Contract
from shared.contracts.taxonomy import current_technique
from shared.knowledge.sparse import EMBEDDING, sparse_vector

if TYPE_CHECKING:
    from shared.stores.qdrant import Qdrant  # a second to import: on first use

type Shelf = Literal["reports", "playbooks"]
COLLECTIONS: dict[Shelf, str] = {"reports": "aluskort-threat-intel", "playbooks": "aluskort-playbooks"}
WORDS, OVERLAP = 384, 48  # about 512 and 64 of a model's tokens
MOST_FOUND = 20

_TECHNIQUE = re2.compile(r"\b(?:AML\.)?T\d{4}(?:\.\d{3})?\b")


class Report(Contract):
    """The message on `knowledge.ti.report.new`. ``text`` is plain; techniques in it are found besides those named."""

    doc_id: str = Field(min_length=1, max_length=256)
    title: str = Field(min_length=1, max_length=512)
    source: str = Field(min_length=1, max_length=256)
    text: str = Field(min_length=1, max_length=400_000)
    publish_date: str = Field(default="", max_length=32)
    threat_actors: list[str] = Field(default_factory=list, max_length=50)
    mitre_techniques: list[str] = Field(default_factory=list, max_length=200)


class PlaybookSummary(Contract):
    """Of a message on `knowledge.playbook.updated` what a playbook is found by."""

    playbook_id: str = Field(min_length=1, max_length=128)
    title: str
    tactics: list[str] = Field(default_factory=list)
    mitre_techniques: list[str] = Field(default_factory=list)
    actions: list[str] = Field(default_factory=list)
    review_status: str = "approved"


class Found(Contract):
    """One part of a report or one playbook; the higher the score, the more alike, comparable within one answer only."""

    doc_id: str
    title: str
    text: str
    score: float
    mitre_techniques: list[str] = Field(default_factory=list)
    source: str = ""


class Library:
    """Each method raises StoreUnavailable."""

    def __init__(self, qdrant: Qdrant) -> None:
        self._qdrant = qdrant

    async def learn_report(self, report: Report) -> None:
        """Store a report's parts in place of those that there were of it; repeating changes nothing."""
        from shared.stores.qdrant import SHARED, Point  # noqa: PLC0415

        points = []
        for number, part in enumerate(parts(report.text)):
            techniques = sorted({*techniques_in(part), *filter(current_technique, report.mitre_techniques)})
            vector = sparse_vector(" ".join([report.title, *report.threat_actors, *techniques, part]))
            payload: dict[str, Any] = {
                **report.model_dump(exclude={"text", "doc_id"}),
                "mitre_techniques": techniques,
                "parent_doc_id": report.doc_id,
                "section": number,
                "text": part,
            }
            points.append(Point(f"{report.doc_id}#{number}", vector, payload | EMBEDDING))
        collection = COLLECTIONS["reports"]
        await self._qdrant.delete(collection, tenant_id=SHARED, key="parent_doc_id", value=report.doc_id)
        await self._qdrant.upsert(collection, tenant_id=SHARED, points=points)

    async def learn_playbook(self, playbook: PlaybookSummary) -> None:
        """Store a playbook as it is from now on; one that is not approved is found no more."""
        from shared.stores.qdrant import SHARED, Point  # noqa: PLC0415

        collection, name = COLLECTIONS["playbooks"], playbook.playbook_id
        if playbook.review_status != "approved":
            await self._qdrant.delete(collection, tenant_id=SHARED, key="doc_id", value=name)
            return
        text = " ".join([*playbook.tactics, *playbook.mitre_techniques, *playbook.actions])
        payload = {**playbook.model_dump(exclude={"playbook_id"}), "text": " -> ".join(playbook.actions)}
        points = [Point(name, sparse_vector(f"{playbook.title} {text}"), payload | EMBEDDING)]
        await self._qdrant.upsert(collection, tenant_id=SHARED, points=points)

    async def search(self, shelf: Shelf, text: str, *, tenant_id: str, limit: int = MOST_FOUND) -> list[Found]:
        """The best parts or playbooks for a text, the best first."""
        hits = await self._qdrant.search(
            COLLECTIONS[shelf], tenant_id=tenant_id, vector=sparse_vector(text), limit=min(limit, MOST_FOUND)
        )
        return [Found.model_validate({**payload, "score": round(score, 4)}, extra="ignore") for score, payload in hits]


def parts(text: str) -> Iterator[str]:
    """Runs of WORDS words, each beginning OVERLAP words before the last one's end; line breaks stay."""
    words = list(re.finditer(r"\S+", text))
    for start in range(0, max(len(words) - OVERLAP, 1), WORDS - OVERLAP):
        part = words[start : start + WORDS]
        if part:
            yield text[part[0].start() : part[-1].end()]


def techniques_in(text: str) -> list[str]:
    """Ids of techniques that exist, as they stand today, in the order of the text."""
    found = (current_technique(name) for name in _TECHNIQUE.findall(text))
    return list(dict.fromkeys(technique.id for technique in found if technique))
