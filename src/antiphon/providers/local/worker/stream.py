"""A speech-to-text stream whose recogniser lives in the inference worker, and outlives it."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence

from antiphon.providers.local.worker import wire
from antiphon.providers.local.worker.link import Link
from antiphon.speech.ports import SttConfig, Transcript


class RemoteStream:
    """`SttStream`. Each `speech_stopped` is answered by exactly one final transcript: the recogniser's, or an
    empty one of no confidence when the worker died or took too long.

    Segments of a new worker are numbered on from those of the old one.
    """

    def __init__(self, link: Link, name: str, config: SttConfig, emit: Callable[[Transcript], None]) -> None:
        self._link, self._name, self._config, self._emit = link, name, config, emit
        self._expected: tuple[str, ...] = ()
        self._base, self._last_segment = 0, 0
        self._speaking = False
        self._owed: deque[asyncio.TimerHandle] = deque()  # Oldest first; each gives up when it is due.
        self._given_up = 0  # Finals that may still come and were already answered.
        self._failed, self._closed = False, False
        self._number = self._begin()

    def push(self, pcm: bytes) -> None:
        self._link.send(wire.Push(id=self._number, pcm=pcm))

    def speech_started(self) -> None:
        self._speaking = True
        self._link.send(wire.SpeechStarted(id=self._number))

    def speech_stopped(self) -> None:
        self._speaking = False
        loop = asyncio.get_running_loop()
        if not self._failed and self._link.send(wire.SpeechStopped(id=self._number)):
            self._owed.append(loop.call_later(self._link.deadlines.final / 1000, self._give_up))
        else:
            self._give_nothing()

    def turn_committed(self) -> None:
        self._link.send(wire.TurnCommitted(id=self._number))

    def expect(self, phrases: Sequence[str]) -> None:
        self._expected = tuple(phrases)
        self._link.send(wire.Expect(id=self._number, phrases=self._expected))

    async def aclose(self) -> None:
        """Nothing is emitted from here on."""
        self._closed = True
        for timer in self._owed:
            timer.cancel()
        self._owed.clear()
        self._link.send(wire.Close(id=self._number))
        self._link.detach(self._number)

    # Called by the client.

    def take(self, heard: wire.Heard) -> None:
        self._last_segment = max(self._last_segment, self._base + heard.segment)
        if heard.final:
            if self._given_up:
                self._given_up -= 1
                return
            if self._owed:
                self._owed.popleft().cancel()
        self._give(
            Transcript(
                segment=self._base + heard.segment,
                text=heard.text,
                final=heard.final,
                confidence=heard.confidence,
                language=heard.language,
                word_ends_ms=heard.word_ends_ms,
                took_ms=heard.took_ms,
                guess=heard.guess,
            )
        )

    def fail(self) -> None:
        """The engine gave this stream up: from here on every final is an empty one."""
        self._failed = True
        self._link.detach(self._number)
        self.fall_silent()

    def fall_silent(self) -> None:
        """The recogniser is gone: answer what is owed."""
        self._given_up = 0
        while self._owed:
            self._owed.popleft().cancel()
            self._give_nothing()

    def begin_again(self) -> None:
        """A new worker is there."""
        self._base = self._last_segment + 1
        self._number = self._begin()

    def _begin(self) -> int:
        number = self._link.attach(self)
        config = self._config
        self._link.send(
            wire.Open(
                id=number,
                name=self._name,
                sample_rate_hz=config.sample_rate_hz,
                language=config.language,
                vocabulary=config.vocabulary,
            )
        )
        if self._expected:
            self._link.send(wire.Expect(id=number, phrases=self._expected))
        if self._speaking:
            self._link.send(wire.SpeechStarted(id=number))
        return number

    def _give_up(self) -> None:
        self._owed.popleft()
        self._given_up += 1
        self._give_nothing()

    def _give_nothing(self) -> None:
        self._give(Transcript(segment=self._last_segment, text="", final=True, confidence=0.0, lost=True))

    def _give(self, transcript: Transcript) -> None:
        # On its own turn of the loop: never inside the caller's own call, and an emit that raises must not
        # deafen the streams of all other calls.
        asyncio.get_running_loop().call_soon(self._deliver, transcript)

    def _deliver(self, transcript: Transcript) -> None:
        if not self._closed:
            self._emit(transcript)
