"""Turns that were ended before the caller had finished.

Between two stretches of the caller's speech lies a pause, from the last sample of the one (`ended_ms`) to the
moment the other was noticed (`resumed_at_ms`). The caller had *not finished* at that pause when all of this
holds in the recording:

- he went on within `RESUMED_WITHIN_MS` of the pause's beginning, counted to the first sample;
- with words: transcripts after he went on have more words than those before;
- not in answer to the agent: no reply was sounding when the pause began, and if one began within it, then at
  most `REACTION_MS` before he went on. Nobody understands a first word and answers it in that time.

A turn is *cut off* when it is committed with the `ended_ms` of such a pause before `resumed_at_ms`. What the
caller meant is taken from the recording only, so that a recorded run and a what-if run are judged by the same
pauses. Turns ended by a key or by the talk button are the caller's own doing: their `ended_ms` is no pause's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from antiphon.conversation import commands as c
from antiphon.conversation import events as e
from antiphon.conversation.words import words
from antiphon.runtime.records.lines import CommandEntry, Entry, EventEntry

RESUMED_WITHIN_MS = 2000
REACTION_MS = 500


def unfinished_pauses(entries: Iterable[Entry]) -> dict[int, int]:
    """Pauses of a recording in which the caller had not finished: `ended_ms` to `resumed_at_ms`."""
    watch = _Watch()
    for entry in entries:
        if isinstance(entry, EventEntry):
            watch.event(entry.event)
    watch.settle()
    return watch.unfinished


def cut_offs(entries: Iterable[Entry], pauses: Mapping[int, int]) -> set[int]:
    """`ended_ms` of the turns of a run, recorded or simulated, that were cut off in one of `pauses`."""
    return {
        entry.command.ended_ms
        for entry in entries
        if isinstance(entry, CommandEntry)
        and isinstance(entry.command, c.CommitTurn)
        and entry.at_ms < pauses.get(entry.command.ended_ms, 0)
    }


class _Watch:
    """One pass over the events. `_pause` is (ended_ms, agent was sounding); `_candidate` waits for words."""

    def __init__(self) -> None:
        self.unfinished: dict[int, int] = {}
        self._pause: tuple[int, bool] | None = None
        self._candidate: tuple[int, int] | None = None
        self._words_before = 0
        self._texts: dict[int, int] = {}
        self._sounding: set[str] = set()
        self._began_at_ms: int | None = None

    def event(self, event: e.AnyEvent) -> None:
        match event:
            case e.SpeechStopped():
                self._pause = (event.ended_ms, bool(self._sounding))
                self._began_at_ms = None
            case e.SpeechStarted():
                self._resumed(event)
            case e.TranscriptPartial(guess=False) | e.TranscriptFinal():
                if event.text or event.segment not in self._texts:
                    self._texts[event.segment] = len(words(event.text))
            case e.PlayoutStarted():
                self._sounding.add(event.reply_id)
                if self._began_at_ms is None:
                    self._began_at_ms = event.at_ms
            case e.PlayoutFinished() | e.PlayoutFlushed():
                self._sounding.discard(event.reply_id)

    def settle(self) -> None:
        """Did he go on with words?"""
        if self._candidate is not None and sum(self._texts.values()) > self._words_before:
            ended_ms, resumed_at_ms = self._candidate
            self.unfinished[ended_ms] = resumed_at_ms
        self._candidate = None

    def _resumed(self, event: e.SpeechStarted) -> None:
        self.settle()
        if self._pause is None:
            return
        ended_ms, sounding = self._pause
        self._pause = None
        began = self._began_at_ms
        answers = sounding or (began is not None and event.onset_ms - began > REACTION_MS)
        if not answers and event.onset_ms - ended_ms <= RESUMED_WITHIN_MS:
            self._candidate = (ended_ms, event.at_ms)
            self._words_before = sum(self._texts.values())
