"""The SIP worker's calls: a row each, all advanced on one 20 ms tick, their audio in one message a tick."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine
from typing import Any

import structlog

from antiphon.calls.messages import FLOODED, MessageBound
from antiphon.calls.sip import wire
from antiphon.calls.sip.intake import Intake
from antiphon.calls.sip.playout import Playout
from antiphon.calls.sip.port import Invite, SipEndpoint, SipLeg
from antiphon.calls.sip.settings import SipSettings
from antiphon.errors import AntiphonError, CallFailed, ConfigError

log = structlog.get_logger(__name__)

HANG_UP_TICKS_MAX = 50  # A second for the last words.
# Nobody presses a key again so soon (ITU-T Q.24: 40 ms and more between two); a packet that was overtaken by
# the end of its key begins it anew for the library.
KEY_AGAIN_TICKS = 2
_TICK_NS = 20_000_000

Send = Callable[[wire.FromSip], None]


class Row:
    """One call. Implements `LegEvents`. An accepted transfer puts another leg in the old one's place."""

    def __init__(self, number: int, leg: SipLeg, legs: Legs) -> None:
        self.number, self.leg, self._legs = number, leg, legs
        self.intake, self.playout = Intake(), Playout(leg)
        self.up = False
        self.on_hold = False
        self.hang_up_in = -1  # Ticks; below zero: nobody wants to.
        self.no_answer = False
        self._key, self._key_up_at = "", 0  # The last one, and the tick at which it was let go.
        self._heir: _Heir | None = None
        self._messages = MessageBound(legs.now_ns)

    def established(self) -> None:
        if self.up:
            return
        self.up = True
        self._legs.send(wire.Established(leg=self.number))

    def pressed(self, digit: str) -> None:
        if not self._passes():
            return
        self.intake.excuse()  # The far end sends events in place of audio.
        if digit == self._key and self._legs.ticks - self._key_up_at < KEY_AGAIN_TICKS:
            self._legs.counted["keys_repeated"] += 1
            return
        self._key, self._key_up_at = digit, -KEY_AGAIN_TICKS  # It is down.
        self._legs.send(wire.Pressed(leg=self.number, digit=digit))

    def released(self) -> None:
        self._key_up_at = self._legs.ticks

    def held(self, held: bool) -> None:
        self.on_hold = held
        if not self._passes():
            return
        self.intake.excuse()
        self._legs.send(wire.Held(leg=self.number, held=held))

    def transfer_asked(self, target: str) -> None:
        if self._passes():
            self._legs.act(self._consider_transfer(target))

    def ended(self, cause: str) -> None:
        heir, self._heir = self._heir, None
        if heir is not None:  # Who asked for it is gone before anybody answered.
            self._legs.act(heir.leg.hang_up())
        if self._messages.flooded:
            cause = FLOODED
        self._legs.leave(self, "no answer" if self.no_answer else cause)

    def _passes(self) -> bool:
        """One more key, hold or transfer; whoever sends them without end is hung up on."""
        was_flooded = self._messages.flooded
        if self._messages.passes(self._legs.now_ns, "sip", str(self.number)):
            return not was_flooded
        if self._messages.flooded and not was_flooded:
            self._legs.act(self.leg.hang_up())
        return False

    async def _consider_transfer(self, target: str) -> None:
        if self._heir is not None or not self._legs.may_transfer_to(target):
            self._legs.counted["transfers_refused"] += 1
            await self.leg.refuse_transfer()
            return
        self._legs.counted["transfers_accepted"] += 1
        self._heir = heir = _Heir(await self.leg.accept_transfer(), self)
        heir.leg.watch(heir)

    def give_up_heir(self) -> None:
        self._heir = None

    def move_to(self, heir: SipLeg) -> None:
        """The one dialled for a transfer answered: the call goes on there, and the old leg ends."""
        old, self.leg, self._heir = self.leg, heir, None
        self.intake, self.playout = Intake(), Playout(heir)
        self.on_hold = False
        heir.watch(self)
        old.watch(None)
        self._legs.act(old.hang_up())


class _Heir:
    """Watches a leg that was dialled for a transfer, until it takes the old one's place."""

    def __init__(self, leg: SipLeg, row: Row) -> None:
        self.leg, self._row = leg, row

    def established(self) -> None:
        self._row.move_to(self.leg)

    def pressed(self, digit: str) -> None: ...
    def released(self) -> None: ...
    def held(self, held: bool) -> None: ...
    def transfer_asked(self, target: str) -> None: ...

    def ended(self, cause: str) -> None:
        self._row.give_up_heir()  # The old leg goes on; its peer was told by the library.


