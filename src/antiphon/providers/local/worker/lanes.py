"""A small thread pool that runs what a caller is waiting for before what is merely nice to have.

Which lane a job belongs to is asked when a thread becomes free, not when the job came: a partial decode whose
caller has meanwhile stopped is in front. The engines know nothing of this; they get an ordinary
`Executor`, and the worker names the work in a context variable around whatever it does for a request.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future
from contextvars import ContextVar
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, ParamSpec, Protocol, TypeVar

from antiphon.errors import ProviderUnavailable

P = ParamSpec("P")
T = TypeVar("T")

_MAX_WAITING = 256  # Each is 10 to 100 ms of work: more is seconds behind, and no answer would be in time.


class Lane(IntEnum):
    """In the order in which they are served."""

    ANSWER = 0  # Final transcript, end of turn, meaning: the caller has stopped and waits.
    VOICE = 1  # The first sound of a reply.
    MORE_VOICE = 2  # The rest of it: the caller is listening meanwhile.
    PARTIAL = 3  # Words of a caller who is still speaking.


class Work(Protocol):
    """One request or stream, as far as urgency goes."""

    def lane(self) -> Lane: ...


@dataclass(frozen=True, slots=True)
class Answering:
    """Work on which a reply depends from beginning to end."""

    def lane(self) -> Lane:
        return Lane.ANSWER


_UNNAMED = Answering()


@dataclass(slots=True)
class Speaking:
    """Synthesis: urgent until its first sound is out."""

    begun: bool = False

    def lane(self) -> Lane:
        return Lane.MORE_VOICE if self.begun else Lane.VOICE


@dataclass(slots=True)
class Listening:
    """Recognition: urgent while the caller has stopped and a final transcript is owed."""

    owed_finals: int = 0

    def lane(self) -> Lane:
        return Lane.ANSWER if self.owed_finals else Lane.PARTIAL


current_work: ContextVar[Work] = ContextVar("current_work")


@dataclass(slots=True, eq=False)
class _Job:
    work: Work
    future: Future[Any]
    run: Callable[[], Any]  # Any: jobs of all engines share one list.


@dataclass(slots=True, kw_only=True)
class Tally:
    jobs: int = 0
    refused: int = 0


@dataclass(slots=True)
class _Shared:
    waiting: list[_Job] = field(default_factory=list)
    patient: int = 0  # Threads busy with MORE_VOICE or PARTIAL.
    closing: bool = False


class LaneExecutor(Executor):
    """`threads` threads. With more than one, the last is kept free of work that nobody waits for, so that an
    urgent job never has to wait for a long one of the other kind."""

    def __init__(self, threads: int) -> None:
        self.tally = Tally()
        self._patient_threads = max(1, threads - 1)
        self._shared = _Shared()
        self._changed = threading.Condition()
        self._threads = [
            threading.Thread(target=self._serve, name=f"inference-{number}", daemon=True)
            for number in range(threads)
        ]
        for thread in self._threads:
            thread.start()

    @property
    def waiting(self) -> int:
        return len(self._shared.waiting)

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Raises ProviderUnavailable when hopelessly behind."""
        future: Future[T] = Future()
        job = _Job(current_work.get(_UNNAMED), future, lambda: fn(*args, **kwargs))
        with self._changed:
            if self._shared.closing or len(self._shared.waiting) >= _MAX_WAITING:
                self.tally.refused += 1
                raise ProviderUnavailable("local", "the inference worker is behind and takes no more work")
            self._shared.waiting.append(job)
            self._changed.notify()
        return future

    def reconsider(self) -> None:
        """Some work has become more urgent than it was when its jobs came."""
        with self._changed:
            self._changed.notify_all()

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        with self._changed:
            self._shared.closing = True
            if cancel_futures:
                for job in self._shared.waiting:
                    job.future.cancel()
                self._shared.waiting.clear()
            self._changed.notify_all()
        if wait:
            for thread in self._threads:
                thread.join()

    def _serve(self) -> None:
        while (taken := self._take()) is not None:
            job, patient = taken
            try:
                _run(job)
            finally:
                with self._changed:
                    self._shared.patient -= patient
                    self._changed.notify_all()

    def _take(self) -> tuple[_Job, bool] | None:
        """The most urgent job that may run now; None when the pool is closing and nothing is left."""
        with self._changed:
            while True:
                job = min(self._shared.waiting, key=lambda waiting: waiting.work.lane(), default=None)
                if job is not None:
                    patient = job.work.lane() >= Lane.MORE_VOICE
                    if not patient or self._shared.patient < self._patient_threads:
                        self._shared.waiting.remove(job)
                        self._shared.patient += patient
                        self.tally.jobs += 1
                        return job, patient
                elif self._shared.closing:
                    return None
                self._changed.wait()


def _run(job: _Job) -> None:
    if not job.future.set_running_or_notify_cancel():
        return
    try:
        result = job.run()
    except BaseException as error:  # As in every executor: whoever waits for the future gets it.
        job.future.set_exception(error)
    else:
        job.future.set_result(result)
