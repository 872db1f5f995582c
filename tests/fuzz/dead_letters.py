"""Any lines as dead letters of a dead-letter topic give messages or one of our errors."""

import atheris

from shared.errors import AluskortError
from tests.fuzz.harness import fuzz

with atheris.instrument_imports(include=["shared.bus.dead_letters", "shared.contracts.dead_letter"]):
    from shared.bus.dead_letters import reassemble
    from shared.contracts.dead_letter import MAX_PARTS, DeadLetter


def check(data: bytes) -> None:
    dead_letters = []
    for line in data.split(b"\n"):
        try:
            dead_letter = DeadLetter.from_json(line)
        except AluskortError:
            continue
        assert DeadLetter.from_json(dead_letter.to_json()) == dead_letter
        dead_letters.append(dead_letter)
    if dead_letters:
        try:
            original = reassemble(dead_letters)
        except AluskortError:
            return
        assert len(original.missing) <= MAX_PARTS
        assert len(original.value) <= len(data)


if __name__ == "__main__":
    fuzz("dead_letters", check)
