"""The labelled set is well made, and what the scanner finds in it does not fall below a floor."""

import pytest

from tests.benchmarks.contenders import product
from tests.benchmarks.quality import KINDS, labelled, scores

FLOOR = 0.99  # recall and precision of every kind; on the day that the set was closed both were 1.0


def test_labelled_set_is_large_half_defanged_and_without_repeats() -> None:
    texts = labelled()
    assert len(texts) >= 400
    assert sum(text["defanged"] for text in texts) >= len(texts) / 2
    assert len({text["text"] for text in texts}) == len(texts)
    assert sum(not text["found"] for text in texts) >= 60  # traps with nothing to find


def test_labelled_set_names_known_kinds_and_each_value_once() -> None:
    for text in labelled():
        assert text.keys() == {"text", "defanged", "found"}
        assert {kind for kind, _ in text["found"]} <= set(KINDS)
        assert len({tuple(pair) for pair in text["found"]}) == len(text["found"])


@pytest.mark.parametrize("kind", KINDS)
def test_recall_and_precision_stay_above_the_floor(kind: str) -> None:
    texts = labelled()
    score = scores(product([text["text"] for text in texts])(), texts)[kind]
    assert score.right >= 5
    assert score.recall >= FLOOR
    assert score.precision >= FLOOR
