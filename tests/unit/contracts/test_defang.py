"""Attackers' addresses on a person's screen."""

import pytest

from shared.contracts.defang import defanged


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("beacon to 203.0.113.7 every minute", "beacon to 203[.]0[.]113[.]7 every minute"),
        ("from 10.20.1.5 and 192.168.0.9", "from 10.20.1.5 and 192.168.0.9"),
        ("GET http://evil.example/a.php?x=1", "GET hxxp://evil[.]example/a.php?x=1"),
        ("HTTPS://Evil.Example:8443/", "HxxPS://Evil[.]Example:8443/"),
        ("hxxp://evil[.]example/ already", "hxxp://evil[.]example/ already"),
        ("version 1.2.3.4.5 and 999.1.1.1", "version 1.2.3.4.5 and 999.1.1.1"),
        ("FS-02.northlight.example", "FS-02.northlight.example"),
    ],
)
def test_outside_addresses_are_defanged_and_the_companys_own_are_not(text: str, shown: str) -> None:
    assert defanged(text) == shown


def test_known_names_are_defanged_the_longest_first_and_once() -> None:
    assert defanged("a.evil.example, evil.example", ["evil.example", "a.evil.example"]) == (
        "a[.]evil[.]example, evil[.]example"
    )
