"""Reports in parts, and the techniques that they name."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.knowledge.library import OVERLAP, WORDS, parts, techniques_in


@pytest.mark.parametrize(
    ("words", "count"), [(0, 0), (1, 1), (WORDS, 1), (WORDS + 1, 2), (2 * WORDS - OVERLAP, 2), (5 * WORDS, 6)]
)
def test_parts_are_as_many_as_the_words_need(words: int, count: int) -> None:
    assert len(list(parts("word " * words))) == count


def test_each_part_begins_with_the_end_of_the_one_before() -> None:
    first, second = parts(" ".join(map(str, range(2 * WORDS - OVERLAP))))
    assert first.split()[-OVERLAP:] == second.split()[:OVERLAP]


@given(text=st.text(max_size=2_000))
def test_parts_leave_no_word_out(text: str) -> None:
    found = [word for part in parts(text) for word in part.split()]
    assert set(found) == set(text.split())


def test_techniques_are_those_that_exist_as_they_stand_today() -> None:
    text = "T1003.001 and (T1059), AML.T0051; T9999 and T1003.001 again, T10599, XT1003"
    assert techniques_in(text) == ["T1003.001", "T1059", "AML.T0051"]
