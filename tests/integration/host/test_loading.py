"""What the host refuses at start, and how it says so."""

from __future__ import annotations

import socket
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.integration.host.sample_host import SampleHost

HEAD = "import typing\nimport azure.functions as func\nimport azure.durable_functions as df\napp = df.DFApp()\n"
REFUSED_APPS = {
    "list of events": (
        """
        @app.kafka_trigger(arg_name="e", topic="t", broker_list="b:1", consumer_group="g", cardinality="many",
                           data_type="binary")
        def f(e: list[func.KafkaEvent]): ...
        """,
        "cannot load the f function: binding e has invalid non-type annotation list[azure.functions.kafka.KafkaEvent]",
    ),
    "binding without parameter": (
        """
        @app.kafka_trigger(arg_name="e", topic="t", broker_list="b:1", consumer_group="g")
        def f(other: func.KafkaEvent): ...
        """,
        "cannot load the f function: the following parameters are declared in Python but not in the function",
    ),
    "wrong parameter type": (
        """
        @app.kafka_trigger(arg_name="e", topic="t", broker_list="b:1", consumer_group="g")
        def f(e: func.TimerRequest): ...
        """,
        "do not match the corresponding function parameter's Python type annotation TimerRequest",
    ),
    "many without data type": (
        """
        @app.kafka_trigger(arg_name="e", topic="t", broker_list="b:1", consumer_group="g", cardinality="many")
        def f(e: typing.List[func.KafkaEvent]): ...
        """,
        "Function f: got dataType None, expected binary or string",
    ),
    "broker list without port": (
        """
        @app.kafka_trigger(arg_name="e", topic="t", broker_list="b", consumer_group="g")
        def f(e: func.KafkaEvent): ...
        """,
        "Kafka brokerList: got 'b', expected host:port",
    ),
    "shorthand for Event Hubs": (
        """
        @app.kafka_trigger(arg_name="e", topic="t", broker_list="b:1", consumer_group="g", data_type="binary",
                           event_hub_connection_string="Endpoint=sb://b")
        def f(e: func.KafkaEvent): ...
        """,
        "Function f: eventHubConnectionString is unknown to the extension's scaler",
    ),
    "output binding": (
        """
        @app.kafka_trigger(arg_name="e", topic="t", broker_list="b:1", consumer_group="g")
        @app.kafka_output(arg_name="o", topic="t", broker_list="b:1")
        def f(e: func.KafkaEvent, o: func.Out[str]): ...
        """,
        "Function f: binding o of type kafka is not offered by the local host",
    ),
    "unknown trigger": (
        """
        @app.queue_trigger(arg_name="q", queue_name="q", connection="C")
        def f(q: func.QueueMessage): ...
        """,
        "Function f: the local host has no queueTrigger",
    ),
    "wrong schedule": (
        """
        @app.schedule(arg_name="t", schedule="0 61 * * * *")
        def f(t: func.TimerRequest): ...
        """,
        "Function f: Schedule '0 61 * * * *', minute: got '61', expected 0 to 59.",
    ),
    "retry of HTTP": (
        """
        @app.route(route="x")
        @app.retry(strategy="fixed_delay", max_retry_count="1", delay_interval="00:00:01")
        def f(req: func.HttpRequest) -> str: ...
        """,
        "Function f: Azure ignores a retry policy on a httpTrigger",
    ),
    "wrong route": (
        """
        @app.route(route="x/{id")
        def f(req: func.HttpRequest) -> str: ...
        """,
        "Function f, route '/api/x/{id': a parameter is written {name} or {*name}.",
    ),
    "two apps": ("second = func.FunctionApp()", "More than one DFApp or other top level function app instances"),
    "missing module": ("import missing_module", "No module named 'missing_module'"),
    "no function": ("", "registers no function"),
}
REFUSED_HOST_JSON = {
    "version": ('{"version": "3.0"}', "version: got '3.0'. Input should be '2.0'."),
    "unknown key": (
        '{"version": "2.0", "extensions": {"kafka": {"commitOnFailiure": true}}}',
        "extensions.kafka.commitOnFailiure: got True. Extra inputs are not permitted.",
    ),
    "wrong value": (
        '{"version": "2.0", "extensions": {"kafka": {"maxBatchSize": "many"}}}',
        "extensions.kafka.maxBatchSize: got 'many'. Input should be a valid integer.",
    ),
    "wrong time": ('{"version": "2.0", "functionTimeout": "ten"}', 'a time is written as "hh:mm:ss"'),
    "no JSON": ("{", "host.json is wrong"),
}


