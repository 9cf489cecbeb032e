"""The caller's turns as items: where his voice began and ended, what was understood, what was typed."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

from antiphon.calls.realtime import items as shapes
from antiphon.calls.realtime.items import Items
from antiphon.calls.realtime.response import Emit
from antiphon.calls.realtime.wire import Refused, error
from antiphon.conversation import commands as cmd
from antiphon.conversation import events as ev

_TURNS_KEPT = 16  # Words that come after their turn was taken.


@dataclass(slots=True)
class _Turn:
    item_id: str
    onset_ms: int
    ended_ms: int
    text: str = ""


class CallersTurns:
    """Attributes: manual: the client ends the turns, and is told nothing of his voice. transcribes: it wants
    to know the words."""

    def __init__(self, emit: Emit, items: Items) -> None:
        self._emit, self._items = emit, items
        self.manual = False
        self.transcribes = True
        self._open: _Turn | None = None
        self._finals: dict[int, str] = {}
        self._told = ""  # Of the open turn, as deltas.
        self._committed: str | None = None  # The item of a buffer the client committed.
        self._typed = False
        self._taken: OrderedDict[int, _Turn] = OrderedDict()

    def committed(self) -> None:
        """The client ended its turn."""
        item_id = self._committed = self._items.new_id()
        self._add(shapes.spoken(item_id, None), committed=True)

    def wrote(self, item_id: str | None, text: str) -> str:
        """The client typed; gives the item's id."""
        item_id = item_id or self._items.new_id()
        self._add(shapes.written(item_id, text))
        return item_id

    def event(self, event: ev.AnyEvent) -> None:
        match event:
            case ev.SpeechStarted():
                turn = self._opened(event.onset_ms)
                if not self.manual:
                    at = {"audio_start_ms": max(0, event.onset_ms), "item_id": turn.item_id}
                    self._emit("input_audio_buffer.speech_started", at)
            case ev.SpeechStopped():
                turn = self._opened(event.ended_ms)
                turn.ended_ms = event.ended_ms
                if not self.manual:
                    at = {"audio_end_ms": max(0, event.ended_ms), "item_id": turn.item_id}
                    self._emit("input_audio_buffer.speech_stopped", at)
            case ev.TranscriptPartial() | ev.TranscriptFinal():
                self._finals[event.segment] = event.text
                self._delta()
            case ev.TextTyped():
                self._typed = True

    def command(self, at_ms: int, command: cmd.Command) -> None:
        match command:
            case cmd.CommitTurn():
                self._take(command)
            case cmd.AmendTurn():
                turn = self._taken.get(command.turn)
                if turn is not None:
                    turn.text = f"{turn.text} {command.text}".strip()
                    self._transcribed(turn)
            case cmd.NoteUtterance():
                self._noted(command)

    def _opened(self, at_ms: int) -> _Turn:
        if self._open is None:
            self._open = _Turn(self._items.new_id(), at_ms, at_ms)
        return self._open

    def _take(self, command: cmd.CommitTurn) -> None:
        typed, self._typed = self._typed, False
        turn = self._open or _Turn(self._items.new_id(), command.ended_ms, command.ended_ms)
        turn.text, turn.ended_ms = command.text, max(turn.onset_ms, command.ended_ms)
        self._reset()
        if typed:
            return  # What was typed is an item already.
        if self._committed is not None:
            turn.item_id, self._committed = self._committed, None
        else:
            self._add(shapes.spoken(turn.item_id, None), committed=True)
        self._taken[command.turn] = turn
        while len(self._taken) > _TURNS_KEPT:
            self._taken.popitem(last=False)
        if turn.text:
            self._transcribed(turn)

    def _noted(self, command: cmd.NoteUtterance) -> None:
        typed, self._typed = self._typed, False
        if typed:
            text = "the agent is saying what must be heard first: send it again after response.done"
            self._emit("error", {"error": error(Refused("not_taken", text, "item.content"), None)})
            return
        self._finals.clear()
        self._told = ""

    def _reset(self) -> None:
        self._open, self._told = None, ""
        self._finals.clear()

    def _delta(self) -> None:
        """Deltas add up and a recogniser changes its mind: only what it says again and more of is told."""
        text = " ".join(filter(None, (self._finals[segment] for segment in sorted(self._finals))))
        if self._open is None or not self.transcribes or self.manual:
            return
        if text != self._told and text.startswith(self._told):
            at = {"item_id": self._open.item_id, "content_index": 0, "delta": text[len(self._told) :]}
            self._emit("conversation.item.input_audio_transcription.delta", at)
            self._told = text

    def _transcribed(self, turn: _Turn) -> None:
        kept = self._items.get(turn.item_id)
        if kept is not None:
            kept["content"] = [{"type": "input_audio", "transcript": turn.text}]
        if self.transcribes:
            at: dict[str, Any] = {"item_id": turn.item_id, "content_index": 0, "transcript": turn.text}
            seconds = (turn.ended_ms - turn.onset_ms) / 1000
            self._emit(
                "conversation.item.input_audio_transcription.completed",
                {**at, "usage": {"type": "duration", "seconds": seconds}},
            )

    def _add(self, shape: dict[str, Any], *, committed: bool = False) -> None:
        before = self._items.last
        if committed:
            told = {"item_id": shape["id"], "previous_item_id": before}
            self._emit("input_audio_buffer.committed", told)
        self._items.add(shape)
        self._emit("conversation.item.added", {"item": shape, "previous_item_id": before})
        self._emit("conversation.item.done", {"item": shape, "previous_item_id": before})
