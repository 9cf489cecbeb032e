"""A recording on a line: what voice activity and the media plane's dating make of it, on virtual time."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from antiphon.audio import g711
from antiphon.audio.line_quality import LineSecond
from antiphon.audio.ports import PHONE, WIDEBAND, Encoding, LineFormat
from antiphon.runtime.media import MediaPlane, SpeechGate
from antiphon.speech.ports import VoiceActivity

FRAME_MS = 20
_FRAME_NS = FRAME_MS * 1_000_000
_BEGAN_NS = 1_000_000_000
_LEAD_MS = 80

Samples = NDArray[np.int16]


@dataclass(frozen=True, slots=True, kw_only=True)
class LineEvent:
    """`date_ms` is the first (`began`) or one past the last speech sample, `at_ms` when the plane said so.
    `given` counts the samples the listener had been handed by then. `weighed`: when from then on the line
    changed its mind on whether it hears somebody, and to what."""

    at_ms: int
    began: bool
    date_ms: int
    given: int
    weighed: tuple[tuple[int, bool], ...] = ()


@dataclass(slots=True)
class Listening:
    """A `LineListener` that keeps what it is told about the caller."""

    events: list[LineEvent] = field(default_factory=list)
    now_ms: int = 0
    _given: int = 0
    _sure: bool = True

    def weigh(self, sure: bool) -> None:
        if sure is not self._sure and self.events:
            self._sure, last = sure, self.events[-1]
            self.events[-1] = replace(last, weighed=(*last.weighed, (self.now_ms, sure)))

    def speech_started(self, onset_ms: int) -> None:
        self._note(True, onset_ms)

    def speech_stopped(self, ended_ms: int) -> None:
        self._note(False, ended_ms)

    def caller_audio(self, pcm: bytes) -> None:
        self._given += len(pcm) // 2

    def _note(self, began: bool, date_ms: int) -> None:
        self.events.append(LineEvent(at_ms=self.now_ms, began=began, date_ms=date_ms, given=self._given))

    def line_measured(self, second: LineSecond) -> None: ...
    def playout_started(self, reply_id: str) -> None: ...
    def playout_mark(self, reply_id: str, heard_ms: int) -> None: ...
    def playout_finished(self, reply_id: str, heard_ms: int) -> None: ...
    def dtmf(self, digit: str) -> None: ...
    def talk(self, pressed: bool) -> None: ...
    def picture(self, image: bytes, media_type: str) -> None: ...
    def typed(self, text: str) -> None: ...
    def stop_asked(self) -> None: ...
    def line_closed(self, reason: str) -> None: ...


class Nobody:
    """A far end that plays what it is sent to an empty room."""

    def send(self, payload: bytes) -> None: ...
    def mark(self, name: str) -> None: ...
    def clear(self) -> None: ...
    def end(self) -> None: ...


class Ear:
    """Voice activity of both rates, kept between recordings; every recording gets a line of its own."""

    def __init__(self, vad_8k: VoiceActivity, vad_16k: VoiceActivity, gate: SpeechGate | None = None) -> None:
        self._vads, self._gate = (vad_8k, vad_16k), gate

    def hear(self, samples: Samples, rate_hz: int) -> list[LineEvent]:
        """What is said of these samples when they come in real time, 20 ms by 20 ms.

        8 kHz goes as G.711, which is what such a line carries; 16 kHz as linear samples.
        """
        line_format = PHONE if rate_hz == PHONE.sample_rate_hz else WIDEBAND
        now_ns = _BEGAN_NS
        plane = MediaPlane(*self._vads, clock=lambda: now_ns, gate=self._gate)
        listening = Listening()
        source, line = plane.attach(line_format, Nobody(), listening, _LEAD_MS)
        step = rate_hz * FRAME_MS // 1000
        for start in range(0, len(samples) - step + 1, step):
            now_ns += _FRAME_NS
            source.receive(encoded(samples[start : start + step], line_format))
            listening.now_ms = line.now_ms
            plane.tick(now_ns)
            listening.weigh(line.hears_somebody)
        return listening.events


def encoded(frame: Samples, line_format: LineFormat) -> bytes:
    if line_format.encoding is Encoding.MULAW:
        return g711.encode(np.ascontiguousarray(frame)).tobytes()
    return frame.astype("<i2").tobytes()
