"""Recordings hold what both sides said and heard, lined up, with consent, and no longer than allowed."""

from __future__ import annotations

import asyncio
import dataclasses
import wave
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from benchmarks.load.script import Pace
from benchmarks.load.server import agent
from numpy.typing import NDArray
from tests.doubles.media_line import tone
from tests.doubles.on_disk import traces
from tests.doubles.phone_world import PhoneWorld
from tests.doubles.virtual_loop import live, pass_time

from antiphon import cli
from antiphon.agents.definition import AgentDefinition, Disclosure, Recording
from antiphon.audio import g711
from antiphon.audio.ports import PHONE, WIDEBAND
from antiphon.calls.recording import (
    KeptRecording,
    Recorder,
    kept_recordings,
    purge_recordings,
    read_recording,
)
from antiphon.calls.recording.tracks import Piece, Tracks
from antiphon.conversation import events as ev
from antiphon.errors import CallFailed, ConfigError
from antiphon.runtime.operating import Act
from antiphon.runtime.records.lines import NoteEntry, read_call
from antiphon.storage.keys import keyring

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)


def pcm(duration_ms: int, rate_hz: int = 8000) -> bytes:
    return tone(duration_ms, sample_rate_hz=rate_hz).astype("<i2").tobytes()


def mulaw(duration_ms: int) -> bytes:
    return g711.encode(tone(duration_ms)).tobytes()


def channel(pieces: list[Piece], which: str) -> NDArray[np.int16]:
    sound = b"".join(getattr(piece, which) for piece in pieces)
    return g711.decode(np.frombuffer(sound, np.uint8))


