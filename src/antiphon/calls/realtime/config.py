"""What a client may set of its session, and what the agent has settled already.

A field we honour changes the configuration; one we do not is refused by name, and the rest still applies:
`session.updated` then shows what holds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from antiphon.calls.realtime.tools import FunctionTool, function_tool
from antiphon.calls.realtime.wire import Refused
from antiphon.calls.streams.codecs import ALAW, LINEAR_24K, MULAW, WireCodec

CODECS: Mapping[str, WireCodec] = {"audio/pcm": LINEAR_24K, "audio/pcmu": MULAW, "audio/pcma": ALAW}
WIRE_BYTES_PER_MS = {"audio/pcm": 48, "audio/pcmu": 8, "audio/pcma": 8}
PCM_HZ = 24_000
INSTRUCTIONS_MAX = 32_000
TOOLS_MAX = 64
SILENCE_RANGE_MS = (200, 5000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What an agent lets a client of it set.

    Attributes:
        takes_words: A language model decides: it takes instructions and tools.
        takes_later: And takes them while the call is up.
        takes_text: Understands what is typed.
        own_tools: Names that are taken.
    """

    agent: str
    voice: str = ""
    recogniser: str = ""
    stop_silence_ms: int = 1300
    push_to_talk: bool = False
    takes_words: bool = False
    takes_later: bool = False
    takes_text: bool = True
    own_tools: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionConfig:
    """What holds. `manual`: the client ends the turns (`turn_detection` null)."""

    input_format: str = "audio/pcm"
    output_format: str = "audio/pcm"
    instructions: str = ""
    tools: tuple[FunctionTool, ...] = ()
    manual: bool = False
    stop_silence_ms: int = 0
    transcribes: bool = True

    def shown_voice(self, offer: Offer) -> dict[str, Any]:
        """`audio.output` of a response."""
        return {"format": _shown_format(self.output_format), "voice": offer.voice or None}

    def shown(self, offer: Offer) -> dict[str, Any]:
        """The `session` of session.created and session.updated."""
        vad = {"type": "server_vad", "create_response": True, "interrupt_response": True}
        vad["silence_duration_ms"] = self.stop_silence_ms or offer.stop_silence_ms
        return {
            "type": "realtime",
            "model": offer.agent,
            "output_modalities": ["audio"],
            "instructions": self.instructions,
            "tools": [tool.shown() for tool in self.tools],
            "tool_choice": "auto",
            "max_output_tokens": "inf",
            "audio": {
                "input": {
                    "format": _shown_format(self.input_format),
                    "transcription": {"model": offer.recogniser} if self.transcribes else None,
                    "turn_detection": None if self.manual else vad,
                },
                "output": {**self.shown_voice(offer), "speed": 1.0},
            },
        }


def _shown_format(name: str) -> dict[str, Any]:
    return {"type": name, "rate": PCM_HZ} if name == "audio/pcm" else {"type": name}


@dataclass(slots=True)
class _Update:
    """One `session.update` as it is taken, field by field."""

    config: SessionConfig
    offer: Offer
    begun: bool
    refused: list[Refused] = field(default_factory=list)

    def set(self, **changes: Any) -> None:
        self.config = replace(self.config, **changes)

    def settled(self, param: str, changed: bool) -> None:
        """Raises: Refused: It would change what the call was begun with."""
        if changed and self.begun:
            raise Refused("already_started", "cannot be changed once audio has flowed", param)


def updated(
    config: SessionConfig, offer: Offer, session: Mapping[str, Any], *, begun: bool
) -> tuple[SessionConfig, list[Refused]]:
    """The configuration with everything of `session` that we do, and what we do not."""
    update = _Update(config, offer, begun)
    refused = update.refused
    for param, value in _fields(session, "session"):
        take = _FIELDS.get(param)
        try:
            if take is None:
                raise Refused("unknown_parameter", "there is no such field here", param)
            take(update, value, param)
        except Refused as error:
            refused.append(error)
    if CODECS[update.config.input_format].line_format != CODECS[update.config.output_format].line_format:
        text = "audio goes both ways at one rate: g711 with g711, pcm with pcm"
        refused.append(Refused("unsupported_value", text, "session.audio.output.format"))
        update.set(output_format=update.config.input_format)
    return update.config, refused


def _fields(session: Mapping[str, Any], path: str) -> Iterator[tuple[str, Any]]:
    """Leaves by their path; what is a value of its own (a tool, a format) is one leaf."""
    for name, value in session.items():
        param = f"{path}.{name}"
        if param in _GROUPS and isinstance(value, Mapping):
            yield from _fields(value, param)
        else:
            yield param, value


_GROUPS = frozenset(
    {
        "session.audio",
        "session.audio.input",
        "session.audio.output",
    }
)


def _only(*values: Any, why: str) -> Callable[[_Update, Any, str], None]:
    """A field that has one value here, however often it is sent."""

    def take(update: _Update, value: Any, param: str) -> None:
        if value not in values:
            raise Refused("unsupported_value", why, param)

    return take


def _nothing(update: _Update, value: Any, param: str) -> None:
    """What we sent ourselves and a client gives back."""


def _model(update: _Update, value: Any, param: str) -> None:
    if value not in (None, update.offer.agent):
        raise Refused("unsupported_value", "the agent is chosen by the address (?model=)", param)


def _instructions(update: _Update, value: Any, param: str) -> None:
    if not isinstance(value, str) or len(value) > INSTRUCTIONS_MAX:
        raise Refused("invalid_value", f"text of at most {INSTRUCTIONS_MAX} characters", param)
    if value != update.config.instructions:
        _takes_words(update, param)
        update.set(instructions=value)


