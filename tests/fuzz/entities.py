"""Any text as an alert's entity JSON gives bounded entities, and no error at all."""

import atheris

from tests.fuzz.bounds import check_entities
from tests.fuzz.harness import fuzz

with atheris.instrument_imports(include=["shared.parsing"]):
    from shared.parsing import parse_alert_entities


def check(data: bytes) -> None:
    text = data.decode("utf-8", "surrogateescape")  # lone surrogates stay in
    check_entities(parse_alert_entities(text, {}))


if __name__ == "__main__":
    fuzz("entities", check)
