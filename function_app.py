"""The one function app: registers the blueprints, nothing else."""

import azure.durable_functions as df
import azure.functions as func

from durable.investigation import activities, orchestrator
from functions import (
    actions,
    api,
    audit,
    batches,
    detections,
    exposures,
    ingest,
    investigations,
    learn,
    parse,
    poll,
    telemetry,
    upkeep,
)

app = df.DFApp(http_auth_level=func.AuthLevel.FUNCTION)
for module in (
    ingest,
    poll,
    parse,
    investigations,
    exposures,
    actions,
    audit,
    learn,
    detections,
    telemetry,
    batches,
    upkeep,
    api,
    orchestrator,
    activities,
):
    app.register_functions(module.blueprint)
