"""The library: reports and playbooks as they come from their topics, found by every tenant."""

import pytest

from shared.bus.producer import MemoryProducer
from shared.bus.received import Received
from shared.knowledge.incidents import IncidentMemory
from shared.knowledge.indicators import Indicators
from shared.knowledge.learning import Learning
from shared.knowledge.library import WORDS, Library, Report
from shared.response.playbooks import Playbook, updated
from shared.stores.postgres import Postgres
from shared.stores.qdrant import Qdrant
from shared.stores.redis import Redis


@pytest.fixture
def library(qdrant: Qdrant) -> Library:
    return Library(qdrant)


@pytest.fixture
def learning(store: Postgres, cache: Redis, qdrant: Qdrant, library: Library) -> Learning:
    own = MemoryProducer()
    return Learning(own, indicators=Indicators(store, cache), incidents=IncidentMemory(store, qdrant), library=library)


def report(text: str) -> Received:
    sent = Report(doc_id="r-1", title="Intrusion at a plant", source="vendor", text=text)
    return Received("knowledge.ti.report.new", sent.to_json())


async def test_part_of_a_report_is_found_with_the_techniques_that_it_names(
    learning: Learning, library: Library, tenant: str
) -> None:
    filler = "nothing of note happened on the way " * (WORDS // 7 + 1)  # the end is in the second part only
    for _ in range(2):
        await learning.report(report(f"They phished first. {filler} Then rclone.exe copied it all, T1567.002."))
    found = await library.search("reports", "rclone.exe", tenant_id=tenant)
    assert [(one.doc_id, one.title, one.mitre_techniques) for one in found] == [
        ("r-1#1", "Intrusion at a plant", ["T1567.002"])
    ]


async def test_report_that_comes_again_replaces_all_of_its_parts(
    learning: Learning, library: Library, tenant: str
) -> None:
    await learning.report(report("ransomware " * 2 * WORDS))
    await learning.report(report("a wiper"))
    assert await library.search("reports", "ransomware", tenant_id=tenant) == []
    assert [one.text for one in await library.search("reports", "wiper", tenant_id=tenant)] == ["a wiper"]


async def test_playbook_is_found_as_it_is_now_and_no_more_once_retired(
    learning: Learning, library: Library, tenant: str
) -> None:
    first = Playbook(playbook_id="pb-1", title="Contain a host", mitre_techniques=["T1003"], actions=["isolate_host"])
    second = first.model_copy(update={"title": "Contain a server"})
    for one in (first, second):
        await learning.playbook(Received("knowledge.playbook.updated", updated(one).value))
    assert [one.title for one in await library.search("playbooks", "T1003", tenant_id=tenant)] == ["Contain a server"]
    retired = second.model_copy(update={"review_status": "retired"})
    await learning.playbook(Received("knowledge.playbook.updated", updated(retired).value))
    assert await library.search("playbooks", "T1003", tenant_id=tenant) == []
