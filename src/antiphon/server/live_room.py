"""The media worker's side of the live page: what each call shows, who follows it, who takes it over."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import asdict
from typing import Any, Final

import structlog

from antiphon.agents.definition import AgentDefinition
from antiphon.audio.ports import MediaSink, MediaSource
from antiphon.calls.browser import BrowserLines, BrowserSettings
from antiphon.calls.listening import Ear, Listening
from antiphon.errors import CallFailed, ConfigError
from antiphon.operations.attention.watched import WatchedCall
from antiphon.runtime.arrivals import Arrival, CallerView, CallWatch
from antiphon.runtime.attending import Attendant
from antiphon.runtime.exchange import Exchange, Plane
from antiphon.runtime.taking_over import take_over, why_not
from antiphon.server.rpc import Method

log = structlog.get_logger(__name__)

EARS_MAX: Final = 100  # Of one worker: three people who watch, many times over.
WAIT_S: Final = 1.0  # One question for news; its asker asks again.
_ASKED_AGAIN_S: Final = 10.0  # Who has not asked for so long has gone without a word.


class LiveRoom:
    """One per media worker.

    Args:
        now_s: Monotonic seconds.
    """

    def __init__(self, plane: Plane, now_s: Callable[[], float]) -> None:
        self._plane, self._now_s = plane, now_s
        self._exchange: Exchange | None = None
        self._watched: dict[str, WatchedCall] = {}
        self._listening: dict[str, Listening] = {}
        self._ears: dict[str, tuple[str, Ear, float]] = {}
        self._operators: BrowserLines | None = None

    def open(self, exchange: Exchange, settings: BrowserSettings) -> None:
        """The exchange exists, which was given `attends` before."""
        self._exchange = exchange
        exchange.when_ended(self.forget)
        self._operators = BrowserLines(OperatorDoor(exchange, self._plane), settings)

    def attends(self, call_id: str, definition: AgentDefinition) -> Attendant:
        """As `runtime.attending.Attends`."""
        limit_usd = definition.policy.silence.call_cost_max_usd
        watched = self._watched[call_id] = WatchedCall(float(limit_usd or 0))
        return watched

    def forget(self, call_id: str) -> None:
        """A call has ended."""
        self._watched.pop(call_id, None)
        listening = self._listening.pop(call_id, None)
        for ear in listening.ears if listening is not None else ():
            ear.close("ended")

    def methods(self) -> dict[str, Method]:
        return {
            "live": self.live,
            "follow": self.follow,
            "followed": self.followed,
            "unfollow": self.unfollow,
            "take_over": self.take_over,
        }

    async def close(self) -> None:
        if self._operators is not None:
            await self._operators.close_all()

    # ------------------------------------------------------------------ called by the control process

    async def live(self) -> dict[str, Any]:
        """By call: its signals, phase, turns, duration and caller."""
        told = {}
        for call_id, watched in self._watched.items():
            now_ms = self._up.up(call_id).line.now_ms  # Forgotten in the moment it is no longer up.
            told[call_id] = {
                "signals": asdict(watched.signals(now_ms)),
                "phase": watched.state,
                "turns": watched.turns,
                "duration_ms": now_ms,
                "caller": watched.caller,
            }
        return told

    async def follow(self, call_id: str, sound: bool, by: str) -> dict[str, Any]:
        """Begin to follow a call; gives the name to ask by and the sound's format.

        Raises:
            ConfigError: No such call.
            CallFailed: Too many listen already.
        """
        call = self._up.up(call_id)
        self._drop_the_silent()
        if len(self._ears) >= EARS_MAX:
            raise CallFailed("too many people follow calls already")
        ear = Ear(call.line.line_format, sound=sound)
        watched = self._watched[call_id]
        for message in watched.lines:
            ear.read(message)
        ear.read({"type": "state", "phase": watched.state})
        watched.following.append(ear.read)
        if sound:
            self._listen(call_id, ear)
            call.note("listened_in", by=by)
        name = secrets.token_hex(8)
        self._ears[name] = (call_id, ear, self._now_s())
        line_format = call.line.line_format
        return {
            "ear": name,
            "encoding": line_format.encoding.value,
            "sample_rate_hz": line_format.sample_rate_hz,
        }

    async def followed(self, ear: str) -> dict[str, Any]:
        """What has come since; waits a moment for the first of it. Raises: ConfigError: Not following."""
        call_id, one, _ = self._known(ear)
        self._ears[ear] = (call_id, one, self._now_s())
        told = await one.next(WAIT_S)
        if one.over:
            await self.unfollow(ear)
        return told

    async def unfollow(self, ear: str) -> None:
        if ear in self._ears:
            self._leave(ear, "left")

    async def take_over(self, call_id: str, sdp: str, by: str) -> dict[str, str]:
        """Answer the offer of an operator's page, whose voice the caller hears from now on.

        Raises:
            ConfigError: No such call.
            CallFailed: It cannot be done, or the offer cannot be used.
        """
        call = self._up.up(call_id)
        if reason := why_not(call):
            raise CallFailed(reason)
        assert self._operators is not None, "opened"
        call.note("operator_comes", by=by)
        line_id, answer = await self._operators.offer(call_id, sdp)
        return {"line_id": line_id, "sdp": answer, "type": "answer"}

    # ------------------------------------------------------------------ who listens

    @property
    def _up(self) -> Exchange:
        assert self._exchange is not None, "opened"
        return self._exchange

    def _known(self, ear: str) -> tuple[str, Ear, float]:
        known = self._ears.get(ear)
        if known is None:
            raise ConfigError("this call is not followed any more")
        return known

    def _listen(self, call_id: str, ear: Ear) -> None:
        line = self._up.up(call_id).line
        listening = self._listening.get(call_id)
        if listening is None:
            listening = self._listening[call_id] = Listening(line.line_format, lambda: line.now_ms)
            line.tap(listening)
        listening.ears.add(ear)

    def _leave(self, name: str, why: str) -> None:
        call_id, ear, _ = self._ears.pop(name)
        ear.close(why)
        watched, listening = self._watched.get(call_id), self._listening.get(call_id)
        if watched is not None:
            watched.following = [read for read in watched.following if read != ear.read]
        if listening is not None:
            listening.ears.discard(ear)
            if not listening.ears:
                del self._listening[call_id]
                self._up.up(call_id).line.untap(listening)

    def _drop_the_silent(self) -> None:
        limit_s = self._now_s() - _ASKED_AGAIN_S
        for name in [name for name, (_, _, asked_s) in self._ears.items() if asked_s < limit_s]:
            self._leave(name, "too_slow")
            log.info("listener_dropped")


class OperatorDoor:
    """Implements `Switchboard` for operators' own lines: the "agent" they ask for is a call."""

    def __init__(self, exchange: Exchange, plane: Plane) -> None:
        self._exchange, self._plane = exchange, plane

    def answer(
        self, arrival: Arrival, sink: MediaSink, view: CallerView | CallWatch | None = None
    ) -> tuple[str, MediaSource]:
        call = self._exchange.up(arrival.agent)
        attach: Callable[..., Any] = self._plane.attach
        return call.id, take_over(call, attach, arrival.line_format, sink, arrival.lead_ms)
