"""Any body gives rows, each an alert that goes through Kafka, or one of our errors; no row loses its own bytes."""

import atheris

from shared.errors import AluskortError
from tests.fuzz.harness import fuzz

with atheris.instrument_imports(include=["shared.ingestion"]):
    from shared.contracts.alert import CanonicalAlert
    from shared.ingestion.envelope import MAX_ROWS, read_rows, rows_as_bytes
    from shared.ingestion.sentinel import is_heartbeat, read_security_alert


def check(data: bytes) -> None:
    try:
        rows = read_rows(data)
    except AluskortError:
        return
    assert len(rows) <= MAX_ROWS
    assert len(rows_as_bytes(data, len(rows))) == len(rows)
    for row in rows:
        is_heartbeat(row)
        try:
            alert = read_security_alert(row)
        except AluskortError:
            continue
        assert CanonicalAlert.from_json(alert.to_json()) == alert


if __name__ == "__main__":
    fuzz("intake", check)
