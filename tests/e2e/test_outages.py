"""A dependency fails and comes back: the alert waits and continues. The real services are stopped and started."""

import asyncio
from collections.abc import Callable

import pytest

from local.services.kafka import Kafka
from local.services.postgres import Postgres
from local.services.redis import Redis
from local.services.service import Service, stop
from local.services.site import Site
from local.services.stack import CATALOGUE
from tests.e2e.product import Product, envelope, security_alert, until

SERVICES: dict[str, Callable[[Site], Service]] = {
    "postgres": Postgres,
    "redis": Redis,
    "kafka": lambda site: Kafka(site, CATALOGUE),
}


@pytest.mark.parametrize("name", SERVICES)
async def test_alert_sent_while_a_service_is_unavailable_is_settled_when_it_is_back(
    product: Product, tenant: str, name: str
) -> None:
    site = product.stack.site
    service = SERVICES[name](site)
    await product.send(envelope(security_alert(tenant, "before")))
    await until(lambda: product.settled(tenant, 1))
    await asyncio.to_thread(stop, service, site)
    await product.send(envelope(security_alert(tenant, "during")))
    await product.start()
    await product.send(envelope(security_alert(tenant, "after")))
    await until(lambda: product.settled(tenant, 3))
    assert await product.states(tenant) == dict.fromkeys(("before", "during", "after"), "awaiting_human")


@pytest.mark.parametrize("fault", ["overloaded", "rate_limit"])
async def test_alert_waits_for_the_model_and_is_not_degraded(product: Product, tenant: str, fault: str) -> None:
    await product.simulate({"fault": fault, "times": 2, "retry_after": 1})
    try:
        await product.send(envelope(security_alert(tenant, "a-1")))
        await until(lambda: product.settled(tenant, 1))
    finally:
        await product.simulate(None)
    (row,) = await product.rows("SELECT graph_state FROM investigation_state WHERE tenant_id = %s", tenant)
    assert row[0]["degradation_level"] == "full_capability"
    assert row[0]["classification"] == "true_positive"
