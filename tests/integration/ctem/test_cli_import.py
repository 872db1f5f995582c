"""`aluskort exposures import` on a real store; nobody relays what it leaves in the outbox."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from cli.app import app
from shared.bootstrap import services
from shared.settings import settings
from tests.conftest import Database

SAMPLES = Path(__file__).parents[3] / "local" / "samples" / "scans"


@pytest.fixture(scope="module")
def own(database: Callable[[str], Database]) -> Database:
    return database("ctem_import")


@pytest.fixture
def run(own: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Result]]:
    """Runs the command as an operator with the settings of a deployment in the environment."""
    given = {
        "ALUSKORT_POSTGRES_URL": own.url,
        "ALUSKORT_REDIS_URL": "redis://127.0.0.1:1/0",
        "ALUSKORT_KAFKA_BROKERS": "127.0.0.1:1",
        "ANTHROPIC_API_KEY": "none",
        **{f"ALUSKORT_OIDC_{name}": "https://127.0.0.1:1" for name in ("ISSUER", "AUDIENCE", "JWKS_URL")},
    }

    def call(*arguments: str) -> Result:
        for name, value in given.items():
            monkeypatch.setenv(name, value)
        services.cache_clear()
        settings.cache_clear()
        return CliRunner().invoke(app, ["exposures", "import", *arguments])

    yield call
    services.cache_clear()
    settings.cache_clear()


def test_import_counts_what_is_new_and_the_second_time_what_is_the_same(run: Callable[..., Result]) -> None:
    wanted = (str(SAMPLES / "wiz-issues.csv"), "--tool", "wiz", "--tenant", "t-1")
    first, second = run(*wanted), run(*wanted)
    assert (first.exit_code, second.exit_code) == (0, 0), first.output + second.output
    assert "3 findings (wiz issues CSV):" in first.output
    assert "3 new" in first.output
    assert "3 same" in second.output


def test_refused_rows_are_named_and_the_exit_code_says_so(run: Callable[..., Result], tmp_path: Path) -> None:
    broken = tmp_path / "broken.csv"
    broken.write_bytes((SAMPLES / "wiz-issues.csv").read_bytes().replace(b"CRITICAL,OPEN", b"SEVERE,OPEN"))
    found = run(str(broken), "--tool", "wiz", "--tenant", "t-2", "--full-scan-of", "plant")
    assert found.exit_code == 1
    assert "line 2: Severity: got 'SEVERE'" in found.output
    assert "Nothing was resolved" in found.output


def test_file_of_another_scanner_is_refused_in_a_sentence(run: Callable[..., Result]) -> None:
    found = run(str(SAMPLES / "burp.xml"), "--tool", "wiz", "--tenant", "t-3")
    assert found.exit_code == 1
    assert "wiz report: got" in found.output
