"""Scenes that several tests begin with: the agent in the middle of a reply, heard up to a moment."""

from __future__ import annotations

from collections.abc import Sequence

from tests.unit.conversation.script import Script

from antiphon.conversation import Policy
from antiphon.conversation import commands as cmd
from antiphon.conversation import events as ev

MS_PER_CHARACTER = 60
MARK_MS = 200


class Scene(Script):
    """A call whose line plays: `play` lets a reply be heard, with marks, and keeps where it stands."""

    def __init__(self, policy: Policy | None = None) -> None:
        super().__init__(policy)
        self.heard_ms = 0

    def gives(
        self,
        reply_id: str,
        *chunks: str,
        protected: Sequence[str] = (),
        expects: str = "",
        then: str = "",
        cause: str = "goal_reached",
        finishes: bool = True,
        made: bool = True,
    ) -> list[cmd.Command]:
        """The reasoner gives (more) chunks, those in `protected` to be heard to their end."""
        state = self.conversation.state
        live = next(r for r in (state.reply, state.draft) if r is not None and r.id == reply_id)
        seen: list[cmd.Command] = []
        for text in chunks:
            index = len(live.chunks)
            seen += self.step(
                ev.ReplyText(
                    at_ms=self.now_ms,
                    reply_id=reply_id,
                    index=live.given,
                    text=text,
                    uninterruptible=text in protected,
                )
            )
            if made:
                seen += self.made(reply_id, index, MS_PER_CHARACTER * len(text))
        if expects:
            seen += self.step(ev.AnswerExpected(at_ms=self.now_ms, reply_id=reply_id, kind=expects))
        if finishes:
            seen += self.step(ev.ReplyFinished(at_ms=self.now_ms, reply_id=reply_id, then=then, cause=cause))
        return seen

    def made(
        self, reply_id: str, index: int, duration_ms: int, word_ends_ms: tuple[int, ...] = ()
    ) -> list[cmd.Command]:
        """The voice has all audio of a chunk."""
        return self.step(
            ev.ChunkSynthesized(
                at_ms=self.now_ms,
                reply_id=reply_id,
                index=index,
                duration_ms=duration_ms,
                word_ends_ms=word_ends_ms,
            )
        )

    def asked(self, text: str = "What are your hours?") -> str:
        """The caller asks; gives the id of the reply that is wanted now."""
        self.says(text)
        self.wait(300)
        self.segment += 1
        self.heard_ms = 0
        return self.last(cmd.ConfirmReply).reply_id

    def play(self, reply_id: str, duration_ms: int) -> list[cmd.Command]:
        """So much more of it is heard, while it is not paused; a mark every 200 ms."""
        seen: list[cmd.Command] = []
        while duration_ms > 0:
            part_ms = min(MARK_MS, duration_ms)
            seen += self.wait(part_ms)
            duration_ms -= part_ms
            self.heard_ms += part_ms
            seen += self.step(ev.PlayoutMark(at_ms=self.now_ms, reply_id=reply_id, heard_ms=self.heard_ms))
        return seen

    def paused(self, reply_id: str) -> list[cmd.Command]:
        return self.step(ev.PlayoutPaused(at_ms=self.now_ms, reply_id=reply_id, heard_ms=self.heard_ms))

    def flushed(self) -> list[cmd.Command]:
        """The line answers the last flush."""
        reply_id = self.last(cmd.FlushPlayout).reply_id
        return self.step(ev.PlayoutFlushed(at_ms=self.now_ms, reply_id=reply_id, heard_ms=self.heard_ms))

    def ends(self, reply_id: str, heard_ms: int | None = None) -> list[cmd.Command]:
        """The far end has played its last sample."""
        return self.heard_out(reply_id, self.heard_ms if heard_ms is None else heard_ms)

    def notes(self) -> list[tuple[str, str]]:
        return [(c.kind, c.text) for c in self.commands if isinstance(c, cmd.NoteUtterance)]

    def reports(self, reply_id: str) -> list[cmd.ReportHeard]:
        return [c for c in self.commands if isinstance(c, cmd.ReportHeard) and c.reply_id == reply_id]


def speaking(
    *chunks: str,
    heard_ms: int = 1000,
    policy: Policy | None = None,
    protected: Sequence[str] = (),
    expects: str = "",
    then: str = "",
    finishes: bool = True,
) -> tuple[Scene, str]:
    """The agent answers a question with these chunks and has been heard for `heard_ms`."""
    scene = Scene(policy)
    scene.greeted()
    reply_id = scene.asked()
    chunks = chunks or ("We open at eight.", "We close at five.", "On Friday we close at noon.")
    scene.gives(reply_id, *chunks, protected=protected, expects=expects, then=then, finishes=finishes)
    scene.audible(reply_id)
    scene.play(reply_id, heard_ms)
    return scene, reply_id
