"""A caller is passed on over SIP by REFER; the person at a SIP address is told what was gathered of him."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.doubles.transfer_world import AGENT_FILE, AGENT_HZ
from tests.sip.house import HOST, SipHouse, until
from tests.sip.sipp import Sipp
from tests.sip.telephone import Telephone
from tests.sip.test_sip_transfers import SILENCE, TransferHouse, asks_for_a_person, gives_back, hears_ms

from antiphon.calls.ports import ColdTransfer, gathered_headers

SUMMARY = "Wants to move an appointment."
SAID = "Wants_to_move_an_appointment."
COLD = AGENT_FILE.replace("escalation:\n", "escalation:\n  mode: cold\n")
GATHERED = gathered_headers(
    "asked_for_person", f"{SUMMARY}\r\nContact: <sip:thief@{HOST}>" + " and more" * 60
)
TRUNK = {"ANTIPHON_SIP_TRUNK": f"sip:antiphon@{HOST}:1"}
TAKEN = "=202 NOTIFY:200 200 <BYE =200"


def refers(messages: str) -> list[str]:
    """Whom each REFER named, in order, those sent twice told once."""
    named = [line.partition(": ")[2].strip() for line in messages.splitlines() if line.startswith("Refer-To")]
    return list(dict.fromkeys(named))


async def passed_on(words: str, transfer: ColdTransfer) -> list[str]:
    async with SipHouse(environ=TRUNK, escalation=lambda call_id: transfer) as house:
        caller = Sipp(f"INVITE 100? 180? 200 ACK tone {words}", house.address)
        await caller.start()
        call = await house.call(0)
        await until(lambda: call.finished("greeting"))
        call.line.close()
        report = await caller.report()
        assert report.succeeded == 1, report.log
        await until(lambda: house.lines.counts().get("passed_on", 0) == 1)
        return refers(report.messages)


async def test_the_persons_telephone_is_sent_what_the_agent_gathered(tmp_path: Path) -> None:
    person = Sipp("<INVITE =180 =200 <ACK pause BYE 200")
    await person.start()
    world = TransferHouse(tmp_path, f"sip:desk@{HOST}:{person.port}", COLD)
    async with world.house, Telephone(SILENCE) as caller:
        await asks_for_a_person(world, caller)
        report = await person.report()
        assert report.succeeded == 1, report.log
        await until(lambda: not len(world.house.lines))
        await until(lambda: '"cause":"escalated","detail":"transferred"' in world.trace())
        await world.desk.close()
    assert f"X-Antiphon-Reason=asked_for_person&X-Antiphon-Summary={SAID}" in report.messages


async def test_the_refer_names_the_address_and_no_word_of_the_caller_breaks_out_of_it() -> None:
    (address,) = await passed_on(f"<REFER {TAKEN}", ColdTransfer(to="sip:desk@example.com", headers=GATHERED))
    assert address.startswith("<sip:desk@example.com?X-Antiphon-Reason=asked_for_person&X-Antiphon-Summary=")
    assert address.endswith(">") and f"={SAID}_Contact:_sip:thief_{HOST}_and_more_" in address


async def test_a_number_is_passed_on_without_what_nobody_there_could_read() -> None:
    (address,) = await passed_on(f"<REFER {TAKEN}", ColdTransfer(to="+15550188", headers=GATHERED))
    assert address == f"sip:+15550188@{HOST}:1"


@pytest.mark.parametrize("status", [400, 414, 513])
async def test_a_far_end_that_does_not_understand_it_is_asked_again_without(status: int) -> None:
    transfer = ColdTransfer(to="sip:desk@example.com", headers=GATHERED)
    first, second = await passed_on(f"<REFER ={status} <REFER {TAKEN}", transfer)
    assert "?X-Antiphon" in first and second == "sip:desk@example.com"


@pytest.mark.parametrize(
    ("words", "result", "said"),
    [
        ("<INVITE =180 pause:1200 =486 <ACK", "busy", "They are busy."),
        ("<INVITE =180 pause:1200 =480 <ACK", "no_answer", "Nobody there."),
    ],
)
async def test_a_caller_whom_nobody_took_is_with_the_agent_again_and_heard_music_meanwhile(
    tmp_path: Path, words: str, result: str, said: str
) -> None:
    person = Sipp(words)
    await person.start()
    world = TransferHouse(tmp_path, f"sip:desk@{HOST}:{person.port}", COLD)
    async with world.house, Telephone(SILENCE) as caller:
        await asks_for_a_person(world, caller)
        await until(lambda: '"type":"transfer_referred"' in world.trace())
        waits = len(caller.heard())
        await gives_back(world, caller, result, said)
        waited = caller.heard()[waits : waits + 1200 * 8]
        assert loud_ms(waited) - hears_ms(waited, AGENT_HZ) >= 300
        (call,) = world.exchange.active()  # The conversation in which he asked.
        world.exchange.operate(call.call_id, "dtmf", "7w#")
        await until(lambda: all(f"received event: '{key}'" in caller.said() for key in "7#"))
        await caller.tell("hangup")
        await until(lambda: not world.exchange.active())
        await world.desk.close()


async def test_where_no_conversation_waits_the_caller_gets_a_new_one_and_no_third() -> None:
    person = ColdTransfer(to="sip:desk@example.com", comes_back=True)
    async with SipHouse(environ=TRUNK, escalation=lambda call_id: person) as house:
        refused = "<REFER =202 NOTIFY:486 200"
        caller = Sipp(f"INVITE 100? 180? 200 ACK tone {refused} <REFER =603 <BYE =200", house.address)
        await caller.start()
        for number in (0, 1):
            call = await house.call(number)
            await until(lambda: call.finished("greeting"))  # noqa: B023
            call.line.close()
        report = await caller.report()
        assert report.succeeded == 1, report.log
        assert len(house.calls) == 2 and house.lines.counts()["not_passed_on"] == 2


async def test_a_caller_who_hangs_up_while_his_line_is_asked_is_gone() -> None:
    person = ColdTransfer(to="sip:desk@example.com", comes_back=True)
    async with SipHouse(environ=TRUNK, escalation=lambda call_id: person) as house:
        caller = Sipp("INVITE 100? 180? 200 ACK tone <REFER =202 pause BYE 200", house.address)
        await caller.start()
        call = await house.call(0)
        await until(lambda: call.finished("greeting"))
        call.line.close()
        report = await caller.report()
        assert report.succeeded == 1, report.log
        await until(lambda: not len(house.lines) and house.lines.counts().get("not_passed_on") == 1)
        assert len(house.calls) == 1


def loud_ms(pcm: np.ndarray) -> int:
    frames = pcm[: len(pcm) // 160 * 160].reshape(-1, 160).astype(np.float64)
    return int(20 * (np.sqrt((frames**2).mean(axis=1)) > 200).sum())
