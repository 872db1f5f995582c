"""The pages for a browser, and the schema that they show: nothing from another server, and examples that hold."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import BaseModel

from local.services.azurite import SWAGGER_UI
from shared.api.actions import Protection
from shared.api.app import create_app
from shared.api.audit import VerifyRequest
from shared.api.description import EXAMPLES
from shared.contracts.approval import ApprovalDecision
from shared.contracts.disposition import DispositionRequest
from tests.integration.api.conftest import Api

MODELS: dict[str, type[BaseModel]] = {
    "approvals": ApprovalDecision,
    "disposition": DispositionRequest,
    "verify": VerifyRequest,
    "protected-assets": Protection,
}
FROM_ELSEWHERE = re.compile(r"""(?:src|href|url)\s*[=:(]\s*["']?(?:https?:)?//""")


def client_of(api: Api, swagger: Path | None) -> httpx.AsyncClient:
    app = create_app(api.services, issuer="http://identity.test", swagger=swagger)
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://aluskort/api")


async def test_front_page_says_what_runs_and_how_to_sign_in(api: Api) -> None:
    api.redis.up = False
    async with client_of(api, SWAGGER_UI) as client:
        page = (await client.get("/")).text
    assert '<td>postgresql</td><td class="up">up</td>' in page
    assert '<td>redis</td><td class="down">down</td>' in page
    assert "http://identity.test/token" in page
    assert 'href="/api/docs"' in page


async def test_front_page_of_a_deployment_links_no_page_that_is_hidden(api: Api) -> None:
    async with client_of(api, None) as client:
        page = (await client.get("/")).text
        hidden = [(await client.get(path)).status_code for path in ("/docs", "/openapi.json", "/docs/swagger-ui.css")]
    assert "az account get-access-token" in page
    assert "docs" not in page
    assert hidden == [404] * 3


async def test_pages_of_the_api_load_nothing_from_another_server(api: Api) -> None:
    async with client_of(api, SWAGGER_UI) as client:
        for path in ("/", "/docs"):
            page = (await client.get(path)).text
            assert not FROM_ELSEWHERE.search(page), path
            for link in re.findall(r'(?:src|href)="/api([^"]+)"', page):
                assert (await client.get(link)).status_code == 200, link
        licence = await client.get("/docs/LICENSE")
        bundle = await client.get("/docs/swagger-ui-bundle.js")
    assert "Apache License" in licence.text
    assert bundle.headers["content-type"].startswith("text/javascript")


def test_schema_demands_a_token_of_every_route_but_health_and_a_key_of_intake() -> None:
    schema = create_app(None, issuer="http://identity.test").openapi()  # type: ignore[arg-type]
    asked = {
        path: [next(iter(need)) for operation in operations.values() for need in operation.get("security", [])]
        for path, operations in schema["paths"].items()
    }
    assert asked.pop("/api/health") == []
    assert asked.pop("/api/ingest/{source_name}") == ["key", "key"]  # without a token, or beside one
    assert {name for names in asked.values() for name in names} == {"token"}
    assert all(asked.values())
    assert schema["components"]["securitySchemes"]["token"]["x-issuer"] == "http://identity.test"


@pytest.mark.parametrize("path", [path for _, path in EXAMPLES])
def test_example_of_the_schema_is_a_request_that_is_taken(path: str) -> None:
    (model,) = [model for part, model in MODELS.items() if part in path]
    example: dict[str, Any] = EXAMPLES["post", path]
    assert model.model_validate(example)
