"""An alert that names no technique is read for the names of techniques."""

import pytest

from shared.knowledge.similar_techniques import MOST, similar_techniques


@pytest.mark.parametrize(
    ("text", "tactics", "found"),
    [
        ("Web shells were found in C:\\inetpub\\wwwroot", ["persistence"], ["T1505.003"]),
        ("The memory of LSASS was read", ["credential-access"], ["T1003.001"]),
        ("A suspicious scheduled task was created", [], ["T1053.005"]),
        ("Malicious link clicked", ["execution"], ["AML.T0011.003", "T1204.001"]),
        ("Malicious link clicked", ["impact"], []),  # a technique of other tactics than the alert's
        ("A link of a user, who later opened what the mailbox holds: malicious", [], []),  # the words stand apart
        ("execution", [], []),  # one word says too little
        ("", [], []),
    ],
)
def test_techniques_are_those_whose_names_the_text_says(text: str, tactics: list[str], found: list[str]) -> None:
    assert [technique.id for technique in similar_techniques(text, tactics)] == found


def test_text_that_names_everything_gives_a_few() -> None:
    assert len(similar_techniques("account access create data remote service system file " * 3_000, [])) <= MOST
