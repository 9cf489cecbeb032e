"""The names that vendors of audio add to the registry, and what a misuse is told before any call."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from antiphon.errors import ConfigError
from antiphon.providers.prices import load_prices
from antiphon.providers.registry import Registry
from antiphon.providers.roles import Known, Role

KEYS = {
    "DEEPGRAM_API_KEY": "k",
    "ASSEMBLYAI_API_KEY": "k",
    "OPENAI_API_KEY": "k",
    "ELEVENLABS_API_KEY": "k",
    "CARTESIA_API_KEY": "k",
}


def known(role: Role, name: str, environment: dict[str, str] | None = None) -> Known:
    registry = Registry(environment=KEYS if environment is None else environment)
    return dict(registry.matrix(role))[name]


@pytest.mark.parametrize(
    ("name", "vocabulary", "turn_events", "word_times"),
    [
        ("deepgram/nova-3", True, True, True),
        ("deepgram/flux-general-en", True, True, True),
        ("assemblyai/universal-streaming-english", True, True, True),
        ("openai/gpt-4o-transcribe", True, True, False),
        ("openai/gpt-realtime-whisper", False, False, False),
    ],
)
def test_what_a_recogniser_can_do_is_declared(
    name: str, vocabulary: bool, turn_events: bool, word_times: bool
) -> None:
    found = known(Role.STT, name).capabilities
    assert (found.vocabulary, found.turn_events, found.word_times) == (vocabulary, turn_events, word_times)
    assert found.partials


@pytest.mark.parametrize(
    ("role", "name", "variable"),
    [
        (Role.STT, "deepgram/nova-3", "DEEPGRAM_API_KEY"),
        (Role.TTS, "deepgram/aura-2-thalia-en", "DEEPGRAM_API_KEY"),
        (Role.STT, "assemblyai/u3-rt-pro", "ASSEMBLYAI_API_KEY"),
        (Role.BATCH_STT, "assemblyai/best", "ASSEMBLYAI_API_KEY"),
        (Role.STT, "openai/gpt-4o-transcribe", "OPENAI_API_KEY"),
        (Role.TTS, "openai/alloy", "OPENAI_API_KEY"),
        (Role.TTS, "elevenlabs/http/*", "ELEVENLABS_API_KEY"),
        (Role.TTS, "cartesia/sonic-3*/*", "CARTESIA_API_KEY"),
    ],
)
def test_a_missing_key_is_named_with_its_variable(role: Role, name: str, variable: str) -> None:
    assert known(role, name, {}).state == f"missing: set {variable}"
    registry = Registry(environment={})
    make = {Role.STT: registry.stt, Role.TTS: registry.tts, Role.BATCH_STT: registry.batch_stt}[role]
    with pytest.raises(ConfigError, match=variable):
        make(name)


async def test_every_name_that_is_offered_can_be_made() -> None:
    registry = Registry(environment=KEYS)
    made = 0
    for prefix in ("deepgram", "assemblyai", "openai", "elevenlabs", "cartesia"):
        for role, make in (
            (Role.STT, registry.stt),
            (Role.TTS, registry.tts),
            (Role.BATCH_STT, registry.batch_stt),
        ):
            for name, _ in registry.matrix(role):
                if name.startswith(f"{prefix}/"):
                    assert make(name) is not None  # type: ignore[operator]
                    made += 1
    assert made > 40


async def test_a_voice_nobody_listed_is_taken_with_its_model() -> None:
    registry = Registry(environment=KEYS)
    assert registry.tts("openai/tts-1-hd/alloy")[1] == "tts-1-hd/alloy"
    assert registry.tts("deepgram/aura-2-hera-en")[1] == "aura-2-hera-en"


def test_a_voice_speaks_one_language_and_says_so() -> None:
    assert known(Role.TTS, "deepgram/aura-2-celeste-es").capabilities.languages == ("es",)


@pytest.mark.parametrize(
    ("name", "knows", "does_not"),
    [
        ("elevenlabs/VOICE", "vi", "ka"),
        ("elevenlabs/eleven_flash_v2/VOICE", "en", "es"),
        ("elevenlabs/eleven_multilingual_v2/VOICE", "es", "hu"),
        ("elevenlabs/http/VOICE", "vi", "ka"),
        ("elevenlabs/http/eleven_v3/VOICE", "ka", "xx"),
        ("cartesia/VOICE", "ka", "xx"),
        ("cartesia/sonic-3-2026-01-12/VOICE", "ka", "xx"),
        ("cartesia/sonic-turbo/VOICE", "ko", "ka"),
    ],
)
def test_any_voice_by_its_id_is_as_able_as_its_model(name: str, knows: str, does_not: str) -> None:
    can = Registry(environment=KEYS).known_as(Role.TTS, name).capabilities
    assert knows in can.languages
    assert does_not not in can.languages
    assert (can.word_times, can.cloning, can.ssml) == (True, True, False)
    assert 8_000 in can.sample_rates_hz


@pytest.mark.parametrize(
    "name",
    [
        "elevenlabs/eleven_v3/VOICE",
        "elevenlabs/eleven_flash_v9/VOICE",
        "elevenlabs/",
        "cartesia/sonic-9/VOICE",
    ],
)
def test_a_model_that_is_not_there_is_found_before_any_call(name: str) -> None:
    registry = Registry(environment=KEYS)
    assert not registry.knows(Role.TTS, name)
    with pytest.raises(ConfigError, match="there is no tts"):
        registry.tts(name)


async def test_all_voices_of_a_vendor_share_its_connections() -> None:
    registry = Registry(environment=KEYS)
    one, voice = registry.tts("elevenlabs/eleven_flash_v2/a")
    other, _ = registry.tts("elevenlabs/b")
    http, http_voice = registry.tts("elevenlabs/http/eleven_v3/c")
    assert one is other
    assert http is not one
    assert (voice, http_voice) == ("eleven_flash_v2/a", "eleven_v3/c")
    assert registry.tts("cartesia/sonic-3/a")[0] is registry.tts("cartesia/b")[0]


@pytest.mark.parametrize(
    ("name", "usd"),
    [
        ("elevenlabs/VOICE", "0.05"),
        ("elevenlabs/http/VOICE", "0.05"),
        ("elevenlabs/eleven_multilingual_v2/VOICE", "0.1"),
        ("elevenlabs/http/eleven_v3/VOICE", "0.1"),
        ("cartesia/sonic-3/VOICE", "0.05"),
    ],
)
def test_a_thousand_characters_cost_what_the_list_says(name: str, usd: str) -> None:
    book = load_prices({}, today=date(2026, 11, 25))
    assert book.cost_usd("tts", name, {"characters": 1000, "audio_ms": 60_000}) == Decimal(usd)
