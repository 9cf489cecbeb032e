"""ElevenLabs' messages, to and from our values. Pure.

Sources: the types of `v_1_text_to_speech_voice_id_multi_stream_input` in elevenlabs 2.78.0;
elevenlabs.io/docs, pages "Multi-Context WebSocket", "Models", "Error messages", read 2026-11-25. That a
cancelled context counts until its `isFinal` came, and what error frames look like:
github.com/pipecat-ai/pipecat issue 4132, github.com/livekit/agents-js issue 1985.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

import msgspec

from antiphon.errors import ProviderError, ProviderRejected, ProviderUnavailable
from antiphon.providers.said import Said
from antiphon.speech.ports import TtsRequest

NAME = "elevenlabs"
ADDRESS = "https://api.elevenlabs.io"
DEFAULT_MODEL = "eleven_flash_v2_5"
# 44.1 kHz is for higher plans only, so nobody is given it unasked.
RATES_HZ = (8_000, 16_000, 22_050, 24_000)
CONTEXTS_MAX = 5
_OTHERWISE_HZ = 24_000
SPEEDS = (0.7, 1.2)
_INACTIVITY_S = 180  # The longest they offer; a caller may think for longer than the usual 20.
# Models that can be held to a language; the others find it out by themselves and refuse the parameter.
_TAKE_LANGUAGE = ("eleven_flash_v2_5", "eleven_turbo_v2_5", "eleven_v3")
# Errors only the operator can put right. All others pass, or are this socket's alone.
_REJECTED = frozenset(
    {
        "invalid_api_key", "missing_api_key", "unauthorized", "authentication_error", "missing_permissions",
        "quota_exceeded", "payment_required", "voice_not_found", "voice_id_does_not_exist", "model_not_found",
        "invalid_model_id", "unsupported_model", "subscription_required",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Speaking:
    """All that is fixed for one socket."""

    voice: str
    model: str
    language: str  # "" where the model is not held to one.
    rate_hz: int


class _Alignment(msgspec.Struct, rename="camel"):
    chars: list[str] | None = None
    char_start_times_ms: list[int] | None = None
    char_durations_ms: list[int] | None = None


class _Message(msgspec.Struct, rename="camel"):
    audio: str | None = None
    is_final: bool | None = None
    alignment: _Alignment | None = None
    context_id: str | None = None
    error: str | None = None


_decoder = msgspec.json.Decoder(_Message)


def speaking(request: TtsRequest) -> Speaking:
    """`request.voice` is "VOICE" or "MODEL/VOICE"."""
    model, _, voice = request.voice.rpartition("/")
    model = model or DEFAULT_MODEL
    language = request.language.partition("-")[0].lower() if model in _TAKE_LANGUAGE else ""
    rate_hz = request.sample_rate_hz if request.sample_rate_hz in RATES_HZ else _OTHERWISE_HZ
    return Speaking(voice=voice, model=model, language=language, rate_hz=rate_hz)


def speed(request: TtsRequest) -> dict[str, float]:
    """`voice_settings` for the request; without need none, so that the voice keeps its own."""
    if request.speed == 1.0:
        return {}
    return {"speed": min(max(request.speed, SPEEDS[0]), SPEEDS[1])}


def socket_url(address: str, key: Speaking) -> str:
    """`auto_mode` speaks at once: we send whole clauses, so there is nothing to wait for."""
    _, _, place = address.rstrip("/").partition("://")
    scheme = "ws" if address.startswith(("http://", "ws://")) else "wss"
    query = {
        "model_id": key.model,
        "output_format": f"pcm_{key.rate_hz}",
        "auto_mode": "true",
        "sync_alignment": "true",
        "inactivity_timeout": str(_INACTIVITY_S),
    }
    if key.language:
        query["language_code"] = key.language
    voice = quote(key.voice, safe="")
    return f"{scheme}://{place}/v1/text-to-speech/{voice}/multi-stream-input?{urlencode(query)}"


def begin(request: TtsRequest, context: str) -> Sequence[Mapping[str, Any]]:
    """A context that says one thing and is closed; what was flushed before is still spoken."""
    settings = speed(request)
    opening: dict[str, Any] = {"text": " ", "context_id": context}
    if settings:
        opening["voice_settings"] = settings
    return (
        opening,
        {"text": f"{request.text} ", "context_id": context, "flush": True},
        {"context_id": context, "close_context": True},
    )


def cancel(context: str) -> Mapping[str, Any]:
    return {"context_id": context, "close_context": True}


def read(message: str | bytes) -> Said:
    """The alignment counts from the first sample of its own message, and may reach beyond its last."""
    said = _decoder.decode(message)
    if said.error is not None:
        return Said(context=said.context_id, error=error_for(said.error))
    aligned = said.alignment or _Alignment()
    starts, durations = aligned.char_start_times_ms or [], aligned.char_durations_ms or []
    ends = [start + duration for start, duration in zip(starts, durations, strict=True)]
    return Said(
        context=said.context_id,
        pcm=base64.b64decode(said.audio or "", validate=True),
        times=list(zip(aligned.chars or [], ends, strict=True)),
        times_from_here=True,
        ended=bool(said.is_final),
    )


def error_for(code: str) -> ProviderError:
    """Their codes are words of a fixed set, and fit for a message where they look like one."""
    word = code if code.replace("_", "").isalnum() and len(code) < 40 else "an error"
    if code in _REJECTED:
        return ProviderRejected(NAME, f"{word}: check the key, the quota, the model and the voice")
    return ProviderUnavailable(NAME, word)
