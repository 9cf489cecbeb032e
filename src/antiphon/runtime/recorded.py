"""What the exchange needs of whoever records calls, and how a line is listened in on without knowing it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Protocol

import structlog

from antiphon.agents.definition import AgentDefinition
from antiphon.audio.line_quality import LineSecond
from antiphon.audio.ports import LineFormat, MediaSink
from antiphon.runtime.ending import all_of
from antiphon.runtime.media.ports import LineListener

_log = structlog.get_logger(__name__)


class CallRecording(Protocol):
    """One call's. Everything is safe at any time and never raises; without permission nothing is kept.
    Times are call time in ms."""

    @property
    def is_over(self) -> bool:
        """Refused, stopped or failed: nothing more of this call is recorded, whoever asks."""

    def caller(self, pcm: bytes) -> None:
        """Continuous linear audio of the caller, from the call's first sample on."""

    def agent(self, payload: bytes, now_ms: int) -> None:
        """Encoded audio that was sent to the line at `now_ms`, to be played behind what was sent before."""

    def cleared(self, now_ms: int) -> None:
        """What the far end had not played by now was dropped."""

    def heard(self, text: str, at_ms: int) -> None:
        """The caller heard this of the agent."""

    def said(self, text: str, at_ms: int) -> None:
        """The caller said this."""

    def pause(self) -> None:
        """Keep silence in the place of sound, until `resume`: card numbers, passwords. Before it has begun
        too: it begins paused."""

    def resume(self) -> None: ...

    def stop(self, reason: str) -> None:
        """No more of this call is recorded, begun or not; what was recorded stays."""

    def end(self) -> None:
        """The call is over."""


class _NotRecorded:
    """A call nobody records."""

    is_over = False

    def caller(self, pcm: bytes) -> None: ...
    def agent(self, payload: bytes, now_ms: int) -> None: ...
    def cleared(self, now_ms: int) -> None: ...
    def heard(self, text: str, at_ms: int) -> None: ...
    def said(self, text: str, at_ms: int) -> None: ...
    def pause(self) -> None: ...
    def resume(self) -> None: ...
    def stop(self, reason: str) -> None: ...
    def end(self) -> None: ...


NOT_RECORDED: Final[CallRecording] = _NotRecorded()


class KeptApart:
    """A `CallRecording` that never raises. Should the one it stands for, that is over, what it has recorded
    stays, and the call goes on."""

    def __init__(self, recording: CallRecording, note: Callable[..., None]) -> None:
        self._recording, self._note = recording, note
        self._broke = False

    @property
    def is_over(self) -> bool:
        return self._broke or self._recording.is_over

    def caller(self, pcm: bytes) -> None:
        self._do(lambda recording: recording.caller(pcm))

    def agent(self, payload: bytes, now_ms: int) -> None:
        self._do(lambda recording: recording.agent(payload, now_ms))

    def cleared(self, now_ms: int) -> None:
        self._do(lambda recording: recording.cleared(now_ms))

    def heard(self, text: str, at_ms: int) -> None:
        self._do(lambda recording: recording.heard(text, at_ms))

    def said(self, text: str, at_ms: int) -> None:
        self._do(lambda recording: recording.said(text, at_ms))

    def pause(self) -> None:
        self._do(lambda recording: recording.pause())

    def resume(self) -> None:
        self._do(lambda recording: recording.resume())

    def stop(self, reason: str) -> None:
        self._do(lambda recording: recording.stop(reason))

    def end(self) -> None:
        self._do(lambda recording: recording.end())

    def _do(self, act: Callable[[CallRecording], None]) -> None:
        if self._broke:
            return
        try:
            act(self._recording)
        except Exception as error:  # The owner of a recording, which is worth less than its call.
            self._broke = True
            _log.error("recording_broke", error=type(error).__name__, exc_info=True)
            reason = f"{type(error).__name__}: {error}"
            all_of(lambda: self._note("recording_failed", reason=reason), self._recording.end)


class Recordings(Protocol):
    def begin(
        self,
        definition: AgentDefinition,
        call_id: str,
        line_format: LineFormat,
        note: Callable[..., None],
    ) -> CallRecording | None:
        """Make ready for a call; None where its agent does not record."""


class RecordedSink:
    """A `MediaSink` that lets a recording know what went to the caller."""

    def __init__(self, sink: MediaSink, recording: CallRecording, now_ms: Callable[[], int]) -> None:
        self._sink, self._recording, self._now_ms = sink, recording, now_ms

    def send(self, payload: bytes) -> None:
        self._recording.agent(payload, self._now_ms())
        self._sink.send(payload)

    def mark(self, name: str) -> None:
        self._sink.mark(name)

    def clear(self) -> None:
        self._recording.cleared(self._now_ms())
        self._sink.clear()

    def end(self) -> None:
        self._sink.end()


class RecordedListener:
    """A `LineListener` that lets a recording know what came from the caller."""

    def __init__(self, listener: LineListener, recording: CallRecording) -> None:
        self._recording, self._listener = recording, listener
        self.speech_started = listener.speech_started
        self.speech_stopped = listener.speech_stopped
        self.playout_started = listener.playout_started
        self.playout_mark = listener.playout_mark
        self.playout_finished = listener.playout_finished
        self.dtmf, self.talk = listener.dtmf, listener.talk
        self.picture, self.line_closed = listener.picture, listener.line_closed
        self.typed, self.stop_asked = listener.typed, listener.stop_asked
        self.line_closed = listener.line_closed

    def caller_audio(self, pcm: bytes) -> None:
        self._recording.caller(pcm)
        self._listener.caller_audio(pcm)

    def line_measured(self, second: LineSecond) -> None:
        self._listener.line_measured(second)
