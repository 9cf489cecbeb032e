"""A speech-to-speech session over connections that come and go, on virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from itertools import pairwise

from tests.doubles.virtual_loop import live, pass_time

from antiphon.errors import ProviderUnavailable
from antiphon.providers.sessions import Action, LiveSession, SessionLink, ShowImage
from antiphon.speech.ports import (
    SessionEvent,
    SessionLost,
    SpeechSessionConfig,
    SpokenAudio,
    SpokenEnded,
    SpokenStarted,
)

CONFIG = SpeechSessionConfig(sample_rate_hz=8_000, instructions="")
REPLY: tuple[SessionEvent, ...] = (
    SpokenStarted(spoken="a"),
    SpokenAudio(spoken="a", text="Good morning."),
    SpokenEnded(spoken="a", status="completed"),
)


class Vendor:
    """Lets everybody in, says what it has to say and, unless it `stays`, hangs up."""

    name = "acme"

    def __init__(self, says: Sequence[Sequence[SessionEvent]], *, stays: bool = False) -> None:
        self._says, self._stays = says, stays
        self.connected_ms: list[int] = []

    @asynccontextmanager
    async def connect(self, config: SpeechSessionConfig) -> AsyncIterator[SessionLink]:
        says = self._says[min(len(self.connected_ms), len(self._says) - 1)]
        self.connected_ms.append(round(asyncio.get_running_loop().time() * 1000))
        yield _Link(list(says), stays=self._stays)


class _Link:
    def __init__(self, says: list[SessionEvent], *, stays: bool) -> None:
        self._says, self._stays = says, stays

    async def send(self, action: Action) -> None:
        """It does not listen."""

    async def receive(self) -> Sequence[SessionEvent]:
        if self._says:
            return (self._says.pop(0),)
        if self._stays:
            await asyncio.Event().wait()
        raise ProviderUnavailable("acme", "hung up")


def waits_ms(vendor: Vendor) -> list[int]:
    times = vendor.connected_ms
    return [after - before for before, after in pairwise(times)]


async def lasted(vendor: Vendor) -> list[SessionEvent]:
    events: list[SessionEvent] = []
    session = LiveSession(vendor, CONFIG, events.append)
    await pass_time(60)
    await session.aclose()
    return events


def test_a_vendor_that_lets_in_and_hangs_up_is_lost_as_one_that_refuses() -> None:
    vendor = Vendor([()])
    events = live(lasted(vendor))
    assert waits_ms(vendor) == [100, 500, 1500]
    assert [type(event) for event in events] == [SessionLost]


def test_a_connection_that_said_something_earns_all_attempts_anew() -> None:
    vendor = Vendor([(), (), REPLY, ()])
    events = live(lasted(vendor))
    assert waits_ms(vendor) == [100, 500, 100, 500, 1500]
    assert isinstance(events[-1], SessionLost)


def test_a_reply_cut_after_its_end_is_not_kept_in_mind() -> None:
    async def cut() -> tuple[set[str], list[SessionEvent]]:
        events: list[SessionEvent] = []
        session = LiveSession(Vendor([REPLY], stays=True), CONFIG, events.append)
        await pass_time(0.01)
        session.cut("a", 200)
        await pass_time(0.01)
        await session.aclose()
        return session._cut, events

    kept, events = live(cut())
    assert kept == set()
    assert events == list(REPLY)


def test_what_comes_of_a_reply_after_its_cut_is_not_heard_and_its_end_is() -> None:
    late = SpokenAudio(spoken="a", text="late")

    async def cut() -> tuple[set[str], list[SessionEvent]]:
        events: list[SessionEvent] = []

        def emit(event: SessionEvent) -> None:
            events.append(event)
            if event == REPLY[0]:
                session.cut("a", 0)

        session = LiveSession(Vendor([(REPLY[0], late, REPLY[2])], stays=True), CONFIG, emit)
        await pass_time(0.01)
        await session.aclose()
        assert session.counters.late_audio == 1
        return session._cut, events

    kept, events = live(cut())
    assert kept == set()
    assert events == [REPLY[0], REPLY[2]]


def test_of_pictures_that_wait_only_the_newest_is_shown() -> None:
    async def shown() -> tuple[list[Action], int]:
        vendor = Vendor([()], stays=True)
        session = LiveSession(vendor, CONFIG, lambda event: None)
        for number in range(5):
            session.show(bytes([number]), "image/jpeg")
            session.push(bytes(2))
        waiting = [action for action in session._actions if isinstance(action, ShowImage)]
        await session.aclose()
        return list(waiting), session.counters.pictures_dropped

    assert live(shown()) == ([ShowImage(image=bytes([4]), media_type="image/jpeg")], 4)
