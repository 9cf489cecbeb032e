"""What is owed to a caller who speaks, judged step by step, before the commands are carried out: we pause for
him, begin nothing over him, cut nothing that he must hear for him, and answer what he really said.

What the core cannot know yet is not asked of it: news of what sounds may be under way (`NEWS_MS`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from antiphon.conversation import Conversation, Policy
from antiphon.conversation import commands as cmd
from antiphon.conversation import events as ev
from antiphon.conversation.echoes import LAG_MS, SLACK_MS
from antiphon.conversation.policy import PUT_THROUGH
from tests.simulation.line import Line, Playing
from tests.simulation.plan import Plan, Stall
from tests.simulation.vendors import Voice
from tests.simulation.wording import chunk_of

# How late the core hears at most of what sounds: of a first sample or a mark by the jitter of the line, of a
# chunk's whole length by as much after the last of its audio.
NEWS_MS = 800
SETTLED_MS = 5000  # So long after a standstill some mark has got through, and it knows again where it is.
# What the caller does, and what we wait for on his account.
_HIS_EVENTS = frozenset(
    {
        ev.SpeechStarted,
        ev.SpeechStopped,
        ev.VoiceWeighed,
        ev.TranscriptPartial,
        ev.TranscriptFinal,
        ev.EndOfTurnScored,
        ev.TurnSignalled,
        ev.TalkPressed,
        ev.TalkReleased,
        ev.DtmfReceived,
    }
)
_HIS_TIMERS = frozenset(
    {"stop_silence", "final_wait", "noise", "hold", "silence", "span", "dtmf", "stable_partial"}
    | {"vendor_turn", "talk", "talk_tail"}
)
# Limits wait for it too, and an operator who is polite; he who says now does not.
_LIMITS: frozenset[object] = frozenset({ev.CostReached, "call_limit"})
# A voice without words for so long that we would have gone on (`hold_ms`) does not hold back the apology for
# what failed.
_FAILED: frozenset[object] = frozenset({ev.ReplyFailed, ev.SynthesisFailed, "reply_deadline"})
_SOUNDS = ("thinking", "still_thinking")


class Surroundings(Protocol):
    now_ms: int
    plan: Plan
    policy: Policy
    line: Line
    voice: Voice
    stalls: list[Stall]
    conversation: Conversation


class Manners:
    """Attributes:
    faults: Invariant and text, as `World.faults`.
    """

    def __init__(self, world: Surroundings) -> None:
        self._world = world
        self.faults: list[tuple[str, str]] = []
        self._by_thumb = world.policy.turn.endpointing == "push_to_talk"
        self._speaks = False  # As far as the core was told.
        self._began_ms = self._released_ms = 0
        self._held = False  # The talk button.
        self._let_go_on = False  # It was found, for this voice, that we go on all the same.
        self._guarded: set[str] = set()  # Replies that must be heard as a whole, and are not over.
        self._audible: set[str] = set()  # The core was told that they began.
        self._paused_ms: dict[str, int] = {}
        self._drafts: dict[str, str] = {}  # What they answer.
        self._said = ""
        self._filler = ("", "")
        self._limit = False  # Is reached in this step.

    def step(self, event: ev.AnyEvent, commands: Sequence[cmd.Command]) -> None:
        kind = type(event)
        if kind in _TOLD:
            self._told(event, commands)
        if not commands:
            if kind is ev.SpeechStarted:
                self._pauses(event, ())
            return
        his = kind in _HIS_EVENTS or (kind is ev.TimerFired and event.timer in _HIS_TIMERS)  # type: ignore[union-attr]
        limit = kind in _LIMITS or getattr(event, "timer", "") in _LIMITS
        self._limit = limit or (type(event) is ev.OperatorEnded and not event.now)
        begun: list[str] = []
        stopped: list[str] = []
        for command in commands:
            made = type(command)
            if made in _OBEYED:
                self._command(command, his=his, begun=begun, stopped=stopped)
        if kind is ev.SpeechStarted:
            self._pauses(event, stopped)
        for reply_id in begun:
            if reply_id not in stopped:
                self._begins(reply_id, event)

    def close(self) -> None:
        """The call is over."""
        for reply_id in list(self._paused_ms):
            self._decided(reply_id)

    # ------------------------------------------------------------ what the core is told

    def _told(self, event: ev.AnyEvent, commands: Sequence[cmd.Command]) -> None:
        match event:
            case ev.SpeechStarted() if not self._by_thumb:
                self._speaks, self._let_go_on = True, False
                self._began_ms = self._world.now_ms
            case ev.SpeechStopped() if not self._by_thumb:
                self._speaks = False
            case ev.TalkPressed():
                self._held, self._speaks, self._let_go_on = True, self._by_thumb, False
            case ev.TalkReleased():
                self._lets_go()
            case ev.PlayoutStarted():
                self._audible.add(event.reply_id)
            case ev.TimerFired():
                if event.timer == "hold":
                    self._let_go_on = True
                elif event.timer == "talk":
                    self._lets_go()
                elif event.timer == "noise" and not _set_again(commands, "noise"):
                    self._speaks = False  # Whatever it is, it is no voice.

    def _lets_go(self) -> None:
        self._held, self._speaks, self._released_ms = False, False, self._world.now_ms

    # ------------------------------------------------------------ what it does then

    def _command(self, command: cmd.Command, *, his: bool, begun: list[str], stopped: list[str]) -> None:
        match command:
            case cmd.Synthesize():
                self._synthesizes(command)
            case cmd.StartReply():
                self._starts(command)
            case cmd.CommitTurn():
                self._said = command.text
            case cmd.ConfirmReply():
                self._confirms(command.reply_id)
            case cmd.CancelReply():
                self._cut(command.reply_id, his=his)
            case cmd.StartPlayout():
                begun.append(command.reply_id)
            case cmd.ResumePlayout():
                self._decided(command.reply_id)
                begun.append(command.reply_id)
            case cmd.PausePlayout():
                self._cut(command.reply_id, his=his)
                self._paused_ms[command.reply_id] = self._world.now_ms
                stopped.append(command.reply_id)
            case cmd.FlushPlayout():
                self._cut(command.reply_id, his=his)
                self._decided(command.reply_id)
                stopped.append(command.reply_id)
            case cmd.ReportHeard():  # Or it was heard to its end while it was paused there.
                self._decided(command.reply_id)
                self._guarded.discard(command.reply_id)

    def _starts(self, command: cmd.StartReply) -> None:
        if command.speculative:
            self._drafts[command.reply_id] = command.text
        last = command.kind == "goodbye" and command.reason != "silence"
        if last or (command.kind == "greeting" and self._world.policy.protect_greeting):
            self._guarded.add(command.reply_id)

    def _synthesizes(self, command: cmd.Synthesize) -> None:
        if command.text == PUT_THROUGH:
            self._guarded.add(command.reply_id)  # An operator's order; nobody talks him out of it.
        if not is_filler(command, self._world.policy):
            return
        filler = (command.text, command.sound)
        if filler == self._filler:
            self._fault("fillers_take_turns", f"{filler} twice running, in {command.reply_id}")
        self._filler = filler
        if self._speaks:
            self._fault("nobody_is_talked_over", f"filler {filler} while the caller speaks")

    def _confirms(self, reply_id: str) -> None:
        source = self._drafts.get(reply_id, "")
        if source.lower().split() != self._said.lower().split():
            self._fault("drafts_answer_what_was_said", f"{reply_id} answers {source!r}, not {self._said!r}")

    def _begins(self, reply_id: str, event: ev.AnyEvent) -> None:
        """Nothing of ours but what must be heard, or what goes on when the hold is over."""
        if not self._speaks or self._let_go_on or reply_id in self._guarded or self._excused():
            return
        turn = self._world.conversation.state.turn
        wordless = turn is None or not turn.raw_text()
        old = self._world.now_ms - self._began_ms >= self._world.policy.turn.hold_ms
        failed = type(event) in _FAILED or getattr(event, "timer", "") in _FAILED
        if wordless and old and failed and not self._by_thumb:
            return
        self._fault("nobody_is_talked_over", f"{reply_id} while the caller speaks, at {event}")

    def _pauses(self, event: ev.AnyEvent, stopped: Sequence[str]) -> None:
        """At the first sign of a voice, whatever it will turn out to be."""
        if self._by_thumb or self._excused():
            return
        for playing in self._world.line.sounding:
            if playing.id in stopped or playing.id in self._guarded or self.spans(playing, after=True):
                continue
            self._fault("a_voice_pauses_us", f"{playing.id} goes on at {event}")

    def _excused(self) -> bool:
        """Who waits for a person interrupts nobody; where our own voice comes back, only words count."""
        state = self._world.conversation.state
        return state.waits is not None or state.echoes >= self._world.policy.turn.echoes_max

    def _cut(self, reply_id: str, *, his: bool) -> None:
        if not his and (not self._limit or self._world.conversation.state.waits is not None):
            return
        playing, begun = self._world.line.replies.get(reply_id), reply_id in self._audible
        inside = playing is not None and begun and self.spans(playing)
        if inside or (reply_id in self._guarded and (his or begun)):
            who = "the caller" if his else "a limit"
            self._fault("what_must_be_heard_is", f"{reply_id} is stopped for {who}")

    def spans(self, playing: Playing, *, after: bool = False) -> bool:
        """Is a stretch being heard that must be, and the core knows it? Or, `after`: may it think so?"""
        must, cursor_ms, start_ms = self._world.plan.protects, self._world.line.cursor_ms(playing), 0
        if not must:
            return False
        for index, text in enumerate(self._world.voice.chunks.get(playing.id, ())):
            end_ms = start_ms + playing.audio_ms.get(index, 0)
            # The core knows late that words are over, and where it stood still, later.
            known_ms = start_ms + self._news_ms() if start_ms and not after else start_ms
            still_ms = self._news_ms() if after else 0
            if chunk_of(text) in must and known_ms <= cursor_ms < end_ms + still_ms:
                return True
            start_ms = end_ms
        return False

    def _news_ms(self) -> int:
        now_ms = self._world.now_ms
        return NEWS_MS + stalled_ms(self._world.stalls, now_ms - SETTLED_MS, now_ms)

    def _decided(self, reply_id: str) -> None:
        """Somebody's words, or the bound: then we are gone, or go on."""
        paused_ms = self._paused_ms.pop(reply_id, None)
        if paused_ms is None:
            return
        world = self._world
        bound_ms = max(world.policy.turn.hold_ms, LAG_MS + SLACK_MS)
        if self._by_thumb:  # We say nothing into a held button.
            paused_ms = max(paused_ms, world.now_ms if self._held else self._released_ms)
        bound_ms += stalled_ms(world.stalls, paused_ms, world.now_ms)
        if world.now_ms - paused_ms > bound_ms:
            text = (
                f"{reply_id} paused at {paused_ms} ms, for {world.now_ms - paused_ms} ms (at most {bound_ms})"
            )
            self._fault("pauses_are_decided", text)

    def _fault(self, invariant: str, text: str) -> None:
        self.faults.append((invariant, f"{text} ({self._world.now_ms} ms)"))


_TOLD = frozenset(
    {ev.SpeechStarted, ev.SpeechStopped, ev.TalkPressed, ev.TalkReleased, ev.PlayoutStarted, ev.TimerFired}
)
_OBEYED = frozenset(
    {
        cmd.Synthesize,
        cmd.StartReply,
        cmd.CommitTurn,
        cmd.ConfirmReply,
        cmd.CancelReply,
        cmd.StartPlayout,
        cmd.ResumePlayout,
        cmd.PausePlayout,
        cmd.FlushPlayout,
        cmd.ReportHeard,
    }
)


def is_filler(command: cmd.Synthesize, policy: Policy) -> bool:
    """A phrase or a tone that covers a wait, before a reply or within it."""
    return command.sound in _SOUNDS or command.text in policy.fillers


def stalled_ms(stalls: Sequence[Stall], from_ms: int, to_ms: int) -> int:
    """How long vendors or we ourselves stood still around this time."""
    return sum(
        stall.duration_ms
        for stall in stalls
        if stall.at_ms < to_ms and stall.at_ms + stall.duration_ms > from_ms
    )


def _set_again(commands: Sequence[cmd.Command], timer: str) -> bool:
    return any(type(command) is cmd.SetTimer and command.timer == timer for command in commands)
