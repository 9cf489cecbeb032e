"""Drives one conversation by hand: says what happens, keeps what was asked for."""

from __future__ import annotations

from typing import TypeVar

from antiphon.conversation import Conversation, Policy
from antiphon.conversation import events as ev
from antiphon.conversation.commands import Command

C = TypeVar("C", bound=Command)


class Script:
    """A call at its beginning; every method happens at `now_ms` and adds to `commands`."""

    def __init__(self, policy: Policy | None = None) -> None:
        self.conversation = Conversation(policy or Policy())
        self.now_ms = 0
        self.commands: list[Command] = []
        self.segment = 0
        self.step(ev.CallStarted(at_ms=0, call_id="call", agent="a", line="loopback", wall_time_ms=0))

    def step(self, event: ev.AnyEvent) -> list[Command]:
        commands = self.conversation.step(event)
        self.commands += commands
        return commands

    def wait(self, duration_ms: int) -> list[Command]:
        """Let time pass; timers that come due fire in order."""
        end_ms = self.now_ms + duration_ms
        seen: list[Command] = []
        while True:
            due = [(at, name) for name, at in self.conversation.state.timers.items() if at <= end_ms]
            if not due:
                break
            self.now_ms, name = min(due)
            seen += self.step(ev.TimerFired(at_ms=self.now_ms, timer=name))
        self.now_ms = end_ms
        return seen

    def last(self, kind: type[C]) -> C:
        return [command for command in self.commands if isinstance(command, kind)][-1]

    def count(self, kind: type[C]) -> int:
        return sum(isinstance(command, kind) for command in self.commands)

    @property
    def phase(self) -> str:
        return self.conversation.phase.value

    # ---------------------------------------------------------------- the agent

    def reply_text(self, reply_id: str, *chunks: str, then: str = "", expects: str = "") -> list[Command]:
        """The reasoner gives the whole reply and the voice all its audio (60 ms a character)."""
        seen: list[Command] = []
        for index, text in enumerate(chunks):
            seen += self.step(ev.ReplyText(at_ms=self.now_ms, reply_id=reply_id, index=index, text=text))
        if expects:
            seen += self.step(ev.AnswerExpected(at_ms=self.now_ms, reply_id=reply_id, kind=expects))
        seen += self.step(
            ev.ReplyFinished(at_ms=self.now_ms, reply_id=reply_id, then=then, cause="goal_reached")
        )
        for index, text in enumerate(chunks):
            seen += self.step(
                ev.ChunkSynthesized(
                    at_ms=self.now_ms, reply_id=reply_id, index=index, duration_ms=60 * len(text)
                )
            )
        return seen

    def audible(self, reply_id: str) -> list[Command]:
        return self.step(ev.PlayoutStarted(at_ms=self.now_ms, reply_id=reply_id))

    def heard_out(self, reply_id: str, heard_ms: int = 2000) -> list[Command]:
        return self.step(ev.PlayoutFinished(at_ms=self.now_ms, reply_id=reply_id, heard_ms=heard_ms))

    def greeted(self, *, expects: str = "") -> None:
        """The greeting was said and heard; the caller has the floor."""
        self.reply_text("r1", "Hello, how can I help?", expects=expects)
        self.audible("r1")
        self.now_ms += 2000
        self.heard_out("r1")

    # ---------------------------------------------------------------- the caller

    def voice(self) -> list[Command]:
        return self.step(ev.SpeechStarted(at_ms=self.now_ms, onset_ms=max(0, self.now_ms - 70)))

    def pause(self) -> list[Command]:
        """The caller stopped 100 ms ago."""
        return self.step(ev.SpeechStopped(at_ms=self.now_ms, ended_ms=self.now_ms - 100))

    def partial(self, text: str) -> list[Command]:
        return self.step(ev.TranscriptPartial(at_ms=self.now_ms, segment=self.segment, text=text))

    def final(self, text: str) -> list[Command]:
        return self.step(ev.TranscriptFinal(at_ms=self.now_ms, segment=self.segment, text=text))

    def score(self, score: float) -> list[Command]:
        turn = self.conversation.state.turn
        assert turn is not None
        return self.step(ev.EndOfTurnScored(at_ms=self.now_ms, ended_ms=turn.ended_ms, score=score))

    def says(self, text: str, *, score: float = 0.9, duration_ms: int = 1000) -> list[Command]:
        """A whole utterance with its final transcript and score, 100 ms after its end."""
        seen = self.voice()
        self.now_ms += duration_ms
        seen += self.pause()
        self.now_ms += 60
        seen += self.final(text)
        return seen + self.score(score)

    def keys(self, digits: str, *, gap_ms: int = 300) -> list[Command]:
        """Keys one after the other; the last is pressed at `now_ms`."""
        seen = self.step(ev.DtmfReceived(at_ms=self.now_ms, digit=digits[0]))
        for digit in digits[1:]:
            seen += self.wait(gap_ms)
            seen += self.step(ev.DtmfReceived(at_ms=self.now_ms, digit=digit))
        return seen

    def signal(self, moment: str, text: str = "") -> list[Command]:
        """The recogniser's own turn event."""
        return self.step(ev.TurnSignalled(at_ms=self.now_ms, moment=moment, text=text))

    def talk(self) -> list[Command]:
        return self.step(ev.TalkPressed(at_ms=self.now_ms))

    def let_go(self) -> list[Command]:
        return self.step(ev.TalkReleased(at_ms=self.now_ms))
