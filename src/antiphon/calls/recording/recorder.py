"""Records the calls of a process: `runtime.recorded.Recordings` over sealed files."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import structlog

from antiphon.agents.definition import AgentDefinition, Recording
from antiphon.agents.ports import Tool
from antiphon.audio.ports import LineFormat
from antiphon.calls.recording.asking import consent_tools
from antiphon.calls.recording.shelf import recording_path
from antiphon.calls.recording.tracks import Piece, Tracks
from antiphon.runtime.recorded import CallRecording
from antiphon.storage.keys import Keyring
from antiphon.storage.sealed import SealedWriter
from antiphon.trust.jurisdictions import Asking, must_ask
from antiphon.trust.recording import ConsentDesk, RecordingConsent

log = structlog.get_logger(__name__)

Note = Callable[..., None]
_BEHIND_PIECES: Final = 30  # Seconds of one call a slow disk may owe.


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Recorder:
    """One per process. Its disk is written by one thread, never by the event loop.

    Args:
        utc_now: Wall time, which retention counts from.
    """

    def __init__(
        self,
        directory: Path,
        keyring: Keyring,
        *,
        utc_now: Callable[[], datetime] = _utc_now,
    ) -> None:
        self._directory, self._keyring, self._utc_now = directory, keyring, utc_now
        self._disk = ThreadPoolExecutor(1, thread_name_prefix="recordings")
        self._live: dict[str, LiveRecording] = {}

    def begin(
        self, definition: AgentDefinition, call_id: str, line_format: LineFormat, note: Note
    ) -> CallRecording | None:
        """As `Recordings`."""
        policy = definition.recording
        if policy is None:
            return None
        shelf = _Shelf(self._directory, self._keyring, self._disk, self._utc_now)
        facts = {"call": call_id, "agent": definition.name}
        recording = LiveRecording(
            policy, facts, line_format, shelf, note, over=lambda: self._live.pop(call_id, None)
        )
        if policy.ask is not None:
            self._live[call_id] = recording
        return recording

    def tools(self) -> dict[str, Tool]:
        """What an agent that asks its callers is given, by name."""
        return consent_tools(self._live.get)

    def close(self) -> None:
        """Return when all that was recorded is on the disk."""
        self._disk.shutdown(wait=True)

    async def closed(self) -> None:
        """As `close`, from the event loop: no thread waits."""
        last = self._disk.submit(lambda: None)  # One thread, so all else was before it.
        self._disk.shutdown(wait=False)
        await asyncio.wrap_future(last)


class _Shelf:
    """Where one call's recording goes. The methods give at once; the disk follows, in order."""

    def __init__(
        self, directory: Path, keyring: Keyring, disk: ThreadPoolExecutor, utc_now: Callable[[], datetime]
    ) -> None:
        self._directory, self._keyring, self._disk, self._utc_now = directory, keyring, disk, utc_now
        self._writer: SealedWriter | None = None
        self._path: Path | None = None
        self._owed = 0
        self.failed = ""

    def open(self, call_id: str, retain_days: int, head: dict[str, Any]) -> None:
        now = self._utc_now()
        path = self._path = recording_path(self._directory, call_id, now)
        retain_until = (now + timedelta(days=retain_days)).isoformat(timespec="seconds")
        facts = {**head, "retain_until": retain_until}

        def make() -> None:
            self._writer = SealedWriter(path, self._keyring, facts)

        self._later(make)

    def put(self, piece: Piece) -> None:
        if self._owed >= _BEHIND_PIECES:
            self.failed = self.failed or "the disk is too slow"
            return
        self._later(lambda: self._written(lambda writer: writer.write(piece.caller + piece.agent)))

    def close(self) -> None:
        self._later(lambda: self._written(SealedWriter.close))

    def destroy(self) -> None:
        """Nothing of it may stay."""

        def remove() -> None:
            if self._writer is not None:
                self._writer.abandon()
            if self._path is not None:
                self._path.unlink(missing_ok=True)

        self._later(remove)

    def _written(self, act: Callable[[SealedWriter], None]) -> None:
        if self._writer is not None and not self.failed:
            act(self._writer)

    def _later(self, work: Callable[[], None]) -> None:
        self._owed += 1
        self._disk.submit(work).add_done_callback(self._done)

    def _done(self, work: Future[None]) -> None:
        self._owed -= 1
        error = work.exception()
        if error is not None and not self.failed:
            self.failed = str(getattr(error, "strerror", "") or type(error).__name__)


