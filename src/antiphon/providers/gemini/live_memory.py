"""What outlives a connection of a Gemini Live session: replies, tool calls, words, counters, the handle."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from antiphon.audio.resample import StreamResampler
from antiphon.speech.ports import CallerWords

_REPLIES_KEPT = 8  # A cut comes while its reply is being heard, or a little later.
_CALLS_KEPT = 32
_CHARACTER_MS = 65  # English at some 150 words a minute.


@dataclass(slots=True)
class Reply:
    """One reply as far as it has come. `generated`: all of it is here, though it may not be over yet;
    `complete`: it is over, and was not stopped."""

    id: str
    number: int
    text: str = ""
    audio_ms: float = 0.0
    generated: bool = False
    complete: bool = False
    _out: StreamResampler | None = None
    _rest: bytes = b""  # Half a sample.

    @property
    def length_ms(self) -> float:
        """How long its words take. They run ahead of the sound, so until all of it is there the pace of a
        voice has to do."""
        paced_ms = 0 if self.complete else len(self.text) * _CHARACTER_MS
        return max(self.audio_ms, paced_ms)

    def sound(self, data: bytes, from_hz: int, to_hz: int) -> bytes:
        data = self._rest + data
        even = len(data) // 2 * 2
        data, self._rest = data[:even], data[even:]
        if self._out is None:
            self._out = StreamResampler(from_hz, to_hz)
        self.audio_ms += even / 2 * 1000 / from_hz
        return self._out.push(np.frombuffer(data, "<i2").astype(np.int16)).astype("<i2").tobytes()

    def finish(self) -> bytes:
        """The last milliseconds, which waited in the filter."""
        return self._out.flush().astype("<i2").tobytes() if self._out is not None else b""


@dataclass(slots=True)
class Memory:
    """Of one call.

    Attributes:
        handle: What the vendor gave us to take up the session, while nothing has happened since; "" for none.
        calls: Tool calls not yet answered, by id, with the tool's name.
        words: What the caller is saying, or has said since the last reply.
    """

    handle: str = ""
    calls: dict[str, str] = field(default_factory=dict)
    words: str = ""
    _items: int = 0
    _number: int = 0
    _corrected: int = -1  # The newest reply when the vendor's memory last went wrong.
    _replies: deque[Reply] = field(default_factory=lambda: deque(maxlen=_REPLIES_KEPT))
    _usage: Counter[str] = field(default_factory=Counter)

    def take_handle(self) -> str:
        handle, self.handle = self.handle, ""
        return handle

    def forget_handle(self) -> None:
        self.handle = ""

    def keep_handle(self, handle: str | None) -> None:
        """After a cut none is kept until a whole reply later: it may be of the time before the correction."""
        self.handle = "" if self._number <= self._corrected else handle or ""

    def corrected(self) -> None:
        self._corrected = self._number
        self.forget_handle()

    def begin(self) -> Reply:
        self._number += 1
        self.forget_handle()
        reply = Reply(id=f"g{self._number}", number=self._number)
        self._replies.append(reply)
        while len(self.calls) > _CALLS_KEPT:
            del self.calls[next(iter(self.calls))]
        return reply

    def reply(self, spoken: str) -> Reply | None:
        return next((reply for reply in self._replies if reply.id == spoken), None)

    def count(self, usage: dict[str, int]) -> None:
        self._usage.update(usage)

    def bill(self) -> dict[str, int]:
        """What was counted since the last reply ended."""
        counted, self._usage = dict(self._usage), Counter()
        return counted

    def hear(self, text: str) -> CallerWords:
        """Pieces add up, our partials replace each other."""
        self.forget_handle()
        self.words += text
        return CallerWords(item=f"c{self._items}", text=self.words.strip(), final=False)

    def heard_all(self) -> Iterator[CallerWords]:
        text, self.words = self.words.strip(), ""
        if text:
            yield CallerWords(item=f"c{self._items}", text=text, final=True)
            self._items += 1
