"""When both speak: from which moment on it is an interruption that the core knows of."""

from __future__ import annotations

from typing import Protocol

from antiphon.conversation import Conversation, Policy
from antiphon.conversation import commands as cmd
from antiphon.conversation import events as ev
from antiphon.conversation.policy import PUT_THROUGH
from tests.simulation.caller import Caller
from tests.simulation.line import Line
from tests.simulation.manners import Manners
from tests.simulation.vendors import Recogniser, Voice
from tests.simulation.wording import is_callers


class Parties(Protocol):
    now_ms: int
    policy: Policy
    caller: Caller
    line: Line
    recogniser: Recogniser
    voice: Voice
    conversation: Conversation
    manners: Manners


class Overlap:
    """Attributes:
    interruptions: Known at, caller speaks until, reply: from the first to the second it must be silent.
    """

    def __init__(self, world: Parties) -> None:
        self._world = world
        self.interruptions: list[tuple[int, int, str]] = []
        self._noticed_until_ms = -1  # End of the utterance whose onset the core was told.
        self._uninterruptible: set[str] = set()

    def starts(self, command: cmd.StartReply) -> None:
        ends_the_call = command.kind == "goodbye" and command.reason != "silence"
        if ends_the_call or (command.kind == "greeting" and self._world.policy.protect_greeting):
            self._uninterruptible.add(command.reply_id)

    def event(self, event: ev.AnyEvent) -> None:
        kind = type(event)
        if kind is ev.SpeechStarted and event.onset_ms == self._world.caller.onset_ms:  # type: ignore[union-attr]
            self._noticed_until_ms = self._world.caller.speaks_until_ms
        elif kind is ev.TalkPressed:
            self._interrupts(self._world.caller.speaks_until_ms)  # Before his first word.
        elif kind is ev.TranscriptPartial or kind is ev.TranscriptFinal:
            self._words(event)  # type: ignore[arg-type]

    def _words(self, event: ev.TranscriptPartial | ev.TranscriptFinal) -> None:
        """Words of the caller's own, told while he still speaks."""
        world = self._world
        until_ms = world.caller.speaks_until_ms
        current = event.segment == world.recogniser.segment
        if until_ms <= world.now_ms or until_ms != self._noticed_until_ms or not current:
            return
        if world.policy.turn.endpointing == "push_to_talk":
            return  # Without the button it is not for us.
        spoken = event.text.split()
        own = sum(map(is_callers, spoken))
        # One short word behind an echo of ours may be the echo misheard (decision 0010): the next one tells.
        if own > (len(spoken) > own):
            self._interrupts(until_ms)

    def _interrupts(self, until_ms: int) -> None:
        if self._world.conversation.state.waits is not None:
            return  # Who waits for a person has nobody to interrupt.
        manners, replies = self._world.manners, self._world.line.replies.values()
        # A filler that covers the wait for the rest of what must be heard gives way to nobody for good.
        rest_is_due = any(reply.deferred and manners.spans(reply, after=True) for reply in replies)
        for playing in replies:
            # An operator's order; nobody talks him out of it.
            ordered = self._world.voice.chunks.get(playing.id) == [PUT_THROUGH]
            spoken = playing.started and not playing.dead and not ordered
            must_be_heard = playing.id in self._uninterruptible or manners.spans(playing, after=True)
            if spoken and not must_be_heard and not (rest_is_due and playing.id[0] == "f"):
                self.interruptions.append((self._world.now_ms, until_ms, playing.id))
