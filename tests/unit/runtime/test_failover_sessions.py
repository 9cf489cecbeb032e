"""A vendor's sessions behind the breaker that all calls of a process share."""

from __future__ import annotations

import pytest
from tests.unit.runtime.unified_stage import StageSession

from antiphon.errors import ProviderUnavailable
from antiphon.runtime.failover.breaker import DEFAULT_POLICY
from antiphon.runtime.failover.health import HealthBook
from antiphon.runtime.failover.sessions import GuardedSessions
from antiphon.speech.ports import (
    SessionEvent,
    SessionLost,
    SpeechSession,
    SpeechSessionConfig,
    SpokenEnded,
    SpokenStarted,
)

CONFIG = SpeechSessionConfig(sample_rate_hz=8_000, instructions="")
STARTED = SpokenStarted(spoken="s1")
LOST = SessionLost(reason="gone")


class Process:
    def __init__(self) -> None:
        self.now_ms = 0
        self.vendor = StageSession()
        self.book = HealthBook(now_ms=lambda: self.now_ms)
        self.port = GuardedSessions(self.vendor, self.book.of("s2s", "acme/one"))
        self.told: list[SessionEvent] = []

    @property
    def state(self) -> str:
        return self.book.states()["s2s acme/one"]

    def call(self, *says: SessionEvent) -> SpeechSession:
        session = self.port.open(CONFIG, self.told.append)
        for event in says:
            self.vendor.emit(event)
        return session

    def lose(self, calls: int) -> None:
        for _ in range(calls):
            self.call(LOST)


def test_sessions_that_are_lost_again_and_again_are_not_tried_for_a_while() -> None:
    process = Process()
    process.lose(DEFAULT_POLICY.failures_min)
    assert process.state == "open"
    process.vendor.config = None
    with pytest.raises(ProviderUnavailable, match="acme/one"):
        process.call()
    assert process.vendor.config is None, "nobody asked the vendor"


def test_one_call_finds_out_whether_the_vendor_is_well_again() -> None:
    process = Process()
    process.lose(DEFAULT_POLICY.failures_min)
    process.now_ms = DEFAULT_POLICY.open_ms
    process.call()
    with pytest.raises(ProviderUnavailable):
        process.call()
    process.vendor.emit(STARTED)
    assert process.state == "closed"
    process.call(STARTED)


async def test_a_call_that_hangs_up_before_the_vendor_said_a_word_leaves_the_finding_out_to_the_next() -> (
    None
):
    process = Process()
    process.lose(DEFAULT_POLICY.failures_min)
    process.now_ms = DEFAULT_POLICY.open_ms
    session = process.call()
    await session.aclose()
    assert process.vendor.closed
    process.call(STARTED)
    assert process.state == "closed"


def test_a_session_that_worked_and_is_lost_later_counts_as_a_failure_too() -> None:
    process = Process()
    for _ in range(DEFAULT_POLICY.failures_min):
        process.call(STARTED, SpokenEnded(spoken="s1"), LOST)
    assert process.state == "open"
    assert process.told == [STARTED, SpokenEnded(spoken="s1"), LOST] * DEFAULT_POLICY.failures_min


def test_a_refused_key_is_left_alone_from_the_first_call_on() -> None:
    process = Process()
    process.call(SessionLost(reason="HTTP 401", rejected=True))
    assert process.state == "open"
    process.now_ms = DEFAULT_POLICY.rejected_open_ms - 1
    with pytest.raises(ProviderUnavailable):
        process.call()


def test_a_vendor_that_said_when_to_come_back_is_asked_again_then() -> None:
    process = Process()
    process.call(SessionLost(reason="rate limited", retry_after_ms=7_000))
    assert process.state == "open"
    process.now_ms = 6_999
    with pytest.raises(ProviderUnavailable):
        process.call()
    process.now_ms = 7_000
    process.call(STARTED)
    assert process.state == "closed"


def test_a_session_that_cannot_even_be_opened_is_a_failure() -> None:
    process = Process()
    process.vendor.broken = True
    for _ in range(DEFAULT_POLICY.failures_min):
        with pytest.raises(ProviderUnavailable, match="no session today"):
            process.call()
    assert process.state == "open"


async def test_what_a_call_wants_reaches_the_vendor() -> None:
    process = Process()
    session = process.call()
    session.push(b"\1\0")
    session.commit_turn()
    session.speak("Greet.")
    session.cut("s1", 40)
    session.tool_result("c1", "{}")
    session.show(b"x", "image/png")
    assert process.vendor.pushed == [b"\1\0"]
    assert [asked[0] for asked in process.vendor.asked] == ["commit", "speak", "cut", "result", "show"]
