"""Who answers first: candidates tried in order, the next one beside a late one where hedging is wanted, one
winner. The winner is who gives the first output; from then on nobody else is heard."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, Generic, TypeVar

from antiphon.errors import DeadlineExceeded, ProviderError, ProviderUnavailable
from antiphon.runtime.clock import CATCH_UP_MS, LATE_MS
from antiphon.runtime.failover.broken import as_failure, is_adapters
from antiphon.runtime.failover.health import FAILURES, Health
from antiphon.runtime.metering import Payer, paid_by, payer

P = TypeVar("P")  # What a candidate offers: a port.
R = TypeVar("R")  # What its work returns.
G = TypeVar("G")  # What it gives.


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate(Generic[P]):
    """One way to have a role filled."""

    name: str
    port: P
    health: Health


@dataclass(frozen=True, slots=True, kw_only=True)
class RaceRules:
    """Attributes:
    first_ms: Without output by then a candidate has failed.
    hedge: Start the next one when the first is later than its own p95 of recent requests.
    note: Under what name failures go to the trace.
    backed: Somebody else stands behind all candidates, so those that are shut are not even tried.
    """

    note: str
    first_ms: int
    hedge: bool = False
    backed: bool = False


@dataclass(slots=True, kw_only=True, eq=False)
class Attempt(Generic[P]):
    """One candidate at work. `claim` says whether it may be heard."""

    candidate: Candidate[P]
    ticket: int | None
    begun_ms: int
    payer: Payer
    contest: _Contest[P]
    due_ms: int  # Its first output.
    excused: bool = False  # It was due while the process stood still.
    overtaken: bool = False
    not_theirs: BaseException | None = None
    task: asyncio.Task[object] = field(init=False)

    def claim(self) -> bool:
        """Called with every output. The first one of all attempts makes its giver the winner."""
        return self.contest.claim(self)

    def pass_on(self, act: Callable[[G], object], given: G) -> None:
        """Output to whoever asked for it: what breaks there is no fault of the candidate's."""
        try:
            act(given)
        except Exception as error:
            self.not_theirs = error
            raise


@dataclass(slots=True, kw_only=True)
class Lap(Generic[P]):
    """What came of one race: the winner, if any, and why the others, or it itself, failed."""

    winner: Attempt[P] | None = None
    error: BaseException | None = None


Work = Callable[[Attempt[P]], Awaitable[R]]


class _Contest(Generic[P]):
    """Everybody at work in one race."""

    def __init__(self, rules: RaceRules, hung: Callable[[Candidate[P]], None]) -> None:
        self.rules = rules
        self.hung = hung
        self.winner: Attempt[P] | None = None
        self.attempts: list[Attempt[P]] = []
        self.changed = asyncio.Event()

    def claim(self, attempt: Attempt[P]) -> bool:
        if self.winner is None:
            self.winner = attempt
            if not attempt.payer.spared:  # Our own cache says nothing of a provider.
                attempt.candidate.health.responded(attempt.begun_ms)
            for other in self.attempts:
                if other is not attempt and not other.task.done() and not other.payer.lost:
                    other.candidate.health.overtaken(other.begun_ms)
                    other.payer.lost = other.overtaken = True
                    other.task.cancel()
            self.changed.set()
        return self.winner is attempt

    def start(self, candidate: Candidate[P], ticket: int | None, work: Work[P, R]) -> Attempt[P]:
        attempt = Attempt(
            candidate=candidate,
            ticket=ticket,
            begun_ms=(now_ms := candidate.health.now_ms()),
            due_ms=now_ms + self.rules.first_ms,
            payer=payer().another(),
            contest=self,
        )
        self.attempts.append(attempt)
        attempt.task = asyncio.get_running_loop().create_task(
            self._run(attempt, work), name=f"try {candidate.name}"
        )
        attempt.task.add_done_callback(lambda _: self.changed.set())
        return attempt

    async def _run(self, attempt: Attempt[P], work: Work[P, R]) -> R:
        health = attempt.candidate.health
        try:
            with paid_by(attempt.payer):
                result = await work(attempt)
        except FAILURES as error:
            self._failed(attempt, error)
            raise
        except BaseException as error:
            if error is not attempt.not_theirs and is_adapters(error):
                failure = as_failure(attempt.candidate.name, error)
                self._failed(attempt, failure)
                raise failure from error
            if attempt.ticket is not None:
                health.abandoned(attempt.ticket)
            raise
        if attempt.ticket is not None and attempt.payer.spared:
            health.abandoned(attempt.ticket)
        elif attempt.ticket is not None:
            health.succeeded(attempt.ticket)
        return result

    def too_late(self, attempt: Attempt[P]) -> None:
        """A first output that did not come in time is a failure of the provider, not a change of our mind."""
        self._failed(attempt, DeadlineExceeded(f"no first output within {self.rules.first_ms} ms"))
        attempt.ticket = None  # The cancellation that follows is no second verdict.
        attempt.payer.lost = True
        attempt.task.cancel()

    def _failed(self, attempt: Attempt[P], error: BaseException) -> None:
        if attempt.ticket is not None:
            attempt.candidate.health.failed(attempt.ticket, error)
        if isinstance(error, DeadlineExceeded | TimeoutError):
            self.hung(attempt.candidate)
        reason = str(error) or "deadline exceeded"
        attempt.payer.note(self.rules.note, provider=attempt.candidate.name, reason=reason)

    async def clear(self) -> None:
        """Nobody works on when the race is over, however it ended."""
        for attempt in self.attempts:
            if not attempt.task.done():
                attempt.task.cancel()
        tasks = [attempt.task for attempt in self.attempts]
        if tasks:  # Theirs come back as results: what is raised is ours, and whoever gave us up means us too.
            await asyncio.gather(*tasks, return_exceptions=True)


