"""Message batches: kept as one JSON file each, so that they outlive the process; their state follows from the clock.
A batch is worked off ``seconds`` after its creation, all at once; a cancelled one ends with every request cancelled.
"""

from __future__ import annotations

import json
import re
import secrets
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from local.simulators.errors import ApiError, ErrorType, invalid, refusal
from local.simulators.message import compose_message
from local.simulators.message_request import read_message_request
from local.simulators.prompt_cache import InputTokens, count_prompt_tokens

MAX_REQUESTS = 100_000
CANCEL_TIME = timedelta(seconds=0.2)  # how long a cancelled batch stays in "canceling"
LIFETIME = timedelta(hours=24)
OUTCOMES = ("processing", "succeeded", "errored", "canceled", "expired")
_CUSTOM_ID = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_BATCH_ID = re.compile(r"msgbatch_[0-9a-f]{32}")


@dataclass(frozen=True)
class BatchStore:
    """The batches under ``folder``."""

    folder: Path
    seconds: float

    def create(self, body: object) -> dict[str, Any]:
        """Takes a batch in and keeps it. Requests are checked when they are worked off, as the real API does."""
        requests = body.get("requests") if isinstance(body, dict) else None
        if not isinstance(requests, list) or not 1 <= len(requests) <= MAX_REQUESTS:
            raise invalid(f"requests: a list of 1 to {MAX_REQUESTS} requests is required")
        custom_ids = set()
        for number, request in enumerate(requests):
            custom_id = request.get("custom_id") if isinstance(request, dict) else None
            if not isinstance(custom_id, str) or not _CUSTOM_ID.fullmatch(custom_id):
                raise invalid(f"requests.{number}.custom_id: String should match pattern '^{_CUSTOM_ID.pattern}$'")
            if custom_id in custom_ids:
                raise invalid(f"requests.{number}.custom_id: must be unique within the batch, '{custom_id}' is not")
            custom_ids.add(custom_id)
            if not isinstance(request.get("params"), dict):
                raise invalid(f"requests.{number}.params: Field required")
        now = datetime.now(UTC)
        # The leading time makes ids sort by age, which is the order of the list.
        batch_id = f"msgbatch_{int(now.timestamp() * 1_000_000):016x}{secrets.token_hex(8)}"
        batch = {"id": batch_id, "created_at": now.isoformat(), "cancel_initiated_at": None, "requests": requests}
        self._write(batch)
        return _shown(batch, self._ended_at(batch), base_url="")

    def show(self, batch_id: str, *, base_url: str) -> dict[str, Any]:
        """One batch as it stands now; ``base_url`` is where the client reaches this API."""
        batch = self._read(batch_id)
        return _shown(batch, self._ended_at(batch), base_url=base_url)

    def page(self, *, after: str | None, before: str | None, limit: int, base_url: str) -> dict[str, Any]:
        """A page of batches, newest first: those behind ``after``, or those ahead of ``before``."""
        ids = sorted((path.stem for path in self.folder.glob("msgbatch_*.json")), reverse=True)
        if before is not None:
            ahead = [batch_id for batch_id in ids if batch_id > before]
            chosen, more = ahead[-limit:], len(ahead) > limit
        else:
            behind = [batch_id for batch_id in ids if after is None or batch_id < after]
            chosen, more = behind[:limit], len(behind) > limit
        return {
            "data": [self.show(batch_id, base_url=base_url) for batch_id in chosen],
            "has_more": more,
            "first_id": chosen[0] if chosen else None,
            "last_id": chosen[-1] if chosen else None,
        }

    def cancel(self, batch_id: str, *, base_url: str) -> dict[str, Any]:
        """Begins to cancel; a batch that has ended is refused."""
        batch = self._read(batch_id)
        if self._has_ended(batch):
            raise invalid(f"Batch {batch_id} cannot be canceled because it has already ended.")
        if batch["cancel_initiated_at"] is None:
            batch["cancel_initiated_at"] = datetime.now(UTC).isoformat()
            self._write(batch)
        return _shown(batch, self._ended_at(batch), base_url=base_url)

    def results(self, batch_id: str) -> Iterator[dict[str, Any]]:
        """One result a request, of an ended batch."""
        batch = self._read(batch_id)
        if not self._has_ended(batch):
            raise invalid(f"Batch {batch_id} is still in progress and has no results yet.")
        return ({"custom_id": request["custom_id"], "result": _result(batch, request)} for request in batch["requests"])

    def _ended_at(self, batch: dict[str, Any]) -> datetime:
        if batch["cancel_initiated_at"] is not None:
            return datetime.fromisoformat(batch["cancel_initiated_at"]) + CANCEL_TIME
        return datetime.fromisoformat(batch["created_at"]) + timedelta(seconds=self.seconds)

    def _has_ended(self, batch: dict[str, Any]) -> bool:
        return self._ended_at(batch) <= datetime.now(UTC)

    def _read(self, batch_id: str) -> dict[str, Any]:
        path = self.folder / f"{batch_id}.json"
        if not _BATCH_ID.fullmatch(batch_id) or not path.exists():
            raise refusal(ErrorType.NOT_FOUND, f"Batch not found: {batch_id}")
        batch: dict[str, Any] = json.loads(path.read_bytes())
        return batch

    def _write(self, batch: dict[str, Any]) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / f"{batch['id']}.json"
        fresh = path.with_suffix(".new")
        fresh.write_text(json.dumps(batch))
        fresh.replace(path)


def _result(batch: dict[str, Any], request: dict[str, Any]) -> dict[str, Any]:
    if batch["cancel_initiated_at"] is not None:
        return {"type": "canceled"}
    try:
        parsed = read_message_request(request["params"])
        tokens = InputTokens(uncached=count_prompt_tokens(parsed))
        return {"type": "succeeded", "message": compose_message(parsed, tokens, service_tier="batch")}
    except ApiError as error:
        return {"type": "errored", "error": error.answer.body(f"req_{secrets.token_hex(12)}")}


def _shown(batch: dict[str, Any], ended_at: datetime, *, base_url: str) -> dict[str, Any]:
    """The MessageBatch object; while it is worked on, every request counts as processing."""
    ended = ended_at <= datetime.now(UTC)
    cancelling = batch["cancel_initiated_at"] is not None
    if ended:
        counts = Counter(_result(batch, request)["type"] for request in batch["requests"])
    else:
        counts = Counter(processing=len(batch["requests"]))
    return {
        "id": batch["id"],
        "type": "message_batch",
        "processing_status": "ended" if ended else "canceling" if cancelling else "in_progress",
        "request_counts": {outcome: counts[outcome] for outcome in OUTCOMES},
        "created_at": batch["created_at"],
        "expires_at": (datetime.fromisoformat(batch["created_at"]) + LIFETIME).isoformat(),
        "ended_at": ended_at.isoformat() if ended else None,
        "cancel_initiated_at": batch["cancel_initiated_at"],
        "archived_at": None,
        "results_url": f"{base_url}/v1/messages/batches/{batch['id']}/results" if ended else None,
    }