class Legs:
    """Implements `EndpointEvents`; `take` is what the media worker says.

    Args:
        send: To the media worker; drops what it is told when nobody is there.
        died: Called when the library is beyond repair.
    """

    def __init__(self, settings: SipSettings, send: Send, died: Callable[[], None]) -> None:
        self.send, self.died = send, died
        self.counted: Counter[str] = Counter()
        self.endpoint: SipEndpoint
        self.ticks = 0
        self.taking = False  # Somebody at the other end of the socket takes calls.
        self._settings = settings
        self._rows: dict[int, Row] = {}
        self._last_number = 0
        self._tasks: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def now_ns(self) -> int:
        return self.ticks * _TICK_NS

    def may_transfer_to(self, target: str) -> bool:
        return self._settings.may_transfer_to(target)

    # From the endpoint.

    def invited(self, invite: Invite, leg: SipLeg) -> None:
        if not self.taking:
            self.counted["invites_refused"] += 1
            self.act(leg.refuse())
            return
        self._last_number += 1
        self.counted["invites"] += 1
        row = self._rows[self._last_number] = Row(self._last_number, leg, self)
        self.send(
            wire.Invited(
                leg=row.number,
                user=invite.user,
                caller=invite.caller,
                call_id=invite.call_id,
                trunk=invite.trunk,
            )
        )
        leg.watch(row)

    def registered(self, trunk: str, problem: str) -> None:
        self.counted["registrations_failed" if problem else "registrations"] += 1
        if problem:
            log.error("sip_registration_failed", trunk=trunk, reason=problem)
        else:
            log.info("sip_registered", trunk=trunk)

    # From the media worker.

    def take(self, message: wire.FromMedia) -> None:
        match message:
            case wire.Say(frames=frames):
                for number, pcm in frames:
                    if (row := self._rows.get(number)) is not None and row.up:
                        row.playout.say(pcm)
            case wire.Routes(users=users, catch_all=catch_all):
                self.taking = True
                self.act(self.endpoint.route(users, catch_all=catch_all))
            case wire.Dial():
                self.act(self._dial(message))
            case wire.Transfer() | wire.Hold() | wire.Press():
                self.act(self._request(message))
            case _:
                if (row := self._rows.get(message.leg)) is not None:
                    self._direct(row, message)

    def _direct(
        self, row: Row, message: wire.Mark | wire.Clear | wire.Accept | wire.Refuse | wire.HangUp
    ) -> None:
        match message:
            case wire.Mark(name=name):
                row.playout.mark(name)
            case wire.Clear():
                row.playout.clear()
            case wire.Accept():
                self.act(self._answer(row))
            case wire.Refuse():
                self.act(row.leg.refuse())
            case wire.HangUp():
                row.hang_up_in = HANG_UP_TICKS_MAX if row.up else 0

    async def _answer(self, row: Row) -> None:
        try:
            await row.leg.answer()
        except CallFailed as error:  # The caller offers nothing we speak, most likely.
            await row.leg.refuse()
            self.leave(row, f"error: {error}")

    async def _dial(self, order: wire.Dial) -> None:
        try:
            leg = await self.endpoint.dial(order.target, order.trunk, order.caller_id)
        except (ConfigError, CallFailed) as error:
            self.send(wire.Ended(leg=order.leg, cause=f"error: {error}", stats={}))
            return
        row = self._rows[order.leg] = Row(order.leg, leg, self)
        leg.watch(row)  # Only now: it may be over already, and a row must be there to leave.
        asyncio.get_running_loop().call_later(order.timeout_s, self._give_up, row)

    def _give_up(self, row: Row) -> None:
        if not row.up and self._rows.get(row.number) is row:
            row.no_answer = True
            self.act(row.leg.hang_up())

    async def _request(self, request: wire.Transfer | wire.Hold | wire.Press) -> None:
        row = self._rows.get(request.leg)
        try:
            if row is None or not row.up:
                raise CallFailed("the call is not up")
            match request:
                case wire.Transfer(target=target, headers=headers):
                    await row.leg.transfer(self._settings.address(target), headers)
                case wire.Hold(held=held):
                    row.intake.excuse()
                    await row.leg.hold(held)
                case wire.Press(digits=digits):
                    await row.leg.press(digits)
        except AntiphonError as error:
            self.send(wire.Done(request=request.request, ok=False, words=str(error)))
        else:
            self.send(wire.Done(request=request.request, ok=True))

    # Time.

    def tick(self) -> None:
        """20 ms of every call, both ways."""
        self.ticks += 1
        frames = []
        for row in list(self._rows.values()):
            if not row.up:
                if row.hang_up_in == 0:
                    self._hang_up(row)
                continue
            pcm, made_up_ms = row.intake.tick(row.leg.read())
            if pcm and not row.on_hold:  # Music for those who wait is not the caller's voice.
                frames.append((row.number, pcm, made_up_ms))
                self.counted["concealed_ms"] += made_up_ms
            for name in row.playout.tick():
                self.send(wire.Reached(leg=row.number, mark=name))
            if row.hang_up_in >= 0:
                row.hang_up_in -= 1
                if row.hang_up_in < 0 or row.playout.is_idle:
                    self._hang_up(row)
        if frames:
            self.send(wire.Heard(frames=frames))

    def drop_all(self) -> None:
        """The media worker is gone: its calls have nobody to talk to."""
        self.taking = False
        for row in list(self._rows.values()):
            self._hang_up(row)

    def leave(self, row: Row, cause: str) -> None:
        if self._rows.pop(row.number, None) is None:
            return
        self.counted["ended"] += 1
        stats = row.leg.stats | {"concealed_ms": row.intake.concealed_ms}
        for name, count in stats.items():
            if name.startswith("packets_"):
                self.counted[name] += count
        self.send(wire.Ended(leg=row.number, cause=cause, stats=stats))

    def act(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(self._guard(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _guard(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except AntiphonError as error:
            self.counted["actions_failed"] += 1
            log.warning("sip_action_failed", reason=str(error))

    def _hang_up(self, row: Row) -> None:
        row.hang_up_in = -1
        self.act(row.leg.hang_up())
