"""What every `VoiceActivity` owes the media plane, on made-up sound and on recordings where there are any."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from antiphon.audio.resample import resample
from antiphon.errors import ProviderUnavailable
from antiphon.providers.local.models import is_installed
from antiphon.providers.local.silero import SileroVad
from antiphon.speech.energy import EnergyActivity
from antiphon.speech.ports import VoiceActivity

Build = Callable[[int], VoiceActivity]
CONTEXT_SAMPLES = {8000: 32, 16000: 64}
SPEECH = 0.5


def _silero(sample_rate_hz: int) -> VoiceActivity:
    if not is_installed("silero-vad"):
        pytest.skip("embedded models are not installed: run `antiphon models fetch`")
    return SileroVad(sample_rate_hz)


@pytest.fixture(
    params=[
        pytest.param(_silero, marks=pytest.mark.models, id="silero"),
        pytest.param(EnergyActivity, id="loudness"),
    ]
)
def build(request: pytest.FixtureRequest) -> Build:
    made: Build = request.param
    return made


@pytest.fixture
def judge() -> Build:
    """Loudness hears a voice in everything; what is told here of other sounds holds for models."""
    return _silero


def windows_of(vad: VoiceActivity, samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """[windows, context + window] of one row's sound."""
    context, size = CONTEXT_SAMPLES[vad.sample_rate_hz], vad.window_samples
    padded = np.concatenate([np.zeros(context, dtype=np.float32), samples])
    count = len(samples) // size
    return np.stack([padded[size * k : size * (k + 1) + context] for k in range(count)])


