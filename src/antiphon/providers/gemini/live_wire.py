"""Gemini Live (BidiGenerateContent) in the SDK's words, to and from our values. Pure.

Sources: `types` and `live` of google-genai 3.6; ai.google.dev/gemini-api/docs: Live API guide, session
management, the model page of gemini-3.8-live (client content, blocking calls). Read 2026-11-25.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from antiphon.providers.gemini.wire import NAME, as_object
from antiphon.speech.ports import SpeechSessionConfig, SpokenTool

__all__ = ["HISTORY", "IN_HZ", "NAME", "OUT_HZ", "Outgoing"]

IN_HZ, OUT_HZ = 16_000, 24_000
HISTORY = "history_config"  # Announces that what was said before comes first.
_ROLES = {"caller": "user", "agent": "model"}
# Ways a turn ends that are no failure; all others mean that the model has nothing to say, and why.
_GOOD_REASONS = frozenset({"TURN_COMPLETE_REASON_UNSPECIFIED", "NEED_MORE_INPUT"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """One call of the SDK's session: `send_realtime_input`, `send_client_content`, `send_tool_response`."""

    method: str
    arguments: dict[str, Any]


def setup(config: SpeechSessionConfig, handle: str) -> dict[str, Any]:
    """Configuration of a connection. With a `handle` the vendor takes up a session where it was."""
    detection: dict[str, Any] = {} if config.provider_turns else {"disabled": True}
    wanted: dict[str, Any] = {
        "response_modalities": ["AUDIO"],
        "system_instruction": config.instructions,
        "realtime_input_config": {
            "automatic_activity_detection": detection,
            # There is no message that stops a reply: only the caller's activity does.
            "activity_handling": "START_OF_ACTIVITY_INTERRUPTS",
        },
        "input_audio_transcription": {},
        "output_audio_transcription": {},
        "session_resumption": {"handle": handle} if handle else {},
        "context_window_compression": {"sliding_window": {}},  # Else sound ends after 15 minutes.
    }
    if config.voice:
        voice = {"prebuilt_voice_config": {"voice_name": config.voice}}
        wanted["speech_config"] = {"voice_config": voice}
    if config.tools:
        wanted["tools"] = [{"function_declarations": [_tool(tool) for tool in config.tools]}]
    if not handle and config.history():
        wanted[HISTORY] = {"initial_history_in_client_content": True}
    return wanted


def _tool(tool: SpokenTool) -> dict[str, Any]:
    return {
        "name": tool.name,
        "description": tool.description,
        "parameters_json_schema": {"type": "object", **tool.parameters},
        # Nothing may be promised before the tool has said so.
        "behavior": "BLOCKING",
    }


def history(said: Sequence[tuple[str, str]]) -> Outgoing:
    """Everything said and heard before; not answered."""
    turns = [{"role": _ROLES[role], "parts": [{"text": text}]} for role, text in said]
    return Outgoing(method="send_client_content", arguments={"turns": turns, "turn_complete": True})


def content(text: str, *, answer: bool) -> Outgoing:
    """A text the caller did not say; stops a reply that is under way."""
    turns = [{"role": "user", "parts": [{"text": f"[Not said by the caller] {text}"}]}]
    return Outgoing(method="send_client_content", arguments={"turns": turns, "turn_complete": answer})


def heard_note(words: str) -> str:
    """What stands in for a truncation, which the API does not have."""
    if not words:
        return "You were interrupted: the caller heard nothing of your last reply."
    return f'You were interrupted: of your last reply the caller heard only "{words}", nothing after that.'


def late_result(name: str, result: str) -> str:
    return f"Result of the tool {name}, which you asked for before: {result}"


def audio(pcm: bytes) -> Outgoing:
    return _realtime(audio={"data": pcm, "mime_type": f"audio/pcm;rate={IN_HZ}"})


def image(data: bytes, media_type: str) -> Outgoing:
    """A picture, or one frame of a video: the API takes both as frames."""
    return _realtime(video={"data": data, "mime_type": media_type})


def activity_start() -> Outgoing:
    return _realtime(activity_start={})


def activity_end() -> Outgoing:
    return _realtime(activity_end={})


def stream_end() -> Outgoing:
    return _realtime(audio_stream_end=True)


def _realtime(**what: Any) -> Outgoing:
    return Outgoing(method="send_realtime_input", arguments=what)


def tool_response(call: str, name: str, result: str) -> Outgoing:
    answer = {"id": call, "name": name, "response": as_object(result)}
    return Outgoing(method="send_tool_response", arguments={"function_responses": [answer]})


def call(asked: Any) -> tuple[str, str]:
    """A tool's name and its arguments as JSON text.

    Raises:
        ValueError: It cannot be answered.
    """
    if not asked.id or not asked.name:
        raise ValueError("a tool call without an id or a name")
    return asked.name, json.dumps(asked.args or {}, ensure_ascii=False)


def rate_hz(mime_type: str | None) -> int:
    found = re.search(r"rate=(\d+)", mime_type or "")
    return int(found[1]) if found else OUT_HZ


def went_wrong(reason: Any) -> bool:
    """Whether a turn's end says that there is no proper reply."""
    return reason is not None and str(getattr(reason, "value", reason)) not in _GOOD_REASONS


def heard_words(text: str, heard_ms: int, audio_ms: float) -> str:
    """The words of a reply that lie wholly within what was heard, as if they were spread evenly."""
    if heard_ms >= audio_ms > 0:
        return text.strip()
    reach = len(text) * max(heard_ms, 0) / max(audio_ms, 1)
    ends = [word.end() for word in re.finditer(r"\S+", text) if word.end() <= reach]
    return text[: ends[-1]].strip() if ends else ""


def usage(reported: Any) -> dict[str, int]:
    """Counters of one `usage_metadata` by our names. Every turn is charged with its whole context again, so
    they add up."""
    return {
        "input_tokens": (reported.prompt_token_count or 0) + (reported.tool_use_prompt_token_count or 0),
        "cached_tokens": reported.cached_content_token_count or 0,
        "output_tokens": (reported.response_token_count or 0) + (reported.thoughts_token_count or 0),
        "input_audio_tokens": _sound(reported.prompt_tokens_details),
        "output_audio_tokens": _sound(reported.response_tokens_details),
    }


def _sound(details: Any) -> int:
    return sum(
        detail.token_count or 0
        for detail in details or ()
        if str(getattr(detail.modality, "value", detail.modality)) == "AUDIO"
    )
