"""A claim counts with a quote that stands in the evidence, and code finds where."""

from typing import Any

import pytest

from shared.contracts.investigation import GraphState
from shared.contracts.why import Claim, Why
from shared.investigation.quotes import unfounded, with_sources

STATE = GraphState.model_validate(
    {
        "investigation_id": "i-1",
        "alert_title": "Credential dumping on a server",
        "alert_description": "procdump.exe -ma lsass.exe <b>C:\\temp\\x.dmp</b>\nwas run by  CORP\\jdoe. "
        "Port 21111 was open to 10.00.0 and 11.1.1.10. パスワードが変更されました。rube\u200bu\u0337s",
        "techniques": ["T1003.001"],
        "tactics": ["credential-access"],
        "product": "Endpoint Watch",
        "entities": {
            "processes": [
                {
                    "entity_type": "process",
                    "primary_value": "procdump.exe",
                    "properties": {"command_line": "procdump.exe -ma lsass.exe out.dmp"},
                }
            ]
        },
        "ioc_matches": [{"type": "domain", "value": "c2.example", "context": "beacon of the implant"}],
        "risk_state": "unknown",
        "ueba_context": [{"entity_id": "ws-1", "signal_type": "endpoint", "risk_state": "unknown", "source": "ueba"}],
        "atlas_techniques": [{"technique_id": "T1003.001", "name": "OS Credential Dumping", "source": "alert"}],
        "case_facts": {
            "flags": ["description_cut", "seen_before"],
            "similar_techniques": ["T1003.006 DCSync by replication"],
        },
        "similar_incidents": [{"summary": "Seen on dc-1 in May, true positive."}],
    }
)


def source(quote: str) -> str:
    why = with_sources(Why(speaks_for=[Claim(claim="it does", quote=quote)]), STATE)
    return why.speaks_for[0].source


@pytest.mark.parametrize(
    ("quote", "where"),
    [
        ("procdump.exe -ma lsass.exe", "alert.description"),
        ("“was run by CORP\\jdoe”", "alert.description"),
        ("LSASS.EXE \u2039b\u203aC:\\temp", "alert.description"),  # as the gateway cleans markup
        ("lsass.exe out.dmp", "alert.entities.0.command_line"),
        ("port 21111", "alert.description"),
        ("«10.00.0»", "alert.description"),
        ("変更されました", "alert.description"),  # no blanks between words
        ("rubeus", "alert.description"),  # without the invisible blank and the stroke
        ("c2.example", "context.indicators.0.value"),
        ("Seen on dc-1 in May", "context.similar_incidents.0.summary"),
    ],
)
def test_quote_is_found_where_it_stands(quote: str, where: str) -> None:
    assert source(quote) == where


@pytest.mark.parametrize(
    "quote",
    [
        "mimikatz was run",  # invented
        "Credential dumping on a server",  # the title
        "credential-access",  # a label
        "Endpoint Watch",
        "T1003.001",
        "T1003.001, T1059",
        '{"command_line": "procdump.exe -ma lsass.exe out.dmp"}',  # JSON
        "1.1.1.1",  # of a port and of longer addresses
        "1.1.1.10",
        "cdump.exe",  # the end of a word
        "procdump.exe -ma lsa",  # the beginning of one
        "process",  # the type of an entity
        "domain",
        "endpoint",
        "unknown",  # a state of risk
        "OS Credential Dumping",  # a technique's name
        "DCSync by replication",  # one that we found for the alert's words
        "beacon of the implant",  # a model's own words
        "seen_before",  # a flag of ours
        "description: cut at intake",
        "exe",  # in any text
        "",
        "!!! ???",
    ],
)
def test_what_supports_nothing_has_no_source(quote: str) -> None:
    assert source(quote) == ""


def test_claims_against_are_held_to_the_same() -> None:
    founded, invented = Claim(claim="a", quote="procdump.exe -ma"), Claim(claim="b", quote="a change ticket exists")
    why = with_sources(Why(speaks_for=[founded], speaks_against=[invented], missing=["who was logged on"]), STATE)
    assert [claim.claim for claim in unfounded(why)] == ["b"]
    assert why.missing == ["who was logged on"]


def test_any_text_as_a_quote_is_read_to_its_end() -> None:
    hostile: list[Any] = ["\x00" * 1000, "\ud800".encode("utf-8", "replace").decode(), "ß" * 1000, "(" * 1000]
    assert [source(text) for text in hostile] == [""] * 4
