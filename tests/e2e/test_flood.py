"""Many alerts at once: a verdict that is done early must not wait for all the others (design §4)."""

import sys
from datetime import UTC, datetime

import pytest

from tests.e2e.product import Product, count_of_alerts, envelope, security_alert, until

ALERTS = count_of_alerts(80)
SHARE = 0.6  # of the whole time: by then half of all verdicts are there

# Seconds to the first verdict, to half of them and to the last, and the share of all steps made until half were there.
PROGRESS = """
WITH steps AS (
    SELECT extract(epoch FROM happened_at - %s)::float8 AS at, investigation_id,
        state_after IN ('awaiting_human', 'responding', 'closed') AS verdict
    FROM investigation_transitions WHERE tenant_id = %s
), verdicts AS (
    SELECT min(at) AS at FROM steps WHERE verdict GROUP BY investigation_id
), half AS (
    SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY at) AS at FROM verdicts
)
SELECT count(*), min(at), (SELECT at FROM half), max(at),
    (SELECT avg((steps.at <= half.at)::int)::float8 FROM steps, half)
FROM verdicts
"""


async def test_half_of_the_verdicts_come_well_before_the_last(
    product: Product, tenant: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Time is printed; what is asserted counts steps instead, as other work beside it bends the clock."""
    await product.send(envelope(security_alert(f"{tenant}-first", "a-first")))  # the host's first alert loads libraries
    await until(lambda: product.settled(f"{tenant}-first", 1))
    began = datetime.now(UTC)
    await product.send(envelope(*(security_alert(tenant, f"a-{number}") for number in range(ALERTS))))
    await until(lambda: product.settled(tenant, ALERTS))
    ((verdicts, first, half, last, steps),) = await product.rows(PROGRESS, began, tenant)
    with capsys.disabled():
        sys.stdout.write(
            f"\n    {ALERTS} alerts at once: first verdict after {first:.1f} s, half of them after {half:.1f} s"
            f" ({half / last:.2f} of the time, {steps:.2f} of the steps), the last after {last:.1f} s\n"
        )
    assert verdicts == ALERTS
    assert steps <= SHARE
