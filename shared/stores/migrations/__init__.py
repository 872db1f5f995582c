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
            missing = backend.to_apply(read_migrations(str(FOLDER)))
            backend.apply_migrations(missing)
            return [migration.id for migration in missing]
    finally:
        backend.connection.close()
