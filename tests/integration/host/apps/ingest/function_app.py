"""The product's own intake beside a catch-all route like its API's."""

from __future__ import annotations

import azure.functions as func

from functions.ingest import blueprint

app = func.FunctionApp()
app.register_functions(blueprint)


@app.route(route="{*route}", methods=["GET", "POST"], auth_level=func.AuthLevel.ANONYMOUS)
def everything_else(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse(f"everything else: {req.route_params.get('route')}")
