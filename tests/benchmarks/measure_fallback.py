"""The fallback beside msticpy's IoCExtract: alerts a second, on the same texts.

One alert is its title, description and extended properties: the samples as they are, and the samples with two of the
labelled texts in each, as details that quote threat intelligence. A third figure is a stress without a goal: ten
labelled texts at once, an indicator every fifty characters. Both sides find every kind that they know, defanged too.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.benchmarks.harness import Bench, Figure, faster
from tests.benchmarks.quality import labelled
from tests.benchmarks.samples import alert_rows, alert_text

TIMES = 3


def product(texts: list[str]) -> Callable[[], Any]:
    """Ours, with all that parse_alert_entities does with the text of an alert."""
    from shared.parsing.collection import Collection  # noqa: PLC0415 - each side imports what its environment has
    from shared.parsing.indicators import find_indicators  # noqa: PLC0415

    def work() -> None:
        for text in texts:
            found = Collection()
            find_indicators(text, found, where="text")
            found.build()

    return work


def msticpy(texts: list[str]) -> Callable[[], Any]:
    """msticpy as it comes: every kind that it knows, defanged too."""
    from msticpy.transform.iocextract import IoCExtract  # noqa: PLC0415

    extractor = IoCExtract(defanged=True)

    def work() -> None:
        for text in texts:
            if text.strip():
                extractor.extract(src=text)

    return work


def measure(bench: Bench) -> list[Figure]:
    """Sample alerts, alerts with more to find, and nothing but things to find."""
    samples = [alert_text(row) for row in alert_rows()]
    texts = [text["text"] for text in labelled()]
    pairs = ["\n".join(texts[start : start + 2]) for start in range(0, len(texts), 2)]
    quoting = [f"{samples[at % len(samples)]}\n{pair}" for at, pair in enumerate(pairs)]
    dense = ["\n".join(texts[start : start + 10]) for start in range(0, len(texts), 10)]
    figures = []
    for name, given, times in (
        ("fallback, sample alerts", samples, TIMES),
        ("fallback, alerts that quote intelligence", quoting, TIMES),
        ("fallback, ten reports at once", dense, 0),
    ):
        ours, peer = bench.rates(product, msticpy, given, len(given))
        figures.append(faster(name, ours, peer, peer_name="msticpy IoCExtract", unit="alerts/s", times=times))
    return figures
