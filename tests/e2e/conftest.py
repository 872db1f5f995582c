from collections.abc import Iterator
from uuid import uuid4

import pytest

from local.demo.knowledge import load_knowledge
from local.services.kafka import Kafka
from local.services.postgres import Postgres
from local.services.service import ensure
from local.services.site import Site
from local.services.stack import CATALOGUE, Stack
from tests.e2e.product import Product


@pytest.fixture(scope="session")
async def product(site: Site) -> Product:
    """The whole product on the run's own services."""
    # Other tests may have started these without the product's databases and topics.
    for service in (Postgres(site), Kafka(site, CATALOGUE)):
        ensure(service, site)
        service.initialise()
    stack = Stack(site, {})
    stack.up(lambda *_: None)
    started = Product(stack)
    await load_knowledge(started.environment)
    return started


@pytest.fixture
def tenant() -> str:
    return f"tenant-{uuid4().hex[:12]}"


@pytest.fixture
def quiet_host(product: Product) -> Iterator[Product]:
    """The product; whatever a test stopped runs again afterwards."""
    yield product
    product.start_host()
