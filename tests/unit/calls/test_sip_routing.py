"""A routes file decides about calls that come in by SIP: to an agent, passed on at once, or refused."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tests.doubles.switchboard import NotingSwitchboard
from tests.unit.calls.test_sip_lines import Desk, Worker

from antiphon.calls.sip import SipLines, wire
from antiphon.calls.sip.lines import Taken

PERSON = "+12125550111"


def taken_by(user: str, caller: str, sip_call_id: str) -> Taken:
    assert (caller, sip_call_id) == ("+12125550100", "sip-1")
    answers = {
        "+16175550100": Taken(agent="clinic"),
        "night": Taken(forward=PERSON),
        "shut": Taken(reason="shut for good"),
    }
    return answers.get(user, Taken(reason="nothing is routed for what was called"))


async def invited(tmp_path: Path, user: str) -> tuple[SipLines, Desk, wire.FromMedia]:
    switchboard = NotingSwitchboard()
    lines = SipLines(switchboard, tmp_path / "s", ("clinic", "bank"), routes={}, router=taken_by)
    await lines.start()
    worker = Worker(*await asyncio.open_unix_connection(str(tmp_path / "s")))
    told = await worker.next()
    assert isinstance(told, wire.Routes) and told.catch_all, "who is called is for the router to judge"
    worker.say(wire.Invited(leg=1, user=user, caller="12125550100", call_id="sip-1"))
    return lines, Desk(lines, switchboard, worker), await worker.next()


async def test_the_router_names_the_agent(tmp_path: Path) -> None:
    lines, desk, answer = await invited(tmp_path, "+16175550100")
    assert answer == wire.Accept(leg=1)
    desk.worker.say(wire.Established(leg=1))
    await desk.until(lambda: bool(desk.switchboard.calls))
    arrival = desk.switchboard.calls[0][0]
    assert arrival.agent == "clinic"
    assert arrival.metadata["called"] == "sip:+16175550100"
    assert not arrival.outbound
    desk.worker.die()
    await lines.stop()


async def test_who_is_forwarded_is_passed_on_and_hears_no_agent(tmp_path: Path) -> None:
    lines, desk, answer = await invited(tmp_path, "night")
    assert answer == wire.Accept(leg=1)
    desk.worker.say(wire.Established(leg=1))
    order = await desk.worker.next()
    assert isinstance(order, wire.Transfer)
    assert (order.leg, order.target) == (1, PERSON)
    assert not desk.switchboard.calls
    desk.worker.die()
    await lines.stop()


async def test_what_is_not_routed_is_refused_agents_names_included(tmp_path: Path) -> None:
    for number, user in enumerate(("shut", "nobody", "clinic")):
        folder = tmp_path / str(number)
        folder.mkdir()
        lines, desk, answer = await invited(folder, user)
        assert answer == wire.Refuse(leg=1)
        assert lines.counts()["refused"] == 1
        desk.worker.die()
        await lines.stop()
