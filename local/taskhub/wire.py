"""The JSON shapes of the Durable Functions HTTP API: client binding, management addresses, status payload."""

from __future__ import annotations

import json
from typing import Any

from local.taskhub.history import COMPLETIONS, DECISIONS, Event, EventType, completed_task_id, stamp
from local.taskhub.instance import Instance

PLACEHOLDER = "INSTANCEID"  # what the SDK replaces in the management addresses
INVISIBLE = frozenset({EventType.ORCHESTRATOR_STARTED, EventType.ORCHESTRATOR_COMPLETED}) | DECISIONS
SHOWN = {
    EventType.TASK_COMPLETED: "TaskCompleted",
    EventType.TASK_FAILED: "TaskFailed",
    EventType.SUB_ORCHESTRATION_COMPLETED: "SubOrchestrationInstanceCompleted",
    EventType.SUB_ORCHESTRATION_FAILED: "SubOrchestrationInstanceFailed",
    EventType.TIMER_FIRED: "TimerFired",
}


def client_binding(*, base_url: str, hub_name: str, query: str = "") -> str:
    """The JSON text of a durableClient binding.

    ``base_url`` is the host's origin without a trailing slash, ``query`` what public addresses need (``code=...``).
    """
    public = f"{base_url}/runtime/webhooks/durabletask"
    keys = f"taskHub={hub_name}&connection=Storage" + (f"&{query}" if query else "")
    create = f"{public}/orchestrators/{{functionName}}[/{{instanceId}}]" + (f"?{query}" if query else "")
    return json.dumps(
        {
            "taskHubName": hub_name,
            "creationUrls": {"createNewInstancePostUri": create},
            "managementUrls": {"id": PLACEHOLDER, **management_urls(public, PLACEHOLDER, keys)},
            "baseUrl": public,
            "requiredQueryStringParameters": query,
            "rpcBaseUrl": f"{base_url}/durabletask/",
        }
    )


def management_urls(base: str, instance_id: str, query: str) -> dict[str, str]:
    """The addresses to manage one instance, under the API's ``base`` address."""
    address, tail = f"{base}/instances/{instance_id}", f"?{query}" if query else ""
    more = f"&{query}" if query else ""
    return {
        "statusQueryGetUri": f"{address}{tail}",
        "sendEventPostUri": f"{address}/raiseEvent/{{eventName}}{tail}",
        "terminatePostUri": f"{address}/terminate?reason={{text}}{more}",
        "purgeHistoryDeleteUri": f"{address}{tail}",
        "restartPostUri": f"{address}/restart{tail}",
        "suspendPostUri": f"{address}/suspend?reason={{text}}{more}",
        "resumePostUri": f"{address}/resume?reason={{text}}{more}",
    }


def status_payload(
    instance: Instance, *, show_input: bool = True, history: list[Event] | None = None, show_outputs: bool = False
) -> dict[str, Any]:
    """An instance as status queries answer it; ``historyEvents`` only with a history."""
    payload = {
        "name": instance.name,
        "instanceId": instance.instance_id,
        "runtimeStatus": instance.status.value,
        "input": _value(instance.input) if show_input else None,
        "customStatus": _value(instance.custom_status),
        "output": _value(instance.output),
        "createdTime": stamp(instance.created_at),
        "lastUpdatedTime": stamp(instance.updated_at),
    }
    if history is not None:
        payload["historyEvents"] = history_payload(history, show_outputs=show_outputs)
    return payload


def history_payload(history: list[Event], *, show_outputs: bool) -> list[dict[str, Any]]:
    """The history for people: an answered task is one entry, with when it was scheduled and under which name."""
    scheduled = {item["EventId"]: item for item in history if item["EventType"] in DECISIONS}
    shown = []
    for item in history:
        kind = EventType(item["EventType"])
        if kind in INVISIBLE:
            continue
        entry = {"EventType": SHOWN.get(kind, _camel(kind)), "Timestamp": item["Timestamp"]}
        if kind in COMPLETIONS:
            origin = scheduled[completed_task_id(item)]
            entry["ScheduledTime"] = origin["Timestamp"]
            if "Name" in origin:
                entry["FunctionName"] = origin["Name"]
            if "FireAt" in origin:
                entry["FireAt"] = origin["FireAt"]
        else:
            entry |= {key: item[key] for key in ("Name", "OrchestrationStatus") if key in item}
        entry |= {key: item[key] for key in ("Reason", "Details") if key in item}
        if show_outputs:
            entry |= {key: _value(item[key]) for key in ("Result", "Input") if key in item}
        shown.append(entry)
    return shown


def _camel(kind: EventType) -> str:
    return "".join(part.capitalize() for part in kind.name.split("_"))


def _value(text: str | None) -> Any:
    return None if text is None else json.loads(text)
