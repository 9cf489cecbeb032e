"""Every line is rendered before the call: with its pauses, at the caller's level, its true end known."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from tests.doubles.media_line import silence, tone
from tests.doubles.scripted_agent import ToneVoice

from antiphon.audio.level import active_level_dbfs
from antiphon.audio.wav import write_wav
from antiphon.errors import ConfigError
from antiphon.quality.callers.mouth import Mouth, voice_end_ms
from antiphon.speech.phrases import CachingTts, PhraseCache
from antiphon.speech.ports import TtsAudio, TtsRequest
from antiphon.storage.blobs import BlobFolder

RATE_HZ = 8000


def mouth(voice: ToneVoice, *, level_dbfs: float = -20.0, recordings: dict[str, Path] | None = None) -> Mouth:
    return Mouth(
        voice, "bf_emma", sample_rate_hz=RATE_HZ, speed=0.9, level_dbfs=level_dbfs, recordings=recordings
    )


async def test_a_line_is_spoken_with_the_callers_voice_and_speed() -> None:
    voice = ToneVoice()
    speaker = mouth(voice)
    await speaker.prepare(["Hello."])
    (request,) = voice.asked
    assert (request.text, request.voice, request.speed) == ("Hello.", "bf_emma", 0.9)
    assert speaker.line("Hello.").duration_ms == 300


async def test_lines_of_every_rate_share_one_rendering(tmp_path: Path) -> None:
    voice = ToneVoice()
    kept = CachingTts(voice, PhraseCache(BlobFolder(tmp_path, max_bytes=1 << 20)), "tone")
    lines = {}
    for rate_hz in (8000, 16000):
        speaker = Mouth(kept, "bf_emma", sample_rate_hz=rate_hz)
        await speaker.prepare(["Good morning.", "Goodbye."])
        lines[rate_hz] = speaker.line("Good morning.")

    assert sorted(request.text for request in voice.asked) == ["Good morning.", "Goodbye."]
    assert lines[16000].duration_ms == lines[8000].duration_ms
    assert len(lines[16000].samples) == 2 * len(lines[8000].samples)


async def test_a_number_in_brackets_is_a_pause_of_that_many_milliseconds() -> None:
    voice = ToneVoice()
    speaker = mouth(voice)
    line = "six one [600] two"
    await speaker.prepare([line])
    spoken = speaker.line(line)
    assert [request.text for request in voice.asked] == ["six one", "two"]
    assert spoken.duration_ms == 350 + 600 + 150
    pause = spoken.samples[350 * 8 : 950 * 8]
    assert not pause.any() and spoken.samples[349 * 8 : 350 * 8].any() and spoken.samples[950 * 8 :].any()
    assert "[" not in spoken.text and "600" not in spoken.text


async def test_a_pause_at_the_end_is_not_voice() -> None:
    speaker = mouth(ToneVoice())
    await speaker.prepare(["yes [500]"])
    assert speaker.line("yes [500]").voice_ends_ms == pytest.approx(150, abs=8)
    assert speaker.line("yes [500]").duration_ms == 650


@pytest.mark.parametrize("level_dbfs", [-20.0, -38.0])
async def test_the_voice_is_as_loud_as_the_file_says(level_dbfs: float) -> None:
    speaker = mouth(ToneVoice(), level_dbfs=level_dbfs)
    await speaker.prepare(["Good morning. [400] I would like an appointment."])
    line = speaker.line("Good morning. [400] I would like an appointment.")
    assert active_level_dbfs(line.samples, RATE_HZ) == pytest.approx(level_dbfs, abs=0.5)


async def test_a_voice_that_makes_no_sound_gives_a_silent_line_and_no_fault() -> None:
    class NoVoice:
        async def synthesize(self, request: TtsRequest, emit: Callable[[TtsAudio], None]) -> None:
            emit(TtsAudio(pcm=b""))

    speaker = Mouth(NoVoice(), "af_heart", sample_rate_hz=RATE_HZ)
    await speaker.prepare(["Hm."])
    assert speaker.line("Hm.").voice_ends_ms == 0


async def test_a_recording_is_played_instead_of_the_voice(tmp_path: Path) -> None:
    write_wav(tmp_path / "hello.wav", tone(700, sample_rate_hz=16000), 16000)
    voice = ToneVoice()
    speaker = mouth(voice, recordings={"Hello.": tmp_path / "hello.wav"})
    await speaker.prepare(["Hello."])
    assert not voice.asked
    assert speaker.line("Hello.").duration_ms == 700
    assert speaker.line("Hello.").sample_rate_hz == RATE_HZ


@pytest.mark.parametrize("content", [b"", b"RIFF....WAVEgarbage", b"this is a text"])
async def test_a_recording_that_is_none_names_the_file(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "hello.wav"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=r"hello\.wav"):
        await mouth(ToneVoice(), recordings={"Hello.": path}).prepare(["Hello."])


def test_the_end_of_the_voice_is_the_last_loud_block() -> None:
    sound = np.concatenate([silence(100), tone(300), silence(50), tone(150), silence(400)])
    assert voice_end_ms(sound, RATE_HZ) == 600
    noisy = sound + np.random.default_rng(3).integers(-20, 20, len(sound)).astype(np.int16)
    assert voice_end_ms(noisy, RATE_HZ) == 600, "noise 50 dB below the voice is not voice"


@pytest.mark.parametrize("samples", [silence(0), silence(5), silence(500)])
def test_silence_has_no_end_of_voice(samples: np.ndarray[tuple[int], np.dtype[np.int16]]) -> None:
    assert voice_end_ms(samples, RATE_HZ) == 0
