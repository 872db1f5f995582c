"""Pages for a browser: what runs here, how to sign in, and the API's own. Nothing comes from another server."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from html import escape
from pathlib import Path

from fastapi import FastAPI, Response
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import FileResponse, HTMLResponse

from shared.api.health import State, health
from shared.api.services import Services

# Of the npm package swagger-ui-dist (Apache-2.0), which the local stack installs; the licences are served too.
ASSETS = ("swagger-ui-bundle.js", "swagger-ui-bundle.js.LICENSE.txt", "swagger-ui.css", "favicon-32x32.png", "LICENSE")

_LOCAL = """\
<p>This is a local stack with a simulated identity provider. Get a token for a role and a tenant:</p>
<pre>curl -s -X POST -H "Content-Type: application/json" {issuer}/token \\
    -d '{{"subject": "ann", "roles": ["senior_analyst"], "tenant": "5c1e6f0a-8d3b-4f57-9a42-7be0d1c9a311"}}'</pre>
<p><a href="{docs}">The API's pages</a> (paste the token under “Authorize”), <a href="{schema}">its schema</a>.
docs/tour-with-curl.md in the checkout goes from an alert to its proof, line by line.</p>"""
_DEPLOYED = """\
<p>Requests carry a token of <code>{issuer}</code>. With the Azure command line:</p>
<pre>az account get-access-token --resource AUDIENCE --query accessToken --output tsv</pre>"""
_PAGE = """\
<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>ALUSKORT</title><meta name="viewport" content="width=device-width, initial-scale=1">
<style>body{{font:16px/1.5 system-ui,sans-serif;max-width:46rem;margin:2rem auto;padding:0 1rem}}
pre{{background:#f3f3f3;padding:.7rem;overflow-x:auto}}td{{padding-right:2rem}}.down{{color:#a00;font-weight:600}}</style>
</head>
<body>
<h1>ALUSKORT</h1>
<p>Alerts are investigated and judged, what could do harm waits for a person, every step is in an audit chain.</p>
<h2>What runs</h2>
<table>{rows}</table>
<p>As <a href="{prefix}/health">JSON</a>.</p>
<h2>Sign in</h2>
{way_in}
</body>
</html>
"""


def add_pages(app: FastAPI, *, prefix: str, issuer: str, swagger: Path | None) -> None:
    """Add the front page at ``prefix`` and, with a folder of Swagger UI, the API's pages below it."""
    docs = f"{prefix}/docs"
    known = {"issuer": escape(issuer), "docs": docs, "schema": app.openapi_url or ""}
    way_in = (_LOCAL if swagger else _DEPLOYED).format(**known)

    @app.get(f"{prefix}/", include_in_schema=False)
    async def front(services: Services) -> HTMLResponse:
        """What runs here, and how to sign in."""
        found = await health(Response(), services)
        rows = "".join(_row(name, state) for name, state in found.dependencies.items())
        return HTMLResponse(_PAGE.format(rows=rows, prefix=prefix, way_in=way_in))

    if swagger:
        _add_docs(app, docs, swagger)


def _add_docs(app: FastAPI, docs: str, swagger: Path) -> None:
    @app.get(docs, include_in_schema=False)
    async def show() -> HTMLResponse:
        """The API's routes, to read and to try."""
        return get_swagger_ui_html(
            openapi_url=app.openapi_url or "",
            title="ALUSKORT's API",
            swagger_js_url=f"{docs}/swagger-ui-bundle.js",
            swagger_css_url=f"{docs}/swagger-ui.css",
            swagger_favicon_url=f"{docs}/favicon-32x32.png",
            swagger_ui_parameters={"validatorUrl": None, "persistAuthorization": False},
        )

    for name in ASSETS:
        app.add_api_route(f"{docs}/{name}", _file(swagger / name), methods=["GET"], include_in_schema=False)


def _file(path: Path) -> Callable[[], Awaitable[FileResponse]]:
    async def answer() -> FileResponse:
        return FileResponse(path)

    return answer


def _row(name: str, state: State) -> str:
    return f'<tr><td>{escape(name)}</td><td class="{state}">{state}</td></tr>'
