"""Recall and precision on the labelled set beside all four peers: the goal is the best of them for every kind one
knows.
"""

from __future__ import annotations

from tests.benchmarks import contenders
from tests.benchmarks.harness import Bench, Figure
from tests.benchmarks.quality import KINDS, Score, labelled, scores

PEERS = (contenders.ioc_finder, contenders.iocextract, contenders.iocsearcher, contenders.msticpy)


def measure(_: Bench) -> list[Figure]:
    """Two figures a kind."""
    bench, texts = Bench(contenders.__file__), labelled()
    given = [text["text"] for text in texts]
    ours = scores(bench.result("ours", contenders.product, given), texts)
    theirs = {peer.__name__: scores(bench.result("peer", peer, given), texts) for peer in PEERS}
    figures = []
    for kind in KINDS:
        known = {name: score[kind] for name, score in theirs.items() if score[kind].right}
        for measure_name in ("recall", "precision"):
            figures.append(_figure(kind, measure_name, ours[kind], known))
    return figures


def _figure(kind: str, measure_name: str, ours: Score, known: dict[str, Score]) -> Figure:
    mine = getattr(ours, measure_name)
    peers = {name: getattr(score, measure_name) for name, score in known.items()}
    best = max(peers, key=peers.__getitem__, default=None)
    value = peers[best] if best else None
    return Figure(
        name=f"{kind} {measure_name}",
        ours=mine,
        peer=value,
        peer_name=(best or "none knows it").replace("_", "-"),
        unit=measure_name,
        ratio=mine / value if value else None,
        spread=None,
        goal="at least the best peer",
        met=None if value is None else mine >= value,
        peers=peers,
    )
