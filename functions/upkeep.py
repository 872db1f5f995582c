"""Timers that finish what a crash left behind, and verify the chains."""

import azure.durable_functions as df
import azure.functions as func

from durable.client import as_wake
from shared.bootstrap import services
from shared.incidents.expiry import forget_traces
from shared.investigation.waking import waking_with

blueprint = df.Blueprint()


@blueprint.function_name("sweep_outbox")
@blueprint.schedule(arg_name="timer", schedule="*/10 * * * * *", use_monitor=False)
@blueprint.durable_client_input(client_name="client")
async def sweep_outbox(timer: func.TimerRequest, client: df.DurableOrchestrationClient) -> None:
    """Wake investigations whose approval was answered but never heard; publish what no relay published."""
    with waking_with(as_wake(client)):
        await services().investigation.approval_watch.wake_decided()  # first: it needs no Kafka
    await services().bus.outbox.sweep()


@blueprint.function_name("send_notifications")
@blueprint.schedule(arg_name="timer", schedule="30 * * * * *", use_monitor=False)
async def send_notifications(timer: func.TimerRequest) -> None:
    """Tell people what waits for them; a channel that takes nothing holds up nobody else."""
    await services().investigation.approval_watch.put_notices()
    await services().notifications.send_due()


@blueprint.function_name("move_stuck_cases")
@blueprint.schedule(arg_name="timer", schedule="45 */5 * * * *")
@blueprint.durable_client_input(client_name="client")
async def move_stuck_cases(timer: func.TimerRequest, client: df.DurableOrchestrationClient) -> None:
    """Wake the orchestration of each case at work that makes no step, or start it; what stays stuck fails."""
    with waking_with(as_wake(client)):
        await services().investigation.stuck.move_on()


@blueprint.function_name("expire_incident_traces")
@blueprint.schedule(arg_name="timer", schedule="20 */10 * * * *")
async def expire_incident_traces(timer: func.TimerRequest) -> None:
    """Remove what is too old to link an alert to others."""
    await forget_traces(services().stores.postgres)


@blueprint.function_name("verify_chains")
@blueprint.schedule(arg_name="timer", schedule="0 */5 * * * *")
async def verify_chains(timer: func.TimerRequest) -> None:
    """Verify the newest records of every tenant's chain; a broken one is logged and kept in the log table."""
    await services().audit.verify_recent()


@blueprint.function_name("verify_whole_chains")
@blueprint.schedule(arg_name="timer", schedule="0 7-57/10 * * * *")
async def verify_whole_chains(timer: func.TimerRequest) -> None:
    """Go on with the daily pass over every record of every chain, where the last invocation stopped."""
    await services().audit.verify_whole()


@blueprint.function_name("watch_approvals")
@blueprint.schedule(arg_name="timer", schedule="0 */5 * * * *")
async def watch_approvals(timer: func.TimerRequest) -> None:
    """Log the approvals that nobody has answered for hours, so that somebody is told before they expire."""
    await services().investigation.approval_watch.report_waiting()


@blueprint.function_name("watch_exposures")
@blueprint.schedule(arg_name="timer", schedule="15 */5 * * * *")
async def watch_exposures(timer: func.TimerRequest) -> None:
    """Report the exposures that were not repaired in time, each once."""
    await services().exposures.deadlines.report_breached()
