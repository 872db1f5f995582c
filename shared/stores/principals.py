"""Logins of Entra identities on Azure Database for PostgreSQL, each a member of one role of ours.

Azure's own function makes them; it exists there alone and in the server's database ``postgres``.
"""

from __future__ import annotations

from typing import Literal

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo
from pydantic import TypeAdapter, ValidationError

from shared.contracts.contract import Contract
from shared.errors import ConfigurationError, StoreUnavailable
from shared.stores.postgres import Login

_PRESENT = "SELECT to_regprocedure('pgaadauth_create_principal_with_oid(text,text,text,boolean,boolean)') IS NOT NULL"
_CREATE = "SELECT pgaadauth_create_principal_with_oid(%s, %s, %s, false, false)"
_LABEL = """
SELECT coalesce((SELECT label FROM pg_shseclabel WHERE provider = 'pgaadauth' AND objoid = r.oid), '')
FROM pg_roles r WHERE rolname = %s
"""


class Principal(Contract):
    """One identity: the name that it logs in with, its object id in Entra, and what it may do."""

    name: str
    object_id: str
    role: Literal["aluskort_app", "aluskort_reader"]
    kind: Literal["service", "group", "user"] = "service"  # a managed identity is a service


def read_principals(text: str) -> list[Principal]:
    """A JSON list, as Terraform's output gives it. Raises ConfigurationError."""
    try:
        return TypeAdapter(list[Principal]).validate_json(text)
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors())
        raise ConfigurationError(
            f"Entra principals: {wrong}. Expected a JSON list of objects with name, object_id and role."
        ) from error


async def admit(owner_url: str, principals: list[Principal]) -> list[str]:
    """Make the logins that are missing, grant every one its role, return the names of those made. Repeatable.

    Raises ConfigurationError where identities cannot log in or a name is another identity's, StoreUnavailable.
    """
    arguments = await Login(owner_url).arguments()
    try:
        async with await psycopg.AsyncConnection.connect(
            make_conninfo(owner_url, dbname="postgres"), autocommit=True, **arguments
        ) as connection:
            return [principal.name for principal in principals if await _admit(connection, principal)]
    except psycopg.OperationalError as error:
        raise StoreUnavailable("PostgreSQL", error) from error


async def _admit(connection: psycopg.AsyncConnection, principal: Principal) -> bool:
    """True when the login had to be made."""
    label = await (await connection.execute(_LABEL, (principal.name,))).fetchone()
    if label is None:
        if await (await connection.execute(_PRESENT)).fetchone() != (True,):
            raise ConfigurationError(
                f"Entra principals: this server cannot make a login for {principal.name!r}. Only Azure Database for "
                "PostgreSQL has pgaadauth_create_principal_with_oid, with Entra authentication turned on."
            )
        await connection.execute(_CREATE, (principal.name, principal.object_id, principal.kind))
    elif label[0] and f"oid={principal.object_id}," not in f"{label[0]},":
        raise ConfigurationError(
            f"Entra principals: the login {principal.name!r} belongs to another identity ({label[0]}). "
            "An identity that was made anew has a new object id: drop the role, then run this again."
        )
    grant = sql.SQL("GRANT {} TO {}").format(sql.Identifier(principal.role), sql.Identifier(principal.name))
    await connection.execute(grant)
    return label is None
