"""One call we placed, on virtual time: the line, the real recogniser, the real core and its screening."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field

import msgspec

from antiphon.calls.amd import open_screening
from antiphon.conversation import Conversation
from antiphon.conversation import commands as cmd
from antiphon.conversation import events as ev
from antiphon.conversation.policy import AnsweringPolicy, Policy
from antiphon.quality.turns.line import LineEvent, Samples
from antiphon.quality.turns.virtual import VirtualExecutor, VirtualLoop
from antiphon.runtime.screening import ScreeningRequest
from antiphon.speech.ports import SpeechToText, SttConfig, SttEvent, Transcript

MESSAGE = "This is the clinic. Please call us back."
_BLOCK_MS = 100
_RATE_HZ = 8000
# From the end of speech to the final transcript on a quiet machine: median 110 ms, p99 333 ms.
TRANSCRIPT_MS = 200


@dataclass(slots=True, kw_only=True)
class Answered:
    """What became of one opening; times are call time, None where it never happened.

    Attributes:
        verdicts: Each with when it was given. An "unknown" stands for the end of its time.
        greeted_ms, message_ms: When the agent began to talk, and to leave its message.
        spoke_until_ms: End of the voice that had been heard when the first verdict came.
    """

    verdicts: list[tuple[int, ev.AnswererJudged]] = field(default_factory=list)
    beeps_ms: list[int] = field(default_factory=list)
    greeted_ms: int | None = None
    message_ms: int | None = None
    spoke_until_ms: int | None = None
    end: str = ""
    words: str = ""

    @property
    def first(self) -> str:
        """What was believed when the agent first acted: "unknown" when its time was up before."""
        if not self.verdicts:
            return "unknown"
        at_ms, judged = self.verdicts[0]
        late = self.greeted_ms is not None and self.greeted_ms < at_ms
        return "unknown" if late else judged.verdict

    @property
    def last(self) -> str:
        return self.verdicts[-1][1].verdict if self.verdicts else "unknown"


class AnswererWorld:
    """Runs one opening to its end."""

    def __init__(
        self,
        loop: VirtualLoop,
        samples: Samples,
        events: Sequence[LineEvent],
        recogniser: Callable[[Executor], SpeechToText],
        language: str,
    ) -> None:
        self.answered = Answered()
        self._loop, self._samples, self._events = loop, samples, events
        policy = AnsweringPolicy(machine="leave_message", ivr="continue", message=MESSAGE)
        self._conversation = Conversation(Policy(answering=policy, language=language))
        self._timers: dict[str, int] = {}
        self._given = 0
        self._ended_ms: int | None = None
        request = ScreeningRequest(sample_rate_hz=_RATE_HZ, language=language, post=self._post)
        self._screening = open_screening(request)
        config = SttConfig(sample_rate_hz=_RATE_HZ, language="en")
        self._stream = recogniser(VirtualExecutor(loop, TRANSCRIPT_MS)).open(config, self._transcribed)

    async def run(self) -> Answered:
        self._post(
            ev.CallStarted(at_ms=0, call_id="c", agent="a", line="file", wall_time_ms=0, screened=True)
        )
        end_ms = len(self._samples) * 1000 // _RATE_HZ
        for at_ms in range(_BLOCK_MS, end_ms, _BLOCK_MS):
            self._loop.at_ms(at_ms, lambda upto=at_ms * _RATE_HZ // 1000: self._hear(upto))  # type: ignore[misc]
        for event in self._events:
            self._loop.at_ms(event.at_ms, lambda event=event: self._line_event(event))  # type: ignore[misc]
        over = self._loop.create_future()
        self._loop.at_ms(end_ms, lambda: over.set_result(None))
        await over
        await self._stream.aclose()
        return self.answered

    def _hear(self, upto: int) -> None:
        piece = self._samples[self._given : upto]
        if len(piece):
            self._given += len(piece)
            pcm = piece.astype("<i2").tobytes()
            self._stream.push(pcm)
            self._screening.hear(pcm, self._loop.now_ms)

    def _line_event(self, event: LineEvent) -> None:
        self._hear(event.given)
        now_ms = self._loop.now_ms
        if event.began:
            self._stream.speech_started()
            self._post(ev.SpeechStarted(at_ms=now_ms, onset_ms=event.date_ms))
        else:
            self._ended_ms = event.date_ms
            self._post(ev.SpeechStopped(at_ms=now_ms, ended_ms=event.date_ms))

    def _transcribed(self, transcript: SttEvent) -> None:
        if isinstance(transcript, Transcript):
            self.answered.words = transcript.text or self.answered.words
            kind = ev.TranscriptFinal if transcript.final else ev.TranscriptPartial
            self._post(kind(at_ms=0, segment=transcript.segment, text=transcript.text))

    def _post(self, posted: ev.Event) -> None:
        event: ev.AnyEvent = msgspec.structs.replace(posted, at_ms=self._loop.now_ms)  # type: ignore[assignment]
        if isinstance(event, ev.AnswererJudged):
            if not self.answered.verdicts:
                self.answered.spoke_until_ms = self._ended_ms
            self.answered.verdicts.append((event.at_ms, event))
        elif isinstance(event, ev.BeepHeard):
            self.answered.beeps_ms.append(event.ended_ms)
        for command in self._conversation.step(event):
            self._carry_out(event.at_ms, command)
        self._screening.take(event)

    def _carry_out(self, now_ms: int, command: cmd.Command) -> None:
        match command:
            case cmd.FinalizeTranscript():
                self._stream.speech_stopped()
            case cmd.StartReply(kind="greeting"):
                self.answered.greeted_ms = now_ms
            case cmd.Synthesize(text=text) if text == MESSAGE and self.answered.message_ms is None:
                self.answered.message_ms = now_ms
            case cmd.SetTimer():
                self._timers[command.timer] = command.due_ms
                self._loop.at_ms(command.due_ms, lambda: self._fire(command.timer, command.due_ms))
            case cmd.CancelTimer():
                self._timers.pop(command.timer, None)
            case cmd.EndCall():
                self.answered.end = command.cause

    def _fire(self, timer: str, due_ms: int) -> None:
        if self._timers.get(timer) == due_ms:
            del self._timers[timer]
            self._post(ev.TimerFired(at_ms=self._loop.now_ms, timer=timer))
