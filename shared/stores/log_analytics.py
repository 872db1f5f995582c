"""Log Analytics' query API: connect, ask one workspace one query, say what an answer lacks and wrap what refuses it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

from azure.core.credentials import AccessToken
from azure.core.exceptions import AzureError, HttpResponseError
from azure.identity.aio import DefaultAzureCredential
from azure.monitor.query import LogsQueryError, LogsQueryPartialResult, LogsQueryResult
from azure.monitor.query.aio import LogsQueryClient

from shared.errors import ConfigurationError, WorkspaceUnavailable

QUERY_SECONDS = 20  # asked of the service; well under the 30 s between two ticks of a poll
GRACE_SECONDS = 5  # for the answer of a query that used all its time to arrive
TOO_SLOW = frozenset({408, 504})  # the service's own time ran out: fewer rows may fit into it


@dataclass(frozen=True, slots=True)
class Table:
    """Rows in the order of the query, their columns by name; ``cut`` says why they may not be all, empty when they
    are.
    """

    rows: tuple[dict[str, Any], ...]
    cut: str = ""


class LogAnalytics:
    """Reads workspaces with the process's identity. Nothing is tried twice here: the caller owns the next try."""

    def __init__(
        self, client: LogsQueryClient, *, query_seconds: float = QUERY_SECONDS, enforce_https: bool = True
    ) -> None:
        self._client = client
        self._query_seconds = query_seconds
        self._enforce_https = enforce_https

    @classmethod
    def connect(cls, endpoint: str, *, query_seconds: float = QUERY_SECONDS) -> LogAnalytics:
        """Over https as the process's identity. Plain http is for this machine only and gets no real token."""
        address = urlsplit(endpoint)
        if address.scheme == "https":
            return cls(
                LogsQueryClient(DefaultAzureCredential(), endpoint=endpoint, retry_total=0),
                query_seconds=query_seconds,
            )
        if address.scheme == "http" and address.hostname in {"127.0.0.1", "::1", "localhost"}:
            client = LogsQueryClient(_NoIdentity(), endpoint=endpoint, retry_total=0)
            return cls(client, query_seconds=query_seconds, enforce_https=False)
        raise ConfigurationError(
            f"settings: ALUSKORT_LOG_ANALYTICS_ENDPOINT is {endpoint!r}, expected an https:// address such as "
            "https://api.loganalytics.io: a token must not travel unencrypted."
        )

    async def query(
        self,
        workspace_id: str,
        text: str,
        *,
        timespan: tuple[datetime, datetime] | None = None,
        seconds: float | None = None,
    ) -> Table:
        """Ask one workspace. ``timespan`` limits TimeGenerated, ``seconds`` what the service may spend on it.

        Raises WorkspaceUnavailable, ConfigurationError.
        """
        limit = self._query_seconds if seconds is None else seconds
        try:
            async with asyncio.timeout(limit + GRACE_SECONDS):
                result = await self._client.query_workspace(
                    workspace_id,
                    text,
                    timespan=timespan,
                    server_timeout=max(1, int(limit)),
                    enforce_https=self._enforce_https,
                )
            return _read(result)
        except TimeoutError:
            return Table((), f"no answer within {limit:g} s")
        except HttpResponseError as error:
            if error.status_code in TOO_SLOW:
                return Table((), _said(error))
            raise _refusal(workspace_id, error) from error
        except AzureError as error:
            raise WorkspaceUnavailable(workspace_id, f"{error} Check the network and the endpoint.") from error
        except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
            # The client takes an answer apart without checking it.
            raise WorkspaceUnavailable(workspace_id, f"its answer is no table of rows: {error!r}") from error

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()


class _NoIdentity:
    """The credential for the simulated API of this machine: a fixed word, no secret."""

    async def get_token(self, *_: str, **__: Any) -> AccessToken:
        """Valid for as long as anybody runs."""
        return AccessToken("simulated", 2**31)

    async def close(self) -> None:
        """Nothing is open."""

    async def __aenter__(self) -> _NoIdentity:
        return self

    async def __aexit__(self, *_: object) -> None:
        return None


def _read(result: LogsQueryResult | LogsQueryPartialResult) -> Table:
    """The first table's rows. Raises ValueError when it is none that we asked for."""
    if isinstance(result, LogsQueryPartialResult):
        cut, tables = _why_partial(result.partial_error), result.partial_data or []
    else:
        cut, tables = "", result.tables
    if not tables and not cut:
        raise ValueError("there is no table")
    rows = []
    for values in tables[0].rows if tables else []:
        if len(values) != len(tables[0].columns):
            raise ValueError(f"a row has {len(values)} values, expected {len(tables[0].columns)}")
        rows.append(dict(zip(tables[0].columns, values, strict=True)))
    return Table(tuple(rows), cut)


def _why_partial(error: LogsQueryError | None) -> str:
    """The innermost sentence: the outer ones only say that something was wrong."""
    if error is None:
        return "a partial result"
    inner: Any = error.details[0] if error.details else {}
    while isinstance(inner.get("innererror"), Mapping):
        inner = inner["innererror"]
    return f"{error.code}: {inner.get('message') or error.message}"[:300]


def _refusal(workspace_id: str, error: HttpResponseError) -> WorkspaceUnavailable | ConfigurationError:
    """What a status other than 200 means for whoever runs this."""
    said = _said(error)
    advice = {
        400: "Is Microsoft Sentinel enabled in it, so that it has the table?",
        401: "Is the app's managed identity (or `az login` on a developer's machine) of the workspace's directory?",
        403: "Give the app's identity the role `Log Analytics Reader` on it.",
        404: "Correct its id in ALUSKORT_WORKSPACES; it is the Workspace ID on the workspace's overview page.",
    }.get(error.status_code or 0)
    if advice:
        return ConfigurationError(f"Workspace {workspace_id} refuses to be read: {said}. {advice}")
    if error.status_code == 429:
        return WorkspaceUnavailable(workspace_id, f"it throttles us: {said}.", retry_after=_retry_after(error))
    return WorkspaceUnavailable(workspace_id, f"{said}.", retry_after=_retry_after(error))


def _said(error: HttpResponseError) -> str:
    return f"{error.status_code or 'no token'} {error.message}".replace("\n", " ")[:300].rstrip(". ")


def _retry_after(error: HttpResponseError) -> float | None:
    """Seconds from the header, which holds seconds or an HTTP date (RFC 9110 §10.2.3)."""
    headers: Mapping[str, str] = getattr(error.response, "headers", {})
    given = headers.get("retry-after")
    try:
        return max(0.0, float(given)) if given else None
    except ValueError:
        pass
    try:
        return max(0.0, (parsedate_to_datetime(str(given)) - datetime.now(UTC)).total_seconds())
    except (TypeError, ValueError):
        return None
