"""A stream of any carrier as a telephone's: spoken into and heard as mu-law at 8 kHz, whatever the carrier's
messages and encoding are, so that a `CarriedCall` can talk over it."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from tests.doubles.carrier_lines import Message, Speech
from tests.doubles.carrier_socket import CarrierSocket

from antiphon.audio import g711
from antiphon.audio.ports import Encoding


class CarrierStream:
    """Implements `twilio_stream.Carries`. `async with` it: the socket is open and the stream has begun."""

    def __init__(self, url: str, speech: Speech, start: Message) -> None:
        self._socket, self._speech, self._start = CarrierSocket(url, speech), speech, start
        self.received: list[dict[str, Any]] = []
        self.heard = bytearray()
        self._read = 0

    async def __aenter__(self) -> Self:
        await self._socket.__aenter__()
        await self._socket.say(self._start)
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._socket.__aexit__(*error)

    @property
    def close_code(self) -> int | None:
        return self._socket.close_code

    async def speak(self, mulaw: bytes) -> None:
        if self._speech.line_format.encoding is not Encoding.MULAW:
            pcm = g711.decode(np.frombuffer(mulaw, np.uint8))
            mulaw = np.repeat(pcm, self._factor).astype("<i2").tobytes()
        await self._socket.speak(mulaw)

    async def play(self, duration_ms: int) -> None:
        await self._socket.play(duration_ms)
        new = bytes(self._socket.heard[self._read :])
        self._read += len(new)
        if self._speech.line_format.encoding is not Encoding.MULAW:
            pcm = np.frombuffer(new, "<i2").reshape(-1, self._factor).mean(axis=1)
            new = g711.encode(pcm.astype(np.int16)).tobytes()
        self.heard += new

    async def press(self, digit: str) -> None:
        await self._socket.say(self._speech.dtmf(digit))

    async def stop(self) -> None:
        """The caller hangs up: a message where the carrier has one, else the socket's end."""
        if self._speech.stops:
            await self._socket.say(self._speech.stop())
        else:
            await self._socket.__aexit__()

    @property
    def _factor(self) -> int:
        return self._speech.line_format.sample_rate_hz // 8000
