"""Answering-machine detection bound to a call: its audio and events in, verdicts and beeps as events out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from antiphon.calls.amd.decision import (
    Beep,
    Decision,
    Sign,
    TimePassed,
    ToneHeard,
    Verdict,
    VoiceBegan,
    VoiceEnded,
    WordsHeard,
)
from antiphon.calls.amd.settings import Thresholds
from antiphon.calls.amd.tones import ToneMeter
from antiphon.conversation import events as ev
from antiphon.runtime.screening import Screening, ScreeningRequest


def open_screening(request: ScreeningRequest) -> Screening:
    """`runtime.screening.OpensScreening`."""
    return AnswererScreening(request)


class AnswererScreening:
    """Implements `Screening`."""

    def __init__(self, request: ScreeningRequest, thresholds: Thresholds | None = None) -> None:
        self._post: Callable[[ev.Event], None] = request.post
        self._decision = Decision(language=request.language, thresholds=thresholds or Thresholds())
        self._meter = ToneMeter(request.sample_rate_hz)
        self._rate_hz = request.sample_rate_hz
        self._began_ms: int | None = None
        self._texts: dict[int, str] = {}
        self._now_ms = 0

    @property
    def is_over(self) -> bool:
        return self._decision.is_settled(self._now_ms)

    def hear(self, pcm: bytes, now_ms: int) -> None:
        """As `Screening`. A tone is dated by where its block stands in call time."""
        if self._began_ms is None:
            self._began_ms = max(0, now_ms - len(pcm) // 2 * 1000 // self._rate_hz)
        offset_ms = self._began_ms  # Blocks come a tick early or late; samples do not.
        for tone in self._meter.push(pcm):
            ended_ms = None if tone.ended_ms is None else tone.ended_ms + offset_ms
            dated = replace(tone, started_ms=tone.started_ms + offset_ms, ended_ms=ended_ms)
            self._step(ToneHeard(at_ms=now_ms, tone=dated))
        self._step(TimePassed(at_ms=now_ms))

    def take(self, event: ev.AnyEvent) -> None:
        match event:
            case ev.SpeechStarted():
                self._step(VoiceBegan(at_ms=event.at_ms, onset_ms=event.onset_ms))
            case ev.SpeechStopped():
                self._step(VoiceEnded(at_ms=event.at_ms, ended_ms=event.ended_ms))
            case ev.TranscriptPartial(text=text, guess=False) | ev.TranscriptFinal(text=text) if text:
                self._texts[event.segment] = text
                said = " ".join(text for _, text in sorted(self._texts.items()))
                self._step(WordsHeard(at_ms=event.at_ms, text=said))

    def _step(self, sign: Sign) -> None:
        self._now_ms = sign.at_ms
        for told in self._decision.step(sign):
            match told:
                case Verdict():
                    self._post(
                        ev.AnswererJudged(
                            at_ms=sign.at_ms,
                            verdict=told.kind,
                            evidence=", ".join(told.evidence),
                            heard_ms=told.heard_ms,
                            records=told.records,
                        )
                    )
                case Beep(tone=tone):
                    assert tone.ended_ms is not None, "a beep has ended"
                    self._post(
                        ev.BeepHeard(
                            at_ms=sign.at_ms,
                            ended_ms=tone.ended_ms,
                            tone_hz=round(tone.hz),
                            duration_ms=tone.lasted_ms,
                        )
                    )
