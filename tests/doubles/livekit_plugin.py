"""A small plugin written against the base classes of livekit-agents, as third parties write theirs. A test
puts it where plugins live and names it in an agent file."""

from __future__ import annotations

import asyncio
import sys
import types
from collections.abc import Sequence
from importlib import import_module
from typing import Any, ClassVar

import numpy as np
import pytest
from livekit.agents import APIConnectionError, APIStatusError, llm, stt, tts
from livekit.agents.types import DEFAULT_API_CONNECT_OPTIONS, NOT_GIVEN, APIConnectOptions

SPEAKING_HZ = 24_000
WORD_MS, FALL_MS = 200, 40


def install(monkeypatch: pytest.MonkeyPatch, *, alone: bool = True) -> None:
    """As if `livekit-plugins-acme` was there; `alone`: and no other."""
    import livekit

    plugins, acme = types.ModuleType("livekit.plugins"), types.ModuleType("livekit.plugins.acme")
    plugins.__path__ = [] if alone else list(import_module("livekit.plugins").__path__)
    acme.LLM, acme.STT, acme.TTS = AcmeLlm, AcmeStt, AcmeTts  # type: ignore[attr-defined]
    acme.Keyless = Keyless  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "livekit.plugins", plugins)
    monkeypatch.setitem(sys.modules, "livekit.plugins.acme", acme)
    monkeypatch.setattr(livekit, "plugins", plugins, raising=False)


class AcmeLlm(llm.LLM[Any]):
    """Plays `script`: chunks, events to wait for, or an error to raise."""

    script: ClassVar[list[list[llm.ChatChunk | asyncio.Event | Exception]]] = []
    asked: ClassVar[list[tuple[llm.ChatContext, list[Any]]]] = []
    cancelled: ClassVar[asyncio.Event] = asyncio.Event()

    def __init__(self, *, model: str = "none") -> None:
        super().__init__()
        self.chosen = model

    def chat(
        self,
        *,
        chat_ctx: llm.ChatContext,
        tools: list[Any] | None = None,
        conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS,
        **more: Any,
    ) -> llm.LLMStream:
        assert conn_options.max_retry == 0
        self.asked.append((chat_ctx, list(tools or ())))
        return _Answering(self, chat_ctx=chat_ctx, tools=tools or [], conn_options=conn_options)


class _Answering(llm.LLMStream):
    async def _run(self) -> None:
        try:
            for step in AcmeLlm.script.pop(0):
                if isinstance(step, Exception):
                    raise step
                if isinstance(step, asyncio.Event):
                    await step.wait()
                else:
                    self._event_ch.send_nowait(step)
                await asyncio.sleep(0)
        except asyncio.CancelledError:
            AcmeLlm.cancelled.set()
            raise


def text(piece: str) -> llm.ChatChunk:
    return llm.ChatChunk(id="c", delta=llm.ChoiceDelta(role="assistant", content=piece))


def called(name: str, arguments: str, extra: dict[str, Any] | None = None) -> llm.ChatChunk:
    call = llm.FunctionToolCall(name=name, arguments=arguments, call_id=f"call_{name}", extra=extra)
    return llm.ChatChunk(id="c", delta=llm.ChoiceDelta(tool_calls=[call]))


def usage(prompt: int, cached: int, output: int) -> llm.ChatChunk:
    told = llm.CompletionUsage(
        prompt_tokens=prompt, prompt_cached_tokens=cached, completion_tokens=output, total_tokens=0
    )
    return llm.ChatChunk(id="c", usage=told)


class AcmeTts(tts.TTS[Any]):
    """Speaks 200 ms of a constant a word and ends as voices do, softly; `fails` instead, or says nothing for
    the voice "mute"."""

    fails: ClassVar[Exception | None] = None

    def __init__(self, *, voice: str = "none") -> None:
        capabilities = tts.TTSCapabilities(streaming=False)
        super().__init__(capabilities=capabilities, sample_rate=SPEAKING_HZ, num_channels=2)
        self.voice = voice

    def synthesize(
        self, text: str, *, conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS
    ) -> tts.ChunkedStream:
        return _Speaking(tts=self, input_text=text, conn_options=conn_options)


class _Speaking(tts.ChunkedStream):
    async def _run(self, output_emitter: tts.AudioEmitter) -> None:
        if AcmeTts.fails is not None:
            raise AcmeTts.fails
        output_emitter.initialize(
            request_id="r", sample_rate=SPEAKING_HZ, num_channels=2, mime_type="audio/pcm"
        )
        words = len(self._input_text.split())
        stereo = np.empty((words * WORD_MS * SPEAKING_HZ // 1000, 2), np.int16)
        stereo[:, 0], stereo[:, 1] = 1000, 3000
        stereo[-FALL_MS * SPEAKING_HZ // 1000 :] = 0
        output_emitter.push(stereo.tobytes())
        output_emitter.flush()


class AcmeStt(stt.STT[Any]):
    """Understands one word every 100 ms of audio, from `words`; freezes them when it is flushed."""

    words: ClassVar[Sequence[str]] = ()
    breaks_after_ms: ClassVar[int] = 0
    opened: ClassVar[int] = 0

    def __init__(self, *, model: str = "none") -> None:
        super().__init__(capabilities=stt.STTCapabilities(streaming=True, interim_results=True))
        self.model_name = model

    async def _recognize_impl(self, buffer: Any, **more: Any) -> stt.SpeechEvent:
        raise AssertionError("it streams")

    def stream(
        self,
        *,
        language: Any = NOT_GIVEN,
        conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS,
    ) -> stt.RecognizeStream:
        type(self).opened += 1
        return _Recognising(stt=self, conn_options=conn_options)


class _Recognising(stt.RecognizeStream):
    async def _run(self) -> None:
        heard_ms = 0.0
        async for item in self._input_ch:
            if isinstance(item, self._FlushSentinel):
                self._say(stt.SpeechEventType.FINAL_TRANSCRIPT, heard_ms)
                heard_ms = 0
                continue
            heard_ms += item.duration * 1000
            if AcmeStt.breaks_after_ms and heard_ms >= AcmeStt.breaks_after_ms:
                AcmeStt.breaks_after_ms = 0
                raise APIConnectionError("gone")
            self._say(stt.SpeechEventType.INTERIM_TRANSCRIPT, heard_ms)

    def _say(self, kind: stt.SpeechEventType, heard_ms: float) -> None:
        words = " ".join(AcmeStt.words[: round(heard_ms) // 100])
        if words:
            data = stt.SpeechData(language="en", text=words, confidence=0.9)  # type: ignore[arg-type]
            self._event_ch.send_nowait(stt.SpeechEvent(type=kind, alternatives=[data]))


class Keyless(llm.LLM[Any]):
    """What plugins do without their key."""

    def __init__(self) -> None:
        raise ValueError("ACME_API_KEY must be set")

    def chat(self, **more: Any) -> Any:
        raise AssertionError("never made")


def refused(status: int) -> APIStatusError:
    return APIStatusError("no", status_code=status)
