"""What a screen beside the line is shown, derived from the same events and commands as the trace."""

from __future__ import annotations

from collections.abc import Mapping

from antiphon.conversation import commands as cmd
from antiphon.conversation import events as ev
from antiphon.conversation.markup import without_markup
from antiphon.runtime.arrivals import CallerView, CallWatch


def watching(view: CallerView | CallWatch | None) -> CallWatch:
    """Who is told what happens: the line itself, where it wants to know everything, else a screen."""
    return view if isinstance(view, CallWatch) else Screen(view)


class Screen:
    """Feeds one `CallerView`; does nothing when nobody looks.

    Latency of a turn is the caller's view: from the last speech sample to the first agent sample.
    """

    def __init__(self, view: CallerView | None) -> None:
        self._view = view
        self._phase = ""
        self._texts: dict[str, str] = {}
        self._tools: dict[str, str] = {}
        self._partials: dict[int, str] = {}
        self._turn = 0
        self._amended = ""
        self._ended_ms = 0
        self._stages: dict[str, int] = {}
        self._started: dict[str, int] = {}

    def phase(self, phase: str) -> None:
        if self._view is not None and phase != self._phase:
            self._phase = phase
            self._view.show({"type": "state", "phase": phase})

    def picture(self, *, shown: bool) -> None:
        """The caller showed one. Only a model that hears and speaks by itself, and sees, can look at it."""
        if self._view is not None:
            reason = "" if shown else "this agent cannot see"
            self._view.show({"type": "picture", "shown": shown, "reason": reason})

    def event(self, event: ev.AnyEvent) -> None:
        if self._view is None:
            return
        match event:
            case ev.TranscriptPartial() | ev.TranscriptFinal():
                self._partials[event.segment] = event.text
                self._caller(final=False)
                if isinstance(event, ev.TranscriptFinal):
                    self._stages["transcript"] = event.took_ms
            case ev.ReplyText():
                so_far = self._texts.get(event.reply_id, "")
                self._texts[event.reply_id] = f"{so_far} {without_markup(event.text)}".strip()
                if event.index == 0:
                    self._stages["reply"] = event.at_ms - self._started.get(event.reply_id, event.at_ms)
            case ev.ChunkSynthesized(index=0):
                self._stages["voice"] = event.ttfb_ms
            case ev.PlayoutStarted():
                self._agent(event)
            case ev.ToolFinished():
                name = self._tools.pop(event.tool_call_id, "")
                self._view.show({"type": "tool", "name": name, "ok": event.ok})

    def command(self, at_ms: int, command: cmd.Command) -> None:
        if self._view is None:
            return
        match command:
            case cmd.CommitTurn():
                self._turn, self._ended_ms = command.turn, command.ended_ms
                self._stages["endpointing"] = at_ms - command.ended_ms
                self._partials = {0: command.text}
                self._amended = command.text
                if command.text:
                    self._caller(final=True)
                self._partials = {}
            case cmd.AmendTurn():
                self._amended = f"{self._amended} {command.text}".strip()
                self._partials = {0: self._amended}
                self._caller(final=True)
                self._partials = {}
                self._caller(final=False)  # They were shown as the beginning of the next turn.
            case cmd.NoteUtterance():
                self._partials = {}
            case cmd.StartReply():
                self._started[command.reply_id] = at_ms
            case cmd.Synthesize() if command.reply_id.startswith("f") or command.reply_id not in self._texts:
                self._texts.setdefault(command.reply_id, without_markup(command.text))
            case cmd.ReportHeard():
                self._texts.pop(command.reply_id, None)
                self._view.show(
                    {
                        "type": "agent_heard",
                        "reply": command.reply_id,
                        "text": command.text,
                        "complete": command.complete,
                    }
                )
            case cmd.RunTool():
                self._tools[command.tool_call_id] = command.name
            case cmd.EndCall():
                self._view.show({"type": "end", "cause": command.cause})

    def note(self, type: str, fields: Mapping[str, object]) -> None:  # noqa: A002 - the trace's own word
        """Nothing a screen shows."""

    def _caller(self, *, final: bool) -> None:
        assert self._view is not None
        text = " ".join(self._partials[segment] for segment in sorted(self._partials)).strip()
        turn = self._turn if final else self._turn + 1
        self._view.show({"type": "caller", "text": text, "final": final, "turn": turn})

    def _agent(self, event: ev.PlayoutStarted) -> None:
        assert self._view is not None
        text = self._texts.get(event.reply_id, "")
        self._view.show({"type": "agent", "reply": event.reply_id, "text": text})
        if self._ended_ms and event.reply_id.startswith("r"):
            self._view.show(
                {
                    "type": "latency",
                    "turn": self._turn,
                    "total_ms": event.at_ms - self._ended_ms,
                    "stages": dict(self._stages),
                }
            )
            self._ended_ms = 0
            self._stages = {}
