"""The schema, as numbered SQL files named as sentences; applied by yoyo, idempotent, safe beside a running app."""

from __future__ import annotations

from pathlib import Path

from yoyo import get_backend, read_migrations

FOLDER = Path(__file__).parent


def migrate(owner_url: str) -> list[str]:
    """Apply what is missing and return its names. ``owner_url`` is the schema owner's postgresql:// URL."""
    backend = get_backend(owner_url.replace("postgresql://", "postgresql+psycopg://", 1))
    try:
        with backend.lock():
            # yoyo would take this module itself for a migration
            ours = read_migrations(str(FOLDER)).filter(lambda migration: migration.path.endswith(".sql"))
            missing = backend.to_apply(ours)
            backend.apply_migrations(missing)
            return [migration.id for migration in missing]
    finally:
        backend.connection.close()
