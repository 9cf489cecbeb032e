"""The breaker as a table of moments and verdicts, and what holds for any history of them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from antiphon.runtime.failover.breaker import Breaker, BreakerPolicy, BreakerState

POLICY = BreakerPolicy(
    failures_min=3, window_ms=1000, open_ms=100, open_max_ms=400, rejected_open_ms=5000, probe_lost_ms=50
)


def opened(now_ms: int = 0) -> Breaker:
    breaker = Breaker(POLICY)
    for _ in range(3):
        ticket = breaker.admit(now_ms)
        assert ticket is not None
        breaker.failed(ticket, now_ms)
    assert breaker.state is BreakerState.OPEN
    return breaker


def test_failures_open_it_only_when_they_are_many_and_at_least_half() -> None:
    breaker = Breaker(POLICY)
    for well in (True, True, True, True, False, False, False):
        ticket = breaker.admit(0)
        assert ticket is not None
        if well:
            breaker.succeeded(ticket, 0)
        else:
            breaker.failed(ticket, 0)
    assert breaker.state is BreakerState.CLOSED
    assert breaker.failed(0, 0)
    assert breaker.state is BreakerState.OPEN


def test_old_failures_are_forgotten() -> None:
    breaker = Breaker(POLICY)
    for now_ms in (0, 1500, 3000, 4500):
        breaker.failed(0, now_ms)
    assert breaker.state is BreakerState.CLOSED


def test_one_refusal_opens_it_for_longer() -> None:
    breaker = Breaker(POLICY)
    assert breaker.failed(0, 0, rejected=True)
    assert breaker.admit(4999) is None
    assert breaker.admit(5000) is not None


def test_a_provider_that_says_when_to_come_again_is_left_alone_until_then() -> None:
    breaker = Breaker(POLICY)
    assert breaker.failed(0, 0, retry_after_ms=60)
    assert breaker.admit(59) is None
    probe = breaker.admit(60)
    assert probe is not None
    assert breaker.failed(probe, 60, retry_after_ms=60)  # It was wrong; ours doubles as ever.
    assert breaker.admit(60 + 199) is None
    assert breaker.admit(60 + 200) is not None


def test_nobody_is_left_alone_for_longer_than_a_probe_costs() -> None:
    breaker = Breaker(POLICY)
    breaker.failed(0, 0, retry_after_ms=86_400_000)
    assert breaker.admit(POLICY.open_max_ms) is not None


def test_come_again_at_once_is_a_failure_like_any_other() -> None:
    breaker = Breaker(POLICY)
    assert not breaker.failed(0, 0, retry_after_ms=0)
    assert breaker.state is BreakerState.CLOSED


def test_an_open_one_lets_one_probe_through_when_its_time_is_up() -> None:
    breaker = opened()
    assert breaker.admit(99) is None
    probe = breaker.admit(100)
    assert probe is not None
    assert breaker.admit(101) is None
    breaker.succeeded(probe, 120)
    assert breaker.state is BreakerState.CLOSED
    assert breaker.admit(121) is not None
    assert breaker.admit(121) is not None


def test_every_failed_probe_doubles_the_time_up_to_a_bound() -> None:
    breaker, now_ms, waits = opened(), 0, []
    for _ in range(5):
        begun_ms = now_ms
        while (probe := breaker.admit(now_ms)) is None:
            now_ms += 1
        waits.append(now_ms - begun_ms)
        breaker.failed(probe, now_ms)
    assert waits == [100, 200, 400, 400, 400]


def test_a_probe_that_was_given_up_or_lost_makes_room_for_the_next() -> None:
    breaker = opened()
    probe = breaker.admit(100)
    assert probe is not None
    breaker.abandoned(probe)
    second = breaker.admit(100)
    assert second is not None
    assert breaker.admit(149) is None
    assert breaker.admit(150) is not None  # The second one never came back.
    breaker.failed(second, 151)
    assert breaker.state is BreakerState.HALF_OPEN  # Its verdict is stale.


def test_a_verdict_from_before_it_opened_changes_nothing() -> None:
    breaker = Breaker(POLICY)
    old = breaker.admit(0)
    assert old is not None
    for _ in range(3):
        breaker.failed(old, 0)
    breaker.succeeded(old, 50)
    assert breaker.admit(60) is None
    assert breaker.admit(100) is not None
    breaker.failed(old, 110)
    assert breaker.state is BreakerState.HALF_OPEN


STEPS = st.lists(
    st.tuples(
        st.sampled_from(("admit", "succeed", "fail", "reject", "abandon")),
        st.integers(0, 300),
        st.integers(0, 5),
    ),
    max_size=80,
)


@given(STEPS)
def test_whatever_happens_it_opens_for_a_bounded_time_and_probes_one_at_a_time(
    steps: list[tuple[str, int, int]],
) -> None:
    breaker, now_ms, held = Breaker(POLICY), 0, [0]
    last_probe_ms: int | None = None
    for what, wait_ms, which in steps:
        now_ms += wait_ms
        ticket = held[which % len(held)]
        before = breaker.state
        match what:
            case "admit":
                admitted = breaker.admit(now_ms)
                if admitted is not None:
                    held.append(admitted)
                    if before is BreakerState.HALF_OPEN and last_probe_ms is not None:
                        assert now_ms - last_probe_ms >= POLICY.probe_lost_ms
                    if breaker.state is BreakerState.HALF_OPEN:
                        last_probe_ms = now_ms
            case "succeed":
                breaker.succeeded(ticket, now_ms)
            case "fail" | "reject":
                breaker.failed(ticket, now_ms, rejected=what == "reject")
            case "abandon":
                breaker.abandoned(ticket)
                last_probe_ms = None
        if before is BreakerState.OPEN and what != "admit":
            assert breaker.state is BreakerState.OPEN  # Only time and a probe end it.
    longest_ms = max(POLICY.open_max_ms, POLICY.rejected_open_ms, POLICY.probe_lost_ms)
    assert breaker.admit(now_ms + longest_ms) is not None
