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
def stack(site: Site) -> Stack:
    """The whole product on the run's own services."""
    # Other tests may have started these without the product's databases and topics.
    for service in (Postgres(site), Kafka(site, CATALOGUE)):
        ensure(service, site)
        service.initialise()
    own = Stack(site, {})
    own.up(lambda *_: None)
    return own


@pytest.fixture(scope="session")
async def product(stack: Stack) -> Product:
    """The product, which knows what local/samples/knowledge.json says."""
    await load_knowledge(stack.environment())
    return Product(stack)


@pytest.fixture
def tenant() -> str:
    return f"tenant-{uuid4().hex[:12]}"
