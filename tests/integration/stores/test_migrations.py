"""Migrations on empty databases: once, twice, one at a time, two at once, and one that fails; and beside a busy app."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psycopg
import pytest

from local.services.postgres import Postgres as PostgresServer
from shared.errors import ConfigurationError, StoreUnavailable
from shared.stores import migrations
from shared.stores.migrations import FOLDER, migrate, missing
from tests.conftest import Database

FILES = sorted(FOLDER.glob("*.sql"))
# What breaks the version that still runs: it takes something away or rewrites a table under it.
CONTRACTING = re.compile(r"\s*(DROP|REVOKE|TRUNCATE|LOCK)\b|\s*ALTER\b.*\b(DROP|RENAME|TYPE|SET NOT NULL)\b")
REASON = re.compile(r"^-- contracts: \w.{10,}$")
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


def test_migrations_are_named_by_the_minute_they_were_written_and_as_sentences() -> None:
    # The first ten were numbered; two branches never take the same minute, but they did take the same number.
    assert [path.name for path in FILES if not re.fullmatch(r"(00\d\d|20\d{10})(_[a-z]+){2,}\.sql", path.name)] == []
    prefixes = [path.name.split("_")[0] for path in FILES]
    assert len(prefixes) == len(set(prefixes))


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


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_migration_takes_nothing_from_the_running_version_without_a_reason(path: Path) -> None:
    lines = path.read_text().splitlines()
    pairs = zip(["", *lines], lines, strict=False)
    assert [line for before, line in pairs if CONTRACTING.match(line) and not REASON.match(before)] == []


def test_migration_of_a_table_in_use_gives_up_and_leaves_nothing(
    make_empty: Callable[[str], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = make_empty("migrated_while_busy")
    monkeypatch.setattr(migrations, "FOLDER", tmp_path)
    monkeypatch.setattr(migrations, "LOCK_SECONDS", 1)
    (tmp_path / "0001_create_a_table.sql").write_text("CREATE TABLE busy (id int);\n")
    migrate(url)
    (tmp_path / "0002_add_a_column.sql").write_text("CREATE TABLE more ();\nALTER TABLE busy ADD COLUMN more int;\n")
    with psycopg.connect(url) as running:
        running.execute("SELECT FROM busy")  # its transaction is open, as one of the running version may be
        with pytest.raises(StoreUnavailable, match="kept a table locked for 1 s"):
            migrate(url)
        assert missing(url) == ["0002_add_a_column"]
        assert running.execute("SELECT to_regclass('more')").fetchone() == (None,)
    assert migrate(url) == ["0002_add_a_column"]


KEYS_BEGIN = "202611280702"  # the first migration that rewrites tables
OLD_ROWS = """
INSERT INTO ctem_exposures (tenant_id, exposure_key, asset_id, severity, status, ctem_score, source_tool, exposure)
SELECT 't', 'k' || n, 'HOST-' || n, 'HIGH', 'New', 5, 'wiz', '{}' FROM generate_series(1, 3000) AS n;
INSERT INTO fp_patterns (pattern_id, tenant_id, status, pattern) VALUES
    ('named', 't', 'shadow', '{"alert_name": "Port Scan", "alert_name_regex": ""}'),
    ('expression', 't', 'shadow', '{"alert_name": "Port Scan", "alert_name_regex": "p.*"}'),
    ('nameless', 't', 'shadow', '{}');
"""


def keys(url: str) -> list[Any]:
    with psycopg.connect(url) as connection:
        return connection.execute(
            "SELECT count(*)::text, min(asset_key) FROM ctem_exposures WHERE asset_key = lower(asset_id)"
            " UNION ALL (SELECT pattern_id, alert_name_key FROM fp_patterns ORDER BY 1)"
        ).fetchall()


def test_rows_of_the_version_before_get_keys_also_when_the_migration_is_killed_first(
    make_empty: Callable[[str], str], tmp_path: Path, postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = make_empty("migrated_with_rows")
    with monkeypatch.context() as before:
        before.setattr(migrations, "FOLDER", tmp_path)
        for path in FILES:
            if path.name < KEYS_BEGIN:
                (tmp_path / path.name).write_text(path.read_text())
        migrate(url)
    with psycopg.connect(url) as old:
        old.execute(OLD_ROWS.encode())
    with psycopg.connect(url) as running, ThreadPoolExecutor(1) as pool:
        running.execute("SELECT FROM fp_patterns")  # the migration has rewritten exposures when it waits for this
        killed = pool.submit(migrate, url)
        own = postgres.url(role="postgres", database=running.info.dbname)
        with psycopg.connect(own, autocommit=True) as superuser:
            kill = b"SELECT pg_terminate_backend(pid) FROM pg_locks"
            waiting = kill + b" WHERE NOT granted AND relation = 'fp_patterns'::regclass"
            while not killed.done() and not superuser.execute(waiting).fetchall():
                pass
        with pytest.raises(StoreUnavailable):
            killed.result()
    assert [name.partition("_")[0] for name in missing(url)][:1] == [KEYS_BEGIN]
    migrate(url)
    assert keys(url) == [("3000", "host-1"), ("expression", ""), ("named", "port scan"), ("nameless", None)]


def test_killed_migration_locks_nobody_out(make_empty: Callable[[str], str], postgres: PostgresServer) -> None:
    url = make_empty("migrated_after_kill")
    with psycopg.connect(url, autocommit=True) as first:
        first.execute("SELECT pg_advisory_lock(%s)", (migrations.ONE_AT_A_TIME,))
        with psycopg.connect(postgres.url(role="postgres", database="postgres"), autocommit=True) as superuser:
            superuser.execute("SELECT pg_terminate_backend(%s)", (first.info.backend_pid,))
        assert migrate(url) == [path.stem for path in FILES]


def test_progress_is_reported_before_each_migration(make_empty: Callable[[str], str]) -> None:
    url, told = make_empty("migrated_with_progress"), list[str]()
    assert missing(url) == migrate(url, report=told.append) == told
    assert missing(url) == []


@pytest.mark.parametrize("url", ["postgresql://a@h:6432/d", "host=h user=a", "mysql://a@h/d"])
def test_url_that_cannot_migrate_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError, match="straight to the server"):
        migrate(url)


def test_server_away_is_store_unavailable() -> None:
    with pytest.raises(StoreUnavailable, match="PostgreSQL cannot be reached"):
        migrate("postgresql://a:b@127.0.0.1:1/d")
