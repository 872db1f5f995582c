"""Any body gives rows, each an alert that goes through Kafka, or one of our errors; no row loses its own bytes."""

import atheris

from shared.errors import AluskortError
from tests.fuzz.harness import fuzz

with atheris.instrument_imports(include=["shared.ingestion"]):
    from shared.contracts.alert import CanonicalAlert
    from shared.contracts.alert_source import AlertSource, Siem
    from shared.ingestion.adapter import sentinel
    from shared.ingestion.envelope import MAX_ROWS, read_rows, rows_as_bytes
    from shared.ingestion.sources import adapter_of

ADAPTERS = (sentinel("hub"), *(adapter_of(siem, AlertSource(siem=siem, tenant="t")) for siem in Siem))


def check(data: bytes) -> None:
    for adapter in ADAPTERS:
        try:
            rows = read_rows(data, adapter.envelopes)
        except AluskortError:
            continue
        assert len(rows) <= MAX_ROWS
        assert len(rows_as_bytes(data, len(rows), adapter.envelopes)) == len(rows)
        for row in rows:
            if isinstance(row, AluskortError) or adapter.left_out(row):
                continue
            try:
                alert = adapter.to_canonical(row)
            except AluskortError:
                continue
            assert CanonicalAlert.from_json(alert.to_json()) == alert


if __name__ == "__main__":
    fuzz("intake", check)
