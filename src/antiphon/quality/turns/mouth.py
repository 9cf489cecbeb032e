"""An agent that says one thing on virtual time: what the core may tell it, and what it answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from antiphon.conversation import commands as cmd
from antiphon.conversation import events as ev
from antiphon.quality.turns.virtual import VirtualLoop

_MARK_MS = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentence:
    """What the agent says and how long that takes."""

    text: str
    duration_ms: int


class Mouth:
    """Playout of replies without samples: heard so far is a matter of time."""

    def __init__(self, loop: VirtualLoop, sentence: Sentence, post: Callable[[ev.Event], None]) -> None:
        self._loop, self._sentence, self._post = loop, sentence, post
        self._heard: dict[str, int] = {}
        self._since: dict[str, int] = {}
        self._sounded: list[tuple[int, int, int]] = []  # From, until, from where in the sentence, ms.

    def reply(self, reply_id: str) -> None:
        """The words of a reply are here, all at once."""
        self._soon(ev.ReplyText(at_ms=0, reply_id=reply_id, index=0, text=self._sentence.text))
        self._soon(ev.ReplyFinished(at_ms=0, reply_id=reply_id))

    def carry_out(self, command: cmd.Command) -> None:
        match command:
            case cmd.Synthesize():
                made = ev.ChunkSynthesized(
                    at_ms=0,
                    reply_id=command.reply_id,
                    index=command.index,
                    duration_ms=self._sentence.duration_ms,
                )
                self._soon(made)
            case cmd.StartPlayout():
                self._heard[command.reply_id] = 0
                self._soon(ev.PlayoutStarted(at_ms=0, reply_id=command.reply_id))
                self._go_on(command.reply_id)
            case cmd.ResumePlayout():
                heard_ms = self._heard[command.reply_id]
                self._heard[command.reply_id] = max(0, heard_ms - command.rewind_ms)
                self._go_on(command.reply_id)
            case cmd.PausePlayout():
                heard_ms = self._stop(command.reply_id)
                self._soon(ev.PlayoutPaused(at_ms=0, reply_id=command.reply_id, heard_ms=heard_ms))
            case cmd.FlushPlayout():
                heard_ms = self._stop(command.reply_id)
                self._soon(ev.PlayoutFlushed(at_ms=0, reply_id=command.reply_id, heard_ms=heard_ms))

    def sounded(self) -> list[tuple[int, int, int]]:
        """(from, until, position in the sentence) of what was played so far, ms of call time."""
        now_ms = self._loop.now_ms
        open_ones = [(since_ms, now_ms, self._heard[reply]) for reply, since_ms in self._since.items()]
        return [*self._sounded, *open_ones]

    def _go_on(self, reply_id: str) -> None:
        now_ms = self._since[reply_id] = self._loop.now_ms
        left_ms = self._sentence.duration_ms - self._heard[reply_id]
        self._loop.at_ms(now_ms + left_ms, lambda: self._finish(reply_id, now_ms))
        self._loop.at_ms(now_ms + _MARK_MS, lambda: self._mark(reply_id, now_ms))

    def _mark(self, reply_id: str, since_ms: int) -> None:
        """Without proof of playout the core would take the line for stuck."""
        if self._since.get(reply_id) == since_ms:
            heard_ms = self._heard[reply_id] + self._loop.now_ms - since_ms
            self._post(ev.PlayoutMark(at_ms=0, reply_id=reply_id, heard_ms=heard_ms))
            self._loop.at_ms(self._loop.now_ms + _MARK_MS, lambda: self._mark(reply_id, since_ms))

    def _finish(self, reply_id: str, since_ms: int) -> None:
        if self._since.get(reply_id) == since_ms:
            self._post(ev.PlayoutFinished(at_ms=0, reply_id=reply_id, heard_ms=self._stop(reply_id)))

    def _stop(self, reply_id: str) -> int:
        since_ms = self._since.pop(reply_id, None)
        if since_ms is not None:
            self._sounded.append((since_ms, self._loop.now_ms, self._heard[reply_id]))
            self._heard[reply_id] += self._loop.now_ms - since_ms
        return self._heard.get(reply_id, 0)

    def _soon(self, event: ev.Event) -> None:
        self._loop.call_soon(self._post, event)
