"""Any lines as letters of a dead-letter topic give messages or one of our errors."""

import atheris

from shared.errors import AluskortError
from tests.fuzz.harness import fuzz

with atheris.instrument_imports(include=["shared.bus.dead_letters", "shared.contracts.dead_letter"]):
    from shared.bus.dead_letters import reassemble
    from shared.contracts.dead_letter import MAX_PARTS, DeadLetter


def check(data: bytes) -> None:
    letters = []
    for line in data.split(b"\n"):
        try:
            letter = DeadLetter.from_json(line)
        except AluskortError:
            continue
        assert DeadLetter.from_json(letter.to_json()) == letter
        letters.append(letter)
    if letters:
        try:
            original = reassemble(letters)
        except AluskortError:
            return
        assert len(original.missing) <= MAX_PARTS
        assert len(original.value) <= len(data)


if __name__ == "__main__":
    fuzz("dead_letters", check)
