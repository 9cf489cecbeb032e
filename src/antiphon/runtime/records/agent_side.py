"""The agent's side of a recorded call, answering commands again with the delays it once had."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import count
from statistics import median

import msgspec

from antiphon.conversation import commands as c
from antiphon.conversation import events as e
from antiphon.runtime.records.lines import CommandEntry, Entry, EventEntry
from antiphon.runtime.records.story import CallStory, ToolStory, tell
from antiphon.runtime.records.takes import Takes

_REPLY_EVENTS = (
    e.ReplyText | e.AnswerExpected | e.TurnUnderstood | e.ReplyFinished | e.ReplyFailed | e.ToolRequested
)
# For a phrase the recording never spoke: a usual first byte, and a usual speaking rate.
# How often the line proves that it plays; the core takes a silent line for a stuck one.
_MARK_EVERY_MS = 500
_UNKNOWN_TTFB_MS, _UNKNOWN_MS_PER_CHARACTER = 80, 65


@dataclass(frozen=True, slots=True)
class Due:
    """An event that will happen, unless the playout it tells of is paused or flushed (`version`) before."""

    event: e.AnyEvent
    version: int = 0


@dataclass(slots=True, kw_only=True)
class _Recorded:
    """One recorded reply: what it did, each with the delay after its start or after a tool's result."""

    kind: str
    text: str
    started_at_ms: int
    steps: list[tuple[str, int, _REPLY_EVENTS]] = field(default_factory=list)  # tool or "", delay, event
    given_up: bool = False

    @property
    def said(self) -> bool:
        return any(not isinstance(step[2], e.ToolRequested) for step in self.steps)

    @property
    def unknown(self) -> bool:
        """Given up before it could say anything: nobody knows what it would have been."""
        return self.given_up and not self.said


@dataclass(slots=True, kw_only=True)
class _Playout:
    """A reply's audio in the simulated call. Every pause, flush and plan makes older plans void (`version`),
    every start and stop older marks (`run`). `heard_ms` is what was heard before `running_since_ms`."""

    ready_ms: dict[int, int] = field(default_factory=dict)
    durations_ms: dict[int, int] = field(default_factory=dict)
    started: bool = False
    chunks: int | None = None
    wanted: bool = False
    running_since_ms: int | None = None
    heard_ms: int = 0
    version: int = 0
    run: int = 0


