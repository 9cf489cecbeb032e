"""All SIP calls of a media worker, and the socket at which the SIP worker finds it."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import structlog

from antiphon.calls.numbers import is_sip
from antiphon.calls.ports import ColdTransfer
from antiphon.calls.sip import wire
from antiphon.calls.sip.dials import Ring, SipDials
from antiphon.calls.sip.line import News, Phase, SipLine
from antiphon.calls.sip.orders import Orders
from antiphon.calls.sip.settings import ANY_USER
from antiphon.errors import AntiphonError, CallFailed, ConfigError
from antiphon.runtime.arrivals import Switchboard
from antiphon.trust.dialling import DialPermit

log = structlog.get_logger(__name__)

WORKER_GONE = "error: the SIP worker went away"
DIAL_TIMEOUT_S = 30.0
PAUSE_S = 0.5  # A "w" among keys.


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """Who takes a call: an agent, somebody elsewhere it is passed on to, or nobody, with the reason."""

    agent: str = ""
    forward: str = ""
    reason: str = ""


Router = Callable[[str, str, str], Taken]


class SipLines:
    """Runs as long as the media worker. One SIP worker at a time; a new one takes the place of the old.

    Args:
        agents: Who can be called by name.
        routes: User part of the request URI -> agent, before names; `ANY_USER` for all others.
        has_room: One more call may be answered.
        router: In place of `routes` and names: who takes it, given user, caller and SIP's id of the call.
        users: Whom the router knows; of all others SIP tells the To header only.
        escalation: Given a call's id: where its caller is to be passed on to when the agent is done, if so.
    """

    def __init__(
        self,
        switchboard: Switchboard,
        socket: Path,
        agents: Collection[str],
        *,
        routes: Mapping[str, str],
        has_room: Callable[[], bool] = lambda: True,
        router: Router | None = None,
        users: Collection[str] = (),
        escalation: Callable[[str], ColdTransfer | None] = lambda call_id: None,
    ) -> None:
        self.counted: Counter[str] = Counter()
        self._switchboard, self._socket, self._agents = switchboard, socket, agents
        self._routes, self._has_room, self._escalation = routes, has_room, escalation
        self._router, self._users = router, users
        self._lines: dict[int, SipLine] = {}
        self._orders = Orders(self.tell)
        self._dials = SipDials(self._lines, self._orders, self)
        self._batch: list[tuple[int, bytes]] = []
        self._worker_counts: dict[str, int] = {}
        self._writer: asyncio.StreamWriter | None = None
        self._serving: set[asyncio.Task[Any]] = set()
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        return len(self._lines)

    @property
    def is_connected(self) -> bool:
        return self._writer is not None

    def counts(self) -> dict[str, int]:
        return self._worker_counts | dict(self.counted)

    async def start(self) -> None:
        for user, agent in self._routes.items():
            if agent not in self._agents:
                raise ConfigError(
                    f"no agent named {agent!r}", where=f"ANTIPHON_SIP_ROUTES, {user}", fix="name one there is"
                )
        self._socket.unlink(missing_ok=True)
        self._server = await asyncio.start_unix_server(self._serve, path=str(self._socket))

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
        if self._writer is not None:
            self._writer.close()
        for task in list(self._tasks):
            task.cancel()
        if self._serving:
            await asyncio.wait(list(self._serving))
        self._socket.unlink(missing_ok=True)

    # What the control process may ask for.

    async def dial(
        self,
        *,
        agent: str,
        permit: DialPermit,
        trunk: str = "",
        caller_id: str = "",
        timeout_s: float = DIAL_TIMEOUT_S,
    ) -> str:
        """Place a call; gives its id when it is answered and the agent talks.

        Raises:
            ConfigError: Unknown agent.
            CallFailed: "busy", "declined", "no answer" or what went wrong.
        """
        self._may_call(agent)
        return await self._dials.dial(agent, permit.number, trunk, caller_id, timeout_s)

    def place(
        self,
        *,
        agent: str,
        permit: DialPermit,
        caller_id: str,
        ring_s: float,
        news: Callable[[News], None],
    ) -> str:
        """As `dial`, through the first trunk and without waiting; gives our name for the call."""
        self._may_call(agent)
        return self._dials.ring(
            Ring(to=permit.number, caller_id=caller_id, ring_s=ring_s, news=news, agent=agent)
        )

    def _may_call(self, agent: str) -> None:
        if agent not in self._agents:
            raise ConfigError(f"no agent named {agent!r}")
        if not self.is_connected:
            raise CallFailed("the SIP worker is not there")
        if not self._has_room():
            raise CallFailed("every line is busy")

    def ring(self, ring: Ring) -> str:
        """Call a person for whom the switchboard waits; gives our name for the call."""
        return self._dials.ring(ring)

    def hang_up(self, name: str) -> None:
        """A call that was rung."""
        self._dials.hang_up(name)

    async def pass_on(self, name: str, transfer: ColdTransfer) -> None:
        """As `transfer`, of a call by SIP's id of it, with what was gathered of the caller.

        Raises:
            CallFailed: He is still here, unless his call is over.
        """
        for line in self._lines.values():
            if name and line.sip_call_id == name:
                await self._refer(line, transfer)
                return
        raise CallFailed("no such call on a SIP line")

    async def transfer(self, *, call_id: str, target: str) -> None:
        """Pass the caller on by REFER; the call is over when they talk to `target`. Raises: CallFailed."""
        await self._ask(call_id, lambda leg, request: wire.Transfer(leg=leg, target=target, request=request))

    async def hold(self, *, call_id: str, held: bool) -> None:
        """Raises: CallFailed."""
        await self._ask(call_id, lambda leg, request: wire.Hold(leg=leg, held=held, request=request))

    async def press(self, *, call_id: str, digits: str) -> None:
        """Press keys at the far end. Raises: CallFailed."""
        await self._ask(call_id, lambda leg, request: _pressed(leg, digits, request))

    async def _ask(self, call_id: str, message: Callable[[int, int], wire.FromMedia]) -> None:
        for line in self._lines.values():
            if call_id and line.call_id == call_id:
                await self._orders.request(partial(message, line.leg))
                return
        raise CallFailed("no such call on a SIP line")

    # `Outbox`, for the lines.

    def say(self, leg: int, pcm: bytes) -> None:
        if not self._batch:
            asyncio.get_running_loop().call_soon(self._flush)
        self._batch.append((leg, pcm))

    def tell(self, message: wire.FromMedia) -> None:
        self._flush()  # A mark comes after what it marks.
        self._write(message)

    def press_keys(self, line: SipLine, digits: str) -> None:
        self._act(self._press_keys(line, digits))

    async def _press_keys(self, line: SipLine, digits: str) -> None:
        async with line.keys:  # What is ordered later is pressed later.
            try:
                for number, keys in enumerate(digits.upper().split("W")):
                    if number:
                        await asyncio.sleep(PAUSE_S)
                    if keys:
                        await self._orders.request(partial(_pressed, line.leg, keys))
            except CallFailed as error:
                log.warning("sip_keys_not_pressed", call=line.call_id, reason=str(error))

    def depart(self, line: SipLine) -> None:
        # Why the call ended is known only when the caller of `end` has finished with it.
        asyncio.get_running_loop().call_soon(self._send_off, line)

    def _send_off(self, line: SipLine) -> None:
        transfer = self._escalation(line.call_id) if line.call_id else None
        if transfer is not None:
            self._act(self._pass_on(line, transfer))
        else:
            self.tell(wire.HangUp(leg=line.leg))

    async def _pass_on(self, line: SipLine, transfer: ColdTransfer) -> None:
        """The agent is done with him. Whom nobody takes is the agent's again, in a new conversation, once."""
        may_come_back = transfer.comes_back and not line.came_back
        try:
            await self._refer(line, transfer)
        except CallFailed:
            if may_come_back and self._lines.get(line.leg) is line:
                self._answered_by_agent(line)
            else:
                self.tell(wire.HangUp(leg=line.leg))

    async def _refer(self, line: SipLine, transfer: ColdTransfer) -> None:
        told = dict(transfer.headers) if is_sip(transfer.to) else {}  # A telephone number reads none.
        try:
            await self._orders.request(
                lambda request: wire.Transfer(leg=line.leg, target=transfer.to, request=request, headers=told)
            )
            self.counted["passed_on"] += 1
        except CallFailed as error:
            line.came_back = True
            self.counted["not_passed_on"] += 1
            log.warning("sip_caller_not_passed_on", call=line.call_id, reason=str(error))
            raise

    def _flush(self) -> None:
        if self._batch:
            frames, self._batch = self._batch, []
            self._write(wire.Say(frames=frames))

    def _write(self, message: wire.FromMedia) -> None:
        if self._writer is not None and not self._writer.is_closing():
            self._writer.write(wire.encode(message))

    def _act(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # The SIP worker.

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)
        if self._writer is not None:
            self._writer.close()
            self._worker_gone()
        self._writer = writer
        log.info("sip_worker_connected")
        users = sorted({*self._agents, *self._routes, *self._users} - {ANY_USER})
        catch_all = ANY_USER in self._routes or self._router is not None
        self.tell(wire.Routes(users=users, catch_all=catch_all))
        try:
            while (body := await wire.read_frame(reader)) is not None:
                self._take(wire.decode_from_sip(body))
        except msgspec.MsgspecError:
            log.error("sip_worker_not_understood")
        finally:
            writer.close()
            if self._writer is writer:
                self._writer = None
                self._worker_gone()

    def _worker_gone(self) -> None:
        lines = list(self._lines.values())
        self._lines.clear()
        if lines:
            log.error("sip_worker_gone", calls=len(lines))
            self.counted["lost_with_the_worker"] += len(lines)
        for line in lines:
            line.over(WORKER_GONE)
            line.tell(News(ended=WORKER_GONE))
        self._orders.give_up(WORKER_GONE)
        self._batch.clear()

    def _take(self, message: wire.FromSip) -> None:
        match message:
            case wire.Heard(frames=frames):
                for leg, pcm, made_up_ms in frames:
                    if (line := self._lines.get(leg)) is not None:
                        line.hear(pcm, made_up_ms)
            case wire.Invited():
                self._invited(message)
            case wire.Done():
                self._orders.done(message)
            case wire.Counted(counts=counts):
                self._worker_counts = counts
            case _:
                if (line := self._lines.get(message.leg)) is not None:
                    self._befalls(line, message)

    def _befalls(
        self, line: SipLine, message: wire.Established | wire.Reached | wire.Pressed | wire.Held | wire.Ended
    ) -> None:
        match message:
            case wire.Established():
                self._established(line)
            case wire.Reached(mark=mark):
                line.reached(mark)
            case wire.Pressed(digit=digit):
                line.pressed(digit)
            case wire.Held(held=held):
                line.on_hold = held
                self.counted["holds"] += held
            case wire.Ended(cause=cause, stats=stats):
                self._ended(line, cause, stats)

    def _invited(self, invite: wire.Invited) -> None:
        line = SipLine(invite.leg, "", invite.caller, invite.call_id, self)
        line.called = invite.user
        taken = self._taken_by(line)
        line.agent, line.forward = taken.agent, taken.forward
        if not (taken.agent or taken.forward) or not self._has_room():
            self.counted["refused"] += 1
            log.warning("sip_call_refused", reason=taken.reason or "no capacity")
            self._write(wire.Refuse(leg=invite.leg))
            return
        self._lines[invite.leg] = line
        self._write(wire.Accept(leg=invite.leg))

    def _taken_by(self, line: SipLine) -> Taken:
        if self._router is not None:
            return self._router(line.called, line.caller_number, line.sip_call_id)
        agent = self._routes.get(line.called)
        if agent is None:
            agent = line.called if line.called in self._agents else self._routes.get(ANY_USER, "")
        return Taken(agent=agent, reason="" if agent else "no agent for this address")

    def _established(self, line: SipLine) -> None:
        if not self._dials.is_wanted(line):
            self._write(wire.HangUp(leg=line.leg))
            return
        if line.forward:
            self._act(self._pass_on(line, ColdTransfer(to=line.forward)))
            return
        line.tell(News())
        if line.news is not None and not line.agent:  # An agent's own calls are screened by the exchange.
            line.listen_for_machine()
        self._answered_by_agent(line)

    def _answered_by_agent(self, line: SipLine) -> None:
        line.phase = Phase.UP  # The greeting may be sent from inside `answer`.
        try:
            call_id, source = self._switchboard.answer(line.arrival(), line)
        except AntiphonError as error:
            self.counted["refused"] += 1
            log.warning("sip_call_not_taken", agent=line.agent, reason=str(error))
            line.phase = Phase.OVER
            self._write(wire.HangUp(leg=line.leg))
            self._orders.failed(line.leg, str(error))
            return
        line.connect(call_id, source)
        self.counted["calls"] += 1
        self._orders.answered(line.leg, call_id)

    def _ended(self, line: SipLine, cause: str, stats: dict[str, int]) -> None:
        del self._lines[line.leg]
        tell = log.warning if cause.startswith("error") else log.info
        tell("sip_call_ended", call=line.call_id or line.sip_call_id, cause=cause, **stats)
        line.over(cause)
        line.tell(News(ended=cause))
        self._orders.failed(line.leg, cause)


def _pressed(leg: int, digits: str, request: int) -> wire.Press:
    return wire.Press(leg=leg, digits=digits, request=request)
