"""``aluskort batch``: what waits for the batch scheduler, and what came back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.api import HOME, Tenant, as_operator
from cli.screen import AsJson, console, say_json

if TYPE_CHECKING:
    from local.demo.api import Person

batch = typer.Typer(no_args_is_help=True, help="Questions that may wait a day: queues, batches and their results.")


@batch.command("status")
def status(as_json: AsJson = False, tenant: Tenant = HOME) -> None:
    """Show what waits and the newest batches."""
    from rich.table import Table
    from rich.text import Text

    found = as_operator(lambda person: person.get("/batches"), tenant)
    if as_json:
        say_json(found)
        return
    waiting = Table("type", "waiting", "due", "last flush", box=None, header_style="bold")
    for one in found["queues"]:
        waiting.add_row(one["task_type"], str(one["waiting"]), one["due_at"] or "-", one["last_flush_at"] or "never")
    jobs = Table(
        *("batch", "type", "status", "tasks", "answered", "failed", "USD", "submitted"), box=None, header_style="bold"
    )
    for one in found["jobs"]:
        late = " (late)" if one["sla_breached_at"] else ""
        counts = (str(one[name]) for name in ("item_count", "success_count", "error_count"))
        cells = (
            *(one["job_id"], one["task_type"], one["status"] + late),
            *counts,
            *(f"{one['total_cost_usd']:.4f}", one["submitted_at"]),
        )
        jobs.add_row(*(Text(cell) for cell in cells))
    for title, table in (("Queues", waiting), ("Batches", jobs)):
        console().print(f"{title}:" if table.row_count else f"{title}: none.")
        if table.row_count:
            console().print(table)


@batch.command("results")
def results(
    job: Annotated[str, typer.Argument(metavar="BATCH", help="The batch's id, as `batch status` shows it.")],
    as_json: AsJson = False,
    tenant: Tenant = HOME,
) -> None:
    """Print each task's outcome as one line of JSON, or all as one list."""
    import json
    from urllib.parse import quote

    async def pages(person: Person) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        cursor: str | None = None
        while True:
            more: dict[str, Any] = {"cursor": cursor} if cursor else {}
            page = await person.get(f"/batches/{quote(job, safe='')}/results", limit=100, **more)
            found += page["items"]
            if (cursor := page["next_cursor"]) is None:
                return found

    outcomes = as_operator(pages, tenant)
    if as_json:
        say_json(outcomes)
        return
    for one in outcomes:
        console().print(json.dumps(one), markup=False, soft_wrap=True)
