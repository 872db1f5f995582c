import time
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from shared.access.identity import Role
from shared.access.signing_keys import CACHE_SECONDS, REFETCH_PAUSE_SECONDS, SigningKeys, SigningKeysUnavailable
from shared.access.tokens import TokenError, TokenRejected, TokenVerifier

ISSUER = "https://login.example/contoso"
AUDIENCE = "aluskort"


@pytest.fixture
def keys(key_server: Any, clock: Any) -> SigningKeys:
    return SigningKeys(key_server.url, clock=clock)


@pytest.fixture
def verifier(keys: SigningKeys) -> TokenVerifier:
    return TokenVerifier(keys, issuer=ISSUER, audience=AUDIENCE)


def token(key: Any, *, kid: str | None = "key-1", algorithm: str = "RS256", **changes: Any) -> str:
    """A good token, or one that differs in the given claims; None leaves a claim out."""
    now = int(time.time())
    claims = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": "00u1",
        "name": "Robin",
        "roles": ["analyst"],
        "tenant_id": "contoso",
        "iat": now,
        "exp": now + 600,
    } | changes
    headers = {"kid": kid} if kid else {}
    return jwt.encode({k: v for k, v in claims.items() if v is not None}, key, algorithm=algorithm, headers=headers)


async def test_good_token_names_person_roles_and_tenant(
    verifier: TokenVerifier, trusted_key: rsa.RSAPrivateKey
) -> None:
    identity = await verifier.verify(token(trusted_key, roles=["senior_analyst", "audit_reader", "wizard"]))
    assert (identity.subject, identity.name, identity.tenant_id) == ("00u1", "Robin", "contoso")
    assert identity.roles == {Role.SENIOR_ANALYST, Role.AUDIT_READER}


@pytest.mark.parametrize(
    "claims",
    [
        {"idtyp": "app"},
        {"gty": "client-credentials"},
        {"client_id": "00u1"},
        {"azp": "00u1"},
        {"appid": "00u1"},
        {"oid": "00u1"},
    ],
    ids=str,
)
async def test_token_that_an_application_got_for_itself_is_a_services(
    verifier: TokenVerifier, trusted_key: rsa.RSAPrivateKey, claims: dict[str, str]
) -> None:
    assert (await verifier.verify(token(trusted_key, **claims))).is_service


async def test_token_of_a_person_who_uses_an_application_is_no_services(
    verifier: TokenVerifier, trusted_key: rsa.RSAPrivateKey
) -> None:
    of_a_person = token(trusted_key, idtyp="user", azp="app-1", oid="7f1c", scp="access")
    assert not (await verifier.verify(of_a_person)).is_service


async def test_token_without_roles_gives_none(verifier: TokenVerifier, trusted_key: rsa.RSAPrivateKey) -> None:
    assert (await verifier.verify(token(trusted_key, roles=None))).roles == frozenset()


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"exp": 1}, TokenError.EXPIRED),
        ({"exp": None}, TokenError.MALFORMED),
        ({"aud": "another-app"}, TokenError.INVALID_AUDIENCE),
        ({"aud": None}, TokenError.INVALID_AUDIENCE),
        ({"iss": "https://evil.example"}, TokenError.INVALID_ISSUER),
        ({"iss": None}, TokenError.INVALID_ISSUER),
        ({"sub": None}, TokenError.MALFORMED),
        ({"sub": ""}, TokenError.MALFORMED),
        ({"tenant_id": None}, TokenError.MALFORMED),
        ({"tenant_id": "*"}, TokenError.MALFORMED),
        ({"tenant_id": ""}, TokenError.MALFORMED),
        ({"tenant_id": ["contoso"]}, TokenError.MALFORMED),
        ({"roles": "admin"}, TokenError.MALFORMED),
        ({"nbf": 99999999999}, TokenError.MALFORMED),
    ],
)
async def test_token_with_a_wrong_claim_is_rejected_by_its_code(
    verifier: TokenVerifier, trusted_key: rsa.RSAPrivateKey, changes: dict[str, Any], code: TokenError
) -> None:
    with pytest.raises(TokenRejected) as refusal:
        await verifier.verify(token(trusted_key, **changes))
    assert refusal.value.code == code


async def test_token_signed_by_a_foreign_key_is_rejected(
    verifier: TokenVerifier, foreign_key: rsa.RSAPrivateKey
) -> None:
    with pytest.raises(TokenRejected) as refusal:
        await verifier.verify(token(foreign_key))
    assert refusal.value.code == TokenError.INVALID_SIGNATURE


@pytest.mark.parametrize(("algorithm", "key"), [("none", None), ("HS256", "s" * 32)])
async def test_unsigned_and_shared_secret_tokens_are_rejected(
    verifier: TokenVerifier, algorithm: str, key: str | None
) -> None:
    with pytest.raises(TokenRejected) as refusal:
        await verifier.verify(token(key, algorithm=algorithm))
    assert refusal.value.code == TokenError.INVALID_SIGNATURE


@pytest.mark.parametrize("text", ["", "abc", "a.b.c", "ü.ü.ü"])
async def test_text_that_is_no_token_is_malformed(verifier: TokenVerifier, text: str) -> None:
    with pytest.raises(TokenRejected) as refusal:
        await verifier.verify(text)
    assert refusal.value.code == TokenError.MALFORMED


async def test_token_without_key_id_is_rejected(verifier: TokenVerifier, trusted_key: rsa.RSAPrivateKey) -> None:
    with pytest.raises(TokenRejected) as refusal:
        await verifier.verify(token(trusted_key, kid=None))
    assert refusal.value.code == TokenError.INVALID_SIGNATURE


async def test_keys_are_fetched_once_an_hour(
    verifier: TokenVerifier, key_server: Any, clock: Any, trusted_key: rsa.RSAPrivateKey
) -> None:
    for clock.now in (0.0, 10.0, CACHE_SECONDS - 1):
        await verifier.verify(token(trusted_key))
    assert key_server.requests == 1
    clock.now = CACHE_SECONDS
    await verifier.verify(token(trusted_key))
    assert key_server.requests == 2


async def test_rotated_key_is_found_by_one_refetch(
    verifier: TokenVerifier,
    key_server: Any,
    clock: Any,
    trusted_key: rsa.RSAPrivateKey,
    foreign_key: rsa.RSAPrivateKey,
) -> None:
    await verifier.verify(token(trusted_key))
    key_server.keys["key-2"] = foreign_key
    clock.now = REFETCH_PAUSE_SECONDS
    assert (await verifier.verify(token(foreign_key, kid="key-2"))).subject == "00u1"
    assert key_server.requests == 2


async def test_flood_of_unknown_key_ids_does_not_reach_the_provider(
    verifier: TokenVerifier, key_server: Any, trusted_key: rsa.RSAPrivateKey
) -> None:
    await verifier.verify(token(trusted_key))
    for number in range(20):
        with pytest.raises(TokenRejected):
            await verifier.verify(token(trusted_key, kid=f"forged-{number}"))
    assert key_server.requests == 1


async def test_unreachable_provider_lets_nobody_in(
    verifier: TokenVerifier, key_server: Any, trusted_key: rsa.RSAPrivateKey
) -> None:
    key_server.broken = True
    with pytest.raises(SigningKeysUnavailable):
        await verifier.verify(token(trusted_key))
    key_server.broken = False
    assert (await verifier.verify(token(trusted_key))).subject == "00u1"
