"""One connection of a Gemini Live session: what we ask in the SDK's words, what it says in ours.

The vendor has no ids for replies and no truncation. A reply begins with its first sound; it ends with
`turn_complete`, with `interrupted`, or by asking for a tool.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any

import numpy as np

from antiphon.audio.resample import StreamResampler
from antiphon.errors import ProviderError, ProviderRejected, ProviderUnavailable
from antiphon.providers.gemini import live_wire as wire
from antiphon.providers.gemini.live_memory import Memory, Reply
from antiphon.providers.gemini.live_turns import CallerTurns, OurTurns, ProviderTurns
from antiphon.providers.gemini.live_wire import Outgoing
from antiphon.providers.sessions import Action, CommitTurn, Cut, PushAudio, ShowImage, Speak, ToolAnswer
from antiphon.speech.ports import (
    CallerTurnSeen,
    SessionEvent,
    SpeechSessionConfig,
    SpokenAudio,
    SpokenEnded,
    SpokenStarted,
    SpokenToolCall,
    TurnMoment,
)

_MOVE_WITHIN_MS = 300  # Of a turn the vendor has heard so little that another connection may do without.


class LiveLink:
    """A `SessionLink`."""

    def __init__(
        self,
        session: Any,
        config: SpeechSessionConfig,
        memory: Memory,
        errors: Callable[[], AbstractContextManager[None]],
    ) -> None:
        self._session, self._config, self._memory, self._errors = session, config, memory, errors
        self._messages = session.receive()
        self._in = StreamResampler(config.sample_rate_hz, wire.IN_HZ)
        self._turns: CallerTurns = ProviderTurns() if config.provider_turns else OurTurns()
        self._reply: Reply | None = None
        self._early = ""  # Words that came before the sound they are said with.
        self._caller_speaks = False
        self._expected = 0  # Replies asked for: the end of each is told, even if nothing was said.
        self._closing = False  # A turn was closed only to ask by text: its answer is nobody's.
        self._owed: list[SessionEvent] = []
        self._over_already = False  # `turn_complete` will come for a reply we have ended.
        self._calls: set[str] = set()
        self._withdrawn: set[str] = set()
        self._answered: dict[str, str] = {}  # Call -> its result as a note, until a reply to it begins.
        self._notes: list[str] = []
        self._leaving = self._worked = False
        self._broken: ProviderError | None = None

    # ---------------------------------------------------------------- what we ask

    async def send(self, action: Action) -> None:
        for message in self._asked(action):
            await self.say(message)

    async def say(self, message: Outgoing) -> None:
        with self._errors():
            await getattr(self._session, message.method)(**message.arguments)

    def _asked(self, action: Action) -> list[Outgoing]:
        match action:
            case PushAudio():
                samples = self._in.push(np.frombuffer(action.pcm[: len(action.pcm) // 2 * 2], "<i2"))
                return self._turns.audio(samples.astype("<i2").tobytes()) if len(samples) else []
            case CommitTurn():
                self._expect()
                return self._turns.commit()
            case Speak():
                return self._ask(wire.content(action.instruction, answer=True))
            case Cut():
                return self._cut(action)
            case ToolAnswer():
                return self._answer(action)
            case ShowImage():
                return [wire.image(action.image, action.media_type)]

    def _expect(self) -> None:
        self._expected += 1
        self._memory.forget_handle()

    def _ask(self, message: Outgoing) -> list[Outgoing]:
        self._expect()
        closed = self._turns.asked()
        self._closing = bool(closed)
        return [*closed, message]

    def _cut(self, cut: Cut) -> list[Outgoing]:
        """Tell it where the caller's ear was, which also stops what it is saying."""
        reply = self._memory.reply(cut.spoken)
        if reply is None:
            return []
        made = reply is not self._reply
        if not made or cut.heard_ms < reply.audio_ms:
            self._memory.corrected()
            self._notes.append(wire.heard_note(wire.heard_words(reply.text, cut.heard_ms, reply.length_ms)))
        if made and (self._reply is not None or self._expected):
            return []  # It would stop the next reply: told after that one.
        return [*self._noted(), *self._turns.cut()]

    def _answer(self, answer: ToolAnswer) -> list[Outgoing]:
        name = self._memory.calls.get(answer.call, "")
        if answer.call in self._calls:
            self._calls.discard(answer.call)
            self._answered[answer.call] = wire.late_result(name, answer.result)
            return [wire.tool_response(answer.call, name, answer.result)]
        if not self._memory.calls.pop(answer.call, ""):
            return []
        # Withdrawn, or asked for on another connection: what was done is done, and has to be known.
        note = wire.late_result(name, answer.result)
        busy = self._reply is not None or self._expected
        if not answer.last and answer.call not in self._withdrawn:
            self._notes.append(note)  # The last of them asks for the reply.
            return [] if busy else self._noted()
        if not busy and answer.call not in self._withdrawn:
            return self._ask(wire.content(note, answer=True))
        self._notes.append(note)
        self._withdrawn.discard(answer.call)
        if not self._withdrawn:
            # After the last result a reply is waited for, and none will come.
            self._owed += self._silent_reply("cancelled")
        return [] if busy else self._noted()

    def _silent_reply(self, status: str) -> list[SessionEvent]:
        spoken = self._memory.begin().id
        return [SpokenStarted(spoken=spoken), SpokenEnded(spoken=spoken, status=status)]

    def _noted(self) -> list[Outgoing]:
        notes, self._notes = self._notes, []
        return [wire.content(" ".join(notes), answer=False)] if notes else []

    # ---------------------------------------------------------------- what it says

    async def receive(self) -> Sequence[SessionEvent]:
        if self._broken is not None:
            raise self._broken
        if self._leaving and self._is_quiet() and self._memory.handle:
            raise ProviderUnavailable(wire.NAME, "the session moves to another connection")
        try:
            with self._errors():
                message = await anext(self._messages, None)
                if message is None:  # The SDK's iterator ends with each turn.
                    self._messages = self._session.receive()
                    return ()
                owed, self._owed = self._owed, []
                events = [*owed, *self._take(message)]
        except ProviderError as error:
            return self._break(error)
        if self._reply is None and not self._expected:
            for note in self._noted():
                await self.say(note)
        return events

    def _break(self, error: ProviderError) -> Sequence[SessionEvent]:
        """What it had of his words when it began to answer is all there will be, and the next session is told
        of them: they go before the failure. Raises that where there are none."""
        if isinstance(error, ProviderRejected) and self._worked:
            # What has worked is worth another try, from our own log.
            error = ProviderUnavailable(wire.NAME, "the session was refused halfway")
        if self._reply is None or not self._memory.words:
            raise error from None
        self._broken = error
        return [*self._memory.heard_all()]

    def _take(self, message: Any) -> Iterator[SessionEvent]:
        """One message may carry any of the fields together."""
        content = message.server_content
        if message.usage_metadata is not None:
            self._memory.count(wire.usage(message.usage_metadata))
        if message.voice_activity is not None:
            kind = message.voice_activity.voice_activity_type
            yield from self._caller(str(getattr(kind, "value", kind)) == "ACTIVITY_START")
        if content is not None:
            yield from self._said(content)
        if message.tool_call is not None:
            yield from self._asks(message.tool_call.function_calls or ())
        if content is not None:
            yield from self._over(content)
        if message.tool_call_cancellation is not None:
            yield from self._withdraw(message.tool_call_cancellation.ids or ())
        if (update := message.session_resumption_update) is not None and self._is_quiet():
            self._memory.keep_handle(update.new_handle if update.resumable else "")
        self._leaving = self._leaving or message.go_away is not None

    def _withdraw(self, calls: Sequence[str]) -> Iterator[SessionEvent]:
        """What was answered meanwhile has crossed this on the wire, and will not be spoken of."""
        crossed = [self._answered.pop(call) for call in calls if call in self._answered]
        self._withdrawn.update(self._calls.intersection(calls))
        self._calls -= self._withdrawn
        self._turns.replied(stopped=True)
        self._notes += crossed
        if crossed and not self._withdrawn:
            yield from self._silent_reply("cancelled")

    def _is_quiet(self) -> bool:
        """Nothing would be lost with the connection but what the vendor has kept."""
        if self._reply is not None or self._expected or self._calls or self._notes:
            return False
        speaks = self._caller_speaks or self._memory.words or self._turns.open_ms > _MOVE_WITHIN_MS
        return not speaks

    def _caller(self, speaks: bool) -> Iterator[SessionEvent]:
        if self._config.provider_turns and speaks != self._caller_speaks:
            self._caller_speaks = speaks
            yield CallerTurnSeen(moment=TurnMoment.STARTED if speaks else TurnMoment.ENDED)

    def _said(self, content: Any) -> Iterator[SessionEvent]:
        heard = content.input_transcription
        if heard is not None and heard.text:
            if self._reply is not None and self._reply.generated:
                yield from self._end("completed")  # Some replies never get a `turn_complete`.
            if self._reply is None and not self._expected:
                yield from self._caller(True)
            yield self._memory.hear(heard.text)
        if heard is not None and heard.finished:
            yield from self._memory.heard_all()
        if content.interrupted:
            return  # What comes along belongs to what was interrupted.
        for part in (content.model_turn.parts or ()) if content.model_turn is not None else ():
            if part.inline_data is not None and part.inline_data.data:
                yield from self._sound(part.inline_data)
        if content.output_transcription is not None and content.output_transcription.text:
            yield from self._words(content.output_transcription.text)

    def _sound(self, blob: Any) -> Iterator[SessionEvent]:
        if self._reply is not None and self._reply.generated:
            yield from self._end("completed")
        yield from self._begin()
        assert self._reply is not None
        rate_hz = wire.rate_hz(blob.mime_type)
        if self._early:
            early, self._early = self._early, ""
            yield from self._words(early)
        pcm = self._reply.sound(blob.data, rate_hz, self._config.sample_rate_hz)
        yield SpokenAudio(spoken=self._reply.id, pcm=pcm)

    def _words(self, text: str) -> Iterator[SessionEvent]:
        if self._reply is None:
            self._early += text
            return
        self._reply.text += text
        yield SpokenAudio(spoken=self._reply.id, text=text)

    def _begin(self) -> Iterator[SessionEvent]:
        if self._reply is not None:
            return
        yield from self._caller(False)
        self._reply = self._memory.begin()
        self._over_already = self._closing = False
        for call in self._answered:  # Until now the connection might have broken before they came.
            self._memory.calls.pop(call, None)
        self._answered.clear()
        self._expected = 0
        self._turns.replying()
        yield SpokenStarted(spoken=self._reply.id)

    def _asks(self, calls: Sequence[Any]) -> Iterator[SessionEvent]:
        yield from self._begin()
        assert self._reply is not None
        for call in calls:
            name, arguments = wire.call(call)
            self._calls.add(call.id)
            self._memory.calls[call.id] = name
            yield SpokenToolCall(spoken=self._reply.id, call=call.id, name=name, arguments=arguments)
        # What it says with the results is another reply, as with every vendor.
        yield from self._end("completed")
        self._over_already = True
        self._turns.replying()  # Until it has, the caller's sound would withdraw the calls.

    def _over(self, content: Any) -> Iterator[SessionEvent]:
        if content.interrupted:
            yield from self._caller(True)
            yield from self._stopped()
            self._early, self._over_already = "", True
        elif content.turn_complete:
            bad = wire.went_wrong(content.turn_complete_reason)
            if self._reply is None and not self._over_already and (bad or self._expected):
                yield from self._begin()
            yield from self._end("failed" if bad else "completed")
            self._over_already = False
        elif content.generation_complete and self._reply is not None:
            self._reply.generated = True

    def _stopped(self) -> Iterator[SessionEvent]:
        """Interrupted, with sound or before the first of it."""
        if self._reply is not None:
            yield from self._end("cancelled")
        elif self._closing:
            self._closing = False
        elif self._expected:
            self._expected -= 1
            self._turns.replied(stopped=self._expected > 0)
            yield from self._silent_reply("cancelled")

    def _end(self, status: str) -> Iterator[SessionEvent]:
        reply, self._reply = self._reply, None
        if reply is None:
            return
        self._worked, reply.complete = True, status == "completed"
        self._turns.replied(stopped=status == "cancelled")
        yield from self._memory.heard_all()
        if tail := reply.finish():
            yield SpokenAudio(spoken=reply.id, pcm=tail)
        yield SpokenEnded(spoken=reply.id, status=status, usage=self._memory.bill())
