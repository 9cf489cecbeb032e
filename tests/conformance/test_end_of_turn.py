"""What every `EndOfTurn` owes the conversation."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from antiphon.audio.resample import resample
from antiphon.providers.local.models import is_installed
from antiphon.providers.local.smart_turn import SmartTurn
from antiphon.speech.ports import EndOfTurn


def _smart_turn() -> EndOfTurn:
    if not is_installed("smart-turn-v3.2"):
        pytest.skip("embedded models are not installed: run `antiphon models fetch`")
    return SmartTurn()


@pytest.fixture(params=[pytest.param(_smart_turn, marks=pytest.mark.models, id="smart-turn")])
def judge(request: pytest.FixtureRequest) -> EndOfTurn:
    build: Callable[[], EndOfTurn] = request.param
    return build()


def hum(seconds: float, rate_hz: int) -> bytes:
    time_s = np.arange(int(seconds * rate_hz)) / rate_hz
    sound = 4000 * np.sin(2 * np.pi * 140 * time_s) * (1 + np.sin(2 * np.pi * 3 * time_s))
    return sound.astype("<i2").tobytes()


@pytest.mark.parametrize("rate_hz", [8000, 16000])
@pytest.mark.parametrize("seconds", [0.0, 0.01, 0.5, 8.0, 30.0])
async def test_any_length_gives_a_probability(judge: EndOfTurn, seconds: float, rate_hz: int) -> None:
    assert 0.0 <= await judge.score(hum(seconds, rate_hz), rate_hz) <= 1.0


async def test_only_the_last_eight_seconds_count(judge: EndOfTurn) -> None:
    recent = hum(8.0, 16000)
    assert await judge.score(bytes(64000) + recent, 16000) == await judge.score(recent, 16000)


async def test_the_same_sound_gets_the_same_score_whoever_asks_meanwhile(judge: EndOfTurn) -> None:
    sounds = [hum(seconds, 8000) for seconds in (0.5, 1.0, 2.0)]
    alone = [await judge.score(sound, 8000) for sound in sounds]
    together = await asyncio.gather(*(judge.score(sound, 8000) for sound in sounds))
    np.testing.assert_allclose(together, alone, atol=1e-4)


async def test_many_at_once_are_all_answered_and_as_if_alone(judge: EndOfTurn) -> None:
    sounds = [hum(0.3 * number, 8000 if number % 2 else 16000) for number in range(1, 12)]
    rates = [8000 if number % 2 else 16000 for number in range(1, 12)]
    alone = [await judge.score(sound, rate) for sound, rate in zip(sounds, rates, strict=True)]
    asked = (judge.score(sound, rate) for sound, rate in zip(sounds, rates, strict=True))
    np.testing.assert_allclose(await asyncio.gather(*asked), alone, atol=1e-4)


async def test_half_a_sample_at_the_end_is_left_out(judge: EndOfTurn) -> None:
    sound = hum(0.5, 8000)
    assert await judge.score(sound + b"\x7f", 8000) == await judge.score(sound, 8000)


@pytest.mark.speech_dir
async def test_phone_and_wideband_agree(judge: EndOfTurn, speech_dir: Path) -> None:
    """The same recording at 8 kHz must not become another sentence."""
    differences = []
    for samples in _clean(speech_dir, 12):
        wide = await judge.score(samples.tobytes(), 16000)
        narrow = await judge.score(resample(samples, 16000, 8000).tobytes(), 8000)
        differences.append(abs(wide - narrow))
    assert np.median(differences) < 0.15


@pytest.mark.speech_dir
async def test_whole_commands_sound_more_finished_than_their_beginnings(
    judge: EndOfTurn, speech_dir: Path
) -> None:
    whole, begun = [], []
    for samples in _clean(speech_dir, 24):
        spoken = samples[: _end_of_speech(samples) + 3200]
        whole.append(await judge.score(spoken.tobytes(), 16000))
        cut = spoken[: int(0.6 * len(spoken))]
        begun.append(await judge.score(np.concatenate([cut, np.zeros(3200, "<i2")]).tobytes(), 16000))
    assert np.mean(whole) > np.mean(begun) + 0.1
    assert np.mean(np.array(whole) > 0.5) > 0.7


def _clean(folder: Path, count: int) -> list[np.ndarray[tuple[int], np.dtype[np.int16]]]:
    lines = (folder / "manifest.jsonl").read_text().splitlines()
    files = [entry["file"] for entry in map(json.loads, lines) if entry["kind"] == "clean"]
    read = [soundfile.read(folder / file, dtype="int16") for file in files[: 2 * count]]
    return [samples for samples, rate_hz in read if rate_hz == 16000][:count]


def _end_of_speech(samples: np.ndarray[tuple[int], np.dtype[np.int16]]) -> int:
    """Sample after the last 20 ms louder than a tenth of the loudest."""
    frames = samples[: len(samples) // 320 * 320].reshape(-1, 320).astype(np.float64)
    level = np.sqrt((frames**2).mean(axis=1))
    return int(np.flatnonzero(level > 0.1 * level.max())[-1] + 1) * 320
