from shared.contracts.routing import CircuitState
from shared.routing.circuit_breaker import CircuitBreaker


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def opened(clock: Clock) -> CircuitBreaker:
    breaker = CircuitBreaker(clock=clock)
    for _ in range(5):
        breaker.record_failure()
    return breaker


def test_breaker_opens_at_the_fifth_failure_within_a_minute() -> None:
    clock = Clock()
    breaker = CircuitBreaker(clock=clock)
    for _ in range(4):
        breaker.record_failure()
    assert breaker.is_available
    clock.now = 60.0
    breaker.record_failure()
    assert breaker.state is CircuitState.OPEN
    assert not breaker.is_available


def test_breaker_stays_closed_when_five_failures_take_longer_than_a_minute() -> None:
    clock = Clock()
    breaker = CircuitBreaker(clock=clock)
    for clock.now in (0.0, 20.0, 40.0, 60.0, 60.1):
        breaker.record_failure()
    assert breaker.state is CircuitState.CLOSED


def test_breaker_half_open_lets_exactly_one_probe_through() -> None:
    clock = Clock()
    breaker = opened(clock)
    clock.now = 29.9
    assert not breaker.acquire()
    clock.now = 30.0
    assert breaker.state is CircuitState.HALF_OPEN
    assert [breaker.acquire(), breaker.acquire()] == [True, False]


def test_breaker_reopens_when_the_probe_fails_and_closes_when_it_succeeds() -> None:
    clock = Clock()
    breaker = opened(clock)
    states = []
    for clock.now, record in ((30.0, breaker.record_failure), (60.0, breaker.record_success)):
        assert breaker.acquire()
        record()
        states.append(breaker.state)
    assert states == [CircuitState.OPEN, CircuitState.CLOSED]


def test_breaker_hands_each_change_out_once() -> None:
    clock = Clock()
    breaker = opened(clock)
    clock.now = 30.0
    breaker.record_success()
    assert breaker.take_changes() == [CircuitState.OPEN, CircuitState.CLOSED]
    assert breaker.take_changes() == []


def test_breaker_gives_a_lost_probe_away_again() -> None:
    clock = Clock()
    breaker = opened(clock)
    clock.now = 30.0
    assert breaker.acquire()
    clock.now = 60.0
    assert breaker.acquire()


def test_breaker_when_open_ignores_a_late_answer() -> None:
    breaker = opened(Clock())
    breaker.record_success()
    assert breaker.state is CircuitState.OPEN
