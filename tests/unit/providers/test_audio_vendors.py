"""The names that vendors of audio add to the registry, and what a misuse is told before any call."""

from __future__ import annotations

import pytest

from antiphon.errors import ConfigError
from antiphon.providers.registry import Registry
from antiphon.providers.roles import Known, Role

KEYS = {"DEEPGRAM_API_KEY": "k", "ASSEMBLYAI_API_KEY": "k", "OPENAI_API_KEY": "k"}


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
    for prefix in ("deepgram", "assemblyai", "openai"):
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
