"""The function app as Azure's own worker indexes it, against the topic catalogue and the steps of the flow."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from shared.contracts.topics import topics
from shared.detection.intake import TABLES
from shared.investigation.flow import Step
from shared.settings import variables

ROOT = Path(__file__).parents[2]
# The worker keeps what it loaded in module globals, so it gets a process of its own.
INDEX = """
import asyncio, json, sys
from pathlib import Path
from local.host.worker import Worker
functions = asyncio.run(Worker(function_timeout=1).load(Path.cwd()))
retries = {f.name: f.retry_options.max_retry_count for f in functions if f.retry_options}
json.dump({"bindings": {f.name: [json.loads(raw) for raw in f.raw_bindings] for f in functions}, "retries": retries},
          sys.stdout)
"""
# function: topic, consumer group, whether one invocation takes a batch
KAFKA = {
    "parse_alerts": ("alerts.raw", "aluskort.entity-parser", False),
    "open_investigations": ("alerts.normalized", "aluskort.orchestrator", False),
    "run_llm_job_critical": ("jobs.llm.priority.critical", "aluskort.llm-critical", True),
    "run_llm_job_high": ("jobs.llm.priority.high", "aluskort.llm-high", True),
    "run_llm_job_normal": ("jobs.llm.priority.normal", "aluskort.llm-normal", True),
    "run_llm_job_low": ("jobs.llm.priority.low", "aluskort.llm-low", True),
    "execute_actions": ("actions.pending", "aluskort.action-executor", False),
    "append_audit": ("audit.events", "aluskort.audit-service", True),
    **{
        f"normalise_exposures_{tool}": (f"ctem.raw.{tool}", f"aluskort.ctem-{tool}", False)
        for tool in ("wiz", "snyk", "garak", "art", "burp", "custom")
    },
    "learn_indicators": ("knowledge.ti.ioc.new", "aluskort.knowledge", False),
    "comment_verdicts": ("knowledge.incident.stored", "aluskort.verdict-comments", False),
    "draft_from_cases": ("knowledge.incident.stored", "aluskort.drafting", False),
    "learn_reports": ("knowledge.ti.report.new", "aluskort.knowledge", False),
    "learn_playbooks": ("knowledge.playbook.updated", "aluskort.knowledge", False),
    "learn_playbook_drafts": ("playbooks.draft", "aluskort.response", False),
    "learn_incidents": ("knowledge.incident.stored", "aluskort.knowledge", False),
    **{f"store_{table}": (topic, "aluskort.telemetry", True) for topic, table in TABLES.items()},
}
TIMERS = {
    "sweep_outbox": "*/10 * * * * *",
    "follow_actions": "*/15 * * * * *",
    "verify_chains": "0 */5 * * * *",
    "verify_whole_chains": "0 7-57/10 * * * *",
    "watch_approvals": "0 */5 * * * *",
    "watch_exposures": "15 */5 * * * *",
    "move_stuck_cases": "45 */5 * * * *",
    "expire_incident_traces": "20 */10 * * * *",
    "send_notifications": "30 * * * * *",
    "tick_batches": "15 * * * * *",
    "collect_batches": "40 * * * * *",
    "poll_sentinel": "*/30 * * * * *",
    "fetch_late_entities": "0 * * * * *",
    "run_detections_5m": "0 */5 * * * *",
    "run_detections_15m": "0 */15 * * * *",
    "run_detections_30m": "0 */30 * * * *",
    "run_detections_1h": "0 0 * * * *",
    "tidy_telemetry": "0 40 2 * * *",
}
# By Azure's host: the language and its storage; by the local one: where it keeps durable instances.
READ_BY_HOSTS = {"FUNCTIONS_WORKER_RUNTIME", "AzureWebJobsStorage", "ALUSKORT_TASKHUB_URL"}
PEOPLE = {"operator"}
# Catalogued consumers that are not built yet: whoever builds one takes it out here.
NOT_YET = {"normalise_exposures", "link_exposures"}
NOT_YET_LEARNT = {
    "incidents.enriched",
    "knowledge.mitre.updated",
    "knowledge.fp.approved",
}


def indexed(**environment: str) -> dict[str, Any]:
    """What the worker answers for our app: bindings and retry counts by function."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", INDEX],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


@pytest.fixture(scope="module")
def index() -> dict[str, Any]:
    """The app in an empty environment."""
    return indexed()


def triggers(index: dict[str, Any], kind: str) -> dict[str, dict[str, Any]]:
    """Triggers of one kind by function."""

    def found() -> Iterator[tuple[str, dict[str, Any]]]:
        for name, bindings in index["bindings"].items():
            yield from ((name, binding) for binding in bindings if binding["type"] == kind)

    return dict(found())


def test_every_function_has_exactly_one_trigger(index: dict[str, Any]) -> None:
    counts = {
        name: sum(binding["type"].endswith("Trigger") for binding in bindings)
        for name, bindings in index["bindings"].items()
    }
    assert set(counts.values()) == {1}


def test_kafka_triggers_have_their_topics_groups_and_cardinality(index: dict[str, Any]) -> None:
    found = triggers(index, "kafkaTrigger")
    assert {
        name: (trigger["topic"], trigger["consumerGroup"], trigger["cardinality"] == "MANY")
        for name, trigger in found.items()
    } == KAFKA
    assert {trigger["dataType"] for trigger in found.values()} == {"BINARY"}
    assert {trigger["brokerList"] for trigger in found.values()} == {"%ALUSKORT_KAFKA_BROKERS%"}


