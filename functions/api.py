"""The REST API: FastAPI behind one HTTP function."""

from functools import cache

import azure.durable_functions as df
import azure.functions as func

from durable.client import as_wake
from shared.bootstrap import services
from shared.investigation.waking import waking_with

blueprint = df.Blueprint()


@cache
def _asgi() -> func.AsgiMiddleware:
    return func.AsgiMiddleware(services().api)


# Anonymous for the platform: every route but health demands a signed token of its own.
@blueprint.function_name("api")
@blueprint.route(route="{*route}", methods=["GET", "POST", "PUT", "DELETE"], auth_level=func.AuthLevel.ANONYMOUS)
@blueprint.durable_client_input(client_name="client")
async def api(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
    """Answer one request; an approval given in it wakes its investigation through the durable client."""
    with waking_with(as_wake(client)):
        response: func.HttpResponse = await _asgi().handle_async(req)
    return response
