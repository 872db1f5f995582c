"""The Message Batches API through the vendor's SDK. Creating a batch is never repeated here: nobody may pay twice.

Results come in no order; a batch that another user of the key made is listed as well.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

import anthropic
import httpx2
from anthropic.types.messages import MessageBatch, MessageBatchIndividualResponse

from shared.contracts.outside_text import storable_text
from shared.errors import ModelUnavailable
from shared.gateway.client import Reply, read_reply

CREATE_SECONDS = 120.0  # up to 256 MB have to be sent
CALL_SECONDS = 30.0
PAGE = 100
# What the provider refuses before it takes anything in; after any other failure it may have the batch.
NOTHING_MADE = frozenset({401, 403, 404, 413, 422, 429, 529})


class BatchNotMade(ModelUnavailable):
    """The provider took nothing in now; ``for_good`` when it never will."""

    def __init__(self, message: str, *, for_good: bool) -> None:
        super().__init__(message)
        self.for_good = for_good


class BatchOutcomeUnknown(ModelUnavailable):
    """The request was sent and no answer came: the provider may have the batch, so it must be looked for."""


@dataclass(frozen=True)
class ProviderBatch:
    """A batch as the provider shows it; ``items`` counts all of its requests."""

    batch_id: str
    ended: bool
    items: int
    created_at: datetime


@dataclass(frozen=True)
class ItemResult:
    """One result: ``reply`` when there is one, else ``error`` says what came instead of it."""

    custom_id: str
    reply: Reply | None = None
    error: str = ""


class AnthropicBatches:
    """Batches of one provider. ``sdk`` must be built with max_retries=0."""

    def __init__(self, sdk: anthropic.AsyncAnthropic) -> None:
        self._sdk = sdk

    async def create(self, items: Sequence[tuple[str, dict[str, Any]]]) -> str:
        """Submit (custom id, parameters) and return the batch's id. Raises BatchNotMade, BatchOutcomeUnknown."""
        requests = cast("Any", [{"custom_id": custom_id, "params": params} for custom_id, params in items])
        try:
            batch = await self._sdk.messages.batches.create(requests=requests, timeout=CREATE_SECONDS)
        except anthropic.APIStatusError as error:
            text = _text(error)
            if error.status_code in NOTHING_MADE or error.status_code == 400:
                exhausted = "usage limit" in text.lower() or error.status_code in {401, 403, 429, 529}
                raise BatchNotMade(f"The provider took no batch: {text}", for_good=not exhausted) from error
            raise BatchOutcomeUnknown(f"Whether the provider has the batch is not known: {text}") from error
        except anthropic.APIError as error:
            raise BatchOutcomeUnknown(f"Whether the provider has the batch is not known: {error}") from error
        return batch.id

    async def since(self, moment: datetime) -> list[ProviderBatch]:
        """Every batch of the key made at or after ``moment``, newest first. Raises ModelUnavailable."""
        found: list[ProviderBatch] = []
        try:
            async for batch in self._sdk.messages.batches.list(limit=PAGE, timeout=CALL_SECONDS):
                if batch.created_at < moment:
                    break
                found.append(_shown(batch))
        except anthropic.APIError as error:
            raise ModelUnavailable(f"Batches cannot be listed: {error}") from error
        return found

    async def show(self, batch_id: str) -> ProviderBatch | None:
        """One batch, or None when the provider has none of this id. Raises ModelUnavailable."""
        try:
            return _shown(await self._sdk.messages.batches.retrieve(batch_id, timeout=CALL_SECONDS))
        except anthropic.NotFoundError:
            return None
        except anthropic.APIError as error:
            raise ModelUnavailable(f"Batch {batch_id} cannot be read: {error}") from error

    async def cancel(self, batch_id: str) -> None:
        """Ask for its end; what was answered until then stays. One that has ended is left. Raises ModelUnavailable."""
        try:
            await self._sdk.messages.batches.cancel(batch_id, timeout=CALL_SECONDS)
        except anthropic.BadRequestError:
            return
        except anthropic.APIError as error:
            raise ModelUnavailable(f"Batch {batch_id} cannot be cancelled: {error}") from error

    async def results(self, batch_id: str) -> AsyncGenerator[ItemResult]:
        """The results of an ended batch as they are read. Raises ModelUnavailable, also half-way."""
        try:
            async for line in await self._sdk.messages.batches.results(batch_id, timeout=CALL_SECONDS):
                yield _item(line)
        except (anthropic.APIError, httpx2.HTTPError, ValueError) as error:  # of a stream that was cut, bare
            raise ModelUnavailable(f"The results of batch {batch_id} cannot be read: {error}") from error


def _shown(batch: MessageBatch) -> ProviderBatch:
    counts = batch.request_counts
    items = counts.processing + counts.succeeded + counts.errored + counts.canceled + counts.expired
    return ProviderBatch(batch.id, batch.processing_status == "ended", items, batch.created_at)


def _item(line: MessageBatchIndividualResponse) -> ItemResult:
    result = line.result
    if result.type == "succeeded":
        return ItemResult(line.custom_id, read_reply(result.message))
    if result.type == "errored":
        return ItemResult(line.custom_id, error=storable_text(f"errored: {result.error.error.message}"))
    return ItemResult(line.custom_id, error=result.type)


def _text(error: anthropic.APIStatusError) -> str:
    return f"{error.status_code} {storable_text(error.message)}"
