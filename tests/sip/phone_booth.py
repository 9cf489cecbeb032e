"""A simulated caller in a booth with Debian's baresip: what he says and hears goes over real SIP and RTP.

His voice reaches the telephone a sentence at a time, since it plays files: each is heard later by its own
length. What the telephone hears is read from the file it writes.
"""

from __future__ import annotations

import asyncio

import numpy as np
from tests.sip.telephone import Telephone, write_wav

from antiphon.audio import g711
from antiphon.audio.ports import MediaSink, MediaSource
from antiphon.runtime.arrivals import Arrival, CallerView
from antiphon.runtime.exchange import Exchange

PHONE_HZ = 8000
SENTENCE_ENDS_FRAMES = 15  # 300 ms: longer than the pauses within.
_AUDIBLE = 200
_AFTER = np.zeros(120 * PHONE_HZ, np.int16)


class PhoneBooth:
    """In place of the exchange, for a caller: the call is up already, on this telephone."""

    def __init__(self, phone: Telephone, exchange: Exchange, call_id: str) -> None:
        self._phone, self._exchange, self._call_id = phone, exchange, call_id
        self._tasks: set[asyncio.Task[None]] = set()
        self._mouth = asyncio.Lock()

    def answer(
        self, arrival: Arrival, sink: MediaSink, view: CallerView | None = None
    ) -> tuple[str, MediaSource]:
        mouth = _Mouthpiece(self)
        self.act(self._listen(sink, mouth))
        return self._call_id, mouth

    async def wait_ended(self, call_id: str) -> object:
        return await self._exchange.wait_ended(call_id)

    def outcome(self, call_id: str) -> object:
        return self._exchange.outcome(call_id)

    async def say(self, number: int, samples: np.ndarray) -> None:
        """Once what was said before it is out."""
        path = self._phone.folder / f"said-{number}.wav"
        write_wav(path, np.concatenate([samples, _AFTER]))
        async with self._mouth:
            await self._phone.tell("ausrc", f"aufile,{path}")
            await _passes(len(samples) / PHONE_HZ)

    async def hang_up(self) -> None:
        if not self._phone.saw("CALL_CLOSED"):
            await self._phone.tell("hangup")

    async def _listen(self, sink: MediaSink, mouth: _Mouthpiece) -> None:
        heard = 0
        while not mouth.is_closed:
            samples = self._phone.heard()[heard:]
            whole = samples[: len(samples) // 160 * 160]
            if len(whole):
                heard += len(whole)
                sink.send(g711.encode(whole).tobytes())
            if self._phone.saw("CALL_CLOSED"):
                sink.end()
                return
            await _passes(0.02)

    def act(self, work: object) -> None:
        task = asyncio.ensure_future(work)  # type: ignore[arg-type]
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


async def _passes(duration_s: float) -> None:
    turn = asyncio.get_running_loop().create_future()
    asyncio.get_running_loop().call_later(duration_s, turn.set_result, None)
    await turn


class _Mouthpiece:
    """Implements `MediaSource`: cuts what the caller says into sentences."""

    def __init__(self, booth: PhoneBooth) -> None:
        self._booth = booth
        self._said: list[np.ndarray] = []
        self._quiet_frames = self._sentences = 0
        self.is_closed = False

    def receive(self, payload: bytes | memoryview) -> None:
        frame = g711.decode(np.frombuffer(bytes(payload), np.uint8))
        loud = bool(np.abs(frame.astype(np.int32)).max(initial=0) > _AUDIBLE)
        self._quiet_frames = 0 if loud else self._quiet_frames + 1
        if loud or self._said:
            self._said.append(frame)
        if self._said and self._quiet_frames >= SENTENCE_ENDS_FRAMES:
            self._sentences += 1
            self._booth.act(self._booth.say(self._sentences, np.concatenate(self._said)))
            self._said = []

    def closed(self, reason: str) -> None:
        if not self.is_closed:
            self.is_closed = True
            self._booth.act(self._booth.hang_up())

    def concealed(self, duration_ms: int) -> None: ...
    def played(self, name: str) -> None: ...
    def dtmf(self, digit: str) -> None: ...
    def talk(self, pressed: bool) -> None: ...
