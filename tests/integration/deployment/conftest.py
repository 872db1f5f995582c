import os
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from typer.testing import CliRunner, Result

from cli.app import app
from local.services.postgres import Postgres as PostgresServer
from shared.settings import settings
from tests.unit.test_settings import example

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    """Runs `aluskort` on a deployment whose settings are the example's but for the given ones."""
    before = dict(os.environ)

    def command(*arguments: str, **variables: str) -> Result:
        settings.cache_clear()
        file = tmp_path / "deployment.env"
        values = {name: value for name, value in example().items() if value} | variables
        file.write_text("".join(f"{name}={value}\n" for name, value in values.items()))
        return CliRunner().invoke(app, [arguments[0], "--environment-file", str(file), *arguments[1:]])

    yield command
    settings.cache_clear()
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture
def empty_database(postgres: PostgresServer, postgres_url: str, request: pytest.FixtureRequest) -> str:
    """The owner's URL of a database without a schema."""
    name = f"deployment_{abs(hash(request.node.name))}"
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    return postgres.url(database=name)
