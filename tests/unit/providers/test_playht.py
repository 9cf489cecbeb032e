"""PlayHT beyond the contract: a WAV that is still being written, names of voices, a service that is gone."""

from __future__ import annotations

import pytest
from tests.doubles.playht_speech import wav_head

from antiphon.errors import ConfigError, ProviderProtocolError
from antiphon.providers.playht import wire
from antiphon.providers.registry import Registry
from antiphon.providers.roles import Role
from antiphon.speech.ports import TtsRequest

KEYS = {"PLAY_HT_API_KEY": "k", "PLAY_HT_USER_ID": "u"}
SAMPLES = bytes(range(200))


@pytest.mark.parametrize("size", [1, 7, 45, 1_000])
def test_samples_are_found_wherever_the_head_is_cut(size: int) -> None:
    whole = wav_head(24_000) + SAMPLES
    wav = wire.WavStream(24_000)
    found = b"".join(wav.push(whole[at : at + size]) for at in range(0, len(whole), size))
    assert found == SAMPLES


@pytest.mark.parametrize(
    "head",
    [
        b"ID3\x04 an mp3 all the same",
        b"RIFF\0\0\0\0AVI LIST",
        b"RIFF\0\0\0\0WAVEdata\0\0\0\0",
        wav_head(8_000),
        wav_head(24_000, channels=2),
        wav_head(24_000, bits=8),
        b"RIFF\0\0\0\0WAVELIST\xff\xff\0\0" + bytes(5_000),
    ],
)
def test_samples_of_another_kind_are_refused_and_not_played_as_noise(head: bytes) -> None:
    with pytest.raises(ProviderProtocolError):
        wire.WavStream(24_000).push(head)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("s3://a/b/manifest.json", ("Play3.0-mini", "s3://a/b/manifest.json")),
        ("PlayDialog/s3://a/b/manifest.json", ("PlayDialog", "s3://a/b/manifest.json")),
        ("Playful", ("Play3.0-mini", "Playful")),
    ],
)
def test_a_voice_may_name_its_engine(name: str, expected: tuple[str, str]) -> None:
    assert wire.engine_and_voice(name) == expected


def test_a_language_goes_out_by_its_english_name() -> None:
    body = wire.post(TtsRequest(text="x", voice="v", sample_rate_hz=11_025, language="es-MX")).body
    assert (body["language"], body["sample_rate"]) == ("spanish", 24_000)


def test_without_an_address_of_ones_own_it_is_known_not_to_answer_before_any_call() -> None:
    registry = Registry(environment=KEYS)
    voice = next(known for known in registry.known(Role.TTS) if known.startswith("playht/"))
    assert registry.known_as(Role.TTS, voice).state == "missing: set ANTIPHON_PLAYHT_URL"
    with pytest.raises(ConfigError, match="ANTIPHON_PLAYHT_URL"):
        registry.tts(voice)


def test_with_one_it_speaks_with_any_voice() -> None:
    registry = Registry(environment={**KEYS, "ANTIPHON_PLAYHT_URL": "http://localhost:1"})
    assert registry.tts("playht/PlayDialog/s3://x/y.json")[1] == "PlayDialog/s3://x/y.json"
