"""Where a token may go."""

from typing import Any

import pytest
from azure.core.credentials import AccessToken
from azure.monitor.query.aio import LogsQueryClient

from shared.errors import ConfigurationError, WorkspaceUnavailable
from shared.stores.log_analytics import LogAnalytics


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://api.loganalytics.io",
        "http://127.0.0.1.example.com",
        "http://localhost@example.com",
        "api.loganalytics.io",
        "",
        "file:///etc/passwd",
    ],
)
def test_endpoint_without_tls_is_refused_unless_it_is_this_machine(endpoint: str) -> None:
    with pytest.raises(ConfigurationError, match="ALUSKORT_LOG_ANALYTICS_ENDPOINT"):
        LogAnalytics.connect(endpoint)


class Identity:
    """A real identity, which must not even be asked for a token that would travel unencrypted."""

    async def get_token(self, *_scopes: str, **_options: Any) -> AccessToken:
        raise AssertionError("a token was asked for")

    async def close(self) -> None:
        pass

    async def __aenter__(self) -> "Identity":
        return self

    async def __aexit__(self, *_: object) -> None:
        pass


async def test_real_identity_is_not_used_without_tls_even_on_this_machine() -> None:
    log_analytics = LogAnalytics(LogsQueryClient(Identity(), endpoint="http://127.0.0.1:9", retry_total=0))
    with pytest.raises(WorkspaceUnavailable, match="non-TLS"):
        await log_analytics.query("00000000-0000-0000-0000-000000000000", "SecurityAlert")
    await log_analytics.close()
