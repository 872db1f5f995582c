"""One indexed function: its trigger, its other bindings and its retry policy, as the host reads them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Literal

from local.host.app_settings import AppSettings
from local.host.messages import FunctionMetadata, RetryOptions
from shared.errors import ConfigurationError

# Trigger kinds that the local host fires. All others are refused at start, never ignored.
TRIGGER_TYPES = frozenset(
    {
        "httpTrigger",
        "kafkaTrigger",
        "eventHubTrigger",
        "timerTrigger",
        "orchestrationTrigger",
        "activityTrigger",
    }
)
# Azure enforces a retry policy for these alone; on another trigger it would silently do nothing.
RETRIED_TRIGGERS = frozenset({"kafkaTrigger", "eventHubTrigger", "timerTrigger"})

type Binding = dict[str, Any]


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """A function's retry policy; times in seconds, a `max_retry_count` of -1 retries for ever."""

    strategy: Literal["fixed_delay", "exponential_backoff"]
    max_retry_count: int
    delay_interval: float = 0.0
    minimum_interval: float = 0.0
    maximum_interval: float = 0.0

    def delay(self, retry: int) -> float | None:
        """Seconds to wait before retry number `retry` (1 is the first), or None when the policy is exhausted."""
        if self.max_retry_count != -1 and retry > self.max_retry_count:
            return None
        if self.strategy == "fixed_delay":
            return self.delay_interval
        doublings = min(retry - 1, 30)  # 2**30 s is beyond any maximum; more would only overflow
        return min(self.minimum_interval * float(2**doublings), self.maximum_interval)


@dataclass(frozen=True, slots=True)
class IndexedFunction:
    """A function that the worker has loaded; `trigger` and `inputs` have their `%NAME%` replaced."""

    name: str
    function_id: str
    trigger: Binding
    inputs: tuple[Binding, ...]
    retry: RetryPolicy | None

    @property
    def kind(self) -> str:
        """The trigger's type, for example `kafkaTrigger`."""
        return str(self.trigger["type"])

    @property
    def reads_many(self) -> bool:
        """Whether one invocation takes a batch."""
        return str(self.trigger.get("cardinality", "ONE")).upper() == "MANY"


def read_function(metadata: FunctionMetadata, settings: AppSettings) -> IndexedFunction:
    """Turn the worker's metadata into a function; ConfigurationError names what the local host cannot run."""
    name = metadata.name
    bindings = [json.loads(raw) for raw in metadata.raw_bindings]
    triggers = [binding for binding in bindings if binding["type"].endswith("Trigger")]
    if len(triggers) != 1:
        raise ConfigurationError(f"Function {name} has {len(triggers)} triggers; a function has exactly one.")
    trigger = settings.expand(triggers[0], wanted_by=name)
    if trigger["type"] not in TRIGGER_TYPES:
        raise ConfigurationError(
            f"Function {name}: the local host has no {trigger['type']}; it has {', '.join(sorted(TRIGGER_TYPES))}."
        )
    inputs = []
    for binding in bindings:
        if binding is triggers[0] or (binding["type"], binding["name"]) == ("http", "$return"):
            continue
        if binding["type"] != "durableClient":
            raise ConfigurationError(
                f"Function {name}: binding {binding['name']} of type {binding['type']} is not offered by the local "
                "host. Besides triggers it has the durableClient input and the HTTP answer; use a client library."
            )
        inputs.append(settings.expand(binding, wanted_by=name))
    retry = _read_retry(name, trigger["type"], metadata.retry_options)
    return IndexedFunction(name, metadata.function_id, trigger, tuple(inputs), retry)


def _read_retry(name: str, kind: str, options: RetryOptions | None) -> RetryPolicy | None:
    if options is None:
        return None
    if kind not in RETRIED_TRIGGERS:
        raise ConfigurationError(f"Function {name}: Azure ignores a retry policy on a {kind}. Remove it.")
    strategy = options.retry_strategy
    if strategy not in {"fixed_delay", "exponential_backoff"}:
        raise ConfigurationError(
            f"Function {name}: got retry strategy {strategy!r}, expected fixed_delay or exponential_backoff."
        )
    if options.max_retry_count < -1:
        raise ConfigurationError(
            f"Function {name}: got max_retry_count {options.max_retry_count}, expected -1 or more."
        )
    return RetryPolicy(
        strategy="fixed_delay" if strategy == "fixed_delay" else "exponential_backoff",
        max_retry_count=options.max_retry_count,
        delay_interval=options.delay_interval.total_seconds() if options.delay_interval else 0.0,
        minimum_interval=options.minimum_interval.total_seconds() if options.minimum_interval else 0.0,
        maximum_interval=options.maximum_interval.total_seconds() if options.maximum_interval else 0.0,
    )
