"""Calls we place, and trunks: registration, credentials, caller ids, and every way not to be answered."""

from __future__ import annotations

import asyncio

import pytest
from tests.doubles.permits import permitted
from tests.sip.house import HOST, LiveCall, SipHouse, free_port, until
from tests.sip.sipp import Sipp
from tests.sip.trunk import PASSWORD, USER, Trunk

from antiphon.calls.ports import ColdTransfer
from antiphon.errors import CallFailed, ConfigError

SHOWN = "+15550111"

PERMIT = permitted("+12125550199")


def trunk_environ(port: int, parameters: str = "") -> dict[str, str]:
    return {"ANTIPHON_SIP_TRUNK": f"sip:{USER}@{HOST}:{port}{parameters}", "ANTIPHON_SIP_PASSWORD": PASSWORD}


def counts(house: SipHouse, name: str) -> int:
    return house.lines.counts().get(name, 0)


async def test_a_trunk_is_registered_and_calls_show_the_number_asked_for() -> None:
    async with Trunk() as trunk:
        environ = trunk_environ(trunk.port, f";register=600;caller_ids={SHOWN}|+15550112")
        async with SipHouse(environ=environ) as house:
            await until(lambda: "REGISTER" in trunk.right)
            await until(lambda: counts(house, "registrations"))
            assert trunk.contacts[0].startswith(f"<sip:{USER}@{house.address}")
            for caller_id, seen in (("", SHOWN), ("+15550112", "+15550112"), (USER, USER)):
                with pytest.raises(CallFailed, match="busy"):
                    await house.lines.dial(agent="clinic", permit=PERMIT, caller_id=caller_id)
                assert f"<sip:{seen}@" in trunk.callers[-1]
            with pytest.raises(CallFailed, match="does not show"):
                await house.lines.dial(agent="clinic", permit=PERMIT, caller_id="+15550000")
            with pytest.raises(ConfigError):
                await house.lines.dial(agent="nobody", permit=PERMIT)
        assert not trunk.wrong


async def test_a_wrong_password_is_reported_and_nobody_reads_it(capfd: pytest.CaptureFixture[str]) -> None:
    secret = "wr0ng-but-secret"
    async with Trunk() as trunk:
        environ = trunk_environ(trunk.port, ";register=600") | {"ANTIPHON_SIP_PASSWORD": secret}
        async with SipHouse(environ=environ) as house:
            await until(lambda: counts(house, "registrations_failed"))
            with pytest.raises(CallFailed, match="403"):
                await house.lines.dial(agent="clinic", permit=PERMIT)
    said = "".join(capfd.readouterr())
    assert "sip_registration_failed" in said
    assert secret not in said


UNANSWERED = {
    "<INVITE =486 <ACK": "busy",
    "<INVITE =180 =603 <ACK": "declined",
    "<INVITE =480 <ACK": "no answer",
    "<INVITE =404 <ACK": "404",
    "<INVITE =180 <CANCEL =200": "no answer",  # We give up; the 487 is not waited for.
    "<INVITE": "no answer",  # Not a word: nothing may be cancelled yet.
}


async def test_a_call_that_is_not_answered_says_why() -> None:
    called = {words: Sipp(words) for words in UNANSWERED}
    environ = {
        f"ANTIPHON_SIP_TRUNK_{number}": f"sip:{USER}@{HOST}:{sipp.port}"
        for number, sipp in enumerate(called.values())
    }
    await asyncio.gather(*(sipp.start() for sipp in called.values()))
    try:
        async with SipHouse(environ=environ) as house:
            outcomes = await asyncio.gather(
                *(
                    house.lines.dial(agent="clinic", permit=PERMIT, trunk=str(number), timeout_s=1.5)
                    for number in range(len(called))
                ),
                return_exceptions=True,
            )
            for outcome, cause in zip(outcomes, UNANSWERED.values(), strict=True):
                assert isinstance(outcome, CallFailed) and cause in str(outcome), outcomes
            assert not house.calls
            await until(lambda: not len(house.lines))
    finally:
        await asyncio.gather(*(sipp.stop() for sipp in called.values()))


async def test_no_refusal_is_missed_however_quick_it_is() -> None:
    """The library tells of an end only those who listen already."""
    called = Sipp("<INVITE =486 <ACK", calls=60)
    await called.start()
    async with SipHouse(environ=trunk_environ(called.port)) as house:
        dialled = [house.lines.dial(agent="clinic", permit=PERMIT, timeout_s=5.0) for _ in range(60)]
        outcomes = await asyncio.gather(*dialled, return_exceptions=True)
        assert {str(outcome) for outcome in outcomes} == {"busy"}
        assert (await called.report()).succeeded == 60


