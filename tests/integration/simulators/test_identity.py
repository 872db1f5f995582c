"""Tokens of the simulated identity provider, verified as a product would verify real ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest

from .conftest import running_simulators

ANALYST = {"subject": "u-1", "name": "Sample Analyst", "roles": ["analyst", "viewer"], "tenant": "contoso"}


def verified(base_url: str, token: str) -> dict[str, Any]:
    document = httpx.get(f"{base_url}/identity/.well-known/openid-configuration").json()
    key = jwt.PyJWKClient(document["jwks_uri"]).get_signing_key_from_jwt(token)
    claims: dict[str, Any] = jwt.decode(
        token, key, algorithms=["RS256"], audience="aluskort", issuer=document["issuer"]
    )
    return claims


@pytest.mark.parametrize("form", ["json", "data"])
def test_token_verifies_and_names_its_subject(base_url: str, form: str) -> None:
    request: dict[str, Any] = {form: ANALYST}
    answer = httpx.post(f"{base_url}/identity/token", **request)
    assert answer.headers["x-aluskort-simulated"] == "true"
    assert (answer.json()["token_type"], answer.json()["expires_in"], answer.json()["simulated"]) == (
        "Bearer",
        3600,
        True,
    )
    claims = verified(base_url, answer.json()["access_token"])
    assert (claims["sub"], claims["name"], claims["roles"], claims["tenant_id"]) == (
        "u-1",
        "Sample Analyst",
        ["analyst", "viewer"],
        "contoso",
    )
    assert claims["iss"] == f"{base_url}/identity"
    assert claims["exp"] - claims["iat"] == 3600


@pytest.mark.parametrize("wrong", [{}, {"subject": ""}, {"subject": 5}, {"subject": "u", "roles": "admin"}])
def test_wrong_token_request_is_refused(base_url: str, wrong: dict[str, Any]) -> None:
    answer = httpx.post(f"{base_url}/identity/token", json=wrong)
    assert answer.status_code == 400
    assert answer.json()["error"] == "invalid_request"


def test_key_is_kept_between_runs_and_sigterm_ends_cleanly(tmp_path: Path) -> None:
    keys = []
    for _ in range(2):
        with running_simulators(tmp_path) as (url, process):
            keys.append(httpx.get(f"{url}/identity/jwks").json())
        assert process.returncode == 0
    assert keys[0] == keys[1]
    assert (tmp_path / "identity-key.pem").stat().st_mode & 0o077 == 0


def test_key_of_another_provider_is_not_accepted(base_url: str, tmp_path: Path) -> None:
    with running_simulators(tmp_path) as (other, _):
        token = httpx.post(f"{other}/identity/token", json=ANALYST).json()["access_token"]
    with pytest.raises(jwt.PyJWKClientError):
        verified(base_url, token)
