"""OpenAI Realtime (GA) messages, to and from our values. Pure.

Sources: the event types of openai 3.54.0 (`types/realtime`); "Realtime conversations" and "Voice activity
detection" of the API guide, read 2026-11-25.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any

from antiphon.providers.openai.voices import voice_of
from antiphon.speech.ports import SpeechSessionConfig, SpokenTool

NAME = "openai"
PHONE_HZ, WIDE_HZ = 8_000, 24_000
# "Committed turns in Realtime sessions": developers.openai.com/api/docs/models/gpt-transcribe, 2026-11-27.
# The one before it, gpt-4o-mini-transcribe, ends on 2027-02-26.
TRANSCRIPTION_MODEL = "gpt-transcribe"
SETUP = "setup"  # Our id of the first message: what is refused of it leaves an agent without instructions.
_TEXT_TYPES = {"caller": "input_text", "agent": "output_text"}
_ROLES = {"caller": "user", "agent": "assistant"}


def wire_rate_hz(line_hz: int) -> int:
    """A phone line is carried as it is, in mu-law; everything else at the one rate of `audio/pcm`."""
    return PHONE_HZ if line_hz == PHONE_HZ else WIDE_HZ


def session_update(model: str, config: SpeechSessionConfig) -> dict[str, Any]:
    """`session.update` for a new session."""
    phone = wire_rate_hz(config.sample_rate_hz) == PHONE_HZ
    audio_format = {"type": "audio/pcmu"} if phone else {"type": "audio/pcm", "rate": WIDE_HZ}
    language = config.language.partition("-")[0]
    session: dict[str, Any] = {
        "type": "realtime",
        "model": model,
        "output_modalities": ["audio"],
        "instructions": config.instructions,
        "audio": {
            "input": {
                "format": audio_format,
                "transcription": {"model": TRANSCRIPTION_MODEL, "language": language},
                "turn_detection": _turn_detection(config),
            },
            "output": {"format": audio_format, **({"voice": voice_of(config.voice)} if config.voice else {})},
        },
        "tools": [_tool(tool) for tool in config.tools],
        "tool_choice": "auto" if config.tools else "none",
    }
    return {"type": "session.update", "event_id": SETUP, "session": session}


def _turn_detection(config: SpeechSessionConfig) -> dict[str, Any] | None:
    if not config.provider_turns:
        return None
    # An interruption is ours to judge: a cough must not cost the caller the sentence.
    reply = {"create_response": True, "interrupt_response": False}
    return {"type": "semantic_vad" if config.semantic_turns else "server_vad", **reply}


def _tool(tool: SpokenTool) -> dict[str, Any]:
    return {
        "type": "function",
        "name": tool.name,
        "description": tool.description,
        "parameters": dict(tool.parameters),
    }


def history_items(history: Sequence[tuple[str, str]]) -> list[dict[str, Any]]:
    """`conversation.item.create` for everything said and heard before."""
    return [_message(_ROLES[role], {"type": _TEXT_TYPES[role], "text": text}) for role, text in history]


def image_item(image: bytes, media_type: str) -> dict[str, Any]:
    url = f"data:{media_type};base64,{base64.b64encode(image).decode()}"
    return _message("user", {"type": "input_image", "image_url": url})


def _message(role: str, content: Mapping[str, Any]) -> dict[str, Any]:
    item = {"type": "message", "role": role, "content": [dict(content)]}
    return {"type": "conversation.item.create", "item": item}


def tool_output(call: str, output: str) -> dict[str, Any]:
    item = {"type": "function_call_output", "call_id": call, "output": output}
    return {"type": "conversation.item.create", "item": item}


def late_result(output: str) -> dict[str, Any]:
    """The result of a call that this session does not know, as the history tells of such."""
    text = f"(the tool that was under way has answered: {output})"
    return _message(_ROLES["agent"], {"type": _TEXT_TYPES["agent"], "text": text})


def append_audio(data: bytes) -> dict[str, Any]:
    return {"type": "input_audio_buffer.append", "audio": base64.b64encode(data).decode()}


def response_create(instructions: str = "") -> dict[str, Any]:
    message: dict[str, Any] = {"type": "response.create"}
    if instructions:
        message["response"] = {"instructions": instructions}
    return message


def truncate(item: str, content_index: int, audio_end_ms: int) -> dict[str, Any]:
    return {
        "type": "conversation.item.truncate",
        "item_id": item,
        "content_index": content_index,
        "audio_end_ms": audio_end_ms,
    }


def usage(reported: Any) -> dict[str, int]:
    """Counters of `response.done` by our names; what is not reported is left out."""
    if reported is None:
        return {}
    found = {"input_tokens": reported.input_tokens, "output_tokens": reported.output_tokens}
    details = reported.input_token_details
    if details is not None:
        found |= {"cached_tokens": details.cached_tokens, "input_audio_tokens": details.audio_tokens}
    if reported.output_token_details is not None:
        found["output_audio_tokens"] = reported.output_token_details.audio_tokens
    return {name: int(count) for name, count in found.items() if count is not None}