@pytest.fixture(scope="module")
def refusals(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The host's log for each refused app and host.json; every start has ended with exit code 1."""
    root = tmp_path_factory.mktemp("refused")
    cases = {name: (code, '{"version": "2.0"}') for name, (code, _) in REFUSED_APPS.items()}
    cases |= {name: ("", host_json) for name, (host_json, _) in REFUSED_HOST_JSON.items()}
    for name, (code, host_json) in cases.items():
        (root / name).mkdir()
        (root / name / "function_app.py").write_text(HEAD + textwrap.dedent(code))
        (root / name / "host.json").write_text(host_json)
    storage = {"AzureWebJobsStorage": "AccountName=a;AccountKey=Yg==;BlobEndpoint=http://127.0.0.1:1/a"}
    hosts = {name: SampleHost(root / name / "state", app=root / name, **storage) for name in cases}
    for host in hosts.values():
        host.launch()
        assert host.wait() == 1
    return {name: host.text for name, host in hosts.items()}


@pytest.mark.parametrize("case", REFUSED_APPS | REFUSED_HOST_JSON)
def test_load_refuses_what_cannot_run_with_a_sentence(refusals: dict[str, str], case: str) -> None:
    assert (REFUSED_APPS | REFUSED_HOST_JSON)[case][1] in refusals[case]
    assert "Traceback" not in refusals[case]


def test_load_names_every_missing_setting_at_once(tmp_path: Path) -> None:
    code = (
        "@app.schedule(arg_name='t', schedule='%EVERY%')\ndef a(t: func.TimerRequest): ...\n"
        "@app.event_hub_message_trigger(arg_name='e', event_hub_name='%HUB%', connection='NAMESPACE')\n"
        "def b(e: func.EventHubEvent): ...\n"
        "@app.orchestration_trigger(context_name='context')\ndef c(context): ...\n"
    )
    (tmp_path / "host.json").write_text('{"version": "2.0"}')
    (tmp_path / "function_app.py").write_text(HEAD + code)
    host = SampleHost(tmp_path / "state", app=tmp_path)
    host.launch()
    assert host.wait() == 1
    for name in ("EVERY", "HUB", "NAMESPACE", "AzureWebJobsStorage", "ALUSKORT_TASKHUB_URL"):
        assert f"  {name} (wanted by" in host.text


def test_local_settings_are_read_and_the_environment_wins(tmp_path: Path, make_host: Callable[..., SampleHost]) -> None:
    app = tmp_path / "app"
    app.mkdir()
    (app / "host.json").write_text('{"version": "2.0"}')
    (app / "local.settings.json").write_text('{"IsEncrypted": false, "Values": {"FROM_FILE": "file", "BOTH": "file"}}')
    (app / "function_app.py").write_text(
        HEAD + "import os\nSEEN = os.environ['FROM_FILE'] + ' ' + os.environ['BOTH']\n"
        "@app.route(route='seen', auth_level='anonymous')\ndef seen(req: func.HttpRequest) -> str:\n    return SEEN\n"
        "@app.route(route='%FROM_FILE%', auth_level='anonymous')\n"
        "def two(req: func.HttpRequest) -> str:\n    return '2'\n"
        "@app.route(route='off')\ndef off(req: func.HttpRequest) -> str:\n    return 'on'\n"
    )
    host = make_host(tmp_path, app=app, BOTH="environment", **{"AzureWebJobs.off.Disabled": "true"})
    host.start()
    assert host.request("GET", "/api/seen").text == "file environment"
    assert host.request("GET", "/api/file").text == "2"
    assert host.request("GET", "/api/off").status_code == 404
    assert host.stop() == 0


def test_port_that_is_taken_is_named(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        (tmp_path / "host.json").write_text('{"version": "2.0"}')
        (tmp_path / "function_app.py").write_text(HEAD + "@app.route(route='x')\ndef f(req: func.HttpRequest): ...")
        host = SampleHost(tmp_path / "state", app=tmp_path)
        host.launch(port=port)
        assert host.wait() == 1
        assert f"Port {port} cannot be used" in host.text