def test_kafka_triggers_need_no_password_on_one_machine(index: dict[str, Any]) -> None:
    for trigger in triggers(index, "kafkaTrigger").values():
        assert (trigger["protocol"], trigger["authenticationMode"]) == ("NOTSET", "NOTSET")
        assert not {"username", "password", "eventHubConnectionString"} & set(trigger)


def test_every_kafka_trigger_logs_in_to_event_hubs_in_azure() -> None:
    # As the extension's listener and its scaler both read it; what they fill in from settings are texts alone.
    values = {"ALUSKORT_KAFKA_SECURITY": "entra", "ALUSKORT_KAFKA_TRIGGER_CONNECTION": "Endpoint=sb://none"}
    found = triggers(indexed(**values), "kafkaTrigger")
    assert set(found) == set(KAFKA)
    for trigger in found.values():
        assert (trigger["protocol"], trigger["authenticationMode"]) == ("SASLSSL", "PLAIN")
        assert trigger["username"] == "$ConnectionString"
        assert trigger["password"] == "%ALUSKORT_KAFKA_TRIGGER_CONNECTION%"
        assert "eventHubConnectionString" not in trigger


def test_kafka_triggers_consume_what_the_catalogue_says(index: dict[str, Any]) -> None:
    for name, trigger in triggers(index, "kafkaTrigger").items():
        consumers = topics()[trigger["topic"]].consumers
        assert name in consumers or (name.startswith("learn_") and "learn" in consumers)


def test_every_catalogued_topic_is_consumed_or_named_as_not_yet(index: dict[str, Any]) -> None:
    consumed = {trigger["topic"] for trigger in triggers(index, "kafkaTrigger").values()}
    left = {name for name, topic in topics().items() if not set(topic.consumers) <= PEOPLE} - consumed
    assert left == NOT_YET_LEARNT | {name for name, topic in topics().items() if set(topic.consumers) <= NOT_YET}


def test_streams_are_retried_for_ever_so_that_no_message_is_lost(index: dict[str, Any]) -> None:
    streams = {*triggers(index, "kafkaTrigger"), *triggers(index, "eventHubTrigger")}
    assert index["retries"] == dict.fromkeys(streams, -1)


def test_event_hub_triggers_read_batches_of_the_configured_hubs(index: dict[str, Any]) -> None:
    found = triggers(index, "eventHubTrigger")
    assert {
        name: (trigger["eventHubName"], trigger["connection"], trigger["cardinality"])
        for name, trigger in found.items()
    } == {
        "ingest_sentinel": ("%ALUSKORT_SENTINEL_HUB%", "ALUSKORT_SENTINEL_EVENTHUB", "MANY"),
        "ingest_siem": ("%ALUSKORT_SIEM_HUB%", "ALUSKORT_SENTINEL_EVENTHUB", "MANY"),
    }


def test_poll_mode_without_a_hub_has_no_event_hub_trigger() -> None:
    index = indexed(ALUSKORT_SENTINEL_MODE="poll")
    assert not triggers(index, "eventHubTrigger")
    assert {"poll_sentinel", "ingest_http", "parse_alerts"} <= set(index["bindings"])


def test_poll_mode_reads_the_hubs_that_are_named() -> None:
    index = indexed(ALUSKORT_SENTINEL_MODE="poll", ALUSKORT_SIEM_HUB="siem-alerts")
    assert set(triggers(index, "eventHubTrigger")) == {"ingest_siem"}


def test_timers_have_their_schedules(index: dict[str, Any]) -> None:
    assert {name: trigger["schedule"] for name, trigger in triggers(index, "timerTrigger").items()} == TIMERS


def test_every_step_of_the_flow_is_an_activity(index: dict[str, Any]) -> None:
    assert set(triggers(index, "activityTrigger")) == set(Step)
    assert set(triggers(index, "orchestrationTrigger")) == {"investigate"}


def test_the_api_takes_every_route_and_guards_it_itself(index: dict[str, Any]) -> None:
    trigger = triggers(index, "httpTrigger")["api"]
    assert (trigger["route"], trigger["authLevel"]) == ("{*route}", "ANONYMOUS")


def test_alerts_are_pushed_with_a_key_of_the_platform(index: dict[str, Any]) -> None:
    found = triggers(index, "httpTrigger")
    assert set(found) == {"api", "ingest_http"}
    trigger = found["ingest_http"]
    assert (trigger["route"], trigger["authLevel"], trigger["methods"]) == (
        "ingest/{source_name}",
        "FUNCTION",
        ["POST"],
    )


def test_functions_that_wake_investigations_have_a_durable_client(index: dict[str, Any]) -> None:
    assert set(triggers(index, "durableClient")) == {
        *("open_investigations", "sweep_outbox", "move_stuck_cases", "api"),
        *(f"run_llm_job_{queue}" for queue in ("critical", "high", "normal", "low")),
    }


def test_example_settings_are_those_that_the_product_the_bindings_and_the_hosts_read(index: dict[str, Any]) -> None:
    settings = set(variables().values())
    bindings = [binding for bindings in index["bindings"].values() for binding in bindings]
    texts = json.dumps(bindings) + (ROOT / "host.json").read_text()
    bound = set(re.findall(r"%(\w+)%", texts)) | set(re.findall(r'"connection(?:StringName)?": "(\w+)"', texts))
    example = set(json.loads((ROOT / "local.settings.json.example").read_text())["Values"])
    assert example == settings | bound | READ_BY_HOSTS
