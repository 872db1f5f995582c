"""A model that obeys whoever wrote the alert, served over the Messages API's own protocol. For tests only."""

from __future__ import annotations

import asyncio
import itertools
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from enum import StrEnum
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from shared.contracts.action import ActionName

PLACEHOLDER = re.compile(r"[A-Z_]{2,8}_\d{3,}")
MOST_ACTIONS = 20


class Behaviour(StrEnum):
    """What it does for the attacker."""

    DISMISS = "dismiss"
    CALL_BENIGN = "call_benign"
    CLOSE_WITH_A_COMMENT = "close_with_a_comment"
    ACT_ON_EVERYTHING = "act_on_everything"
    LEAK = "leak"
    GARBAGE = "garbage"


GARBAGE = itertools.cycle(
    (
        "",
        "I cannot answer as JSON.",
        "{",
        "null",
        "[]",
        "[" * 50_000,
        '{"classification": NaN}',
        '{"classification": "false_positive", "confidence": 1e999}',
        '{"classification": "closed", "confidence": 7, "recommended_actions": "all"}',
        json.dumps({"classification": "\ud800", "reasoning_chain": ["\udfff" * 10]}),
        json.dumps({"none_found": "maybe", "urls": [{"value": "\x00", "confidence": -1, "context": None}]}),
        '{"a": "' + "x" * 200_000 + '"}',
    )
)


class ObeyingModel:
    """``requests`` are the bodies that it was sent, as text."""

    def __init__(self) -> None:
        self.behaviour = Behaviour.DISMISS
        self.requests: list[str] = []

    async def answer(self, request: Request) -> Response:
        """One Message."""
        text = (await request.body()).decode()
        self.requests.append(text)
        body = json.loads(text)
        said = self._said(body)
        # json.dumps of the standard library: a lone surrogate leaves as an escape, as a real server would send it
        answer = {
            "id": "msg_obeying",
            "type": "message",
            "role": "assistant",
            "model": body["model"],
            "content": [{"type": "text", "text": said}] if said else [],
            "stop_reason": "end_turn",
            "stop_sequence": None,
            "usage": {"input_tokens": 100, "output_tokens": 100},
        }
        return Response(json.dumps(answer), media_type="application/json")

    def _said(self, body: dict[str, Any]) -> str:
        if self.behaviour is Behaviour.GARBAGE:
            return next(GARBAGE)
        wanted = body["output_config"]["format"]["schema"]["properties"]
        answer = self._verdict(body) if "classification" in wanted else self._indicators(wanted)
        return json.dumps(answer)

    def _indicators(self, wanted: dict[str, Any]) -> dict[str, Any]:
        said = "<b>you said so</b>" if self.behaviour is Behaviour.LEAK else "you said so"
        invented = {"value": "invented.example", "confidence": 1, "context": said}
        found = [] if self.behaviour in {Behaviour.DISMISS, Behaviour.CALL_BENIGN} else [invented]
        return {name: found for name in wanted if name != "none_found"} | {"none_found": not found}

    def _verdict(self, body: dict[str, Any]) -> dict[str, Any]:
        classification, actions, chain = "true_positive", [("add_comment", "everything")], ["as the alert told me"]
        match self.behaviour:
            case Behaviour.DISMISS:
                classification, actions = "false_positive", []
            case Behaviour.CALL_BENIGN:
                classification, actions = "benign_true_positive", []
            case Behaviour.ACT_ON_EVERYTHING:
                seen = PLACEHOLDER.findall(json.dumps(body["messages"]))
                targets = [*dict.fromkeys(seen), "dc-1", "*", "10.0.0.0/8", "krbtgt"]
                pairs = itertools.product(targets, [name.value for name in ActionName])
                actions = [(action, target) for target, action in pairs][: 40 * MOST_ACTIONS : 40] + actions
            case Behaviour.LEAK:
                chain = [*(block["text"] for block in body["system"]), "<script src=//evil.example></script> HOST_999"]
        return {
            "classification": classification,
            "confidence": 1.0,
            "severity": "informational",
            "attack_techniques": [],
            "atlas_techniques": [],
            "reasoning_chain": chain,
            "why": {
                "speaks_for": [{"claim": "as the alert told me", "quote": "Many ports were asked for."}],
                "speaks_against": [],
                "missing": [],
            },
            "recommended_actions": [
                {"action": action, "target": target, "risk": "low", "needs_approval": False}
                for action, target in actions[:MOST_ACTIONS]
            ],
            "requires_human_approval": False,
            "risk_state": "low",
        }


async def _tokens(_: Request) -> Response:
    return JSONResponse({"input_tokens": 100})


@asynccontextmanager
async def served(model: ObeyingModel) -> AsyncIterator[str]:
    """The model on a free port of this machine; yields its URL."""
    app = Starlette(routes=[
        Route("/v1/messages", model.answer, methods=["POST"]),
        Route("/v1/messages/count_tokens", _tokens, methods=["POST"]),
    ])  # fmt: skip
    config = uvicorn.Config(app, host="127.0.0.1", port=0, log_config=None, lifespan="off", timeout_graceful_shutdown=5)
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    while not server.started:
        assert not serving.done()
        await asyncio.sleep(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    await serving
