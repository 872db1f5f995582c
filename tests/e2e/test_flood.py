"""Many alerts at once: a verdict that is done early must not wait for all the others (design §4)."""

import statistics
import sys
from datetime import UTC, datetime

import pytest

from tests.e2e.product import Product, envelope, security_alert, until

ALERTS = 200
SHARE = 0.6  # of the whole time: by then half of all verdicts are there

VERDICTS = """
SELECT extract(epoch FROM min(happened_at) - %s)::float8
FROM investigation_transitions
WHERE tenant_id = %s AND state_after IN ('awaiting_human', 'responding', 'closed')
GROUP BY investigation_id
"""


async def test_half_of_the_verdicts_come_well_before_the_last(
    product: Product, tenant: str, capsys: pytest.CaptureFixture[str]
) -> None:
    began = datetime.now(UTC)
    await product.send(envelope(*(security_alert(tenant, f"a-{number}") for number in range(ALERTS))))
    await until(lambda: product.settled(tenant, ALERTS), seconds=300)
    took = sorted(seconds for (seconds,) in await product.rows(VERDICTS, began, tenant))
    assert len(took) == ALERTS
    half = statistics.median(took)
    share = half / took[-1]
    with capsys.disabled():
        sys.stdout.write(
            f"\n    {ALERTS} alerts at once: first verdict after {took[0]:.1f} s, half of them after {half:.1f} s"
            f" ({share:.2f} of the whole), the last after {took[-1]:.1f} s\n"
        )
    assert share <= SHARE