class LiveRecording:
    """One call's, as `CallRecording`: nothing is kept before the consent, nothing stays after a refusal."""

    def __init__(
        self,
        policy: Recording,
        facts: Mapping[str, str],
        line_format: LineFormat,
        shelf: _Shelf,
        note: Note,
        *,
        over: Callable[[], object] = lambda: None,
    ) -> None:
        self._when_over = over
        self._policy, self._facts = policy, facts
        self._format, self._shelf, self._note = line_format, shelf, note
        self._desk = ConsentDesk(policy.announcement, policy.ask.question if policy.ask else "")
        self._tracks: Tracks | None = None
        self._caller_bytes = 0
        self._over = self._paused = False
        self._told = False

    @property
    def is_over(self) -> bool:
        """As `CallRecording`."""
        return self._over

    def caller(self, pcm: bytes) -> None:
        """As `CallRecording`."""
        self._caller_bytes += len(pcm)
        if self._tracks is None or self._over:
            return
        self._tracks.caller(pcm)
        for piece in self._tracks.settled():
            self._shelf.put(piece)
        self._look_at_the_disk()

    def agent(self, payload: bytes, now_ms: int) -> None:
        """As `CallRecording`."""
        if self._tracks is not None and not self._over:
            self._tracks.agent(payload, now_ms)

    def cleared(self, now_ms: int) -> None:
        """As `CallRecording`."""
        if self._tracks is not None and not self._over:
            self._tracks.cleared(now_ms)

    def heard(self, text: str, at_ms: int) -> None:
        """As `CallRecording`."""
        consent = None if self._over else self._desk.heard(text, at_ms)
        if consent is not None:
            self._start(consent)

    def said(self, text: str, at_ms: int) -> None:
        """As `CallRecording`."""
        if self._desk.said(text):
            self._refused()

    def must_ask(self, caller_number: str) -> Asking:
        """As `Asked`."""
        ask = self._policy.ask
        assert ask is not None, "only who asks looks at where the caller is"
        asking = must_ask(ask.place, caller_number)
        if not asking.needed and ask.announcement:
            self._desk = ConsentDesk(ask.announcement)
        elif not asking.needed:
            asking = Asking(needed=True, why="the agent file has no announcement")
        self._note("recording_asked" if asking.needed else "recording_announced", why=asking.why)
        return asking

    def answered(self, words: str, *, agreed: bool) -> bool:
        """As `Asked`."""
        consent = None if self._over else self._desk.answered(words, self._position_ms, agreed=agreed)
        if consent is not None:
            self._start(consent)
        elif not agreed and not self._over:
            self._refused()
        return consent is not None

    def pause(self) -> None:
        """As `CallRecording`."""
        self._silence(True, "recording_paused")

    def resume(self) -> None:
        """As `CallRecording`."""
        self._silence(False, "recording_resumed")

    def stop(self, reason: str) -> None:
        """As `CallRecording`."""
        if not self._over:
            self._note("recording_stopped", reason=reason)
            self._finish()

    def end(self) -> None:
        """As `CallRecording`."""
        self._finish()
        self._when_over()

    def _start(self, consent: RecordingConsent) -> None:
        since_ms = self._position_ms
        self._tracks = Tracks(self._format, since_ms)
        self._tracks.silent = self._paused
        head = {
            **self._facts,
            "encoding": self._format.encoding.value,
            "sample_rate_hz": self._format.sample_rate_hz,
            "channels": ["caller", "agent"],
            "since_ms": since_ms,
            "consent": dataclasses.asdict(consent),
        }
        self._shelf.open(self._facts["call"], self._policy.retain_days, head)
        self._note("recording_began", basis=consent.basis, since_ms=since_ms)

    def _refused(self) -> None:
        self._note("recording_refused")
        self._over = True
        if self._tracks is not None:
            self._tracks = None
            self._shelf.destroy()

    def _silence(self, wanted: bool, note: str) -> None:
        if not self._over and self._paused is not wanted:
            self._paused = wanted
            if self._tracks is not None:
                self._tracks.silent = wanted
            self._note(note)

    def _finish(self) -> None:
        tracks, self._tracks = self._tracks, None
        if tracks is None or self._over:
            self._over = True
            return
        self._over = True
        for piece in tracks.rest(self._position_ms):
            self._shelf.put(piece)
        self._shelf.close()

    def _look_at_the_disk(self) -> None:
        if self._shelf.failed and not self._told:
            self._told = self._over = True
            self._tracks = None
            self._note("recording_failed", reason=self._shelf.failed)
            log.error("recording_failed", call=self._facts["call"], reason=self._shelf.failed)

    @property
    def _position_ms(self) -> int:
        """Call time of the caller's last sample."""
        return self._caller_bytes // (2 * self._format.sample_rate_hz // 1000)
