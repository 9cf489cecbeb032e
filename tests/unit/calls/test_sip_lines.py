"""The media worker's side of SIP, told by a worker made of messages: no library, no SIP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from structlog.testing import capture_logs
from tests.doubles.permits import permitted
from tests.doubles.switchboard import NotingSwitchboard

from antiphon.calls.placing import CallPlacer, Wanted
from antiphon.calls.ports import ColdTransfer, gathered_headers
from antiphon.calls.sip import SipControl, SipLines, wire
from antiphon.calls.sip.line import SipLine
from antiphon.calls.sip.lines import WORKER_GONE
from antiphon.errors import CallFailed, ConfigError
from antiphon.trust.dialling import DialRules

FRAME = np.full(160, 1000, "<i2").tobytes()

PERMIT = permitted("+12125550199")
GATHERED = gathered_headers("asked_for_person", "Wants to move an appointment.")


class Worker:
    """What a SIP worker says and is told."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    def say(self, *messages: wire.FromSip) -> None:
        for message in messages:
            self._writer.write(wire.encode(message))

    async def next(self) -> wire.FromMedia:
        async with asyncio.timeout(5):
            body = await wire.read_frame(self._reader)
        assert body is not None
        return wire.decode_from_media(body)

    def die(self) -> None:
        self._writer.close()


class Desk:
    """Lines over a noting switchboard, and the worker that found them."""

    def __init__(self, lines: SipLines, switchboard: NotingSwitchboard, worker: Worker) -> None:
        self.lines, self.switchboard, self.worker = lines, switchboard, worker

    async def call(self, leg: int = 1, user: str = "clinic") -> None:
        """A call that is answered and up."""
        self.worker.say(wire.Invited(leg=leg, user=user, caller="15550100", call_id=f"sip-{leg}"))
        assert await self.worker.next() == wire.Accept(leg=leg)
        self.worker.say(wire.Established(leg=leg))
        calls = len(self.switchboard.calls)
        await self.until(lambda: len(self.switchboard.calls) > calls)

    async def until(self, condition: Callable[[], bool]) -> None:
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(5):
            while not condition():
                turn = loop.create_future()
                loop.call_soon(turn.set_result, None)
                await turn


@asynccontextmanager
async def desk(
    tmp_path: Path,
    *,
    routes: dict[str, str] | None = None,
    escalation: Callable[[str], ColdTransfer | None] = lambda call_id: None,
    has_room: Callable[[], bool] = lambda: True,
    switchboard: NotingSwitchboard | None = None,
) -> AsyncIterator[Desk]:
    switchboard = switchboard or NotingSwitchboard()
    socket = tmp_path / "s"
    lines = SipLines(
        switchboard, socket, ("clinic", "bank"), routes=routes or {}, escalation=escalation, has_room=has_room
    )
    await lines.start()
    worker = Worker(*await asyncio.open_unix_connection(str(socket)))
    try:
        found = await worker.next()
        assert isinstance(found, wire.Routes)
        yield Desk(lines, switchboard, worker)
    finally:
        worker.die()
        await lines.stop()


async def test_the_worker_is_told_which_addresses_are_answered(tmp_path: Path) -> None:
    socket = tmp_path / "s"
    lines = SipLines(
        NotingSwitchboard(), socket, ("clinic", "bank"), routes={"+15550142": "bank", "*": "clinic"}
    )
    await lines.start()
    worker = Worker(*await asyncio.open_unix_connection(str(socket)))
    assert await worker.next() == wire.Routes(users=["+15550142", "bank", "clinic"], catch_all=True)
    worker.die()
    await lines.stop()


async def test_a_route_to_nobody_is_refused_at_the_start(tmp_path: Path) -> None:
    lines = SipLines(NotingSwitchboard(), tmp_path / "s", ("clinic",), routes={"1": "klinic"})
    with pytest.raises(ConfigError, match="klinic"):
        await lines.start()


