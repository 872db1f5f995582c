"""The host's access keys, made once and kept in one file of the state folder that only its owner can read."""

from __future__ import annotations

import hmac
import json
import os
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path

from starlette.requests import Request

from shared.errors import ConfigurationError

KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class HostKeys:
    """Master (everything), function (all HTTP functions of level FUNCTION) and durable (the task hub's routes)."""

    master: str
    function: str
    durable: str

    def admits(self, request: Request, level: str) -> bool:
        """Whether the request's `x-functions-key` or `?code=` opens `level`: anonymous, function, durable or admin."""
        if level == "anonymous":
            return True
        given = (request.headers.get("x-functions-key") or request.query_params.get("code") or "").encode()
        accepted = {"function": (self.function, self.master), "durable": (self.durable, self.master)}
        keys = accepted.get(level, (self.master,))
        return any(hmac.compare_digest(given, key.encode()) for key in keys)


def load_keys(state_dir: Path) -> HostKeys:
    """Read `keys.json` of the state folder, or make it; ConfigurationError when it is damaged."""
    path = state_dir / "keys.json"
    if not path.exists():
        keys = HostKeys(*(secrets.token_urlsafe(KEY_BYTES) for _ in range(3)))
        state_dir.mkdir(parents=True, exist_ok=True)
        draft = path.with_suffix(".new")
        draft.unlink(missing_ok=True)
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            json.dump(asdict(keys), file)
        draft.replace(path)
    try:
        return HostKeys(**json.loads(path.read_text("utf-8")))
    except (ValueError, TypeError) as error:
        raise ConfigurationError(
            f"{path} is damaged: {error}. Delete it; new keys are made at the next start."
        ) from error