def listen(vad: VoiceActivity, row: int, samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """Probability of each window of one row, from a fresh start."""
    rows = np.array([row], dtype=np.intp)
    vad.reset(rows)
    return np.array([vad.probabilities(rows, window[np.newaxis])[0] for window in windows_of(vad, samples)])


def babble(sample_rate_hz: int, seconds: float, seed: int) -> NDArray[np.float32]:
    """Not speech, but as uneven as speech: buzz and hiss that come and go."""
    made = np.random.default_rng(seed)
    time_s = np.arange(int(seconds * sample_rate_hz)) / sample_rate_hz
    buzz = np.sign(np.sin(2 * np.pi * made.uniform(90, 220) * time_s))
    swell = np.clip(np.sin(2 * np.pi * made.uniform(2, 5) * time_s), 0, None)
    return (0.2 * swell * (buzz + made.normal(size=len(time_s)))).astype(np.float32)


@pytest.mark.parametrize("rate_hz", [8000, 16000])
def test_a_window_is_32_ms_at_both_rates(build: Build, rate_hz: int) -> None:
    vad = build(rate_hz)
    assert vad.sample_rate_hz == rate_hz
    assert vad.window_samples * 1000 == 32 * rate_hz


@pytest.mark.parametrize("rate_hz", [8000, 16000])
@pytest.mark.parametrize("calls", [3, 64, 150])
def test_a_batch_gives_each_row_what_it_would_get_alone(build: Build, rate_hz: int, calls: int) -> None:
    vad = build(rate_hz)
    sounds = [windows_of(vad, babble(rate_hz, 0.2, seed)) for seed in range(calls)]
    rows = np.random.default_rng(0).permutation(calls).astype(np.intp)  # Rows come in any order.
    together = np.stack(
        [vad.probabilities(rows, np.stack([sounds[row][step] for row in rows])) for step in range(6)]
    )
    for place in (0, calls // 2, calls - 1):
        row = int(rows[place])
        vad.reset(np.array([row], dtype=np.intp))
        alone = [vad.probabilities(np.array([row]), sounds[row][step][np.newaxis])[0] for step in range(6)]
        np.testing.assert_allclose(together[:, place], alone, atol=1e-4)


def test_rows_need_not_be_announced_and_take_part_only_when_they_have_a_window(build: Build) -> None:
    vad = build(16000)
    sound = windows_of(vad, babble(16000, 0.3, 1))
    first, far = np.array([0], dtype=np.intp), np.array([700], dtype=np.intp)
    expected = [vad.probabilities(first, window[np.newaxis])[0] for window in sound]
    got = []
    for window in sound:
        vad.probabilities(first, window[np.newaxis])
        got.append(vad.probabilities(far, window[np.newaxis])[0])
    np.testing.assert_allclose(got, expected, atol=1e-4)


def test_a_new_call_in_an_old_row_starts_from_nothing(build: Build) -> None:
    vad = build(8000)
    sound = babble(8000, 0.5, 2)
    fresh = listen(vad, 3, sound)
    listen(vad, 3, babble(8000, 1.0, 9))
    np.testing.assert_array_equal(listen(vad, 3, sound), fresh)


def test_no_rows_give_no_probabilities(build: Build) -> None:
    vad = build(8000)
    none = np.empty(0, dtype=np.intp)
    vad.reset(none)
    assert vad.probabilities(none, np.empty((0, 32 + 256), dtype=np.float32)).shape == (0,)


@pytest.mark.models
@pytest.mark.parametrize("rate_hz", [8000, 16000])
def test_silence_hiss_and_tones_are_not_speech(judge: Build, rate_hz: int) -> None:
    vad = judge(rate_hz)
    time_s = np.arange(2 * rate_hz) / rate_hz
    hiss = np.random.default_rng(3).normal(size=len(time_s))
    ring = np.sin(2 * np.pi * 440 * time_s) + np.sin(2 * np.pi * 480 * time_s)
    for sound in (np.zeros(len(time_s)), 0.001 * hiss, 0.05 * hiss, 0.2 * ring):
        assert listen(vad, 0, sound.astype(np.float32)).max() < 0.3


@pytest.mark.models
@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_sound_that_is_no_numbers_is_refused_and_deafens_nobody(wrong: float) -> None:
    vad = _silero(8000)
    sound = babble(8000, 0.5, 2)
    fresh = listen(vad, 0, sound)
    rows, broken = np.array([0, 1]), windows_of(vad, sound)[:2].copy()
    broken[0, 100] = wrong
    with pytest.raises(ProviderUnavailable, match="local/silero"), np.errstate(invalid="ignore"):
        vad.probabilities(rows, broken)
    again = [vad.probabilities(rows[:1], window[np.newaxis])[0] for window in windows_of(vad, sound)]
    np.testing.assert_array_equal(again, fresh)


# Recordings. Bounds are on shares of windows, with room: another build of the runtime moves single windows.


def recordings(folder: Path, *kinds: str) -> Iterator[tuple[str, NDArray[np.float32], int]]:
    for line in (folder / "manifest.jsonl").read_text().splitlines():
        entry = json.loads(line)
        if entry["kind"] in kinds:
            samples, rate_hz = soundfile.read(folder / entry["file"], dtype="int16")
            yield entry["file"], samples, rate_hz


def shares(vad: VoiceActivity, folder: Path, *kinds: str, at_most: int = 40) -> dict[str, float]:
    """Share of windows called speech, by file."""
    found = {}
    for name, samples, rate_hz in list(recordings(folder, *kinds))[:at_most]:
        heard = resample(samples, rate_hz, vad.sample_rate_hz).astype(np.float32) / 32768.0
        if len(heard) >= vad.window_samples:
            found[name] = float((listen(vad, 0, heard) > SPEECH).mean())
    return found


@pytest.mark.models
@pytest.mark.speech_dir
@pytest.mark.parametrize("rate_hz", [8000, 16000])
def test_people_are_heard(judge: Build, speech_dir: Path, rate_hz: int) -> None:
    found = shares(judge(rate_hz), speech_dir, "clean", "accents", "phone8k")
    assert sum(share > 0.1 for share in found.values()) >= 0.95 * len(found)
    # Half to two thirds of these recordings is the pause around the words.
    assert np.median(list(found.values())) > 0.25


@pytest.mark.models
@pytest.mark.speech_dir
@pytest.mark.parametrize("rate_hz", [8000, 16000])
def test_empty_rooms_and_gaps_are_not_heard(judge: Build, speech_dir: Path, rate_hz: int) -> None:
    found = shares(judge(rate_hz), speech_dir, "silence")
    quiet = sum(share < 0.05 for share in found.values())
    assert quiet >= 0.9 * len(found), found


@pytest.mark.models
@pytest.mark.speech_dir
@pytest.mark.parametrize("rate_hz", [8000, 16000])
def test_kitchens_streets_keyboards_and_hold_music_are_not_heard(
    judge: Build, speech_dir: Path, rate_hz: int
) -> None:
    found = shares(judge(rate_hz), speech_dir, "noise")
    people = found.pop("noise/crowded_room.flac", 1.0)
    assert people > 0.5, "a crowd is people, and a VAD cannot know which of them called"
    assert max(found.values()) < 0.05, found
