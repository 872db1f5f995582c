"""Databricks audit logs, MLflow's registry, GitHub Actions.

https://docs.databricks.com/aws/en/admin/account-settings/audit-logs,
https://mlflow.org/docs/latest/rest-api.html#mlflowmodelversion,
https://docs.github.com/en/webhooks/webhook-events-and-payloads#workflow_run
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from shared.detection.feeds.reading import Row, at, first, items, moment, needed

# Where an action names what it is about.
_TARGETS = (
    "full_name_arg",
    "table_full_name",
    "path",
    "notebookId",
    "cluster_name",
    "clusterName",
    "cluster_id",
    "name",
)


def databricks(document: Mapping[str, Any]) -> Iterator[Row]:
    """A line of an audit log as Databricks delivers it. Sessions of its own services have no user and are left out."""
    user = first((at(document, "userIdentity.email"), at(document, "userIdentity.subjectName")))
    if user is None:
        return
    parameters = document.get("requestParams")
    target = first(at(parameters, name) for name in _TARGETS)
    yield {
        "ts": moment(needed(document, "timestamp"), unit=0.001),
        "id": at(document, "requestId"),
        "user_id": user,
        "action": needed(document, "actionName"),
        "target_resource": target or document.get("serviceName") or "unknown",
        "source_ip": at(document, "sourceIPAddress"),
        "workspace_id": str(at(document, "workspaceId") or "") or None,
        "cluster_name": first((at(parameters, "cluster_name"), at(parameters, "clusterName"))),
    }


def mlflow(document: Mapping[str, Any]) -> Iterator[Row]:
    """The answer of `model-versions/search`: each version as it is now.

    The registry keeps neither approver nor hash: both are read from tags of a release, ``approved_by`` and ``sha256``.
    """
    for version in items(document.get("model_versions")):
        tags = {at(tag, "key"): at(tag, "value") for tag in items(version.get("tags"))}
        stage = str(version.get("current_stage") or "None")
        changed = first((version.get("last_updated_timestamp"), version.get("creation_timestamp")))
        yield {
            "ts": moment(changed, unit=0.001),
            "id": f"{needed(version, 'name')}/{needed(version, 'version')}/{changed}",
            "user_id": first((tags.get("changed_by"), version.get("user_id"))) or "unknown",
            "action": "register" if stage == "None" else "stage_transition",
            "model_name": version["name"],
            "model_version": str(version["version"]),
            "model_hash": tags.get("sha256"),
            "stage": None if stage == "None" else stage.lower(),
            "approved_by": tags.get("approved_by"),
        }


def github_actions(document: Mapping[str, Any]) -> Iterator[Row]:
    """A `workflow_run` event, once it is completed. A step of the workflow adds ``dependency_review`` (the answer of
    GitHub's dependency review) and ``tests`` (passed, failed): the event itself has neither.
    """
    run = document.get("workflow_run")
    if document.get("action") != "completed" or not isinstance(run, Mapping):
        return
    changes = [
        f"{at(one, 'change_type')} {at(one, 'ecosystem')}:{at(one, 'name')} {at(one, 'version')}"
        for one in items(document.get("dependency_review"))
    ]
    yield {
        "ts": needed(run, "updated_at"),
        "id": f"{needed(run, 'id')}/{run.get('run_attempt', 1)}",
        "pipeline_id": f"{needed(document, 'repository.full_name')}/{needed(run, 'name')}",
        "trigger_type": needed(run, "event"),
        "commit_hash": needed(run, "head_sha"),
        "dependency_changes": "\n".join(changes),
        "tests_passed": at(document, "tests.passed"),
        "tests_failed": at(document, "tests.failed"),
        "deployer": first((at(run, "triggering_actor.login"), at(run, "actor.login"))),
    }
