"""The activities: one per step, each safe to repeat."""

import azure.durable_functions as df

from durable.investigation.messages import StepInput
from shared.bootstrap import services
from shared.investigation.flow import Step

blueprint = df.Blueprint()


def _activity(step: Step) -> None:
    # A bare dict: the worker refuses generics in annotations.
    async def perform(payload: dict) -> dict:  # type: ignore[type-arg]
        request = StepInput.model_validate(payload)
        graph = services().investigation.graph
        async with services().investigation.precedence.turn(request.severity, request.opened_at):
            progress = await graph.perform(request.tenant_id, request.investigation_id, step, request.attempt)
        return progress.model_dump(mode="json")

    registered = blueprint.activity_trigger(input_name="payload", activity=step.value)(perform)
    blueprint.function_name(step.value)(registered)


for _step in Step:
    _activity(_step)