async def test_an_answered_call_is_the_agents_and_either_side_ends_it() -> None:
    polite = Sipp("<INVITE =180 pause:200 =200 <ACK tone pause BYE 200", talk_ms=800)
    patient = Sipp("<INVITE =200 <ACK tone <BYE =200")
    await asyncio.gather(polite.start(), patient.start())
    environ = {
        "ANTIPHON_SIP_TRUNK_POLITE": f"sip:{USER}@{HOST}:{polite.port}",
        "ANTIPHON_SIP_TRUNK_PATIENT": f"sip:{USER}@{HOST}:{patient.port}",
    }
    async with SipHouse(environ=environ) as house:
        call_id = await house.lines.dial(agent="bank", permit=PERMIT, trunk="polite", timeout_s=5.0)
        call = house.calls[0]
        assert (call.call_id, call.arrival.agent) == (call_id, "bank")
        await house.lines.dial(agent="clinic", permit=PERMIT, trunk="patient", timeout_s=5.0)
        other = house.calls[1]
        await until(lambda: other.finished("greeting"))
        other.line.close()
        reports = await asyncio.gather(polite.report(), patient.report())
        assert [report.succeeded for report in reports] == [1, 1], [report.log for report in reports]
        await until(lambda: call.closed == "hangup")
        assert len(call.heard) > 500 * 8


async def test_a_refer_hands_the_caller_over_and_a_refused_one_leaves_them_with_us() -> None:
    async with SipHouse(environ=trunk_environ(free_port())) as house:
        call, caller, asking = await _caller_asked_to_go(house, "=202 NOTIFY:200 200 <BYE =200")
        await asking
        report = await caller.report()
        assert report.succeeded == 1, report.log
        await until(lambda: bool(call.closed))

        call, caller, asking = await _caller_asked_to_go(house, "=603 pause BYE 200")
        with pytest.raises(CallFailed, match="603"):
            await asking
        assert not call.closed
        report = await caller.report()
        assert report.succeeded == 1, report.log
        await until(lambda: call.closed == "hangup")


async def _caller_asked_to_go(house: SipHouse, then: str) -> tuple[LiveCall, Sipp, asyncio.Task[None]]:
    caller = Sipp(f"INVITE 100? 180? 200 ACK tone <REFER {then}", house.address)
    await caller.start()
    call = await house.call()
    await until(lambda: call.finished("greeting"))
    asking = asyncio.ensure_future(house.lines.transfer(call_id=call.call_id, target="+15550177"))
    return call, caller, asking


async def test_a_caller_who_wants_a_person_is_passed_on_when_the_agent_is_done() -> None:
    person = ColdTransfer(to="+15550188")
    async with SipHouse(environ=trunk_environ(free_port()), escalation=lambda call_id: person) as house:
        caller = Sipp("INVITE 100? 180? 200 ACK tone <REFER =202 NOTIFY:200 200 <BYE =200", house.address)
        await caller.start()
        call = await house.call(0)
        await until(lambda: call.finished("greeting"))
        call.line.close()
        report = await caller.report()
        assert report.succeeded == 1, report.log
        await until(lambda: counts(house, "passed_on") == 1)


async def test_a_caller_may_send_us_only_where_the_operator_allows() -> None:
    person = Sipp("<INVITE =180 =200 <ACK tone pause BYE 200", talk_ms=900)
    await person.start()
    environ = {"ANTIPHON_SIP_TRANSFER_TO": f"sip:*@{HOST}:{person.port}"}
    async with SipHouse(environ=environ) as house:
        words = "INVITE 100? 180? 200 ACK tone REFER:{} 202 <NOTIFY =200 <NOTIFY =200 "
        stranger = words.format("sip:+1900@elsewhere.example") + "pause BYE 200"
        refused = await Sipp(stranger, house.address).run()
        assert refused.succeeded == 1, refused.log
        await until(lambda: counts(house, "transfers_refused") == 1)

        friend = words.format(f"sip:person@{HOST}:{person.port}", "<NOTIFY =200").replace(
            "pause BYE 200", "<BYE =200"
        )
        caller = Sipp(friend, house.address)
        await caller.start()
        call = await house.call(1)
        report = await caller.report()
        assert report.succeeded == 1, report.log
        assert not call.closed  # The agent goes on, with the person.
        heard = len(call.heard)
        person_report = await person.report()
        assert person_report.succeeded == 1, person_report.log
        await until(lambda: call.closed == "hangup")
        assert len(call.heard) - heard > 300 * 8
