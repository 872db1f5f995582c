"""Migrations on empty databases: once, twice, one at a time, two at once, and one that fails."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psycopg
import pytest

from local.services.postgres import Postgres as PostgresServer
from shared.stores import migrations
from shared.stores.migrations import FOLDER, migrate
from tests.conftest import Database

FILES = sorted(FOLDER.glob("*.sql"))
SCHEMA = """
SELECT table_name, column_name, data_type, is_nullable, column_default FROM information_schema.columns
WHERE table_schema = 'public' AND table_name NOT LIKE '%yoyo%'
UNION ALL SELECT tablename, policyname, roles::text, qual, with_check FROM pg_policies
UNION ALL SELECT table_name, privilege_type, '', '', '' FROM information_schema.table_privileges
WHERE grantee = 'aluskort_app'
UNION ALL SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid), '', '' FROM pg_constraint
WHERE connamespace = 'public'::regnamespace AND conrelid::regclass::text NOT LIKE '%yoyo%'
UNION ALL SELECT tablename, indexname, indexdef, '', '' FROM pg_indexes
WHERE schemaname = 'public' AND tablename NOT LIKE '%yoyo%'
ORDER BY 1, 2, 3, 4, 5
"""


@pytest.fixture
def make_empty(postgres: PostgresServer, postgres_url: str) -> Callable[[str], str]:
    """Makes an empty database and gives its owner's URL."""

    def make(name: str) -> str:
        with psycopg.connect(postgres_url, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}".encode())
        return postgres.url(database=name)

    return make


def schema(url: str) -> list[Any]:
    with psycopg.connect(url) as connection:
        return connection.execute(SCHEMA.encode()).fetchall()


def test_migrations_are_numbered_without_a_gap_and_named_as_sentences() -> None:
    assert [path.stem[:4] for path in FILES] == [f"{number:04}" for number in range(1, len(FILES) + 1)]
    assert [path.name for path in FILES if not re.fullmatch(r"\d{4}(_[a-z]+){2,}\.sql", path.name)] == []


def test_migrate_twice_applies_everything_once(make_empty: Callable[[str], str]) -> None:
    url = make_empty("migrated_twice")
    assert migrate(url) == [path.stem for path in FILES]
    before = schema(url)
    assert migrate(url) == []
    assert schema(url) == before


def test_migrations_applied_one_release_at_a_time_give_the_same_schema(
    make_empty: Callable[[str], str], own_database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = make_empty("migrated_stepwise")
    monkeypatch.setattr(migrations, "FOLDER", tmp_path)
    for path in FILES:
        (tmp_path / path.name).write_text(path.read_text())
        assert migrate(url) == [path.stem]
    assert schema(url) == schema(own_database.owner_url)


def test_two_migrations_at_once_apply_everything_once(make_empty: Callable[[str], str]) -> None:
    url = make_empty("migrated_by_two")
    with ThreadPoolExecutor(2) as pool:
        applied = list(pool.map(migrate, [url, url]))
    assert sorted(applied, key=len) == [[], [path.stem for path in FILES]]


def test_failed_migration_leaves_nothing_behind_and_can_be_repeated(
    make_empty: Callable[[str], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = make_empty("migrated_after_failure")
    monkeypatch.setattr(migrations, "FOLDER", tmp_path)
    bad = tmp_path / "0001_create_two_tables.sql"
    bad.write_text("CREATE TABLE one (id int);\nCREATE TABLE two (id nonsense);\n")
    with pytest.raises(psycopg.errors.UndefinedObject):
        migrate(url)
    assert schema(url) == []
    bad.write_text("CREATE TABLE one (id int);\nCREATE TABLE two (id int);\n")
    assert migrate(url) == [bad.stem]