async def test_a_call_flows_both_ways_and_ends_with_its_caller(tmp_path: Path) -> None:
    async with desk(tmp_path) as d:
        await d.call()
        arrival, line, notes = d.switchboard.calls[0]
        assert (arrival.agent, arrival.caller_number) == ("clinic", "+15550100")
        assert arrival.metadata == {
            "carrier": "sip",
            "carrier_call": "sip-1",
            "called": "sip:clinic",
            "called_number": "clinic",
        }
        line.play("hello", FRAME * 4)
        line.finish("hello")
        assert await d.worker.next() == wire.Say(frames=[(1, FRAME * 2)] * 2)  # One message for both.
        d.worker.say(
            wire.Heard(frames=[(1, FRAME * 5, 20), (7, FRAME, 0)]),
            wire.Pressed(leg=1, digit="5"),
            wire.Held(leg=1, held=True),
            wire.Counted(counts={"packets_lost": 3}),
        )
        await d.until(lambda: d.lines.counts().get("packets_lost") == 3)
        d.switchboard.pass_time(200)
        assert notes.audio[:1280] == FRAME * 4  # The fifth waits for its block of 100 ms.
        assert notes.named("dtmf") == [("dtmf", "5", None)]
        assert d.lines.counts()["holds"] == 1
        d.worker.say(wire.Ended(leg=1, cause="hangup", stats={"packets_in": 5}))
        await d.until(lambda: not len(d.lines))
        assert notes.named("closed") == [("closed", "hangup", None)]


@pytest.mark.parametrize(
    ("caller", "number"),
    [("+15550100", "+15550100"), ("15550100", "+15550100"), ("101", ""), ("anonymous", ""), ("+1;drop", "")],
)
def test_only_a_number_is_told_as_the_callers(caller: str, number: str, tmp_path: Path) -> None:
    lines = SipLines(NotingSwitchboard(), tmp_path / "s", ("clinic",), routes={})
    assert SipLine(1, "clinic", caller, "", lines).caller_number == number


async def test_a_mark_comes_after_its_audio_and_its_answer_ends_the_reply(tmp_path: Path) -> None:
    async with desk(tmp_path) as d:
        await d.call()
        _, line, notes = d.switchboard.calls[0]
        line.play("hello", FRAME * 2)
        line.finish("hello")
        assert await d.worker.next() == wire.Say(frames=[(1, FRAME * 2)])
        mark = await d.worker.next()
        assert isinstance(mark, wire.Mark)
        assert not notes.named("finished")
        d.worker.say(wire.Reached(leg=1, mark=mark.name))
        await d.until(lambda: bool(notes.named("finished")))
        assert notes.named("finished") == [("finished", "hello", 40)]


async def test_nobody_for_an_address_and_no_room_are_refused(tmp_path: Path) -> None:
    async with desk(tmp_path) as d:
        d.worker.say(wire.Invited(leg=1, user="nobody", caller="", call_id="a"))
        assert await d.worker.next() == wire.Refuse(leg=1)
    (tmp_path / "full").mkdir()
    async with desk(tmp_path / "full", has_room=lambda: False) as d:
        d.worker.say(wire.Invited(leg=1, user="clinic", caller="", call_id="a"))
        assert await d.worker.next() == wire.Refuse(leg=1)
        assert d.lines.counts() == {"refused": 1}


async def test_a_call_the_switchboard_does_not_take_is_hung_up(tmp_path: Path) -> None:
    async with desk(tmp_path, switchboard=NotingSwitchboard(full=True)) as d:
        d.worker.say(wire.Invited(leg=1, user="clinic", caller="", call_id="a"))
        assert await d.worker.next() == wire.Accept(leg=1)
        d.worker.say(wire.Established(leg=1))
        assert await d.worker.next() == wire.HangUp(leg=1)
        d.worker.say(wire.Ended(leg=1, cause="agent", stats={}))
        await d.until(lambda: not len(d.lines))


async def test_when_the_worker_goes_every_call_and_every_request_ends(tmp_path: Path) -> None:
    async with desk(tmp_path) as d:
        await d.call()
        _, _, notes = d.switchboard.calls[0]
        dialling = asyncio.ensure_future(d.lines.dial(agent="bank", permit=PERMIT))
        holding = asyncio.ensure_future(d.lines.hold(call_id="call-1", held=True))
        assert isinstance(await d.worker.next(), wire.Dial)
        assert isinstance(await d.worker.next(), wire.Hold)
        d.worker.die()
        for asked in (dialling, holding):
            with pytest.raises(CallFailed, match="went away"):
                await asked
        assert notes.named("closed") == [("closed", WORKER_GONE, None)]
        assert not len(d.lines)
        with pytest.raises(CallFailed, match="not there"):
            await d.lines.dial(agent="bank", permit=PERMIT)


