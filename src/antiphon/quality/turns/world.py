"""One recording's call on virtual time: the captured line, the real recogniser stream and the real core.

The agent says nothing (every reply is empty), or one sentence in answer to a question asked before the
recording begins.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass

import msgspec
import numpy as np

from antiphon.conversation import Conversation
from antiphon.conversation import commands as cmd
from antiphon.conversation import events as ev
from antiphon.conversation.policy import Policy
from antiphon.quality.turns.line import LineEvent, Samples
from antiphon.quality.turns.mouth import Mouth, Sentence
from antiphon.quality.turns.virtual import VirtualExecutor, VirtualLoop
from antiphon.runtime.media import mirror
from antiphon.speech.ports import EndOfTurn, SpeechToText, SttConfig, SttEvent, Transcript

_BLOCK_MS = 100
_FRAME_MS = 20  # Of the media plane.
_SCORED_MS = 8000
_QUESTION = "Tell me about it."
_AFTER_MS = 4000  # Long enough for any wait to end after the last sample.


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """Virtual time the models take, ms; medians of a call on a quiet machine (docs/benchmarks.md)."""

    transcript_ms: int = 110
    score_ms: int = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """A recording as the line has it: samples at `rate_hz`, and what voice activity made of them."""

    samples: Samples
    rate_hz: int
    events: Sequence[LineEvent]


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """A command of the core and the call time at which it was given."""

    at_ms: int
    command: cmd.Command


@dataclass(frozen=True, slots=True, kw_only=True)
class Ears:
    """What listens: a recogniser that decodes in the executor it is given, and an end-of-turn scorer."""

    recogniser: Callable[[Executor], SpeechToText]
    scorer: EndOfTurn | None
    costs: Costs = Costs()


@dataclass(frozen=True, slots=True, kw_only=True)
class Agent:
    """What the agent asks for with its first words (`expects`), and what it says over the recording; with the
    sound of it (`voice`, at the line's rate) an echo can be told by its sound, as the media plane does."""

    expects: str = "open"
    says: Sentence | None = None
    voice: Samples | None = None


class World:
    """Runs one call."""

    def __init__(self, loop: VirtualLoop, heard: Heard, policy: Policy, ears: Ears, agent: Agent) -> None:
        self.trace: list[Done] = []
        self.events: list[ev.AnyEvent] = []
        self._loop, self._heard, self._ears, self._expects = loop, heard, ears, agent.expects
        self._mouth = Mouth(loop, agent.says, self._post) if agent.says is not None else None
        self._voice, self._sure, self._weighed = agent.voice, True, (True, False)
        self._conversation = Conversation(policy)
        self._timers: dict[str, int] = {}
        self._given = 0
        recogniser = ears.recogniser(VirtualExecutor(loop, ears.costs.transcript_ms))
        config = SttConfig(sample_rate_hz=heard.rate_hz, language="en")
        self._stream = recogniser.open(config, self._transcribed)

    async def run(self) -> list[Done]:
        self._post(ev.CallStarted(at_ms=0, call_id="c", agent="a", line="file", wall_time_ms=0))
        if self._mouth is not None:
            self._post(ev.TranscriptFinal(at_ms=0, segment=0, text=_QUESTION))
            self._post(ev.EndOfTurnScored(at_ms=0, ended_ms=0, score=1.0))  # Answered after the minimum.
        end_ms = len(self._heard.samples) * 1000 // self._heard.rate_hz + _AFTER_MS
        self._schedule(end_ms)
        over = self._loop.create_future()
        self._loop.at_ms(end_ms, lambda: over.set_result(None))
        await over
        await self._stream.aclose()
        return self.trace

    # ------------------------------------------------------------------ the caller

    def _schedule(self, end_ms: int) -> None:
        rate = self._heard.rate_hz // 1000
        for at_ms in range(_BLOCK_MS, end_ms, _BLOCK_MS):
            self._loop.at_ms(at_ms, lambda upto=at_ms * rate: self._hear(upto))  # type: ignore[misc]
        for event in self._heard.events:
            self._loop.at_ms(event.at_ms, lambda event=event: self._line_event(event))  # type: ignore[misc]
            for at_ms, sure in event.weighed:
                self._loop.at_ms(at_ms, lambda sure=sure: self._weigh(sure, self._weighed[1]))  # type: ignore[misc]

    def _hear(self, upto: int) -> None:
        piece = self._heard.samples[self._given : upto]
        if len(piece):
            self._given += len(piece)
            self._stream.push(piece.astype("<i2").tobytes())

    def _line_event(self, event: LineEvent) -> None:
        self._hear(event.given)
        if event.began:
            self._stream.speech_started()
            self._post(ev.SpeechStarted(at_ms=self._loop.now_ms, onset_ms=event.date_ms))
        else:
            self._post(ev.SpeechStopped(at_ms=self._loop.now_ms, ended_ms=event.date_ms))

    def _transcribed(self, transcript: SttEvent) -> None:
        if not isinstance(transcript, Transcript):
            return
        segment, text = transcript.segment, transcript.text
        self._weigh(self._sure, bool(text) and self._is_echo())
        if transcript.final:
            confidence = round(transcript.confidence, 4)
            self._post(ev.TranscriptFinal(at_ms=0, segment=segment, text=text, confidence=confidence))
        else:
            self._post(ev.TranscriptPartial(at_ms=0, segment=segment, text=text))

    def _weigh(self, sure: bool, echo: bool) -> None:
        self._sure, weighed = sure, (sure and not echo, echo)
        if weighed != self._weighed:
            self._weighed = weighed
            self._post(ev.VoiceWeighed(at_ms=0, sure=weighed[0], echo=echo))

    def _is_echo(self) -> bool:
        """As the media plane does (`LiveCall.hears_itself`), on what the recording and the mouth know."""
        onset_ms = self._voice_onset_ms()
        now_ms = self._loop.now_ms // _FRAME_MS * _FRAME_MS  # The recogniser has less: it is fed in blocks.
        voice_ms = min(now_ms - onset_ms, mirror.LATEST_MS)
        if self._voice is None or self._mouth is None or voice_ms < mirror.VOICE_MIN_MS:
            return False
        ms = self._heard.rate_hz // 1000
        start_ms = max(0, now_ms - voice_ms - mirror.BEFORE_MS)
        from_ms = start_ms - mirror.LAG_MS
        played = np.zeros((now_ms - from_ms) * ms, np.int16)
        for since_ms, until_ms, heard_ms in self._mouth.sounded():
            first, last = max(since_ms, from_ms), min(until_ms, now_ms)
            piece = self._voice[(heard_ms + first - since_ms) * ms :][: max(0, last - first) * ms]
            played[(first - from_ms) * ms :][: len(piece)] = piece
        came = self._heard.samples[start_ms * ms : now_ms * ms]
        return bool(played.any()) and mirror.gives_back(came, played, voice_ms * ms, self._heard.rate_hz)

    def _voice_onset_ms(self) -> int:
        onset_ms, ended_ms = 0, -mirror.APART_MS - 1
        for event in self._heard.events:
            if event.at_ms > self._loop.now_ms:
                break
            if event.began and event.date_ms - ended_ms > mirror.APART_MS:
                onset_ms = event.date_ms
            ended_ms = ended_ms if event.began else event.date_ms
        return onset_ms

    # ------------------------------------------------------------------ the core

    def _post(self, posted: ev.Event) -> None:
        """What happens, happens now; a step takes no time and never runs inside another."""
        # Every Event subclass is in AnyEvent.
        event: ev.AnyEvent = msgspec.structs.replace(posted, at_ms=self._loop.now_ms)  # type: ignore[assignment]
        self.events.append(event)
        for command in self._conversation.step(event):
            self.trace.append(Done(at_ms=event.at_ms, command=command))
            self._carry_out(event.at_ms, command)

    def _carry_out(self, now_ms: int, command: cmd.Command) -> None:
        match command:
            case cmd.FinalizeTranscript():
                self._stream.speech_stopped()
            case cmd.ScoreEndOfTurn():
                self._score(command)
            case cmd.CommitTurn():
                self._stream.turn_committed()
            case cmd.NoteUtterance(kind=kind) if kind != "late":
                self._stream.turn_committed()
            case cmd.StartReply():
                self._reply(command)
            case cmd.SetTimer():
                self._timers[command.timer] = command.due_ms
                self._loop.at_ms(command.due_ms, lambda: self._fire(command.timer, command.due_ms))
            case cmd.CancelTimer():
                self._timers.pop(command.timer, None)
            case _ if self._mouth is not None:
                self._mouth.carry_out(command)

    def _reply(self, command: cmd.StartReply) -> None:
        if self._mouth is not None and command.text == _QUESTION:
            self._mouth.reply(command.reply_id)
            return
        self._soon(ev.AnswerExpected(at_ms=0, reply_id=command.reply_id, kind=self._expects))
        self._soon(ev.ReplyFinished(at_ms=0, reply_id=command.reply_id))

    def _soon(self, event: ev.Event) -> None:
        self._loop.call_soon(self._post, event)

    def _fire(self, timer: str, due_ms: int) -> None:
        if self._timers.get(timer) == due_ms:
            del self._timers[timer]
            self._post(ev.TimerFired(at_ms=self._loop.now_ms, timer=timer))

    def _score(self, command: cmd.ScoreEndOfTurn) -> None:
        if self._ears.scorer is None:
            return
        upto = self._given
        first = max(0, upto - _SCORED_MS * self._heard.rate_hz // 1000)
        pcm = self._heard.samples[first:upto].astype("<i2").tobytes()
        self._loop.create_task(self._scored(command.ended_ms, pcm))

    async def _scored(self, ended_ms: int, pcm: bytes) -> None:
        assert self._ears.scorer is not None
        score = await self._ears.scorer.score(pcm, self._heard.rate_hz)
        took_ms = self._ears.costs.score_ms
        event = ev.EndOfTurnScored(at_ms=0, ended_ms=ended_ms, score=round(score, 4), took_ms=took_ms)
        self._loop.at_ms(self._loop.now_ms + took_ms, lambda: self._post(event))
