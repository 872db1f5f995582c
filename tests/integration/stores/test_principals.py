"""Logins of Entra identities. Azure's function that makes them is a stand-in here, of the same name and signature."""

import json
from collections.abc import Callable, Iterator
from uuid import uuid4

import psycopg
import pytest

from local.services.postgres import Postgres as PostgresServer
from shared.errors import ConfigurationError
from shared.stores.principals import Principal, admit, read_principals
from tests.conftest import Database

STAND_IN = """
CREATE FUNCTION public.pgaadauth_create_principal_with_oid(
    role_name text, object_id text, object_type text, is_admin boolean, is_mfa boolean) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER
    AS $$
BEGIN
    EXECUTE format('CREATE ROLE %I LOGIN', role_name);
    EXECUTE format('COMMENT ON ROLE %I IS %L', role_name, object_type || ' ' || object_id);
    RETURN format('Created role for %s', role_name);
END
$$
"""


@pytest.fixture
def azure(whole_postgres: PostgresServer, own_database: Database) -> Iterator[psycopg.Connection]:
    """The stand-in in the database ``postgres``, and a superuser's connection to it."""
    with psycopg.connect(whole_postgres.url(role="postgres", database="postgres"), autocommit=True) as superuser:
        superuser.execute(STAND_IN)
        yield superuser
        superuser.execute("DROP FUNCTION public.pgaadauth_create_principal_with_oid")


@pytest.fixture
def principal() -> Principal:
    return Principal(name=f"id-{uuid4().hex[:8]}", object_id=str(uuid4()), role="aluskort_app")


async def test_identity_gets_a_login_and_its_role_once(
    azure: psycopg.Connection, own_database: Database, principal: Principal
) -> None:
    assert await admit(own_database.owner_url, [principal]) == [principal.name]
    assert await admit(own_database.owner_url, [principal]) == []
    row = azure.execute(
        "SELECT shobj_description(oid, 'pg_authid'), pg_has_role(rolname, 'aluskort_app', 'USAGE'), rolsuper,"
        " pg_has_role(rolname, 'aluskort_audit', 'USAGE'), pg_has_role(rolname, 'aluskort_audit', 'SET')"
        " FROM pg_roles WHERE rolname = %s",
        (principal.name,),
    ).fetchone()
    assert row == (f"service {principal.object_id}", True, False, False, True)


async def test_login_of_an_identity_that_was_made_anew_is_refused(
    azure: psycopg.Connection, own_database: Database, principal: Principal
) -> None:
    await admit(own_database.owner_url, [principal])
    azure.execute("SET allow_system_table_mods = on")  # Azure's label provider is not here to write it
    azure.execute(
        "INSERT INTO pg_shseclabel SELECT oid, 'pg_authid'::regclass, 'pgaadauth', %s FROM pg_roles WHERE rolname = %s",
        (f"aadauth,oid={principal.object_id},type=service", principal.name),
    )
    assert await admit(own_database.owner_url, [principal]) == []
    with pytest.raises(ConfigurationError, match="belongs to another identity"):
        await admit(own_database.owner_url, [principal.model_copy(update={"object_id": str(uuid4())})])


@pytest.mark.usefixtures("whole_postgres")
async def test_server_without_entra_is_refused_with_a_sentence(own_database: Database, principal: Principal) -> None:
    with pytest.raises(ConfigurationError, match="Only Azure Database for PostgreSQL has"):
        await admit(own_database.owner_url, [principal])


@pytest.mark.parametrize(
    ("change", "wanted"),
    [
        (lambda one: one | {"role": "postgres"}, "0.role: Input should be 'aluskort_app' or 'aluskort_reader'"),
        (lambda one: {"name": one["name"]}, "0.object_id: Field required"),
        (lambda one: one | {"admin": True}, "0.admin: Extra inputs"),
    ],
)
def test_wrong_principals_are_refused_by_field(change: Callable[..., object], wanted: str) -> None:
    good = {"name": "id", "object_id": "o", "role": "aluskort_reader"}
    assert read_principals(json.dumps([good])) == [Principal(name="id", object_id="o", role="aluskort_reader")]
    with pytest.raises(ConfigurationError, match=wanted):
        read_principals(json.dumps([change(good)]))
    with pytest.raises(ConfigurationError, match="JSON list"):
        read_principals("nonsense")
