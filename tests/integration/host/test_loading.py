"""What the host refuses at start, and how it says so."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.integration.host.sample_host import SampleHost

KAFKA = '@app.kafka_trigger(arg_name="e", topic="t", broker_list="127.0.0.1:1", consumer_group="g", '
HEAD = "import typing\nimport azure.functions as func\nimport azure.durable_functions as df\napp = df.DFApp()\n"


def refusal(folder: Path, code: str, host_json: str = '{"version": "2.0"}', **environment: str) -> str:
    (folder / "app").mkdir()
    (folder / "app" / "host.json").write_text(host_json)
    (folder / "app" / "function_app.py").write_text(HEAD + code)
    host = SampleHost(folder, app=folder / "app", **environment)
    host.launch()
    assert host.wait() == 1, host.text
    assert "Traceback" not in host.text
    return host.text


@pytest.mark.parametrize(
    ("code", "complaint"),
    [
        (
            f'{KAFKA}cardinality="many", data_type="binary")\ndef f(e: list[func.KafkaEvent]): ...',
            "cannot load the f function: binding e has invalid non-type annotation list[azure.functions.KafkaEvent]",
        ),
        (f"{KAFKA})\ndef f(other: func.KafkaEvent): ...", "cannot load the f function"),
        (
            f"{KAFKA})\ndef f(e: func.TimerRequest): ...",
            "do not match the corresponding function parameter's Python type annotation TimerRequest",
        ),
        (f'{KAFKA}cardinality="many")\ndef f(e: typing.List[func.KafkaEvent]): ...', "got dataType None"),
        (
            f"{KAFKA})\n@app.kafka_output(arg_name='o', topic='t', broker_list='b')\n"
            "def f(e: func.KafkaEvent, o: func.Out[str]): ...",
            "binding o of type kafka is not offered",
        ),
        (
            "@app.queue_trigger(arg_name='q', queue_name='q', connection='C')\ndef f(q: func.QueueMessage): ...",
            "Function f: the local host has no queueTrigger",
        ),
        (
            "@app.schedule(arg_name='t', schedule='0 61 * * * *')\ndef f(t: func.TimerRequest): ...",
            "Function f: Schedule '0 61 * * * *', minute: got '61', expected 0 to 59.",
        ),
        (
            "@app.route(route='x')\n@app.retry(strategy='fixed_delay', max_retry_count='1', delay_interval='00:00:01')\n"
            "def f(req: func.HttpRequest) -> str: ...",
            "Azure ignores a retry policy on a httpTrigger",
        ),
        ("second = func.FunctionApp()", "More than one DFApp or other top level function app instances"),
        ("import missing_module", "No module named 'missing_module'"),
        ("", "registers no function"),
    ],
    ids=lambda value: "" if "\n" in value or value.startswith("@") else value[:30],
)
def test_load_refuses_what_azure_would_refuse(tmp_path: Path, code: str, complaint: str) -> None:
    text = refusal(
        tmp_path, code, AzureWebJobsStorage="AccountName=a;AccountKey=Yg==;BlobEndpoint=http://127.0.0.1:1/a"
    )
    assert complaint in text


@pytest.mark.parametrize(
    ("host_json", "complaint"),
    [
        ('{"version": "3.0"}', "version: got '3.0'. Input should be '2.0'."),
        (
            '{"version": "2.0", "extensions": {"kafka": {"commitOnFailiure": true}}}',
            "extensions.kafka.commitOnFailiure",
        ),
        ('{"version": "2.0", "extensions": {"kafka": {"maxBatchSize": "many"}}}', "extensions.kafka.maxBatchSize: got"),
        ('{"version": "2.0", "functionTimeout": "ten"}', 'a time is written as "hh:mm:ss"'),
        ("{", "host.json is wrong"),
    ],
)
def test_load_refuses_a_wrong_host_json_by_key(tmp_path: Path, host_json: str, complaint: str) -> None:
    assert complaint in refusal(tmp_path, "", host_json)


def test_load_names_every_missing_setting_at_once(tmp_path: Path) -> None:
    code = (
        "@app.schedule(arg_name='t', schedule='%EVERY%')\ndef a(t: func.TimerRequest): ...\n"
        "@app.event_hub_message_trigger(arg_name='e', event_hub_name='%HUB%', connection='NAMESPACE')\n"
        "def b(e: func.EventHubEvent): ...\n"
        "@app.orchestration_trigger(context_name='context')\ndef c(context): ...\n"
    )
    text = refusal(tmp_path, code)
    for name in ("EVERY", "HUB", "NAMESPACE", "AzureWebJobsStorage", "ALUSKORT_TASKHUB_URL"):
        assert f"  {name} (wanted by" in text


def test_local_settings_are_read_and_the_environment_wins(tmp_path: Path, make_host: Callable[..., SampleHost]) -> None:
    app = tmp_path / "app"
    app.mkdir()
    (app / "host.json").write_text('{"version": "2.0"}')
    (app / "local.settings.json").write_text('{"IsEncrypted": false, "Values": {"FROM_FILE": "file", "BOTH": "file"}}')
    (app / "function_app.py").write_text(
        HEAD + "import os\nSEEN = os.environ['FROM_FILE'] + ' ' + os.environ['BOTH']\n"
        "@app.route(route='seen', auth_level='anonymous')\ndef seen(req: func.HttpRequest) -> str:\n    return SEEN\n"
        "@app.route(route='%FROM_FILE%', auth_level='anonymous')\ndef two(req: func.HttpRequest) -> str:\n    return '2'\n"
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
