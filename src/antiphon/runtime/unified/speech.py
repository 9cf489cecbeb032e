"""One call's session with a model that hears and speaks by itself: its events to the core's, the core's
commands to it.

The vendor begins to speak when it was asked to (a turn, a wish, a tool's result), and, where it decides the
turns, by itself. What it begins belongs to the reply that waits for it; with none, it is kept for the turn
that is about to be taken, or was not wanted and is cut before anybody hears it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from antiphon.agents.disclosures import contains
from antiphon.agents.llm import spoken as words
from antiphon.agents.llm.reasoner import END_CALL, HAND_OVER
from antiphon.agents.ports import CallerTurn, Exchange, ReplyKind, ReplyRequest, Tool, ToolUsed
from antiphon.conversation.events import (
    ChunkCut,
    ChunkSynthesized,
    ReplyOverruled,
    SynthesisFailed,
)
from antiphon.runtime.clock import Clock
from antiphon.runtime.history import History
from antiphon.runtime.metering import Meter, Use
from antiphon.runtime.requests import as_known
from antiphon.runtime.speaking import Speaker
from antiphon.runtime.unified.ears import UnifiedEars
from antiphon.runtime.unified.model import UnifiedModel
from antiphon.runtime.unified.reply import UnifiedReply
from antiphon.runtime.unified.silence import SilenceWatch
from antiphon.speech.ports import (
    CallerTurnSeen,
    CallerWords,
    SessionEvent,
    SessionLost,
    SpeechSession,
    SpeechSessionConfig,
    SpokenAudio,
    SpokenEnded,
    SpokenStarted,
    SpokenToolCall,
    SttConfig,
    TurnMoment,
)

# What was asked for and given up begins within this time, or never.
UNWANTED_MS = 5000


@dataclass(slots=True)
class _Early:
    """What the vendor began to say before the core had taken the turn."""

    spoken: str
    events: list[SpokenAudio | SpokenToolCall | SpokenEnded] = field(default_factory=list)


class UnifiedSpeech:
    """Made with the call; the session begins when its recogniser (`ears`) is opened.

    Args:
        voice: Says what must be said in exact words.
        clock: Of the call; a session that falls silent is given up by it.
        lost: Told once that the session is gone, with the reason; never from within a constructor.
    """

    def __init__(
        self,
        model: UnifiedModel,
        voice: Speaker,
        history: History,
        *,
        meter: Meter,
        now: datetime,
        caller_number: str,
        clock: Clock,
        lost: Callable[[str], None],
    ) -> None:
        self.line, self.post = voice.line, voice.post
        self.ears = UnifiedEars(self._open, self.let_pass)
        self.live = False
        self._model, self._voice, self._history, self._meter = model, voice, history, meter
        self._lost = lost
        self._owed = model.definition.owed
        self._brief = words.brief(model.definition, model.tools, now=now, caller_number=caller_number)
        self._tools = {
            plain: tool
            for plain, name in self._brief.names.items()
            for tool in (*model.tools, END_CALL, HAND_OVER)
            if tool.name == name
        }
        self._session: SpeechSession | None = None
        self._provider_turns = False
        self._vendor_ended = False  # The vendor has ended a turn and will answer it by itself.
        self._latest: UnifiedReply | None = None
        self._replies: dict[str, UnifiedReply] = {}
        self._owners: dict[str, UnifiedReply] = {}  # Of what the vendor says now.
        self._early: _Early | None = None
        self._unwanted: deque[int] = deque()
        self._wasted: set[str] = set()
        self._watch = SilenceWatch(
            clock, self.line, model.silent_ms, owed=self._words_are_owed, silent=self._fell_silent
        )

    def _open(self, config: SttConfig) -> SpeechSession:
        self._provider_turns = config.provider_turns
        session = self._model.port.open(
            SpeechSessionConfig(
                sample_rate_hz=config.sample_rate_hz,
                instructions=self._brief.instructions,
                voice=self._model.definition.speech.model_voice,
                language=config.language,
                tools=self._brief.tools,
                provider_turns=config.provider_turns,
                semantic_turns=self._model.definition.speech.semantic_turns,
                history=lambda: words.told_history(self._history.so_far()),
            ),
            self._event,
        )
        self._session, self.live = session, True
        return session

    # ---------------------------------------------------------------- what the core wants

    def answers(self, request: ReplyRequest) -> bool:
        """False for what must be said in exact words, by a voice."""
        if not self.live or request.reason == "overruled":
            return False
        greeting = request.kind is ReplyKind.GREETING
        return not (greeting and words.greets_in_exact_words(self._model.definition))

    def reply(self, request: ReplyRequest) -> UnifiedReply:
        """Have the session answer."""
        reply = UnifiedReply(self, request)
        self._latest = self._replies[reply.id] = reply
        if request.kind in (ReplyKind.TURN, ReplyKind.REPROMPT):
            for disclosure in self._owed:
                reply.owe(disclosure)
        self._ask(reply, words.wish(self._model.definition, request))
        return reply

    def _ask(self, reply: UnifiedReply, wish: str) -> None:
        assert self._session is not None
        early, self._early = self._early, None
        vendor_ended, self._vendor_ended = self._vendor_ended, False
        if wish:
            self._discard(early)
            self._session.speak(wish)
        elif early is not None:
            self._owners[early.spoken] = reply
            reply.begun(early.spoken)
            for event in early.events:
                self._spoken(event)
        elif not (self._provider_turns and vendor_ended):
            self._session.commit_turn()
        self._watch.wished()

    def speaks(self, reply_id: str) -> bool:
        """Is the sound of this reply the session's?"""
        return reply_id in self._replies

    def add(self, reply_id: str, index: int, text: str, sound: str = "") -> None:
        if self._replies[reply_id].add(index, text, sound):
            self._voice.add(reply_id, index, text)

    def made(self, event: ChunkSynthesized | SynthesisFailed) -> None:
        """The voice is done with words it was given."""
        reply = self._replies.get(event.reply_id)
        if reply is not None:
            made_ms = event.duration_ms if isinstance(event, ChunkSynthesized) else event.audio_ms
            reply.made(event.index, made_ms)

    def start(self, reply_id: str) -> None:
        self._voice.start(reply_id)
        self._replies[reply_id].start()

    def finish(self, reply_id: str, chunks: int) -> None:
        self._replies[reply_id].finish()

    @property
    def audible(self) -> list[str]:
        return [reply.id for reply in self._replies.values() if reply.audible]

    def drop(self, reply_id: str) -> ChunkCut | None:
        """No more of it is played; how much was heard comes with `flushed` or `reported`."""
        self._replies[reply_id].give_up()
        return self._voice.drop(reply_id)

    def flushed(self, reply_id: str, heard_ms: int) -> None:
        if reply_id in self._replies:
            self._replies[reply_id].cut(heard_ms)

    def reported(self, reply_id: str, text: str, *, complete: bool) -> None:
        """The reply is over. One that nobody was let hear was not flushed either."""
        self._owed = tuple(each for each in self._owed if not contains(text, each))
        reply = self._replies.pop(reply_id, None)
        if reply is not None and not complete and not reply.audible:
            reply.cut(0)

    def let_pass(self) -> None:
        """The caller's sound was no turn: what the vendor says to it is not wanted."""
        early, self._early = self._early, None
        self._vendor_ended = False
        self._discard(early)

    def show(self, image: bytes, media_type: str) -> bool:
        """Whether the model sees it. What it shows is in no trace, as little as sound is."""
        shown = self._session is not None and self._model.sees
        if self._session is not None and shown:
            self._session.show(image, media_type)
        self._voice.note("picture", media_type=media_type, length_bytes=len(image), shown=shown)
        return shown

    @property
    def _is_owed(self) -> bool:
        """Is a reply owed to a turn the caller has ended?"""
        reply = self._latest
        return reply is not None and not reply.done and not reply.muted

    def orphan(self) -> UnifiedReply | None:
        """After the loss: the reply that was not complete."""
        reply = self._latest
        if reply is None or not self._is_owed:
            return None
        reply.cancel()
        return reply

    def leaves(self, orphan: UnifiedReply) -> bool:
        """Can others answer in its place? If nothing was said, and what it was to answer can be known."""
        request = orphan.request
        if self.ears.unheard is None:
            request = as_known(request, self._history.so_far())
            if request.kind is ReplyKind.TURN and not request.text:
                return False
        if not orphan.unsaid:
            return False
        del self._replies[orphan.id]
        if orphan.audible:
            self._voice.take_over(orphan.id, done=orphan.sounds)
        return True

    def let_go(self) -> None:
        """The call is over: nobody here knows anybody any more."""
        self.live, self._session, self._latest, self._early = False, None, None, None
        self._watch.stop()
        self._replies.clear()
        self._owners.clear()
        del self.ears, self._lost, self.post, self._voice, self._watch

    # ---------------------------------------------------------------- what its replies want

    def tool(self, plain: str) -> Tool | None:
        return self._tools.get(plain)

    def used(self, tool: ToolUsed) -> None:
        self._history.used(tool)

    def answer(self, call: str, result: str, *, unwanted: bool) -> None:
        if self._session is None or not self.live:
            return
        if unwanted:
            self._unwanted.append(self.line.now_ms + UNWANTED_MS)
        self._session.tool_result(call, result)
        self._watch.wished()

    def cut(self, spoken: str, heard_ms: int) -> None:
        if self._session is not None:
            self._session.cut(spoken, heard_ms)

    def given_up(self, reply: UnifiedReply) -> None:
        if reply.comes_yet:
            self._unwanted.append(self.line.now_ms + UNWANTED_MS)

    # ---------------------------------------------------------------- what the session says

    def _words_are_owed(self) -> int | None:
        reply = self._latest
        return reply.sound_until_ms if self.live and reply is not None and reply.waits else None

    def _fell_silent(self) -> None:
        if self._session is not None:
            self._session.give_up(f"told nothing for {self._model.silent_ms} ms")

    def _event(self, event: SessionEvent) -> None:
        self._watch.told()
        match event:
            case CallerTurnSeen():
                self._turn_seen(event)
            case CallerWords():
                self.ears.tell(event)
                if event.final and self._model.emergency.alarm(event.text) is not None:
                    self.post(ReplyOverruled(at_ms=self.line.now_ms, text=event.text))
            case SpokenStarted():
                self._began(event.spoken)
            case SessionLost():
                self._gone(event.reason)
            case _:
                self._spoken(event)

    def _turn_seen(self, event: CallerTurnSeen) -> None:
        if event.moment is TurnMoment.STARTED:
            # He goes on: what the vendor began to say to the first half answers the wrong question.
            self.let_pass()
            self._unwanted.clear()
        elif event.moment is TurnMoment.ENDED:
            self._vendor_ended = True
        self.ears.tell(event)

    def _began(self, spoken: str) -> None:
        while self._unwanted and self._unwanted[0] < self.line.now_ms:
            self._unwanted.popleft()
        reply = self._latest
        if self._unwanted:
            self._unwanted.popleft()
            self._discard(_Early(spoken))
        elif reply is not None and reply.awaits:
            self._owners[spoken] = reply
            reply.begun(spoken)
        elif self._provider_turns:
            self._discard(self._early)
            self._early = _Early(spoken)
            if not self._vendor_ended:
                # Some vendors tell of the caller's turn only by answering it.
                self.ears.tell(CallerTurnSeen(moment=TurnMoment.STARTED))
                self.ears.tell(CallerTurnSeen(moment=TurnMoment.ENDED))
        else:
            self._discard(_Early(spoken))

    def _discard(self, early: _Early | None) -> None:
        if early is not None:
            self._wasted.add(early.spoken)
            self.cut(early.spoken, 0)
            for event in early.events:
                if isinstance(event, SpokenEnded):
                    self._ended(event, None)

    def _spoken(self, event: SpokenAudio | SpokenToolCall | SpokenEnded) -> None:
        early = self._early
        if early is not None and early.spoken == event.spoken:
            early.events.append(event)
            return
        reply = self._owners.get(event.spoken)
        match event:
            case SpokenAudio() if reply is not None:
                reply.audio(event)
            case SpokenToolCall() if reply is not None:
                reply.call(event)
            case SpokenEnded():
                self._ended(event, reply)

    def _ended(self, event: SpokenEnded, reply: UnifiedReply | None) -> None:
        self._owners.pop(event.spoken, None)
        if any(event.usage.values()):
            self._meter.take(
                Use(
                    role="s2s",
                    provider=self._model.name,
                    reply=reply.id if reply is not None else "",
                    amounts=dict(event.usage),
                    wasted=event.spoken in self._wasted,
                )
            )
        self._wasted.discard(event.spoken)
        if reply is None:
            return
        if event.status == "failed" and not reply.muted:
            self._failed(reply)
        else:
            reply.ended(event.spoken)

    def _failed(self, reply: UnifiedReply) -> None:
        """The vendor broke off. Asked again once, if nobody has heard a word and it knows what was said."""
        wish = words.wish(self._model.definition, reply.request)
        last: Sequence[Exchange] = self._history.so_far()[-1:]
        if not wish and last and isinstance(last[0], CallerTurn):
            wish = words.ANSWER_LAST
        if reply.unsaid and not reply.retried and wish and self.live:
            reply.begin_again()
            self._ask(reply, wish)
            return
        if self.ears.unheard is not None and self._session is not None:
            # A new session knows nothing of what nobody but this one has heard; others hear that again.
            self._session.give_up("broke off before it told what it had heard")
            return
        reply.cancel()
        self.post(reply.failed(f"{self._model.name} broke off"))

    def _gone(self, reason: str) -> None:
        self.let_pass()
        self.live, self._session = False, None
        self._watch.stop()
        self._unwanted.clear()
        if self._is_owed and self.ears.unheard is None:
            self.ears.finish()
        self._voice.note("session_failed", provider=self._model.name, reason=reason)
        self._lost(reason)
