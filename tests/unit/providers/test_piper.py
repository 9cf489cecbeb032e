"""Piper and espeak-ng: clear words when something is missing, and speech shaped as promised."""

from __future__ import annotations

import asyncio
import builtins
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from antiphon.errors import ConfigError
from antiphon.providers.local import espeak
from antiphon.providers.local.espeak import TIE, espeak_voice, phonemize
from antiphon.providers.local.loudness import level_dbfs
from antiphon.providers.local.models import is_installed, model_dir
from antiphon.providers.local.piper import PiperTts
from antiphon.speech.ports import TtsAudio, TtsRequest

needs_voice = pytest.mark.skipif(not is_installed("piper-joe"), reason="antiphon models fetch piper-joe")


@pytest.fixture(scope="module")
def tts() -> PiperTts:
    return PiperTts()


async def spoken(tts: PiperTts, text: str, **changes: Any) -> list[TtsAudio]:
    said: list[TtsAudio] = []
    values: dict[str, Any] = {"text": text, "voice": "joe", "sample_rate_hz": 16000} | changes
    await tts.synthesize(TtsRequest(**values), said.append)
    return said


def test_phonemes_are_ipa_with_tied_diphthongs() -> None:
    pytest.importorskip("espeakng_loader")
    assert phonemize("choose a day") == f"t{TIE}ʃˈuːz ɐ dˈe{TIE}ɪ"
    assert phonemize("water", "en-us") != phonemize("water", "en")


@pytest.mark.parametrize("text", ["", " ", "\0", "\0\0 \0"])
def test_nothing_to_pronounce_has_no_phonemes(text: str) -> None:
    pytest.importorskip("espeakng_loader")
    assert phonemize(text) == ""


def test_phonemes_do_not_mix_when_threads_ask_in_different_voices() -> None:
    pytest.importorskip("espeakng_loader")
    asked = [("water bottle", "en-us"), ("water bottle", "en"), ("good morning", "en-us")] * 40
    alone = {question: phonemize(*question) for question in set(asked)}
    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(lambda question: phonemize(*question), asked))
    assert answers == [alone[question] for question in asked]


def test_a_language_espeak_does_not_know_is_refused() -> None:
    pytest.importorskip("espeakng_loader")
    with pytest.raises(ConfigError, match='no voice "xx"'):
        phonemize("hello", "xx")


@pytest.mark.parametrize(
    ("language", "voice"), [("en-US", "en-us"), ("en_GB", "en"), ("en-AU", "en-us"), ("de-AT", "de")]
)
def test_languages_map_to_espeak_voices(language: str, voice: str) -> None:
    assert espeak_voice(language) == voice


def test_without_espeak_the_operator_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    import_module = builtins.__import__

    def refuse(name: str, *args: Any) -> Any:
        if name == "espeakng_loader":
            raise ImportError(name)
        return import_module(name, *args)

    monkeypatch.setattr(builtins, "__import__", refuse)
    espeak._engine.cache_clear()
    with pytest.raises(ConfigError, match=r"pip install antiphon\[espeak\]"):
        phonemize("hello")


def test_an_unknown_voice_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ConfigError, match="use one of: joe"):
        PiperTts("nobody")


def test_a_missing_model_names_the_command_that_fetches_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("ANTIPHON_MODELS_DIR", str(tmp_path))
    with pytest.raises(ConfigError, match="antiphon models fetch piper-joe"):
        PiperTts()


@needs_voice
@pytest.mark.models
@pytest.mark.parametrize("kept_bytes", [0, 1000, 60_000_000])
def test_a_damaged_model_is_said_to_be_damaged(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, kept_bytes: int
) -> None:
    copy = tmp_path / "piper-joe"
    shutil.copytree(model_dir("piper-joe"), copy)
    weights = copy / "en_US-joe-medium.onnx"
    weights.write_bytes(weights.read_bytes()[:kept_bytes])
    monkeypatch.setenv("ANTIPHON_MODELS_DIR", str(tmp_path))
    with pytest.raises(ConfigError, match="piper-joe"):
        PiperTts()


@needs_voice
@pytest.mark.models
@pytest.mark.parametrize(
    ("longer", "shorter"), [("We are open.", "We are open,"), ("We are open,", "We are open")]
)
async def test_a_piece_ends_with_the_pause_its_punctuation_asks_for(
    tts: PiperTts, longer: str, shorter: str
) -> None:
    def pause(said: list[TtsAudio]) -> int:
        samples = np.frombuffer(said[-1].pcm, dtype="<i2")
        return len(samples) - int(np.flatnonzero(samples)[-1])

    assert pause(await spoken(tts, longer)) > pause(await spoken(tts, shorter)) + 16 * 50


@needs_voice
@pytest.mark.models
async def test_every_sentence_leaves_at_speaking_level(tts: PiperTts) -> None:
    levels = []
    for text in ("Yes.", "Thank you, goodbye.", "We have an opening on Tuesday at nine thirty."):
        pcm = b"".join(audio.pcm for audio in await spoken(tts, text))
        levels.append(level_dbfs(np.frombuffer(pcm, dtype="<i2").astype(np.float32) / 32768, 16000))
    # No two takes are alike: a sentence varies by 0.5 dB, and short ones stand 4 dB above long ones.
    assert all(-25.5 < level < -15.5 for level in levels), levels
    assert max(levels) - min(levels) < 7, levels


@needs_voice
@pytest.mark.models
async def test_an_executor_of_the_owner_is_used() -> None:
    used: list[str] = []

    class Watched(ThreadPoolExecutor):
        def submit(self, *args: Any, **kwargs: Any) -> Any:
            used.append("submitted")
            return super().submit(*args, **kwargs)

    with Watched(1) as executor:
        await spoken(PiperTts(executor=executor), "Hello. Goodbye.")
    assert len(used) >= 2, "once a block"


@needs_voice
@pytest.mark.models
async def test_the_event_loop_goes_on_while_the_model_works(tts: PiperTts) -> None:
    task = asyncio.create_task(
        spoken(tts, "This sentence takes a good while longer than one turn of the loop.")
    )
    turns = 0
    while not task.done():
        await asyncio.sleep(0)
        turns += 1
    assert turns > 100


@needs_voice
@pytest.mark.models
async def test_a_marked_pause_is_silence_of_its_length(tts: PiperTts) -> None:
    def last_quiet_ms(said: list[TtsAudio]) -> float:
        samples = np.frombuffer(said[-1].pcm, dtype="<i2")
        return (len(samples) - np.flatnonzero(samples)[-1]) / 16

    plain = await spoken(tts, "Good day,")
    marked = await spoken(tts, "Good day,", ssml='Good day,<break time="1500ms"/>')
    assert last_quiet_ms(plain) < 1000
    assert 1500 <= last_quiet_ms(marked) < 1700


@needs_voice
@pytest.mark.models
async def test_told_sounds_are_spoken_and_every_word_is_timed(tts: PiperTts) -> None:
    ssml = '<phoneme alphabet="ipa" ph="ʃɪˈvɔːn">Siobhan</phoneme> is here.'
    assert len((await spoken(tts, "shi-vawn is here.", ssml=ssml))[-1].word_ends_ms) == 3
