"""One call of baresip-python as a `SipLeg`: its events in our words, its audio as bytes."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Literal, Protocol

import numpy as np
from baresip import BaresipError, Call, CallState
from baresip.errors import AudioNotActive, AudioRestarted, StaleHandleError, TransferFailed, split_status
from baresip.events import Event, StackEvent

from antiphon.audio.resample import StreamResampler
from antiphon.calls.sip.port import LegEvents
from antiphon.calls.sip.refer import refer_to
from antiphon.errors import CallFailed

TRANSFER_WITHIN_S = 45.0
READ_MAX_BYTES = 32_768  # Its buffer: two seconds of G.711, 300 ms of Opus.
LEG_HZ = 8000
_AS_IT_IS: Literal["as it is"] = "as it is"
_BUSY, _DECLINED = (486, 600), 603
# Bad request, URI too long, unknown kind of URI, bad extension, message too large (RFC 3261, 21.4 and 21.5).
_NOT_UNDERSTOOD = frozenset({400, 414, 416, 420, 513})
_NO_ANSWER = frozenset({408, 480, 487})
_STATS = {
    "packets_in": "rx_packets",
    "packets_out": "tx_packets",
    "packets_lost": "jbuf_lost",
    "packets_late": "jbuf_late",
    "packets_reordered": "jbuf_out_of_sequence",
    "packets_overflowed": "jbuf_overflow",
    "jitter_buffer_ms": "jbuf_delay_ms",
}
# The stack's words for an offer that waits for its answer; it sends no second one.
_UNDER_WAY = "already in flight"
_OFFERS_MAX, _OFFER_AGAIN_S = 12, 0.4
_SILENT = "rtp stream error"
_TRANSFERRED = "Call transfered"  # The stack's own spelling.


class Home(Protocol):
    def missed(self, handle: int) -> Sequence[StackEvent]:
        """What befell a call before anybody could listen to it."""

    def came(self, leg: BaresipLeg) -> None: ...

    def gone(self, leg: BaresipLeg) -> None:
        """Told once, when the dialog is over."""


class BaresipLeg:
    """Implements `SipLeg`.

    Args:
        home: What the endpoint does for its legs.
    """

    def __init__(self, call: Call, home: Home) -> None:
        self._call, self._home = call, home
        self._events: LegEvents | None = None
        self._cause_of_end = ""  # Of a leg that was over before anybody watched.
        self._inbound = call.state is CallState.INCOMING
        self._was_up = False
        self._leaving = False
        self.restarts = 0
        self._narrowing: StreamResampler | Literal["as it is"] | None = None  # None: not known yet.
        home.came(self)
        call.on(self._on_event)
        for event in home.missed(call.handle):
            call._on_stack_event(event)

    @property
    def call_id(self) -> str:
        return self._call.call_id or ""

    @property
    def stats(self) -> dict[str, int]:
        final = self._call.final_stats
        if final is None:
            return {}
        return {ours: int(getattr(final, theirs) or 0) for ours, theirs in _STATS.items()}

    def watch(self, events: LegEvents | None) -> None:
        self._events = events
        if events is None:
            return
        # Answered or over within the very turn of the loop in which it was dialled.
        if self._was_up:
            events.established()
        if self._cause_of_end:
            events.ended(self._cause_of_end)

    async def answer(self) -> None:
        await self._try(self._call.answer())

    async def refuse(self) -> None:
        self._leaving = True
        await self._try(self._call.reject())

    async def hang_up(self) -> None:
        self._leaving = True
        await self._try(self._call.hangup())

    async def hold(self, held: bool) -> None:
        """One offer at a time (RFC 3261, 14.1): another that is under way, of either end's, is waited for."""
        for left in reversed(range(_OFFERS_MAX)):
            try:
                await (self._call.hold() if held else self._call.resume())
            except BaresipError as error:
                if not left or _UNDER_WAY not in str(error):
                    raise CallFailed(str(error)) from error
                await asyncio.sleep(_OFFER_AGAIN_S)
            else:
                return

    async def transfer(self, target: str, headers: Mapping[str, str]) -> None:
        try:
            try:
                await self._refer(refer_to(target, headers))
            except TransferFailed as error:
                if not headers or error.status not in _NOT_UNDERSTOOD:
                    raise
                await self._refer(refer_to(target, {}))  # The caller matters more than what is told of him.
        except TransferFailed as error:
            raise CallFailed(_why_not(error)) from error
        except (BaresipError, ValueError) as error:
            raise CallFailed(str(error)) from error

    async def _refer(self, address: str) -> None:
        await self._call.transfer(address, timeout=TRANSFER_WITHIN_S)

    async def accept_transfer(self) -> BaresipLeg:
        try:
            return BaresipLeg(await self._call.accept_transfer(), self._home)
        except BaresipError as error:
            raise CallFailed(str(error)) from error

    async def refuse_transfer(self) -> None:
        await self._try(self._call.reject_transfer())

    async def press(self, digits: str) -> None:
        try:
            await self._call.send_dtmf(digits)
        except (BaresipError, ValueError) as error:
            raise CallFailed(str(error)) from error

    # Audio. A renegotiation replaces the streams and loses what they held; the next call finds the new ones.

    def read(self) -> bytes:
        try:
            heard = bytes(self._call.audio.read(READ_MAX_BYTES))
            if self._narrowing is None:
                rate_hz = self._call.audio.info().rx_sample_rate
                self._narrowing = StreamResampler(rate_hz, LEG_HZ) if rate_hz > LEG_HZ else _AS_IT_IS
        except AudioRestarted:
            self.restarts += 1
            self._narrowing = None  # Another codec, perhaps.
            return b""
        except AudioNotActive:
            return b""
        if isinstance(self._narrowing, StreamResampler):
            return self._narrowing.push(np.frombuffer(heard, "<i2")).astype("<i2").tobytes()
        return heard

    def write(self, pcm: bytes) -> int:
        for _ in range(2):
            try:
                return int(self._call.audio.write(pcm))
            except AudioRestarted:
                self.restarts += 1
            except AudioNotActive:
                break
        return 0

    def unsent_bytes(self) -> int:
        try:
            return int(self._call.audio.info().tx_buffered)
        except BaresipError:
            return 0

    def clear(self) -> None:
        try:
            self._call.audio.flush_tx()
        except (AudioNotActive, AudioRestarted):
            return  # Nothing is left to drop.

    async def _try(self, action: object) -> None:
        """A leg that is gone already needs nothing more."""
        try:
            await action  # type: ignore[misc]  # the library's coroutines are untyped
        except StaleHandleError:
            self._finish("")
        except BaresipError as error:
            raise CallFailed(str(error)) from error

    def _on_event(self, event: StackEvent) -> None:
        if event.event is Event.CALL_CLOSED:
            self._finish(event.text or "")
            return
        if event.event is Event.CALL_ESTABLISHED:
            self._was_up = True
        if self._events is None:
            return
        match event.event:
            case Event.CALL_ESTABLISHED:
                self._events.established()
            case Event.CALL_DTMF_START if event.text:
                self._events.pressed(event.text)
            case Event.CALL_DTMF_END:
                self._events.released()
            case Event.CALL_HOLD | Event.CALL_RESUME:
                self._events.held(event.event is Event.CALL_HOLD)
            case Event.CALL_TRANSFER if self._call.transfer_request is not None:
                self._events.transfer_asked(self._call.transfer_request.target)

    def _finish(self, text: str) -> None:
        """Once, however the end came to be known."""
        if self._cause_of_end:
            return
        self._cause_of_end = self._cause(text)
        self._home.gone(self)
        events, self._events = self._events, None
        if events is not None:
            events.ended(self._cause_of_end)

    def _cause(self, text: str) -> str:
        if text == _TRANSFERRED:
            return "transferred"
        if self._leaving:
            return "agent"
        if text == _SILENT:
            return "error: no audio from the far end"
        if self._inbound or self._was_up:
            return "hangup"
        return outcome(text)


def _why_not(error: TransferFailed) -> str:
    """As `wire.Done` has it. A far end that tells nothing of its call is as good as one nobody answers."""
    if not error.status:
        return f"no answer: {error}"
    told = f"{error.status} {error.reason}"
    why = outcome(told)
    return why if why.startswith("error") else f"{why}: {told}"


def outcome(text: str) -> str:
    """Why a call we placed was not answered, from a status line such as "486 Busy Here"."""
    status, words = split_status(text)
    if status in _BUSY:
        return "busy"
    if status == _DECLINED:
        return "declined"
    if status in _NO_ANSWER:
        return "no answer"
    return f"error: {status} {words}" if status else f"error: {text or 'unreachable'}"
