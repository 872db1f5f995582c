"""Any bytes as any scanner's report give findings and refusals, or our own error; each finding can be scored."""

from contextlib import suppress
from datetime import UTC, datetime

import atheris

from tests.fuzz.harness import fuzz

with atheris.instrument_imports(include=["shared.ctem"]):
    import io

    from shared.ctem.finding import Finding, Tool
    from shared.ctem.normalisers.layout import layout_of
    from shared.ctem.reading import NORMALISERS
    from shared.ctem.report import Report, opened
    from shared.ctem.scoring import scored
    from shared.errors import InvalidInput

AT = datetime(2026, 11, 28, tzinfo=UTC)
LONGEST_TITLE = 1_100  # characters


def check(data: bytes) -> None:
    for tool in Tool:
        try:
            report = opened(io.BytesIO(data))
        except InvalidInput:
            return
        with report:
            _check(tool, report)


def _check(tool: Tool, report: Report) -> None:
    with suppress(InvalidInput):
        layout = layout_of(NORMALISERS[tool], report)
        for found in layout.read(report):
            if isinstance(found, Finding):
                exposure = scored(found, tenant_id="t", at=AT).exposure
                assert found.asset_id
                assert len(exposure.title) <= LONGEST_TITLE
                assert "\x00" not in exposure.to_json().decode().replace("\\u0000", "\x00")


if __name__ == "__main__":
    fuzz("scans", check)