def _takes_words(update: _Update, param: str) -> None:
    offer = update.offer
    if not offer.takes_words:
        raise Refused("unsupported_parameter", "this agent follows a fixed flow", param)
    if update.begun and not offer.takes_later:
        raise Refused("already_started", "this agent takes it only before the call begins", param)


def _tools(update: _Update, value: Any, param: str) -> None:
    if not isinstance(value, list) or len(value) > TOOLS_MAX:
        raise Refused("invalid_value", f"a list of at most {TOOLS_MAX} tools", param)
    own = update.offer.own_tools
    tools = tuple(function_tool(entry, f"{param}[{place}]", own) for place, entry in enumerate(value))
    names = [tool.name for tool in tools]
    for place, name in enumerate(names):
        if name in names[:place]:
            raise Refused("invalid_value", f"there are two tools {name!r}", f"{param}[{place}].name")
    if tools != update.config.tools:
        _takes_words(update, param)
        update.set(tools=tools)


def _format(way: str) -> Callable[[_Update, Any, str], None]:
    def take(update: _Update, value: Any, param: str) -> None:
        name = value.get("type") if isinstance(value, Mapping) else None
        if name not in CODECS:
            raise Refused("unsupported_value", f"one of {', '.join(CODECS)}", f"{param}.type")
        if name == "audio/pcm" and value.get("rate", PCM_HZ) != PCM_HZ:
            raise Refused("unsupported_value", f"only {PCM_HZ}", f"{param}.rate")
        update.settled(param, name != getattr(update.config, way))
        update.set(**{way: name})

    return take


def _transcription(update: _Update, value: Any, param: str) -> None:
    if value is not None and not isinstance(value, Mapping):
        raise Refused("invalid_value", "an object or null", param)
    update.set(transcribes=value is not None)
    for name, wanted in (value or {}).items():
        if wanted is not None and not (name == "model" and wanted == update.offer.recogniser):
            why = "the agent has its own recogniser"
            update.refused.append(Refused("unsupported_value", why, f"{param}.{name}"))


def _turn_detection(update: _Update, value: Any, param: str) -> None:
    if value is None:
        update.settled(param, not update.config.manual)
        update.set(manual=True, stop_silence_ms=0)
        return
    kind = value.get("type") if isinstance(value, Mapping) else None
    if kind not in ("server_vad", "semantic_vad"):
        raise Refused("unsupported_value", "server_vad, semantic_vad or null", f"{param}.type")
    if update.offer.push_to_talk:
        raise Refused("unsupported_value", "this agent listens while it is told to: null", param)
    update.settled(param, update.config.manual)
    update.set(manual=False)
    if kind == "server_vad" and (silence_ms := value.get("silence_duration_ms")) is not None:
        _silence(update, silence_ms, f"{param}.silence_duration_ms")
    for name, wanted in value.items():
        if name not in ("type", "silence_duration_ms") and wanted not in _TURN_DEFAULTS.get(name, (None,)):
            why = "the agent decides that itself"
            update.refused.append(Refused("unsupported_value", why, f"{param}.{name}"))


def _silence(update: _Update, value: Any, param: str) -> None:
    low, high = SILENCE_RANGE_MS
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise Refused("invalid_value", f"from {low} to {high}", param)
    effective = update.config.stop_silence_ms or update.offer.stop_silence_ms
    update.settled(param, value != effective)
    if value != effective:
        update.set(stop_silence_ms=value)


# As the vendor's documentation has them: to send a default is to wish for nothing.
_TURN_DEFAULTS: Mapping[str, tuple[Any, ...]] = {
    "create_response": (None, True),
    "interrupt_response": (None, True),
    "threshold": (None, 0.5),
    "prefix_padding_ms": (None, 300),
    "eagerness": (None, "auto"),
}


def _voice(update: _Update, value: Any, param: str) -> None:
    if value not in (None, "", update.offer.voice):
        raise Refused("unsupported_value", "the agent has its own voice", param)


_FIELDS: Mapping[str, Callable[[_Update, Any, str], None]] = {
    "session.type": _only("realtime", why="only realtime sessions"),
    "session.id": _nothing,
    "session.object": _nothing,
    "session.expires_at": _nothing,
    "session.model": _model,
    "session.output_modalities": _only(["audio"], None, why='an agent on a call speaks: ["audio"]'),
    "session.instructions": _instructions,
    "session.tools": _tools,
    "session.tool_choice": _only("auto", None, why="the agent chooses its tools: auto"),
    "session.max_output_tokens": _only("inf", None, why="the agent bounds its own replies: inf"),
    "session.truncation": _only("auto", None, why="the agent keeps its own history: auto"),
    "session.tracing": _only(None, why="calls are traced here, whatever is asked"),
    "session.include": _only([], None, why="there are no log probabilities"),
    "session.prompt": _only(None, why="prompts are in the agent's file"),
    "session.reasoning": _only(None, why="the agent's file says how it reasons"),
    "session.parallel_tool_calls": _only(False, None, why="tools run one after the other"),
    "session.audio.input.format": _format("input_format"),
    "session.audio.input.noise_reduction": _only(None, why="the agent's file says whether noise is reduced"),
    "session.audio.input.transcription": _transcription,
    "session.audio.input.turn_detection": _turn_detection,
    "session.audio.output.format": _format("output_format"),
    "session.audio.output.voice": _voice,
    "session.audio.output.speed": _only(1, 1.0, None, why="the agent's file says how fast it speaks"),
}
