"""The caller's ear: what is heard of each reply and when, without a single sample.

It obeys the commands to the letter and lets two replies sound at once if told so; the judge hears it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from antiphon.conversation import events as ev


@dataclass(slots=True)
class Playing:
    """One reply on the line. `audio_ms` is the length of each chunk, in order, as far as it exists.

    Attributes:
        heard_ms: The cursor when the reply last stopped sounding; while it sounds, see `Line.cursor_ms`.
        furthest_ms: The furthest the cursor ever stood; a rewind moves only the cursor.
    """

    id: str
    started: bool = False
    announced: bool = False
    paused: bool = False
    deferred: bool = False
    dry: bool = False
    dead: bool = False
    flushed: bool = False
    finish: int | None = None
    done: int = 0
    heard_ms: int = 0
    furthest_ms: int = 0
    since_ms: int = -1
    version: int = 0
    audio_ms: dict[int, int] = field(default_factory=dict)

    def available_ms(self) -> int:
        total = 0
        for index in range(len(self.audio_ms)):
            if index not in self.audio_ms:
                break
            total += self.audio_ms[index]
        return total


class Line:
    """Args:
    at: Runs something at a moment of call time, in order.
    post: Gives an event to the core as soon as the line's events get through.
    mark_every_ms: How often the far end proves what it played.
    """

    def __init__(
        self,
        at: Callable[[int, Callable[[], None]], None],
        post: Callable[[ev.AnyEvent, str], None],
        mark_every_ms: int,
    ) -> None:
        self.now_ms = 0
        self.replies: dict[str, Playing] = {}
        self.sounded: list[tuple[int, int, str]] = []  # From, to, reply: every stretch of agent sound.
        self.faults: list[tuple[str, str]] = []
        self._at, self._post, self._mark_every_ms = at, post, mark_every_ms

    def reply(self, reply_id: str) -> Playing:
        playing = self.replies.get(reply_id)
        if playing is None:
            playing = self.replies[reply_id] = Playing(reply_id)
        return playing

    @property
    def sounding(self) -> list[Playing]:
        return [playing for playing in self.replies.values() if playing.since_ms >= 0]

    def cursor_ms(self, playing: Playing) -> int:
        """How much of the reply the caller has heard by now."""
        if playing.since_ms < 0:
            return playing.heard_ms
        return min(playing.heard_ms + self.now_ms - playing.since_ms, playing.available_ms())

    # ------------------------------------------------------------ what it is told

    def audio(self, reply_id: str, index: int, duration_ms: int) -> None:
        """A chunk's audio exists; of a dead reply it comes too late to be heard."""
        playing = self.reply(reply_id)
        playing.audio_ms[index] = duration_ms
        self._update(playing)

    def chunk_done(self, reply_id: str) -> None:
        """All of a chunk's audio was given, or there will be none; the core was told."""
        playing = self.reply(reply_id)
        playing.done += 1
        self._update(playing)

    def start(self, reply_id: str) -> None:
        playing = self.reply(reply_id)
        if playing.deferred and not playing.flushed:
            playing.deferred = playing.paused = False
            self._update(playing)
            return
        if playing.dead or playing.started:
            self.faults.append(("flushed_is_silent", f"{reply_id} started twice or after its end"))
        playing.started, playing.dead = True, False
        self._update(playing)

    def finish(self, reply_id: str, chunks: int) -> None:
        playing = self.reply(reply_id)
        playing.finish = chunks
        self._update(playing)

    def pause(self, reply_id: str) -> int:
        playing = self.reply(reply_id)
        self._stop(playing)
        playing.paused = True
        return playing.furthest_ms

    def defer(self, reply_id: str) -> None:
        playing = self.reply(reply_id)
        self._stop(playing)
        playing.paused = playing.deferred = True

    def resume(self, reply_id: str, rewind_ms: int) -> None:
        playing = self.reply(reply_id)
        if playing.flushed:
            self.faults.append(("flushed_is_silent", f"{reply_id} resumed after it was flushed"))
        playing.dead = (
            playing.dead and not playing.flushed
        )  # What is over is over; a flush must not be undone.
        playing.paused = False
        playing.heard_ms = max(0, playing.heard_ms - rewind_ms)
        self._update(playing)

    def flush(self, reply_id: str) -> int:
        playing = self.reply(reply_id)
        self._stop(playing)
        playing.dead = playing.flushed = True
        return playing.furthest_ms

    def close(self) -> None:
        for playing in self.sounding:
            self._stop(playing)

    # ------------------------------------------------------------ what it does

    def _update(self, playing: Playing) -> None:
        """Sound, go on sounding, or be done, by all that is known of the reply now."""
        if not playing.started or playing.paused or playing.dead:
            return
        left_ms = playing.available_ms() - self.cursor_ms(playing)
        if left_ms > 0:
            if playing.since_ms < 0:
                self._begin(playing)
            playing.version += 1
            version = playing.version
            self._at(self.now_ms + left_ms, lambda: self._ran_out(playing, version))
        elif playing.since_ms < 0 and playing.finish is not None and playing.done >= playing.finish:
            playing.dead = True
            finished = ev.PlayoutFinished(
                at_ms=self.now_ms, reply_id=playing.id, heard_ms=playing.furthest_ms
            )
            self._post(finished, "line")

    def _begin(self, playing: Playing) -> None:
        others = [other.id for other in self.sounding]
        if others:
            self.faults.append(("one_voice_at_a_time", f"{playing.id} sounds over {' and '.join(others)}"))
        playing.since_ms = self.now_ms
        if not playing.announced:
            playing.announced = True
            self._post(ev.PlayoutStarted(at_ms=self.now_ms, reply_id=playing.id), "line")
        elif playing.dry:  # It goes on: no mark of the far end's, so none that could be lost.
            heard_ms = playing.furthest_ms
            self._post(ev.PlayoutMark(at_ms=self.now_ms, reply_id=playing.id, heard_ms=heard_ms), "line")
        playing.dry = False
        self._plan_mark(playing)

    def _ran_out(self, playing: Playing, version: int) -> None:
        if playing.version == version and playing.since_ms >= 0:
            self._stop(playing)
            playing.dry = True
            self._update(playing)

    def _stop(self, playing: Playing) -> None:
        if playing.since_ms < 0:
            return
        playing.heard_ms = self.cursor_ms(playing)
        playing.furthest_ms = max(playing.furthest_ms, playing.heard_ms)
        if self.now_ms > playing.since_ms:
            self.sounded.append((playing.since_ms, self.now_ms, playing.id))
        playing.since_ms = -1

    def _plan_mark(self, playing: Playing) -> None:
        since_ms = playing.since_ms
        self._at(self.now_ms + self._mark_every_ms, lambda: self._mark(playing, since_ms))

    def _mark(self, playing: Playing, since_ms: int) -> None:
        if playing.since_ms != since_ms:
            return
        heard_ms = max(playing.furthest_ms, self.cursor_ms(playing))
        self._post(ev.PlayoutMark(at_ms=self.now_ms, reply_id=playing.id, heard_ms=heard_ms), "mark")
        self._plan_mark(playing)
