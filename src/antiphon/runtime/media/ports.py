"""What the media plane and the per-call driver owe each other. Times are call time in ms, audio is linear PCM
(mono s16le) at the line's sample rate."""

from __future__ import annotations

from typing import Protocol

from antiphon.audio.line_quality import LineSecond
from antiphon.audio.ports import LineFormat


class LineListener(Protocol):
    """The driver's side. Called from the event loop thread, a few times per turn; must not block or raise."""

    def speech_started(self, onset_ms: int) -> None:
        """An onset was confirmed; all audio since >= 200 ms before it has been given to `caller_audio`."""

    def speech_stopped(self, ended_ms: int) -> None:
        """The hangover passed; all audio up to now has been given to `caller_audio`."""

    def caller_audio(self, pcm: bytes) -> None:
        """Continuous caller audio, in blocks of 100 ms (shorter right before the two events above)."""

    def line_measured(self, second: LineSecond) -> None:
        """Once a second: how good the line was."""

    def playout_started(self, reply_id: str) -> None:
        """The first sample of this reply was sent."""

    def playout_mark(self, reply_id: str, heard_ms: int) -> None:
        """Proof of playout, a few per second of speech."""

    def playout_finished(self, reply_id: str, heard_ms: int) -> None:
        """After `Line.finish`: the last sample was played at the far end (or its deadline passed)."""

    def dtmf(self, digit: str) -> None: ...

    def talk(self, pressed: bool) -> None:
        """The caller's talk button, where the line has one."""

    def picture(self, image: bytes, media_type: str) -> None:
        """The caller shows something, where the line can."""

    def typed(self, text: str) -> None:
        """The caller's words in writing."""

    def stop_asked(self) -> None:
        """The caller's stop button."""

    def line_closed(self, reason: str) -> None: ...


class LineTap(Protocol):
    """Who listens in on a line. Called from the event loop thread, often; must not block or raise."""

    def caller(self, pcm: bytes) -> None:
        """As `LineListener.caller_audio`."""

    def sent(self, payload: bytes) -> None:
        """Encoded audio that went to the caller just now, to be played behind what went before."""

    def cleared(self) -> None:
        """What the far end had not played by now was dropped."""


class Line(Protocol):
    """The plane's side: one call's playout and its recent past. Unknown or flushed reply ids are ignored, so
    late audio of a reply we gave up is never played."""

    @property
    def now_ms(self) -> int:
        """Call time of the media clock."""

    @property
    def hears_somebody(self) -> bool:
        """The voice heard last is somebody's at the telephone; false: it may be a crowd's behind him."""

    @property
    def hears_itself(self) -> bool:
        """The voice heard last is our own, given back by a loudspeaker. Costs about a third of a
        millisecond: to be asked when words came, not with every frame."""

    @property
    def sample_rate_hz(self) -> int: ...

    @property
    def line_format(self) -> LineFormat:
        """What the transport carries."""

    def play(self, reply_id: str, pcm: bytes) -> None:
        """Append audio. The first of a reply is sent at once, not at the next tick. Replies play in the
        order in which they were first given here, never over one another."""

    def finish(self, reply_id: str) -> None:
        """Nothing more will be appended; `playout_finished` follows when all was heard (at once if empty)."""

    def pause(self, reply_id: str) -> int:
        """Silence at once, keep the samples, those still to be given too; gives heard_ms."""

    def defer(self, reply_id: str) -> None:
        """Keep its samples until `resume`, and let other replies be heard meanwhile; for one that has not
        begun, or has run dry."""

    def resume(self, reply_id: str, rewind_ms: int = 0) -> None: ...

    def flush(self, reply_id: str, fade_ms: int = 20) -> int:
        """Drop everything unheard; nothing of this reply is ever played again. Gives heard_ms."""

    def recent_audio(self, duration_ms: int) -> bytes:
        """Up to the last 8 s of caller audio."""

    def relay_to(self, other: Line | None) -> None:
        """From now on the other line's far end hears this caller, as frames come; None: no more. Both are
        lines of one plane."""

    def mute(self, muted: bool) -> None:
        """From now on silence is heard in place of this caller, by us and by whoever he is relayed to."""

    def tap(self, tap: LineTap) -> None:
        """Let somebody listen in, until `untap`; a closed line has nothing to hear."""

    def untap(self, tap: LineTap) -> None: ...

    def close(self) -> None:
        """Our side hangs up: `MediaSink.end` is called after pending audio was dropped."""