async def test_a_call_we_place_is_answered_or_says_why_not(tmp_path: Path) -> None:
    async with desk(tmp_path) as d:
        dialling = asyncio.ensure_future(d.lines.dial(agent="clinic", permit=PERMIT, caller_id="+15550111"))
        order = await d.worker.next()
        assert isinstance(order, wire.Dial)
        assert (order.target, order.caller_id) == ("+12125550199", "+15550111")
        d.worker.say(wire.Established(leg=order.leg))
        assert await dialling == "call-1"

        dialling = asyncio.ensure_future(d.lines.dial(agent="clinic", permit=PERMIT))
        order = await d.worker.next()
        assert isinstance(order, wire.Dial)
        d.worker.say(wire.Ended(leg=order.leg, cause="busy", stats={}))
        with pytest.raises(CallFailed, match="busy"):
            await dialling


async def test_the_log_warns_of_a_call_that_could_not_be_placed_and_names_it(tmp_path: Path) -> None:
    async with desk(tmp_path) as d:
        name = d.lines.place(agent="clinic", permit=PERMIT, caller_id="", ring_s=7, news=lambda news: None)
        order = await d.worker.next()
        assert isinstance(order, wire.Dial)
        with capture_logs() as logs:
            d.worker.say(wire.Ended(leg=order.leg, cause="error: the trunk does not show that", stats={}))
            await d.until(lambda: not len(d.lines))
    assert [(log["event"], log["call"], log["log_level"]) for log in logs] == [
        ("sip_call_ended", name, "warning")
    ]


async def test_an_operators_call_through_a_trunk_tells_what_became_of_it(tmp_path: Path) -> None:
    async with desk(tmp_path) as d:
        rules = DialRules(allowed=("US",))
        placer = CallPlacer(rules, agents={"clinic"}, controls={}, base_url="", sip=d.lines)
        wanted = Wanted(key="k1", agent="clinic", number="+12125550199", caller_id="+15550111", ring_s=7)
        assert (await placer.place(wanted))["state"] == "placed"
        order = await d.worker.next()
        assert isinstance(order, wire.Dial)
        assert (order.target, order.caller_id, order.timeout_s) == ("+12125550199", "+15550111", 7)
        assert (await placer.place(wanted))["carrier"] == "sip", "and it is not dialled twice"
        d.worker.say(wire.Established(leg=order.leg))
        await d.until(lambda: placer.told("k1")["state"] == "answered")
        arrival, _, _ = d.switchboard.calls[0]
        assert (arrival.agent, arrival.outbound) == ("clinic", True)
        d.worker.say(wire.Ended(leg=order.leg, cause="hangup", stats={}))
        await d.until(lambda: placer.told("k1")["how"] == "completed")
        for number, (cause, how) in enumerate((("busy", "busy"), ("no answer", "no_answer"))):
            key = f"n{number}"
            await placer.place(replace(wanted, key=key))
            order = await d.worker.next()
            assert isinstance(order, wire.Dial)
            d.worker.say(wire.Ended(leg=order.leg, cause=cause, stats={}))
            await d.until(lambda key=key: placer.told(key)["state"] == "ended")  # type: ignore[misc]
            assert placer.told(key)["how"] == how
        d.worker.die()
        await d.until(lambda: not d.lines.is_connected)
        told = await placer.place(replace(wanted, key="late"))
        assert (told["state"], told["how"]) == ("failed", "unavailable")


