"""Cartesia's messages, to and from our values. Pure.

Sources: `types/websocket_*` of cartesia 4.2.0; docs.cartesia.ai, pages "WebSocket", "Contexts", "API errors",
"Concurrency and WebSocket limits", read 2026-11-25.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any

from antiphon.errors import ProviderError, ProviderProtocolError, ProviderUnavailable
from antiphon.providers.refusals import refused
from antiphon.providers.said import Said
from antiphon.speech.ports import TtsRequest

NAME = "cartesia"
DEFAULT_MODEL = "sonic-3.5"
RATES_HZ = (8_000, 16_000, 22_050, 24_000, 44_100, 48_000)
_OTHERWISE_HZ = 24_000
SPEEDS = (0.6, 1.5)


def rate_hz(request: TtsRequest) -> int:
    return request.sample_rate_hz if request.sample_rate_hz in RATES_HZ else _OTHERWISE_HZ


def begin(request: TtsRequest, context: str) -> Sequence[Mapping[str, Any]]:
    """A context that says one thing: with `continue` false nothing is held back to wait for more.

    `request.voice` is "VOICE" or "MODEL/VOICE".
    """
    model, _, voice = request.voice.rpartition("/")
    wanted: dict[str, Any] = {
        "context_id": context,
        "model_id": model or DEFAULT_MODEL,
        "transcript": request.text,
        "voice": {"id": voice},
        "output_format": {"container": "raw", "encoding": "pcm_s16le", "sample_rate": rate_hz(request)},
        "language": request.language.partition("-")[0].lower(),
        "continue": False,
        "add_timestamps": True,
        "use_normalized_timestamps": False,  # Our words are counted as they were written.
    }
    if request.speed != 1.0:
        wanted["generation_config"] = {"speed": min(max(request.speed, SPEEDS[0]), SPEEDS[1])}
    return (wanted,)


def cancel(context: str) -> Mapping[str, Any]:
    return {"context_id": context, "cancel": True}


def read(event: Any) -> Said:
    """An event of the SDK, which does not check what it makes of a message; a field that is missing raises
    AttributeError or TypeError here."""
    match event.type:
        case "chunk":
            pcm = base64.b64decode(event.data or "", validate=True)
            return Said(context=_owner(event), pcm=pcm)
        case "timestamps":
            times = event.word_timestamps
            ends = [round(1000 * end_s) for end_s in times.end] if times else []
            words = times.words if times else []
            return Said(context=_owner(event), times=list(zip(words, ends, strict=True)))
        case "done":
            return Said(context=_owner(event), ended=True)
        case "error":
            return Said(context=event.context_id, error=error_for(event.status_code))
        case "flush_done" | "phoneme_timestamps":
            return Said(context=_owner(event))
    raise ProviderProtocolError(NAME, "an event we do not know")


def error_for(status: int | None) -> ProviderError:
    """An error event has the status HTTP would have given."""
    return refused(NAME, status) if status else ProviderUnavailable(NAME, "an error without a status")


def _owner(event: Any) -> str:
    owner: Any = event.context_id
    if not isinstance(owner, str):
        raise ProviderProtocolError(NAME, "sound that belongs to nobody")
    return owner
