"""A speech-to-speech vendor without a plan: it answers sooner or later, with and without tools, tells what it
heard late or never, breaks off, and may be gone for good. Everything by a seed, in the call's own time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

import numpy as np

from antiphon.speech.ports import (
    CallerTurnSeen,
    CallerWords,
    SessionEvent,
    SessionLost,
    SpeechSessionConfig,
    SpokenAudio,
    SpokenEnded,
    SpokenStarted,
    SpokenToolCall,
    TurnMoment,
)
from tests.unit.runtime.stage import VirtualClock

LOUD = 500
SILENCE_MS = 500
WINDOW = '{"appointment_type":"physical","from_date":"2026-11-27","to_date":"2026-11-27","limit":2}'
SAYS = (
    "Certainly.",
    "We open at eight in the morning, and close at half past five.",
    "Which day suits you best?",
)


@dataclass
class RandomVendor:
    """`SpeechToSpeech` and its session. One response at a time; those asked for meanwhile wait."""

    clock: VirtualClock
    random: Random
    dies_at_ms: int | None = None
    words: list[str] = field(default_factory=list)  # Every final it told.
    usage: int = 0
    cut_at: dict[str, int] = field(default_factory=dict)
    responses: int = 0

    def open(self, config: SpeechSessionConfig, emit: Callable[[SessionEvent], None]) -> RandomVendor:
        self._config, self._emit = config, emit
        self._active, self._calls = "", set[str]()
        self._waiting = 0
        self._gone = self._talking = False
        self._quiet_ms = 0
        if self.dies_at_ms is not None:
            self.clock.call_later(self.dies_at_ms, self._die)
        return self

    async def aclose(self) -> None:
        self._gone = True

    def _die(self) -> None:
        if self._active:
            self._done("failed")
        self._give(SessionLost(reason="gone"))
        self._gone = True

    def _give(self, event: SessionEvent) -> None:
        if not self._gone:
            self._emit(event)

    def _later(self, least_ms: int, most_ms: int, then: Callable[[], None]) -> None:
        self.clock.call_later(self.random.randint(least_ms, most_ms), lambda: None if self._gone else then())

    # ------------------------------------------------------------------ what it is told

    def push(self, pcm: bytes) -> None:
        if not self._config.provider_turns:
            return
        samples = np.frombuffer(pcm, "<i2").astype(int)
        loud = bool(np.abs(samples).mean() > LOUD)
        self._quiet_ms = 0 if loud else self._quiet_ms + len(samples) // 16
        if loud and not self._talking:
            self._talking = True
            self._give(CallerTurnSeen(moment=TurnMoment.STARTED))
        elif self._talking and self._quiet_ms >= SILENCE_MS:
            self._talking = False
            self._give(CallerTurnSeen(moment=TurnMoment.ENDED))
            self._hear()
            if not self._active:
                self._respond()

    def commit_turn(self) -> None:
        self._hear()
        self._respond()

    def speak(self, instruction: str) -> None:
        self._respond()

    def cut(self, spoken: str, heard_ms: int) -> None:
        assert spoken not in self.cut_at, "cut once"
        self.cut_at[spoken] = heard_ms
        if spoken == self._active:
            self._later(20, 80, lambda: self._done("cancelled", spoken))

    def tool_result(self, call: str, result: str) -> None:
        self._calls.remove(call)
        if not self._calls:
            self._respond()

    def show(self, image: bytes, media_type: str) -> None: ...

    def give_up(self, reason: str) -> None:
        self._give(SessionLost(reason=reason))
        self._gone = True

    # ------------------------------------------------------------------ what it does

    def _hear(self) -> None:
        if self.random.random() < 0.8:
            text = f"utterance number {len(self.words) + 1}"
            self.words.append(text)
            item = f"i{len(self.words)}"
            self._later(100, 1500, lambda: self._give(CallerWords(item=item, text=text, final=True)))

    def _respond(self) -> None:
        if self._active:
            self._waiting += 1
            return
        self.responses += 1
        self._active = spoken = f"s{self.responses}"
        self._later(50, 900, lambda: self._begin(spoken))

    def _begin(self, spoken: str) -> None:
        self._give(SpokenStarted(spoken=spoken))
        text = self.random.choice(SAYS)
        total_ms = 60 * len(text)
        fate = self.random.random()
        if fate < 0.15:
            call = f"c{self.responses}"
            self._calls.add(call)
            self._give(SpokenToolCall(spoken=spoken, call=call, name="clinic_find_slots", arguments=WINDOW))
            self._later(10, 100, lambda: self._done("completed", spoken))
            return
        for part in text.split(" "):
            self._give(SpokenAudio(spoken=spoken, text=part + " "))
        if fate < 0.25:
            self._later(10, 600, lambda: self._done("failed", spoken))
            return
        for number in range(total_ms // 100):
            self.clock.call_later(20 * number, lambda: self._sound(spoken))
        self.clock.call_later(20 * (total_ms // 100) + 10, lambda: self._done("completed", spoken))

    def _sound(self, spoken: str) -> None:
        if spoken == self._active and spoken not in self.cut_at:
            rate_hz = self._config.sample_rate_hz
            self._give(SpokenAudio(spoken=spoken, pcm=b"\1\1" * (rate_hz // 10)))

    def _done(self, status: str, spoken: str = "") -> None:
        if self._gone or (spoken and spoken != self._active):
            return
        ended, self._active = self._active, ""
        self.usage += 1
        self._give(SpokenEnded(spoken=ended, status=status, usage={"output_tokens": 1}))
        if self._waiting:
            self._waiting -= 1
            self._respond()
