"""Models, voices and recognisers in memory that do what a script says, on the loop's own time."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Callable, Sequence

from tests.doubles.virtual_loop import passes

from antiphon.agents.ports import Completion, Message, Tool, ToolCall, Usage
from antiphon.errors import ProviderUnavailable
from antiphon.speech.ports import SttConfig, SttEvent, Transcript, TtsAudio, TtsRequest

RATE_HZ = 8000
WORD_MS = 200

# A step: wait so many ms, give a text, or raise.
Step = int | str | BaseException


class ScriptedModel:
    """Takes the same steps for every request, unless `scripts` has one for each."""

    def __init__(
        self,
        *steps: Step,
        calls: Sequence[ToolCall] = (),
        scripts: Sequence[Sequence[Step]] = (),
        told: Usage | None = None,
        usage: Usage | None = None,
    ) -> None:
        self.usage = usage or Usage(input_tokens=100, output_tokens=10)
        self.told = told  # What it says an answer costs before the first word.
        self.steps, self.calls, self.scripts = steps, tuple(calls), list(scripts)
        self.asked: list[list[Message]] = []
        self.cancelled = 0

    async def complete(
        self,
        messages: Sequence[Message],
        tools: Sequence[Tool],
        emit: Callable[[str], None],
        meter: Callable[[Usage], None] | None = None,
    ) -> Completion:
        if meter is not None and self.told is not None:
            meter(self.told)
        self.asked.append(list(messages))
        text = ""
        try:
            for step in self.steps:
                if isinstance(step, BaseException):
                    raise step
                if isinstance(step, int):
                    await passes(step)
                else:
                    text += step
                    emit(step)
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        return Completion(text=text, tool_calls=self.calls, usage=self.usage)


def say(word: str) -> bytes:
    """One word as sound that can be recognised again: 200 ms of its own number."""
    number = zlib.crc32(word.encode()) % 30_000 + 1
    return number.to_bytes(2, "little") * (RATE_HZ * WORD_MS // 1000)


def heard(pcm: bytes, vocabulary: str) -> list[str]:
    """The whole and the broken-off words in a sound, in order: "wor-" is half of "word"."""
    names = {say(word)[:2]: word for word in vocabulary.split()}
    assert len(names) == len(set(vocabulary.split())), "two words sound alike"
    words: list[tuple[bytes, int]] = []
    for at in range(0, len(pcm), 2):
        sample = pcm[at : at + 2]
        full = words and words[-1][1] == RATE_HZ * WORD_MS // 1000
        if words and words[-1][0] == sample and not full:
            words[-1] = (sample, words[-1][1] + 1)
        else:
            words.append((sample, 1))
    whole = RATE_HZ * WORD_MS // 1000
    return [names[sample] if count == whole else f"{names[sample]}-" for sample, count in words]


class ScriptedVoice:
    """Speaks 200 ms a word in blocks of 100 ms, `first_ms` late, `block_ms` apart; may break after so many
    blocks, hang there, or give nothing at all."""

    def __init__(
        self,
        *,
        first_ms: int = 50,
        block_ms: int = 10,
        dated: bool = True,
        breaks_after: int | None = None,
        hangs: bool = False,
        silent: bool = False,
    ) -> None:
        self.first_ms, self.block_ms, self.dated = first_ms, block_ms, dated
        self.breaks_after, self.hangs, self.silent = breaks_after, hangs, silent
        self.asked: list[TtsRequest] = []
        self.cancelled = 0

    async def synthesize(self, request: TtsRequest, emit: Callable[[TtsAudio], None]) -> None:
        self.asked.append(request)
        try:
            await passes(self.first_ms)
            await self._speak(request.text.split(), emit)
        except asyncio.CancelledError:
            self.cancelled += 1
            raise

    async def _speak(self, words: Sequence[str], emit: Callable[[TtsAudio], None]) -> None:
        if self.silent:
            return
        sound = b"".join(say(word) for word in words)
        block = RATE_HZ // 10 * 2
        for number, at in enumerate(range(0, len(sound), block)):
            if number == self.breaks_after:
                if self.hangs:
                    await asyncio.Event().wait()
                raise ProviderUnavailable("voice", "cut")
            done = (at + block) * 1000 // (2 * RATE_HZ) // WORD_MS
            ends = tuple(WORD_MS * (index + 1) for index in range(done)) if self.dated else ()
            emit(TtsAudio(pcm=sound[at : at + block], word_ends_ms=ends))
            await passes(self.block_ms)


class ScriptedStt:
    """Understands `say` sounds: the final of an utterance has its words, 100 ms after it was asked for.

    Args:
        fails: "open" (cannot be opened), "push" (fails at the next block), "breaks" (its adapter does),
            "lost" (says it lost the words), "silent" (never gives a final), "mute" (finds no words in
            anything, and gives no sign that it listens), "" (works).
        partials: Shows every word as a partial as soon as it is complete.
    """

    def __init__(self, vocabulary: str, *, fails: str = "", partials: bool = False) -> None:
        self.vocabulary, self.fails, self.partials = vocabulary, fails, partials
        self.streams: list[_ScriptedStream] = []

    def open(self, config: SttConfig, emit: Callable[[SttEvent], None]) -> _ScriptedStream:
        if self.fails == "open":
            raise ProviderUnavailable("stt", "refused")
        self.streams.append(_ScriptedStream(self, emit))
        return self.streams[-1]


class _ScriptedStream:
    def __init__(self, stt: ScriptedStt, emit: Callable[[SttEvent], None]) -> None:
        self._stt, self._emit = stt, emit
        self._audio = b""
        self._segment = 0
        self.expected: Sequence[str] = ()
        self.closed = False

    def push(self, pcm: bytes) -> None:
        if self._stt.fails == "push" and pcm:
            raise ProviderUnavailable("stt", "the socket is gone")
        if self._stt.fails == "breaks" and pcm:
            raise KeyError("a message nobody knew")
        self._audio += pcm
        if self._stt.partials:
            self._emit(Transcript(segment=self._segment, text=self._text(), final=False))

    def speech_started(self) -> None: ...

    def speech_stopped(self) -> None:
        if self._stt.fails != "silent":
            lost, mute = self._stt.fails == "lost", self._stt.fails == "mute"
            text = "" if lost or mute else self._text()
            final = Transcript(segment=self._segment, text=text, final=True, lost=lost, doubted=mute)
            asyncio.get_running_loop().call_later(0.1, self._emit, final)
        self._audio = b""
        self._segment += 1

    def turn_committed(self) -> None: ...

    def expect(self, phrases: Sequence[str]) -> None:
        self.expected = phrases

    async def aclose(self) -> None:
        self.closed = True

    def _text(self) -> str:
        voiced = bytes(self._audio).replace(b"\0\0", b"")
        return " ".join(heard(voiced, self._stt.vocabulary))