async def race(
    candidates: Iterator[tuple[Candidate[P], int | None]],
    rules: RaceRules,
    work: Work[P, R],
    hung: Callable[[Candidate[P]], None] = lambda candidate: None,
) -> tuple[R, Attempt[P]]:
    """The first one that gives output, to its end.

    Args:
        hung: Told of everybody who let a deadline pass.

    Raises:
        RaceLost: The winner failed half-way, or nobody gave anything; says who had won.
    """
    contest: _Contest[P] = _Contest(rules, hung)
    try:
        winner = await _first(contest, candidates, work)
        result = await winner.task
        return result, winner  # type: ignore[return-value]  # The task runs `work`.
    except FAILURES as error:
        overtaken = [attempt.candidate for attempt in contest.attempts if attempt.overtaken]
        winner_name = contest.winner.candidate.name if contest.winner else ""
        raise RaceLost(winner_name, error, overtaken) from error
    finally:
        await contest.clear()


def others(
    candidates: Iterator[tuple[Candidate[P], int | None]], lost: RaceLost
) -> Iterator[tuple[Candidate[P], int | None]]:
    """Who is left to go on after a lost race: those who were not asked yet, then those who were only late.

    Raises:
        RaceLost: Nobody is; the race's own reason, which is the one that helps.
    """
    left = chain(candidates, _again(lost.overtaken))
    following = next(left, None)
    if following is None:
        raise lost
    return chain([following], left)


def _again(candidates: Sequence[Candidate[P]]) -> Iterator[tuple[Candidate[P], int | None]]:
    for candidate in candidates:
        if (ticket := candidate.health.admit()) is not None:
            yield candidate, ticket


class RaceLost(ProviderError):
    """Attributes: winner: who had been heard before it failed, or "". `cause` is the provider's own error.
    overtaken: Who was given up because the winner answered first."""

    def __init__(self, winner: str, cause: BaseException, overtaken: Sequence[Candidate[Any]] = ()) -> None:
        self.winner, self.cause, self.overtaken = winner, cause, overtaken
        provider = cause.provider if isinstance(cause, ProviderError) else winner or "all providers"
        super().__init__(provider, str(cause).removeprefix(f"{provider}: ") or "deadline exceeded")


async def _first(
    contest: _Contest[P], candidates: Iterator[tuple[Candidate[P], int | None]], work: Work[P, R]
) -> Attempt[P]:
    """The winner, which may still be at work. Tries one candidate after the other until there is one."""
    error: BaseException = ProviderUnavailable("all providers", "there is nobody to ask")
    running: list[Attempt[P]] = []
    exhausted = False
    while True:
        if not running:
            following = next(candidates, None)
            if following is None:
                raise error
            running.append(contest.start(*following, work))
        elif not exhausted and len(running) == 1 and _is_late(contest, running[0]):
            following = next(candidates, None)
            if following is None:
                exhausted = True
            else:
                running.append(contest.start(*following, work))
        await _something(contest, running, exhausted)
        if contest.winner is not None:
            return contest.winner
        for attempt in list(running):
            health = attempt.candidate.health
            if attempt.task.done():
                running.remove(attempt)
                failure = attempt.task.exception()
                if failure is None:  # Ended well and without output; whoever works decides that it is enough.
                    contest.claim(attempt)
                    return attempt
                if not isinstance(failure, FAILURES):
                    raise failure
                error = failure
            elif (late_ms := health.now_ms() - attempt.due_ms) >= LATE_MS and not attempt.excused:
                # After a stall: what came meanwhile is still in the socket, and takes some turns to be here.
                attempt.excused, attempt.due_ms = True, attempt.due_ms + late_ms + CATCH_UP_MS
            elif late_ms >= 0:
                contest.too_late(attempt)
                running.remove(attempt)
                error = DeadlineExceeded(f"{attempt.candidate.name}: no first output in time")


def _is_late(contest: _Contest[P], attempt: Attempt[P]) -> bool:
    due_ms = _hedge_due_ms(contest, attempt)
    return due_ms is not None and attempt.candidate.health.now_ms() >= due_ms


def _hedge_due_ms(contest: _Contest[P], attempt: Attempt[P]) -> int | None:
    usual_ms = attempt.candidate.health.first_response.p95_ms() if contest.rules.hedge else None
    return attempt.begun_ms + usual_ms if usual_ms is not None else None


async def _something(contest: _Contest[P], running: Sequence[Attempt[P]], exhausted: bool) -> None:
    """Wait until somebody has output, ends, is late or is too late."""
    dues = [attempt.due_ms for attempt in running]
    if len(running) == 1 and not exhausted:
        hedge_ms = _hedge_due_ms(contest, running[0])
        dues += [hedge_ms] if hedge_ms is not None else []
    now_ms = running[0].candidate.health.now_ms()
    with suppress(TimeoutError):
        async with asyncio.timeout(max(0, min(dues) - now_ms) / 1000):
            await contest.changed.wait()
    contest.changed.clear()
