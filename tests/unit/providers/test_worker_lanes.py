"""The thread pool of the inference worker: who runs first, and what never waits for what."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import copy_context

import pytest

from antiphon.errors import ProviderUnavailable
from antiphon.providers.local.worker import lanes
from antiphon.providers.local.worker.lanes import (
    Answering,
    LaneExecutor,
    Listening,
    Speaking,
    Work,
    current_work,
)


class Bench:
    """An executor whose threads can be held, and the order in which jobs ran."""

    def __init__(self, threads: int) -> None:
        self.executor = LaneExecutor(threads)
        self.ran: list[str] = []
        self.gate = threading.Event()

    def hold(self, work: Work) -> None:
        """Occupy a thread until the gate opens."""
        held = threading.Event()
        self.submit(work, lambda: (held.set(), self.gate.wait(10)))
        assert held.wait(10)

    def submit(self, work: Work, job: object) -> lanes.Future[object]:
        context = copy_context()
        context.run(current_work.set, work)
        run = job if callable(job) else lambda: self.ran.append(str(job))
        return context.run(self.executor.submit, run)


@contextmanager
def bench(threads: int) -> Iterator[Bench]:
    at = Bench(threads)
    try:
        yield at
    finally:
        at.gate.set()
        at.executor.shutdown()


def test_what_the_caller_waits_for_runs_before_the_rest() -> None:
    with bench(1) as at:
        at.hold(Answering())
        begun = Speaking(begun=True)
        done = [
            at.submit(Listening(), "partial"),
            at.submit(begun, "rest of the reply"),
            at.submit(Speaking(), "first sound"),
            at.submit(Listening(owed_finals=1), "final"),
        ]
        at.gate.set()
        for future in done:
            future.result(10)
        assert at.ran == ["final", "first sound", "rest of the reply", "partial"]


def test_jobs_of_one_lane_run_in_the_order_they_came() -> None:
    with bench(1) as at:
        at.hold(Answering())
        done = [at.submit(Answering(), name) for name in "abc"]
        at.gate.set()
        for future in done:
            future.result(10)
        assert at.ran == ["a", "b", "c"]


def test_a_waiting_partial_becomes_urgent_when_its_caller_stops() -> None:
    with bench(1) as at:
        at.hold(Answering())
        listening = Listening()
        done = [at.submit(Speaking(), "first sound"), at.submit(listening, "was partial")]
        listening.owed_finals = 1
        at.gate.set()
        for future in done:
            future.result(10)
        assert at.ran == ["was partial", "first sound"]


def test_one_thread_stays_free_of_work_nobody_waits_for() -> None:
    with bench(2) as at:
        at.hold(Listening())
        partial = at.submit(Listening(), "second partial")
        at.submit(Answering(), "answer").result(10)
        assert at.ran == ["answer"]
        assert not partial.done()
        at.gate.set()
        partial.result(10)


def test_the_free_thread_takes_a_partial_that_became_urgent() -> None:
    with bench(2) as at:
        at.hold(Listening())
        listening = Listening()
        partial = at.submit(listening, "was partial")
        listening.owed_finals = 1
        at.executor.reconsider()
        partial.result(10)
        assert at.ran == ["was partial"]


def test_an_error_reaches_whoever_waits_and_the_thread_lives_on() -> None:
    with bench(1) as at:
        with pytest.raises(ZeroDivisionError):
            at.submit(Answering(), lambda: 1 // 0).result(10)
        at.submit(Answering(), "next").result(10)
        assert at.ran == ["next"]


def test_a_cancelled_job_never_runs() -> None:
    with bench(1) as at:
        at.hold(Answering())
        cancelled = at.submit(Answering(), "cancelled")
        after = at.submit(Answering(), "after")
        assert cancelled.cancel()
        at.gate.set()
        after.result(10)
        assert at.ran == ["after"]


def test_a_pool_that_is_hopelessly_behind_refuses_and_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lanes, "_MAX_WAITING", 2)
    with bench(1) as at:
        at.hold(Answering())
        at.submit(Listening(), "one")
        at.submit(Listening(), "two")
        with pytest.raises(ProviderUnavailable, match="behind"):
            at.submit(Listening(), "three")
        assert at.executor.tally.refused == 1
        assert at.executor.waiting == 2
