"""What the core does, told to the client: a `CallWatch` that makes server events of events and commands.

Everything here is derived; nothing decides. A reply that is only drafted is not told of.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from antiphon.calls.realtime.hearing import CallersTurns
from antiphon.calls.realtime.items import Items
from antiphon.calls.realtime.response import Emit, Response, SpokenItem, Usage
from antiphon.calls.realtime.tools import ClientTools
from antiphon.conversation import commands as cmd
from antiphon.conversation import events as ev
from antiphon.conversation.markup import without_markup

_REPLIES_KEPT = 8  # Words of drafts that came to nothing.


class Telling:
    """Implements `runtime.arrivals.CallWatch`.

    Args:
        functions: Names of the tools the client runs.
        idle: Told whenever a reply is over.
    """

    def __init__(
        self,
        emit: Emit,
        items: Items,
        tools: ClientTools,
        *,
        functions: Callable[[], frozenset[str]],
        audio: Callable[[], Mapping[str, Any]],
        idle: Callable[[], None],
    ) -> None:
        self._emit, self._items, self._tools = emit, items, tools
        self._functions, self._audio, self._idle = functions, audio, idle
        self.turns = CallersTurns(emit, items)
        self.client_cancelled = False
        self.response: Response | None = None
        self._responses = 0
        self._words: dict[str, list[str]] = {}  # Of replies that are not certain yet.
        self._used: dict[str, Usage] = {}  # By drafts, and before their response began.
        self._certain: set[str] = set()
        self._failed: set[str] = set()
        self._playing = ""
        self._drafted: dict[str, list[cmd.RunTool]] = {}
        self._early: dict[str, ev.ToolFinished] = {}
        self._running: dict[str, tuple[Response, tuple[str, int]]] = {}

    def sounds(self) -> SpokenItem:
        """Whose audio it is that goes out now."""
        return self._of(self._playing).sounds(self._playing)

    # ---------------------------------------------------------------- CallWatch

    def event(self, event: ev.AnyEvent) -> None:
        self.turns.event(event)
        match event:
            case ev.ReplyFailed():
                self._failed.add(event.reply_id)
            case ev.ToolFinished():
                running = self._running.pop(event.tool_call_id, None)
                if running is not None:
                    running[0].ran(running[1], event.result, ok=event.ok)
                elif event.tool_call_id.split(".", 1)[0] in self._drafted:
                    self._early[event.tool_call_id] = event

    def command(self, at_ms: int, command: cmd.Command) -> None:
        self.turns.command(at_ms, command)
        match command:
            case cmd.StartReply():
                if not command.speculative:
                    self._begins(command.reply_id)
            case cmd.ConfirmReply():
                self._begins(command.reply_id)
            case cmd.Synthesize():
                if not command.sound:
                    self._says(command.reply_id, without_markup(command.text))
            case cmd.StartPlayout():
                self._begins(command.reply_id)
                self._playing = command.reply_id
            case cmd.CancelReply():
                self._words.pop(command.reply_id, None)
                self._drafted.pop(command.reply_id, None)
            case cmd.RunTool():
                self._runs(command)
            case cmd.ReportHeard():
                self._heard(command)
            case cmd.EndCall():
                self._end("completed")

    def note(self, type: str, fields: Mapping[str, object]) -> None:  # noqa: A002 - the trace's own word
        reply_id = fields.get("reply")
        if type != "usage" or not isinstance(reply_id, str):
            return
        if self.response is not None and reply_id == self.response.reply_id:
            self.response.usage.take(fields)
            return
        self._used.setdefault(reply_id, Usage()).take(fields)
        while len(self._used) > _REPLIES_KEPT:
            self._used.pop(next(iter(self._used)))

    def phase(self, phase: str) -> None:
        """The protocol knows no phases."""

    def picture(self, *, shown: bool) -> None:
        """The protocol's pictures are refused before they get here."""

    # ---------------------------------------------------------------- replies

    def _begins(self, reply_id: str) -> None:
        """From now on it is certain that this will be heard."""
        if reply_id in self._certain:
            return
        self._certain.add(reply_id)
        response = self.response
        if response is not None and not _is_filler(reply_id) and not _is_filler(response.reply_id):
            self._end("cancelled", self._why_cut())  # How much of it was heard is told a moment later.
        self._of(reply_id)
        for command in self._drafted.pop(reply_id, []):
            self._runs(command)
            if (ran := self._early.pop(command.tool_call_id, None)) is not None:
                self.event(ran)
        if not self._drafted:
            self._early.clear()  # Of drafts that came to nothing.
        for words in self._words.pop(reply_id, []):
            self._says(reply_id, words)

    def _open(self, reply_id: str) -> Response:
        self._responses += 1
        self.response = Response(self._responses, reply_id, self._emit, self._items, self._audio())
        return self.response

    def _of(self, reply_id: str) -> Response:
        """The response this reply goes on in: what it covers a filler's becomes its own."""
        response = self.response or self._open(reply_id)
        if _is_filler(response.reply_id):
            response.reply_id = reply_id
        if reply_id == response.reply_id and (used := self._used.pop(reply_id, None)) is not None:
            response.usage.take(used.amounts)
        return response

    def _says(self, reply_id: str, words: str) -> None:
        if not words:
            return
        if reply_id in self._certain:
            self._of(reply_id).say(reply_id, words)
            return
        self._words.setdefault(reply_id, []).append(words)
        while len(self._words) > _REPLIES_KEPT:
            self._words.pop(next(iter(self._words)))

    def _heard(self, command: cmd.ReportHeard) -> None:
        reply_id, response = command.reply_id, self.response
        self._certain.discard(reply_id)
        self._words.pop(reply_id, None)
        failed = reply_id in self._failed
        self._failed.discard(reply_id)
        if response is not None:
            response.heard(reply_id, command.text, complete=command.complete)
        if response is not None and response.reply_id == reply_id:
            how = "failed" if failed else "completed" if command.complete else "cancelled"
            self._end(how, self._why_cut() if how == "cancelled" else "")
        if not _is_filler(reply_id):
            self._idle()

    def _why_cut(self) -> str:
        return "client_cancelled" if self.client_cancelled else "turn_detected"

    def _end(self, status: str, reason: str = "") -> None:
        response, self.response = self.response, None
        if response is not None:
            response.end(status, reason)

    # ---------------------------------------------------------------- tools

    def _runs(self, command: cmd.RunTool) -> None:
        reply_id = command.tool_call_id.split(".", 1)[0]
        ours = command.name not in self._functions()
        if ours and reply_id not in self._certain:
            self._drafted.setdefault(reply_id, []).append(command)  # Told when the draft becomes certain.
            while len(self._drafted) > _REPLIES_KEPT:
                self._drafted.pop(next(iter(self._drafted)))
            return
        response = self._of(reply_id)
        if ours:
            self._running[command.tool_call_id] = (response, response.runs(command.name, command.arguments))
            return
        call_id = self._tools.asked(command)
        response.asks(call_id, command.name, command.arguments)
        # As the protocol has it: a response ends with its calls, and their outputs begin the next.
        self._end("completed")

    def closed(self) -> None:
        """Nobody listens any more."""
        self.response = None
        self._running.clear()


def _is_filler(reply_id: str) -> bool:
    return reply_id.startswith("f")
