"""OpenAI's audio beside its language models: offers and makers for `vendor.py`."""

from __future__ import annotations

from antiphon.providers.cloud import Access, Offer
from antiphon.providers.openai.voices import CUSTOM, VOICES
from antiphon.providers.roles import Capabilities, Role
from antiphon.speech.ports import BatchTranscription, SpeechToSpeech, SpeechToText, TextToSpeech

# `audio.transcription` of the realtime session takes one ISO-639-1 language; OpenAI lists some fifty.
_TRANSCRIBERS = ("gpt-4o-transcribe", "gpt-4o-mini-transcribe", "gpt-transcribe", "gpt-live-transcribe")
_WITHOUT_TERMS = "gpt-realtime-whisper"
_RECORDINGS = ("gpt-4o-transcribe", "gpt-transcribe", "gpt-4o-transcribe-diarize", "whisper-1")
# `types/realtime/realtime_audio_config_output` of openai 3.54.0.
_SPEAKERS_VOICES = (
    "alloy", "ash", "ballad", "cedar", "coral", "echo", "marin", "sage", "shimmer", "verse", f"{CUSTOM}*",
)  # fmt: skip
_SPEAKERS = ("gpt-realtime-1.5", "gpt-realtime-2.1-mini")
_RATES_HZ = (24_000,)

AUDIO_OFFERS = (
    *(
        Offer(
            role=Role.STT,
            name=name,
            capabilities=Capabilities(
                sample_rates_hz=_RATES_HZ, partials=True, vocabulary=True, turn_events=True
            ),
        )
        for name in _TRANSCRIBERS
    ),
    Offer(
        role=Role.STT,
        name=_WITHOUT_TERMS,
        capabilities=Capabilities(sample_rates_hz=_RATES_HZ, partials=True),
    ),
    *(
        Offer(
            role=Role.TTS,
            name=name,
            capabilities=Capabilities(sample_rates_hz=_RATES_HZ, cloning=True),
            any_name=True,
        )
        for name in VOICES
    ),
    *(
        Offer(
            role=Role.BATCH_STT,
            name=name,
            capabilities=Capabilities(
                word_times=name == "whisper-1",
                vocabulary=name != "gpt-4o-transcribe-diarize",
                speakers=name == "gpt-4o-transcribe-diarize",
            ),
        )
        for name in _RECORDINGS
    ),
    *(
        Offer(
            role=Role.SPEECH_TO_SPEECH,
            name=name,
            capabilities=Capabilities(
                sample_rates_hz=(8_000, *_RATES_HZ),
                voices=_SPEAKERS_VOICES,
                turn_events=True,
                tools=True,
                prompt_cache=True,
                images=True,
                semantic_turns=True,
            ),
            any_name=True,
        )
        for name in _SPEAKERS
    ),
)


def openai_stt(model: str, access: Access) -> SpeechToText:
    from antiphon.providers.openai.audio_client import OpenAiAudioConfig
    from antiphon.providers.openai.stt import OpenAiStt

    return OpenAiStt(model, OpenAiAudioConfig(key=access.key, url=access.url))


def openai_tts(voice: str, access: Access) -> tuple[TextToSpeech, str]:
    from antiphon.providers.openai.audio_client import OpenAiAudioConfig
    from antiphon.providers.openai.tts import OpenAiTts

    return OpenAiTts(OpenAiAudioConfig(key=access.key, url=access.url)), voice


def openai_realtime(model: str, access: Access) -> SpeechToSpeech:
    from antiphon.providers.openai.realtime import OpenAiRealtime

    return OpenAiRealtime(model, access.key, access.url)


def openai_batch(model: str, access: Access) -> BatchTranscription:
    from antiphon.providers.openai.audio_client import OpenAiAudioConfig
    from antiphon.providers.openai.batch import OpenAiBatch

    return OpenAiBatch(model, OpenAiAudioConfig(key=access.key, url=access.url))
