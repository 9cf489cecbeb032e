"""A caller in line for a free agent: music and words until he is served, given up on, or gone.

Nobody listens to what he says, so no recogniser is paid for; his call with the agent begins on the same line,
under the same id, when his turn has come.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import structlog

from antiphon.audio.line_quality import LineSecond
from antiphon.audio.ports import MediaSink, MediaSource
from antiphon.calls.routing.values import Full, Queue
from antiphon.conversation import events as spoken
from antiphon.conversation.handover import HOLD
from antiphon.runtime.arrivals import Arrival, CallerView, CallWatch
from antiphon.runtime.clock import Cancellable, Clock
from antiphon.runtime.kit import AgentKit
from antiphon.runtime.media.ports import Line
from antiphon.runtime.metering import Meter
from antiphon.runtime.records.lines import Header, header_fields, note_line
from antiphon.runtime.speaking import Speaker
from antiphon.storage.keys import Keyring
from antiphon.storage.traces import TraceWriter

log = structlog.get_logger(__name__)

HEARD_SORRY = "heard that nobody has time"
_OURS = "q"  # Before the marks of the wait, so that a late answer to one is no answer to the call's.


class HeldLine:
    """The line as its transport knows it, from the first comfort to the agent's goodbye: `MediaSink` toward
    the caller, `MediaSource` from him, and who has the line in between changes."""

    def __init__(self, sink: MediaSink) -> None:
        self._sink = sink
        self._source: MediaSource | None = None
        self._prefix = _OURS
        self._keeps = True

    def connect(self, source: MediaSource) -> None:
        self._source = source

    def release(self) -> None:
        """The wait is over: what ends from here on is the line itself."""
        self._source, self._prefix, self._keeps = None, "", False

    # `MediaSink`.

    def send(self, payload: bytes) -> None:
        self._sink.send(payload)

    def mark(self, name: str) -> None:
        self._sink.mark(self._prefix + name)

    def clear(self) -> None:
        self._sink.clear()

    def end(self) -> None:
        if not self._keeps:
            self._sink.end()

    # `MediaSource`.

    def receive(self, payload: bytes | memoryview) -> None:
        if self._source is not None:
            self._source.receive(payload)

    def concealed(self, duration_ms: int) -> None:
        if self._source is not None:
            self._source.concealed(duration_ms)

    def played(self, name: str) -> None:
        if self._source is not None and name.startswith(_OURS) is self._keeps:
            self._source.played(name.removeprefix(self._prefix))

    def dtmf(self, digit: str) -> None:
        if self._source is not None:
            self._source.dtmf(digit)

    def talk(self, pressed: bool) -> None:
        if self._source is not None:
            self._source.talk(pressed)

    def typed(self, text: str) -> None:
        if self._source is not None:
            self._source.typed(text)

    def stop(self) -> None:
        if self._source is not None:
            self._source.stop()

    def show(self, image: bytes, media_type: str) -> None:
        if self._source is not None:
            self._source.show(image, media_type)

    def closed(self, reason: str) -> None:
        if self._source is not None:
            self._source.closed(reason)


class WaitingCaller:
    """Implements `LineListener`.

    Args:
        position: His place, now.
        gone: Told why, once nothing can be said any more: the line's reason, or `HEARD_SORRY`.
        note: Writes to his trace.
    """

    def __init__(
        self,
        kit: AgentKit,
        queue: Queue,
        *,
        position: Callable[[], int],
        gone: Callable[[str], None],
        note: Callable[..., None],
    ) -> None:
        self._kit, self._queue = kit, queue
        self._position, self._gone, self._note = position, gone, note
        self._line: Line | None = None
        self._said = 0
        self._sorry = False

    def begin(self, line: Line) -> None:
        kit, self._line = self._kit, line
        voices = [voice.for_call() for voice in kit.voices]
        meter = Meter(kit.prices)
        meter.note = self._note
        self._speaker = Speaker(line, voices, kit.shape, self._made, self._note, meter=meter)
        self._comfort()

    def say_sorry(self) -> None:
        """The wait was in vain."""
        self._sorry = True
        self._say(self._queue.sorry)

    def leave(self) -> None:
        """Let go of the line; safe twice."""
        line, self._line = self._line, None
        if line is not None:
            self._speaker.close()
            line.close()

    def _comfort(self) -> None:
        queue, round_ = self._queue, self._said
        words = queue.comfort[(round_ - 1) % len(queue.comfort)] if round_ else queue.position
        self._say(words.replace("{position}", str(self._position())), HOLD)

    def _say(self, words: str, sound: str = "") -> None:
        assert self._line is not None, "begun"
        if self._said:
            self._speaker.drop(self._reply_id)
            self._line.flush(self._reply_id)
        self._said += 1
        self._speaker.add(self._reply_id, 0, words)
        if sound:
            self._speaker.add(self._reply_id, 1, "", sound)
        self._speaker.start(self._reply_id)
        self._speaker.finish(self._reply_id, 2 if sound else 1)

    @property
    def _reply_id(self) -> str:
        return f"q{self._said}"

    # ------------------------------------------------------------------ LineListener

    def playout_finished(self, reply_id: str, heard_ms: int) -> None:
        if self._line is None or reply_id != self._reply_id:
            return
        if self._sorry:
            self._gone(HEARD_SORRY)
        else:
            self._comfort()

    def line_closed(self, reason: str) -> None:
        self._line = None
        self._speaker.close()
        self._gone(reason)

    def speech_started(self, onset_ms: int) -> None: ...

    def speech_stopped(self, ended_ms: int) -> None: ...

    def caller_audio(self, pcm: bytes) -> None: ...

    def line_measured(self, second: LineSecond) -> None: ...

    def playout_started(self, reply_id: str) -> None: ...

    def playout_mark(self, reply_id: str, heard_ms: int) -> None: ...

    def dtmf(self, digit: str) -> None: ...

    def talk(self, pressed: bool) -> None: ...

    def picture(self, image: bytes, media_type: str) -> None: ...

    def typed(self, text: str) -> None: ...

    def stop_asked(self) -> None: ...

    def _made(self, event: spoken.Event) -> None:
        """Of words or music: made, or not to be had; the next stretch comes either way."""


@dataclass(slots=True, kw_only=True)
class Wait:
    """One caller in line, and what is kept of him.

    Attributes:
        notes: For the trace: call time in ms, type, fields.
        limit: His patience, and ours.
    """

    kit: AgentKit
    arrival: Arrival
    held: HeldLine
    view: CallerView | CallWatch | None
    full: Full
    clock: Clock
    began_at: datetime = field(init=False)
    caller: WaitingCaller | None = None
    limit: Cancellable | None = None
    notes: list[tuple[int, str, dict[str, object]]] = field(default_factory=list)
    _began_ns: int = field(init=False)

    def __post_init__(self) -> None:
        self._began_ns = self.clock.now_ns()
        wall_s = self.clock.wall_time_ms() / 1000
        self.began_at = datetime.fromtimestamp(wall_s, tz=self.kit.definition.zone)

    @property
    def waited_ms(self) -> int:
        return (self.clock.now_ns() - self._began_ns) // 1_000_000

    def note(self, type: str, **fields: object) -> None:  # noqa: A002 - the trace's own word
        self.notes.append((self.waited_ms, type, fields))

    def let_go(self) -> None:
        """His line is somebody else's, or nobody's."""
        if self.limit is not None:
            self.limit.cancel()
        if self.caller is not None:
            self.caller.leave()
        self.held.release()

    def keep_trace(self, directory: Path, cause: str, keys: Keyring | None = None) -> None:
        """Who never met an agent has a trace all the same: without events, so it replays to nothing."""
        self.note("queue_ended", cause=cause, waited_ms=self.waited_ms)
        definition = self.kit.definition
        header = Header(
            call_id=self.arrival.call_id,
            agent=definition.name,
            definition_hash=definition.digest,
            policy=definition.policy,
            wall_time_ms=int(self.began_at.timestamp() * 1000),
            line=self.arrival.line,
        )
        trace = TraceWriter(directory, self.arrival.call_id, header_fields(header), keys=keys)
        for at_ms, kind, fields in self.notes:
            trace.write(note_line(at_ms, kind, **fields))
        trace.close()
        log.info("queue_left", call=self.arrival.call_id, cause=cause, waited_ms=self.waited_ms)
