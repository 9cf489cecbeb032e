"""OpenAI Realtime as `SpeechToSpeech`, on the vendor's SDK, over one WebSocket a call."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from antiphon.audio import g711
from antiphon.audio.resample import StreamResampler
from antiphon.errors import ConfigError, ProviderRejected, ProviderUnavailable
from antiphon.providers.failures import socket_errors
from antiphon.providers.openai import realtime_wire as wire
from antiphon.providers.sessions import (
    Action,
    CommitTurn,
    Cut,
    LiveSession,
    PushAudio,
    SessionLimits,
    SessionLink,
    ShowImage,
    Speak,
    ToolAnswer,
)
from antiphon.speech.ports import (
    CallerTurnSeen,
    CallerWords,
    SessionEvent,
    SpeechSession,
    SpeechSessionConfig,
    SpokenAudio,
    SpokenEnded,
    SpokenStarted,
    SpokenToolCall,
    TurnMoment,
)

# Errors of a request that came a moment too late; the session goes on as if it had never been made.
_TOO_LATE = frozenset(
    {
        "response_cancel_not_active",
        "conversation_already_has_active_response",
        "input_audio_buffer_commit_empty",
        "item_truncate_invalid_item_id",
        "item_delete_invalid_item_id",
        "invalid_value",  # Truncating past what was made: the vendor counts other samples than we heard.
    }
)
_REJECTED = frozenset(
    {"invalid_api_key", "insufficient_quota", "model_not_found", "billing_hard_limit_reached"}
)


class OpenAiRealtime:
    """A `SpeechToSpeech`, shared by all calls.

    Args:
        url: Another address than the vendor's, "http(s)://host/v1".

    Raises:
        ConfigError: The openai package is not installed with its "realtime" extra.
    """

    name = wire.NAME

    def __init__(self, model: str, key: str, url: str = "", limits: SessionLimits | None = None) -> None:
        try:
            import websockets.asyncio.client
            import websockets.sync.client  # noqa: F401  # As the SDK does when it first connects.
            from openai import AsyncOpenAI
        except ImportError:
            fix = "pip install 'antiphon[openai]'"
            raise ConfigError("OpenAI Realtime needs the openai package", fix=fix) from None
        self._model, self._limits = model, limits
        # Asked for now, because it loads some 250 modules, which no caller should wait for.
        self._realtime = AsyncOpenAI(api_key=key, base_url=url or None, max_retries=0).realtime

    def open(self, config: SpeechSessionConfig, emit: Callable[[SessionEvent], None]) -> SpeechSession:
        return LiveSession(self, config, emit, self._limits)

    @asynccontextmanager
    async def connect(self, config: SpeechSessionConfig) -> AsyncIterator[SessionLink]:
        with _vendor_errors():
            async with self._realtime.connect(model=self._model) as connection:
                link = _Link(connection, config)
                await link.begin(self._model)
                yield link


@dataclass(slots=True)
class _Item:
    """Audio of one output item: a response may have several."""

    id: str
    content_index: int
    samples: int = 0


@dataclass(slots=True)
class _Response:
    items: list[_Item] = field(default_factory=list)
    calls: dict[str, bool] = field(default_factory=dict)  # Tools it asked for, and whether they are answered.
    half: bytes = b""  # Of a sample.
    done: bool = False

    @property
    def goes_on(self) -> bool:
        """It asked for tools, all of them, and knows what they told."""
        return self.done and bool(self.calls) and all(self.calls.values())


class _Link:
    def __init__(self, connection: Any, config: SpeechSessionConfig) -> None:
        self._connection, self._config = connection, config
        self._rate_hz = wire.wire_rate_hz(config.sample_rate_hz)
        self._in = StreamResampler(config.sample_rate_hz, self._rate_hz)
        self._out: dict[str, StreamResampler] = {}
        self._responses: dict[str, _Response] = {}
        self._calls: dict[str, str] = {}  # Tool call to the response that asked.
        self._texts: dict[str, str] = {}  # Of the caller's items not yet complete.
        self._active = ""
        self._set_up = False
        self._queued: list[dict[str, Any]] = []  # Responses asked for while one was under way.

    async def begin(self, model: str) -> None:
        await self._send(wire.session_update(model, self._config))
        for item in wire.history_items(self._config.history()):
            await self._send(item)
        # "session.created" alone is a session without instructions and tools.
        while not self._set_up:
            await self.receive()

    async def send(self, action: Action) -> None:
        match action:
            case PushAudio():
                await self._send(wire.append_audio(self._encoded(action.pcm)))
            case CommitTurn():
                await self._send({"type": "input_audio_buffer.commit"})
                await self._respond(wire.response_create())
            case Speak():
                await self._respond(wire.response_create(action.instruction))
            case Cut():
                await self._cut(action.spoken, action.heard_ms)
            case ToolAnswer():
                await self._answer(action)
            case ShowImage():
                await self._send(wire.image_item(action.image, action.media_type))

    async def receive(self) -> Sequence[SessionEvent]:
        with _vendor_errors():
            event = await self._connection.recv()
        handler = _HANDLERS.get(event.type)
        if handler is None:
            return ()
        with socket_errors(wire.NAME):  # A field that is not there is a message we do not understand.
            found: Sequence[SessionEvent] = handler(self, event)
        if event.type == "response.done":
            await self._next_response()
        return found

    async def _send(self, message: dict[str, Any]) -> None:
        with _vendor_errors():
            await self._connection.send(message)

    def _encoded(self, pcm: bytes) -> bytes:
        samples = self._in.push(np.frombuffer(pcm[: len(pcm) // 2 * 2], "<i2"))
        if self._rate_hz == wire.PHONE_HZ:
            return g711.encode(samples).tobytes()
        return samples.astype("<i2").tobytes()

    def _decoded(self, response: str, data: bytes) -> bytes:
        if self._rate_hz == wire.PHONE_HZ:
            samples = g711.decode(np.frombuffer(data, np.uint8))
        else:
            samples = np.frombuffer(data, "<i2")
        out = self._out.get(response)
        if out is None:
            out = self._out[response] = StreamResampler(self._rate_hz, self._config.sample_rate_hz)
        return out.push(samples.astype(np.int16, copy=False)).astype("<i2").tobytes()

    # One response at a time: the vendor refuses a second, so it waits for the first to end.

    async def _respond(self, message: dict[str, Any]) -> None:
        if self._active:
            self._queued.append(message)
            return
        self._active = "asked"
        await self._send(message)

    async def _next_response(self) -> None:
        if not self._active and self._queued:
            await self._respond(self._queued.pop(0))

    async def _cut(self, spoken: str, heard_ms: int) -> None:
        """Make the vendor's memory end where the caller's ear did."""
        response = self._responses.get(spoken)
        if response is None:
            return
        if not response.done:
            await self._send({"type": "response.cancel", "response_id": spoken})
        left_ms = heard_ms
        for item in response.items:
            audio_ms = item.samples * 1000 // self._rate_hz
            if left_ms <= 0:
                # Truncating to nothing is refused; an item nobody heard is taken out whole.
                await self._send({"type": "conversation.item.delete", "item_id": item.id})
            elif left_ms < audio_ms:
                await self._send(wire.truncate(item.id, item.content_index, left_ms))
            left_ms -= audio_ms

    async def _answer(self, answer: ToolAnswer) -> None:
        response = self._responses.get(self._calls.get(answer.call, ""))
        if response is None:
            # Asked for on another connection: an answer to a call it does not know would be refused.
            await self._send(wire.late_result(answer.result))
            if answer.last:
                await self._respond(wire.response_create())
            return
        if response.calls[answer.call]:
            return
        await self._send(wire.tool_output(answer.call, answer.result))
        response.calls[answer.call] = True
        if response.goes_on:
            await self._respond(wire.response_create())

    # ---------------------------------------------------------------- what the vendor says

    def _error(self, event: Any) -> Sequence[SessionEvent]:
        code = event.error.code or event.error.type
        if event.error.event_id == wire.SETUP:
            raise ProviderRejected(wire.NAME, f"the session was refused: error {code}")
        if code in _TOO_LATE:
            self._active = "" if self._active == "asked" else self._active
            return ()
        if code in _REJECTED:
            raise ProviderRejected(wire.NAME, f"error {code}: check the key, the quota and the model")
        raise ProviderUnavailable(wire.NAME, f"error {code}")

    def _updated(self, event: Any) -> Sequence[SessionEvent]:
        self._set_up = True
        return ()

    def _turn(self, moment: TurnMoment) -> Sequence[SessionEvent]:
        return (CallerTurnSeen(moment=moment),)

    def _words(self, event: Any, final: bool) -> Sequence[SessionEvent]:
        text = event.transcript if final else self._partial_words(event)
        if final:
            self._texts.pop(event.item_id, None)
        return (CallerWords(item=event.item_id, text=text.strip(), final=final),) if text.strip() else ()

    def _partial_words(self, event: Any) -> str:
        # Deltas add up, our partials replace each other.
        self._texts[event.item_id] = self._texts.get(event.item_id, "") + (event.delta or "")
        return self._texts[event.item_id]

    def _created(self, event: Any) -> Sequence[SessionEvent]:
        self._active = event.response.id
        self._responses[event.response.id] = _Response()
        return (SpokenStarted(spoken=event.response.id),)

    def _audio(self, event: Any) -> Sequence[SessionEvent]:
        response = self._responses.setdefault(event.response_id, _Response())
        data = response.half + base64.b64decode(event.delta)
        if self._rate_hz != wire.PHONE_HZ:
            whole = len(data) & ~1
            data, response.half = data[:whole], data[whole:]
        item = next((item for item in response.items if item.id == event.item_id), None)
        if item is None:
            item = _Item(id=event.item_id, content_index=event.content_index)
            response.items.append(item)
        item.samples += len(data) if self._rate_hz == wire.PHONE_HZ else len(data) // 2
        return (SpokenAudio(spoken=event.response_id, pcm=self._decoded(event.response_id, data)),)

    def _said(self, event: Any) -> Sequence[SessionEvent]:
        return (SpokenAudio(spoken=event.response_id, text=event.delta),) if event.delta else ()

    def _call(self, event: Any) -> Sequence[SessionEvent]:
        response = self._responses.setdefault(event.response_id, _Response())
        if event.call_id in self._calls:
            return ()  # Told twice.
        response.calls[event.call_id] = False
        self._calls[event.call_id] = event.response_id
        call = SpokenToolCall(
            spoken=event.response_id, call=event.call_id, name=event.name, arguments=event.arguments
        )
        return (call,)

    def _done(self, event: Any) -> Sequence[SessionEvent]:
        reply = event.response
        self._active = ""
        out = self._out.pop(reply.id, None)
        if (response := self._responses.get(reply.id)) is not None and not response.done:
            response.done = True
            if response.goes_on:  # Its tools were quicker than its end.
                self._queued.append(wire.response_create())
        status = {"completed": "completed", "cancelled": "cancelled"}.get(reply.status, "failed")
        ended = SpokenEnded(spoken=reply.id, status=status, usage=wire.usage(reply.usage))
        tail = out.flush().astype("<i2").tobytes() if out is not None else b""  # What waited in the filter.
        return (SpokenAudio(spoken=reply.id, pcm=tail), ended) if tail else (ended,)


_HANDLERS: dict[str, Callable[[_Link, Any], Sequence[SessionEvent]]] = {
    "error": _Link._error,
    "session.updated": _Link._updated,
    "input_audio_buffer.speech_started": lambda link, _: link._turn(TurnMoment.STARTED),
    "input_audio_buffer.speech_stopped": lambda link, _: link._turn(TurnMoment.ENDED),
    "conversation.item.input_audio_transcription.delta": lambda link, event: link._words(event, False),
    "conversation.item.input_audio_transcription.completed": lambda link, event: link._words(event, True),
    "response.created": _Link._created,
    "response.output_audio.delta": _Link._audio,
    "response.output_audio_transcript.delta": _Link._said,
    "response.function_call_arguments.done": _Link._call,
    "response.done": _Link._done,
}


@contextmanager
def _vendor_errors() -> Iterator[None]:
    import openai

    try:
        with socket_errors(wire.NAME):
            yield
    except (openai.AuthenticationError, openai.PermissionDeniedError, openai.NotFoundError) as error:
        raise ProviderRejected(wire.NAME, f"HTTP {error.status_code}: check the key and the model") from None
    except openai.OpenAIError as error:
        raise ProviderUnavailable(wire.NAME, f"cannot be reached ({type(error).__name__})") from None
