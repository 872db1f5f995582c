"""The prompt cache under a clock that the test turns."""

from __future__ import annotations

from local.simulators.message_request import Block, MessageRequest, read_message_request
from local.simulators.prompt_cache import InputTokens, PromptCache

from .requests import DUMPING, params


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def request(*blocks: Block) -> MessageRequest:
    return MessageRequest("claude-haiku-5-5", 100, blocks, None, thinks=False, shows_thinking=False)


PREFIX = Block("system", "p" * 400, "5m")
QUESTION = Block("user", "q" * 40)


def test_prefix_is_read_until_five_minutes_after_its_last_use() -> None:
    clock = Clock()
    cache = PromptCache(clock)
    assert cache.use(request(PREFIX, QUESTION), owner="a") == InputTokens(uncached=10, written_5m=100)
    clock.now += 299
    assert cache.use(request(PREFIX, QUESTION), owner="a") == InputTokens(uncached=10, read=100)
    clock.now += 299
    assert cache.use(request(PREFIX, QUESTION), owner="a") == InputTokens(uncached=10, read=100)
    clock.now += 300
    assert cache.use(request(PREFIX, QUESTION), owner="a") == InputTokens(uncached=10, written_5m=100)


def test_longer_prefix_writes_only_what_is_new() -> None:
    cache = PromptCache()
    more = Block("system", "m" * 200, "1h")
    cache.use(request(PREFIX, QUESTION), owner="a")
    assert cache.use(request(PREFIX, more, QUESTION), owner="a") == InputTokens(uncached=10, read=100, written_1h=50)


def test_changed_prefix_is_not_read() -> None:
    cache = PromptCache()
    cache.use(request(PREFIX, QUESTION), owner="a")
    changed = Block("system", "p" * 399 + "x", "5m")
    assert cache.use(request(changed, QUESTION), owner="a").read == 0


def test_mark_on_the_request_marks_its_last_block() -> None:
    cache = PromptCache()
    marked = read_message_request({**params(DUMPING), "cache_control": {"type": "ephemeral"}})
    cache.use(marked, owner="a")
    assert cache.use(marked, owner="a").read > 0
