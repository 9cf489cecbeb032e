"""Real voices, the real detector: several callers at once on one plane."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from tests.doubles.media_line import MS, TestCall, World, encoded, silence

from antiphon.audio.ports import PHONE, WIDEBAND, LineFormat
from antiphon.audio.resample import resample
from antiphon.audio.wav import read_wav
from antiphon.providers.local.silero import SileroVad
from antiphon.runtime.media import MediaPlane

_RECORDINGS = 20


def spoken_orders(folder: Path) -> list[tuple[Path, float, float]]:
    """Recordings of one utterance each, with its labelled start and end in ms."""
    entries = map(json.loads, (folder / "manifest.jsonl").read_text(encoding="utf-8").splitlines())
    return [
        (folder / entry["file"], *(1000 * time for time in entry["speech_segments"][0]))
        for entry in entries
        if entry["file"].startswith("clean/order") and len(entry.get("speech_segments") or ()) == 1
    ][:_RECORDINGS]


def hear_together(recordings: list[Path], line_format: LineFormat) -> list[TestCall]:
    """One call a recording, all on one plane, followed by a second of silence."""
    world = World()
    world.plane = MediaPlane(SileroVad(8000), SileroVad(16000), clock=world.clock)
    sounds = []
    for path in recordings:
        samples, rate_hz = read_wav(path)
        samples = resample(samples, rate_hz, line_format.sample_rate_hz)
        padded = np.concatenate([samples, silence(1000, sample_rate_hz=line_format.sample_rate_hz)])
        sounds.append((world.call(line_format), encoded(padded, line_format)))
    frame = line_format.bytes_per_ms * 20
    for start in range(0, max(len(sound) for _, sound in sounds), frame):
        world.clock.now_ns += 20 * MS
        for call, sound in sounds:
            call.source.receive(sound[start : start + frame])
        world.plane.tick(world.clock.now_ns)
    return [call for call, _ in sounds]


@pytest.mark.models
@pytest.mark.speech_dir
@pytest.mark.parametrize("line_format", [PHONE, WIDEBAND], ids=["phone", "wideband"])
def test_real_utterances_are_found_whole_and_dated(speech_dir: Path, line_format: LineFormat) -> None:
    orders = spoken_orders(speech_dir)
    calls = hear_together([path for path, _, _ in orders], line_format)
    onsets, ends, utterances = [], [], 0
    for call, (_, start_ms, end_ms) in zip(calls, orders, strict=True):
        events = [(name, at_ms) for name, at_ms, _ in call.notes.named("started", "stopped")]
        assert [name for name, _ in events] == ["started", "stopped"] * (len(events) // 2)
        utterances += len(events) // 2
        onsets.append(abs(float(str(events[0][1])) - start_ms))
        ends.append(float(str(events[-1][1])) - end_ms)
    assert len(orders) == _RECORDINGS
    assert utterances <= _RECORDINGS + 2, "a voice is not broken into pieces"
    assert np.median(onsets) <= 40 and np.percentile(onsets, 90) <= 300
    # The labels are the same detector's, which hears a fading voice 50 ms longer than there is energy.
    assert -70 <= np.median(ends) <= 0 and np.percentile(np.abs(ends), 90) <= 120