class AgentSide:
    """Answers commands with events, from a recording of the reasoner, the voice, the line and the tools."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        recording = list(entries)
        self._story: CallStory = tell(recording)
        self._replies: dict[str, _Recorded] = {}
        self._takes = Takes()
        self._playouts: dict[str, _Playout] = {}
        self._waiting: dict[str, list[tuple[int, _REPLY_EVENTS]]] = {}  # tool call -> what follows its result
        self._tool_of: dict[str, str] = {}  # simulated tool call -> recorded one
        self._copies = count(1)
        self._learn(recording)
        delays = [
            reply.audible_at_ms - max(reply.play_at_ms, reply.first_audio_at_ms)
            for reply in self._story.replies.values()
            if reply.audible_at_ms and reply.play_at_ms is not None and reply.first_audio_at_ms is not None
        ]
        self._line_delay_ms = max(0, int(median(delays))) if delays else 20

    def still_true(self, due: Due) -> bool:
        if isinstance(due.event, e.PlayoutStarted | e.PlayoutFinished):
            return self._playouts[due.event.reply_id].version == due.version
        if isinstance(due.event, e.PlayoutMark):
            return self._playouts[due.event.reply_id].run == due.version
        return True

    def happened(self, event: e.AnyEvent) -> list[Due]:
        """An event's own consequences on this side."""
        if isinstance(event, e.PlayoutStarted):
            playout = self._playouts[event.reply_id]
            playout.started = True
            return self._go(event.at_ms, event.reply_id, playout)
        if isinstance(event, e.PlayoutMark):
            return [_next_mark(event.at_ms, event.reply_id, self._playouts[event.reply_id])]
        if isinstance(event, e.PlayoutFinished):
            self._playouts[event.reply_id].run += 1
            return []
        if isinstance(event, e.ChunkSynthesized):
            playout = self._playouts[event.reply_id]
            playout.durations_ms[event.index] = event.duration_ms
            return self._plan_end(event.at_ms, event.reply_id, playout)
        if isinstance(event, e.ToolFinished):
            return self._after_tool(event.tool_call_id, event.at_ms)
        return []

    def carry_out(self, now_ms: int, command: c.Command) -> list[Due]:
        match command:
            case c.StartReply():
                return self._start(now_ms, command)
            case c.Synthesize():
                return self._synthesize(now_ms, command)
            case c.RunTool():
                recorded = self._story.tools[self._tool_of[command.tool_call_id]]
                if recorded.run_at_ms is not None and recorded.finished_at_ms is None:
                    return []  # It never answered.
                finished = e.ToolFinished(
                    at_ms=now_ms + _took_ms(recorded),
                    tool_call_id=command.tool_call_id,
                    ok=bool(recorded.ok),
                    result=recorded.result,
                    took_ms=recorded.took_ms,
                )
                return [Due(finished)]
            case c.ReuseToolResult():
                return self._after_tool(command.tool_call_id, now_ms)
            case (
                c.StartPlayout()
                | c.DeferPlayout()
                | c.FinishPlayout()
                | c.PausePlayout()
                | c.ResumePlayout()
                | c.FlushPlayout()
            ):
                return self._play(now_ms, command)
        return []

    def _learn(self, entries: list[Entry]) -> None:
        anchor: dict[str, tuple[str, int]] = {}  # reply -> (tool whose result it goes on from, moment)
        tool_reply: dict[str, str] = {}
        last: e.Event | None = None
        for entry in entries:
            value = entry.event if isinstance(entry, EventEntry) else None
            last = value or last
            if isinstance(entry, CommandEntry) and isinstance(entry.command, c.StartReply):
                start = entry.command
                self._replies[start.reply_id] = _Recorded(
                    kind=start.kind, text=start.text, started_at_ms=entry.at_ms
                )
                anchor[start.reply_id] = ("", entry.at_ms)
            elif isinstance(entry, CommandEntry) and isinstance(entry.command, c.CancelReply):
                waited = isinstance(last, e.TimerFired) and last.timer == "reply_deadline"
                if entry.command.reply_id in self._replies:
                    self._replies[entry.command.reply_id].given_up = not waited
                    # What was under way then comes in pieces, or not at all.
                    anchor.pop(entry.command.reply_id, None)
            elif isinstance(entry, CommandEntry) and isinstance(entry.command, c.Synthesize):
                self._takes.asked(
                    entry.at_ms, entry.command.reply_id, entry.command.index, entry.command.text
                )
            elif isinstance(value, e.ChunkSynthesized):
                self._takes.came(value)
            elif isinstance(value, e.ToolFinished) and value.tool_call_id in tool_reply:
                # Told twice, it is the first that the reply goes on from.
                reply_id = tool_reply.pop(value.tool_call_id)
                if reply_id in anchor:
                    anchor[reply_id] = (value.tool_call_id, value.at_ms)
            elif isinstance(value, _REPLY_EVENTS) and value.reply_id in anchor:
                tool, since_ms = anchor[value.reply_id]
                self._replies[value.reply_id].steps.append((tool, value.at_ms - since_ms, value))
                if isinstance(value, e.ToolRequested):
                    tool_reply[value.tool_call_id] = value.reply_id

    def _start(self, now_ms: int, command: c.StartReply) -> list[Due]:
        recorded = self._match(now_ms, command)
        if recorded is None:
            reason = "the recording has no such reply"
            return [Due(e.ReplyFailed(at_ms=now_ms, reply_id=command.reply_id, reason=reason))]
        copy = f"{command.reply_id}.{next(self._copies)}"
        dues = []
        for tool, delay_ms, event in recorded.steps:
            again = msgspec.structs.replace(event, reply_id=command.reply_id)
            if isinstance(again, e.ToolRequested):
                self._tool_of[f"{copy}.{again.tool_call_id}"] = again.tool_call_id
                again = msgspec.structs.replace(again, tool_call_id=f"{copy}.{again.tool_call_id}")
            if tool:
                self._waiting.setdefault(f"{copy}.{tool}", []).append((delay_ms, again))
            else:
                dues.append(Due(msgspec.structs.replace(again, at_ms=now_ms + delay_ms)))
        return dues

    def _match(self, now_ms: int, command: c.StartReply) -> _Recorded | None:
        """The recorded reply to the same words, if only that it never came; else the nearest in time of the
        same kind that said something."""
        alike = [reply for reply in self._replies.values() if reply.kind == command.kind]
        words = command.text.strip().lower()
        same = [reply for reply in alike if reply.text.strip().lower() == words and not reply.unknown]
        alike = [reply for reply in alike if reply.said]
        return min(same or alike, key=lambda reply: abs(reply.started_at_ms - now_ms), default=None)

    def _synthesize(self, now_ms: int, command: c.Synthesize) -> list[Due]:
        playout = self._playouts.setdefault(command.reply_id, _Playout())
        delay_ms, spoken = self._takes.again(command.text) or (_UNKNOWN_TTFB_MS, None)
        duration_ms = spoken.duration_ms if spoken else _UNKNOWN_MS_PER_CHARACTER * len(command.text)
        ttfb_ms = spoken.ttfb_ms if spoken and spoken.ttfb_ms else delay_ms
        playout.ready_ms[command.index] = now_ms + min(ttfb_ms, delay_ms)
        done = e.ChunkSynthesized(
            at_ms=now_ms + delay_ms,
            reply_id=command.reply_id,
            index=command.index,
            duration_ms=duration_ms,
            ttfb_ms=ttfb_ms,
            word_ends_ms=spoken.word_ends_ms if spoken else (),
        )
        return [Due(done), *self._plan_start(now_ms, command.reply_id, playout)]

    def _play(
        self,
        now_ms: int,
        command: c.StartPlayout
        | c.DeferPlayout
        | c.FinishPlayout
        | c.PausePlayout
        | c.ResumePlayout
        | c.FlushPlayout,
    ) -> list[Due]:
        reply_id = command.reply_id
        playout = self._playouts.setdefault(reply_id, _Playout())
        match command:
            case c.StartPlayout():
                playout.wanted = True
                if playout.started:  # It was deferred.
                    return self._go(now_ms, reply_id, playout)
                return self._plan_start(now_ms, reply_id, playout)
            case c.DeferPlayout():
                _stop(now_ms, playout)
                return []
            case c.FinishPlayout():
                playout.chunks = command.chunks
                return self._plan_end(now_ms, reply_id, playout)
            case c.ResumePlayout():
                playout.wanted = True
                playout.heard_ms = max(0, playout.heard_ms - command.rewind_ms)
                return self._go(now_ms, reply_id, playout)
            case c.PausePlayout():
                _stop(now_ms, playout)
                return [Due(e.PlayoutPaused(at_ms=now_ms, reply_id=reply_id, heard_ms=playout.heard_ms))]
            case c.FlushPlayout():
                _stop(now_ms, playout)
                return [Due(e.PlayoutFlushed(at_ms=now_ms, reply_id=reply_id, heard_ms=playout.heard_ms))]

    def _plan_start(self, now_ms: int, reply_id: str, playout: _Playout) -> list[Due]:
        if not playout.wanted or playout.running_since_ms is not None or 0 not in playout.ready_ms:
            return []
        playout.version += 1
        at_ms = max(now_ms, playout.ready_ms[0]) + self._line_delay_ms
        return [Due(e.PlayoutStarted(at_ms=at_ms, reply_id=reply_id), playout.version)]

    def _go(self, now_ms: int, reply_id: str, playout: _Playout) -> list[Due]:
        """Samples leave from now on."""
        playout.running_since_ms = now_ms
        playout.run += 1
        return [_next_mark(now_ms, reply_id, playout), *self._plan_end(now_ms, reply_id, playout)]

    def _plan_end(self, now_ms: int, reply_id: str, playout: _Playout) -> list[Due]:
        since_ms, chunks = playout.running_since_ms, playout.chunks
        if since_ms is None or chunks is None or any(i not in playout.durations_ms for i in range(chunks)):
            return []
        playout.version += 1
        total_ms = sum(playout.durations_ms[index] for index in range(chunks))
        at_ms = max(now_ms, since_ms + total_ms - playout.heard_ms)
        finished = e.PlayoutFinished(at_ms=at_ms, reply_id=reply_id, heard_ms=total_ms)
        return [Due(finished, playout.version)]

    def _after_tool(self, tool_call_id: str, now_ms: int) -> list[Due]:
        follow = self._waiting.pop(tool_call_id, [])
        return [Due(msgspec.structs.replace(event, at_ms=now_ms + delay_ms)) for delay_ms, event in follow]


def _took_ms(tool: ToolStory) -> int:
    if tool.run_at_ms is None or tool.finished_at_ms is None:
        return tool.took_ms
    return tool.finished_at_ms - tool.run_at_ms


def _heard_ms(now_ms: int, playout: _Playout) -> int:
    """Never more than there is."""
    if playout.running_since_ms is None:
        return playout.heard_ms
    return min(playout.heard_ms + now_ms - playout.running_since_ms, sum(playout.durations_ms.values()))


def _next_mark(now_ms: int, reply_id: str, playout: _Playout) -> Due:
    at_ms = now_ms + _MARK_EVERY_MS
    return Due(e.PlayoutMark(at_ms=at_ms, reply_id=reply_id, heard_ms=_heard_ms(at_ms, playout)), playout.run)


def _stop(now_ms: int, playout: _Playout) -> None:
    """Silence: whatever was planned for this playout is void."""
    playout.heard_ms = _heard_ms(now_ms, playout)
    playout.running_since_ms, playout.wanted = None, False
    playout.version += 1
    playout.run += 1