def loud_ms(samples: NDArray[np.int16], rate_hz: int = 8000) -> list[tuple[int, int]]:
    """Stretches of sound, to 20 ms."""
    size = rate_hz // 50
    blocks = np.abs(samples[: len(samples) // size * size].reshape(-1, size)).max(axis=1) > 500
    edges = np.flatnonzero(np.diff(np.concatenate([[0], blocks.astype(int), [0]])))
    return [(int(a) * 20, int(b) * 20) for a, b in zip(edges[::2], edges[1::2], strict=True)]


# ------------------------------------------------------------------ two channels


def test_what_was_sent_is_where_it_was_played() -> None:
    tracks = Tracks(PHONE, since_ms=1000)
    tracks.caller(pcm(4000))
    tracks.agent(mulaw(400), now_ms=2000)
    tracks.agent(mulaw(400), now_ms=2200)  # Plays behind what is still playing.
    tracks.agent(mulaw(100), now_ms=4000)
    pieces = tracks.settled()
    assert len(pieces) == 3
    pieces += tracks.rest(5000)
    assert loud_ms(channel(pieces, "agent")) == [(1000, 1800), (3000, 3100)]
    assert loud_ms(channel(pieces, "caller")) == [(0, 4000)]
    assert len(channel(pieces, "agent")) == len(channel(pieces, "caller"))


def test_what_a_clear_took_back_was_never_played() -> None:
    tracks = Tracks(PHONE, since_ms=0)
    tracks.agent(mulaw(1000), now_ms=0)
    tracks.cleared(now_ms=300)
    tracks.caller(pcm(1500))
    tracks.agent(mulaw(200), now_ms=1000)
    assert loud_ms(channel(tracks.rest(1500), "agent")) == [(0, 300), (1000, 1200)]


def test_what_was_still_to_be_played_at_the_end_was_not_heard() -> None:
    tracks = Tracks(PHONE, since_ms=0)
    tracks.caller(pcm(500))
    tracks.agent(mulaw(1000), now_ms=200)
    assert loud_ms(channel(tracks.rest(500), "agent")) == [(200, 500)]


def test_a_pause_keeps_time_and_no_sound() -> None:
    tracks = Tracks(PHONE, since_ms=0)
    for number in range(10):
        tracks.silent = 3 <= number < 6
        tracks.caller(pcm(100))
        tracks.agent(mulaw(100), now_ms=100 * number)
    pieces = tracks.rest(1000)
    for which in ("caller", "agent"):
        assert loud_ms(channel(pieces, which)) == [(0, 300), (600, 1000)]


def test_nothing_settles_that_a_clear_can_still_reach() -> None:
    tracks = Tracks(WIDEBAND, since_ms=0)
    tracks.caller(pcm(1980, 16000))
    assert not tracks.settled()
    tracks.caller(pcm(20, 16000))
    assert len(tracks.settled()) == 1


# ------------------------------------------------------------------ whole calls


def recorded(*, told: bool = True) -> AgentDefinition:
    """The agent of the load tests, who says that he records, or only should."""
    words = "This call is recorded."
    spoken = Disclosure(name="recording", text=words, when="always", uninterruptible=True)
    return dataclasses.replace(
        agent(Pace()),
        disclosures=(spoken,) if told else (),
        recording=Recording(announcement=words, retain_days=30),
    )


class Studio:
    """Recorded phone calls on virtual time."""

    def __init__(self, directory: Path, *, told: bool = True) -> None:
        self.directory, self.traces = directory / "recordings", directory / "calls"
        self.ring = keyring(directory, {})
        self.recorder = Recorder(self.directory, self.ring, utc_now=lambda: NOW)
        self.world = PhoneWorld(self.traces, recordings=self.recorder, definition=recorded(told=told))

    async def call(self, meanwhile: Callable[[], bool] = lambda: True) -> None:
        """One call to its end. `meanwhile` is called every 20 ms until it gives true."""
        loop = asyncio.get_running_loop()
        ticks, call = loop.create_task(self.world.tick()), loop.create_task(self.world.call())
        while not meanwhile() and not call.done():
            await pass_time(0.020)
        await call
        ticks.cancel()
        self.recorder.close()

    @property
    def notes(self) -> list[str]:
        (trace,) = traces(self.traces)
        entries = read_call(trace).entries
        notes = [entry.type for entry in entries if isinstance(entry, NoteEntry)]
        return [note for note in notes if note.startswith("recording")]

    def only(self) -> tuple[KeptRecording, list[ev.Event]]:
        """The recording, and what its call's trace says."""
        (path,) = kept_recordings(self.directory)
        kept = read_recording(path, self.ring)
        (trace,) = traces(self.traces, f"{kept.call_id}.jsonl")
        return kept, list(read_call(trace).events)


def test_a_call_is_recorded_from_the_announcement_to_its_end(tmp_path: Path) -> None:
    async def story() -> None:
        studio = Studio(tmp_path)
        await studio.call()
        kept, events = studio.only()
        assert kept.complete
        assert (kept.consent["basis"], kept.consent["words"]) == ("announced", "This call is recorded.")
        assert kept.retain_until == NOW + timedelta(days=30)
        since_ms = kept.since_ms
        onsets = [event.onset_ms for event in events if isinstance(event, ev.SpeechStarted)]
        voiced = [began + since_ms for began, _ in loud_ms(kept.samples[:, 0])]
        later = [onset for onset in onsets if onset > since_ms]
        assert later and all(min(abs(onset - began) for began in voiced) <= 80 for onset in later)
        played = [event.at_ms for event in events if isinstance(event, ev.PlayoutStarted)]
        spoken = [began + since_ms for began, _ in loud_ms(kept.samples[:, 1])]
        later = [at_ms for at_ms in played if at_ms > since_ms]
        assert later and all(min(abs(at_ms - began) for began in spoken) <= 80 for at_ms in later)
        assert studio.notes == ["recording_began"]

    live(story())


def test_what_an_interruption_cut_is_not_on_the_record(tmp_path: Path) -> None:
    async def story() -> None:
        studio = Studio(tmp_path)
        await studio.call()
        kept, events = studio.only()
        cut = [
            event.at_ms
            for event in events
            if isinstance(event, ev.PlayoutPaused) and event.at_ms > kept.since_ms
        ]
        assert cut, "the caller of this script interrupts"
        ends = [end + kept.since_ms for _, end in loud_ms(kept.samples[:, 1])]
        assert all(min(abs(end - at_ms) for end in ends) <= 60 for at_ms in cut), (cut, ends)

    live(story())


def test_who_did_not_hear_the_announcement_is_not_recorded(tmp_path: Path) -> None:
    async def story() -> None:
        studio = Studio(tmp_path, told=False)
        await studio.call()
        assert not kept_recordings(studio.directory)
        assert not studio.notes

    live(story())


def test_a_refusal_leaves_nothing_of_the_call(tmp_path: Path) -> None:
    async def story() -> None:
        studio = Studio(tmp_path)

        def refuse() -> bool:
            if not kept_recordings(studio.directory):
                return False
            (call,) = studio.world.exchange.active()
            recording = studio.world.exchange.recording(call.call_id)
            assert recording is not None
            recording.said("Please don't record this.", 0)
            return True

        await studio.call(refuse)
        assert studio.notes == ["recording_began", "recording_refused"]
        assert not list(tmp_path.rglob("*.recording"))

    live(story())


def test_a_pause_is_silent_on_the_record_and_the_call_goes_on(tmp_path: Path) -> None:
    async def story() -> None:
        studio = Studio(tmp_path)

        def pause() -> bool:
            if not kept_recordings(studio.directory):
                return False
            (call,) = studio.world.exchange.active()
            studio.world.exchange.operate(call.call_id, "record_pause")
            return True

        await studio.call(pause)
        kept, events = studio.only()
        assert studio.notes == ["recording_began", "recording_paused"]
        assert any(isinstance(event, ev.SpeechStarted) for event in events)
        assert not [stretch for stretch in loud_ms(kept.samples[:, 0]) if stretch[0] > 1500]

    live(story())


@pytest.mark.parametrize("act", ["record_pause", "record_stop"])
def test_what_an_operator_asks_before_it_has_begun_counts_when_it_would_begin(
    tmp_path: Path, act: Act
) -> None:
    async def story() -> None:
        studio = Studio(tmp_path)

        def at_once() -> bool:
            for call in studio.world.exchange.active():
                assert not kept_recordings(studio.directory)
                studio.world.exchange.operate(call.call_id, act)
                return True
            return False

        await studio.call(at_once)
        if act == "record_stop":
            assert studio.notes == ["recording_stopped"]
            assert not kept_recordings(studio.directory)
        else:
            assert studio.notes == ["recording_paused", "recording_began"]
            assert not studio.only()[0].samples.any()

    live(story())


def test_an_operator_is_told_that_a_refused_recording_is_not_resumed(tmp_path: Path) -> None:
    async def story() -> None:
        studio = Studio(tmp_path)

        def refuse_and_resume() -> bool:
            if not kept_recordings(studio.directory):
                return False
            (call,) = studio.world.exchange.active()
            recording = studio.world.exchange.recording(call.call_id)
            assert recording is not None
            recording.said("Please don't record this.", 0)
            with pytest.raises(CallFailed, match="is over"):
                studio.world.exchange.operate(call.call_id, "record_resume")
            return True

        await studio.call(refuse_and_resume)

    live(story())


# ------------------------------------------------------------------ keeping


def kept_call(directory: Path, retain_days: int, *, years_ago: int = 0) -> Path:
    began = datetime.now(UTC).replace(microsecond=0) - timedelta(days=365 * years_ago)
    recorder = Recorder(directory / "recordings", keyring(directory, {}), utc_now=lambda: began)
    policy = Recording(announcement="Recorded.", retain_days=retain_days)
    definition = dataclasses.replace(agent(Pace()), recording=policy)
    recording = recorder.begin(definition, f"call-{retain_days}", PHONE, lambda kind, **fields: None)
    assert recording is not None
    recording.heard("Recorded.", 0)
    recording.caller(pcm(2500))
    recording.end()
    recorder.close()
    return directory / "recordings"


def test_a_recording_is_gone_when_its_time_is_over(tmp_path: Path) -> None:
    for days in (1, 30):
        folder = kept_call(tmp_path, days)
    assert len(kept_recordings(folder)) == 2
    now = datetime.now(UTC)
    assert not purge_recordings(folder, now)
    assert [path.stem for path in purge_recordings(folder, now + timedelta(days=2))] == ["call-1"]
    assert [path.stem for path in kept_recordings(folder)] == ["call-30"]


def test_what_has_no_date_stays_for_a_person_to_look_at(tmp_path: Path) -> None:
    (tmp_path / "2026-11-25").mkdir()
    odd = tmp_path / "2026-11-25" / "odd.recording"
    odd.write_bytes(b"not a recording")
    assert not purge_recordings(tmp_path, NOW + timedelta(days=9999))
    assert odd.exists()
    with pytest.raises(ConfigError):
        read_recording(odd, keyring(tmp_path, {}))


def test_a_disk_that_takes_nothing_ends_the_recording_and_not_the_call(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    noted: list[str] = []
    recorder = Recorder(blocked / "recordings", keyring(tmp_path, {}))
    policy = Recording(announcement="Recorded.", retain_days=1)
    definition = dataclasses.replace(agent(Pace()), recording=policy)
    recording = recorder.begin(definition, "call", PHONE, lambda kind, **fields: noted.append(kind))
    assert recording is not None
    recording.heard("Recorded.", 0)
    recorder.close()
    for _ in range(50):
        recording.caller(pcm(100))
        recording.agent(mulaw(20), 0)
    recording.end()
    assert noted == ["recording_began", "recording_failed"]


def test_an_operator_lists_exports_and_removes_on_the_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ANTIPHON_HOME", str(tmp_path))
    kept_call(tmp_path, 30)
    assert cli.main(["recordings", "list"]) == 0
    assert "call-30" in capsys.readouterr().out
    assert cli.main(["recordings", "export", "call-30", str(tmp_path / "out.wav")]) == 0
    assert "announced" in capsys.readouterr().out
    with wave.open(str(tmp_path / "out.wav")) as exported:
        assert (exported.getnchannels(), exported.getframerate()) == (2, 8000)
        assert exported.getnframes() == pytest.approx(20_000, abs=160)
    assert cli.main(["recordings", "delete", "call-30"]) == 0
    assert cli.main(["recordings", "export", "call-30", "x.wav"]) == cli.EXIT_CONFIG
    assert "no recording of the call 'call-30'" in capsys.readouterr().err
