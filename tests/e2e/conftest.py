import os
from collections.abc import Iterator
from uuid import uuid4

import pytest

from local.demo.knowledge import load_knowledge
from local.services.guard import guarded
from local.services.site import CHECKOUT
from local.services.stack import Stack
from tests.e2e.product import Product


@pytest.fixture(scope="package")
def stack() -> Iterator[Stack]:
    """The whole product on services of its own: other tests want theirs empty, and without a host that consumes."""
    with guarded(CHECKOUT / ".local" / "tests" / f"{os.getpid()}-e2e") as site:
        own = Stack(site, {})
        own.up(lambda *_: None)
        yield own


@pytest.fixture(scope="package")
async def product(stack: Stack) -> Product:
    """The product, which knows what local/demo/knowledge.json says."""
    await load_knowledge(stack.environment())
    return Product(stack)


@pytest.fixture
def tenant() -> str:
    return f"tenant-{uuid4().hex[:12]}"