@pytest.mark.parametrize(("to", "told"), [("+15550188", {}), ("sip:desk@example.com", GATHERED)])
async def test_who_wants_a_person_is_passed_on_and_if_that_fails_answered_again_once(
    tmp_path: Path, to: str, told: dict[str, str]
) -> None:
    person = ColdTransfer(to=to, headers=GATHERED, comes_back=True)
    async with desk(tmp_path, escalation=lambda call_id: person) as d:
        for ok in (True, False):
            leg = 1 if ok else 2
            await d.call(leg)
            d.switchboard.calls[-1][1].close()
            transfer = await d.worker.next()
            assert isinstance(transfer, wire.Transfer)
            assert (transfer.leg, transfer.target, transfer.headers) == (leg, to, told)
            d.worker.say(wire.Done(request=transfer.request, ok=ok, words="" if ok else "603 Decline"))
        await d.until(lambda: len(d.switchboard.calls) == 3)
        arrivals = [call[0] for call in d.switchboard.calls]
        assert arrivals[2] == arrivals[1]
        d.switchboard.calls[-1][1].close()
        transfer = await d.worker.next()
        assert isinstance(transfer, wire.Transfer)
        d.worker.say(wire.Done(request=transfer.request, ok=False, words="603 Decline"))
        assert await d.worker.next() == wire.HangUp(leg=2)
        assert d.lines.counts()["passed_on"] == 1 and d.lines.counts()["not_passed_on"] == 2


async def test_a_caller_who_hangs_up_while_his_line_is_asked_is_not_answered_again(tmp_path: Path) -> None:
    person = ColdTransfer(to="+15550188", comes_back=True)
    async with desk(tmp_path, escalation=lambda call_id: person) as d:
        await d.call()
        d.switchboard.calls[-1][1].close()
        transfer = await d.worker.next()
        assert isinstance(transfer, wire.Transfer)
        d.worker.say(wire.Ended(leg=1, cause="hangup", stats={}))
        d.worker.say(wire.Done(request=transfer.request, ok=False, words="no answer: gone"))
        await d.until(lambda: d.lines.counts().get("not_passed_on") == 1)
        assert len(d.switchboard.calls) == 1


async def test_keys_are_pressed_in_their_order_with_pauses_and_end_with_their_call(tmp_path: Path) -> None:
    async with desk(tmp_path) as d:
        await d.call()
        press = d.switchboard.calls[0][0].press
        assert press is not None
        press("1w2#")
        press("9")
        for keys in ("1", "2#", "9"):
            order = await d.worker.next()
            assert isinstance(order, wire.Press) and (order.leg, order.digits) == (1, keys)
            d.worker.say(wire.Done(request=order.request, ok=keys != "2#", words="gone"))
        d.worker.say(wire.Ended(leg=1, cause="hangup", stats={}))
        await d.until(lambda: not len(d.lines))
        press("5")  # Nobody is there.
        await d.call(2)


@pytest.mark.parametrize(
    ("words", "end"),
    [
        ("", "completed"),
        ("busy: 486 Busy Here", "busy"),
        ("declined: 603 Decline", "busy"),
        ("no answer: 480 Temporarily Unavailable", "no_answer"),
        ("error: 404 Not Found", "failed"),
    ],
)
async def test_a_carrier_control_says_how_asking_the_callers_line_went(
    tmp_path: Path, words: str, end: str
) -> None:
    async with desk(tmp_path) as d:
        await d.call()
        control = SipControl()
        assert await control.refer("sip-1", ColdTransfer(to="+15550188")) == "failed"  # No lines yet.
        control.connect(d.lines, lambda leg, report: None)
        assert await control.refer("sip-2", ColdTransfer(to="+15550188")) == "failed"  # Nobody's.
        asked = asyncio.ensure_future(control.refer("sip-1", ColdTransfer(to="+15550188")))
        transfer = await d.worker.next()
        assert isinstance(transfer, wire.Transfer)
        d.worker.say(wire.Done(request=transfer.request, ok=not words, words=words))
        assert await asked == end


async def test_what_is_no_message_costs_the_connection_and_a_new_one_is_taken(tmp_path: Path) -> None:
    async with desk(tmp_path) as d:
        d.worker.say(wire.Pressed(leg=99, digit="1"))  # Of no call.
        d.worker._writer.write(b"\x00\x00\x00\x02\xc1\xc1")
        await d.until(lambda: not d.lines.is_connected)
        again = Worker(*await asyncio.open_unix_connection(str(tmp_path / "s")))
        assert isinstance(await again.next(), wire.Routes)
        again.die()
