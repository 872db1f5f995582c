"""The fallback beside msticpy's IoCExtract: alerts a second, on the same texts.

One alert is its title, description and extended properties: all samples, and the labelled texts in tens, as alerts that quote
a report. Both sides find every kind that they know, defanged too, and give their result as plain objects.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.benchmarks.harness import Bench, Figure, faster
from tests.benchmarks.quality import labelled
from tests.benchmarks.samples import alert_rows, alert_text

TIMES = 3
TOGETHER = 10  # labelled texts in one alert


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
    """Alerts of the samples, then alerts that quote a report."""
    samples = [alert_text(row) for row in alert_rows()]
    texts = [text["text"] for text in labelled()]
    reports = ["\n".join(texts[start : start + TOGETHER]) for start in range(0, len(texts), TOGETHER)]
    figures = []
    for name, given in (("fallback, sample alerts", samples), ("fallback, alerts that quote reports", reports)):
        ours, peer = bench.rates(product, msticpy, given, len(given))
        figures.append(faster(name, ours, peer, peer_name="msticpy IoCExtract", unit="alerts/s", times=TIMES))
    return figures
