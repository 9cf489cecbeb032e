"""A warm transfer from one phone to another: real sockets for media streams, webhooks and the carrier's
interface, its SDK on our side, its signatures on the other; virtual time. Who hears whom is told by pitch."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from tests.doubles.faults import Fault, Faulty
from tests.doubles.paced_loop import live_with_sockets
from tests.doubles.phones import Answer
from tests.doubles.transfer_carriers import TRANSFER_CARRIERS
from tests.doubles.transfer_world import (
    AGENT_FILE,
    AGENT_HZ,
    CALLER_HZ,
    PERSON,
    PERSON_HZ,
    SPOKEN_MS_A_CHARACTER,
    TransferWorld,
    hears,
    longest_silence_ms,
    transfer_world,
    voice,
)

from antiphon.errors import ConfigError, Denied
from antiphon.runtime.records.replaying import replay_exactly

# The voice begins a few frames after the words before it, and music swells from nothing.
DEAD_AIR_MS = 1000


every_carrier = pytest.mark.parametrize("carrier", TRANSFER_CARRIERS)


def during(home: Path, story: Callable[[TransferWorld], Awaitable[None]], **world: str) -> None:
    async def run() -> None:
        async with transfer_world(home, **world) as here:
            await story(here)

    live_with_sockets(run())


@every_carrier
def test_caller_and_person_are_bridged_after_a_private_briefing(tmp_path: Path, carrier: str) -> None:
    async def story(world: TransferWorld) -> None:
        waited_from = await world.escalated()
        assert world.dialled == (PERSON, "+16175550100")
        await world.person_hears_the_brief()
        briefed_to = len(world.caller.heard)
        said = world.mouth.said
        brief = said[said.index("This is Sam, the automated assistant.") : said.index("Press one.") + 1]
        brief = [text for text in brief if text != "Still with you."]  # To the caller, meanwhile.
        assert "Wants to move an appointment." in brief
        spoken_ms = sum(SPOKEN_MS_A_CHARACTER * len(text) for text in brief)
        assert hears(world.person.heard, AGENT_HZ) == pytest.approx(spoken_ms, abs=250), "the brief, no more"
        assert hears(world.person.heard, CALLER_HZ) == 0, "in private"
        assert longest_silence_ms(world.caller.heard[waited_from:briefed_to]) < DEAD_AIR_MS

        await world.person.stream.press("1")
        await world.passes(0.5)
        asked_from, answered_from = len(world.person.heard), len(world.caller.heard)
        world.caller.say(voice(CALLER_HZ, 1000))
        await world.passes(1.5)
        world.person.say(voice(PERSON_HZ, 1000))
        await world.passes(1.5)
        assert hears(world.person.heard[asked_from:], CALLER_HZ) >= 900, "the person hears the caller"
        assert hears(world.caller.heard[answered_from:], PERSON_HZ) >= 900, "and the caller the person"
        assert hears(world.caller.heard[answered_from:], AGENT_HZ) == 0, "and nobody the agent"

        said = len(world.mouth.said)
        world.caller.say(voice(CALLER_HZ, 2000))
        await world.passes(60)
        assert len(world.mouth.said) == said, "the agent has left them"
        assert len(world.exchange.active()) == 1

        world.phones.hang_up(world.sid)
        await world.ended()
        assert '"StepAside"' in world.trace() and '"cause":"escalated"' in world.trace()
        await world.until(lambda: world.account.calls[world.sid].status == "completed")
        assert len(world.account.calls) == 1
        assert replay_exactly(world.record()).difference is None, "and the trace decides the same again"

    during(tmp_path, story, carrier=carrier)


@pytest.mark.parametrize("carrier", ["twilio", "telnyx", "plivo", "vonage"])
@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ("busy", "They are busy."),
        ("no-answer", "Nobody there."),
        ("failed", "Nobody there."),
        ("machine", "Nobody there."),
        ("rings", "Nobody there."),
    ],
)
def test_a_person_who_is_not_reached_gives_the_caller_back_with_words(
    tmp_path: Path, carrier: str, answer: Answer, words: str
) -> None:
    async def story(world: TransferWorld) -> None:
        world.phones.answer = answer
        waited_from = await world.escalated()
        await world.until(lambda: words in world.mouth.said)
        await world.caller.until_answered(gap_ms=800)
        assert longest_silence_ms(world.caller.heard[waited_from : -8 * 1200]) < DEAD_AIR_MS
        world.ears.texts.append("Then tell me your hours.")
        world.caller.say(voice(CALLER_HZ, 800))
        await world.until(lambda: "I see." in world.mouth.said)
        over = ("busy", "no-answer", "failed", "completed", "canceled")
        await world.until(lambda: world.account.calls[world.sid].status in over)
        assert len(world.account.calls) == 1, "nobody was dialled twice"

    during(tmp_path, story, carrier=carrier)


def test_a_person_may_take_the_call_by_word(tmp_path: Path) -> None:
    async def story(world: TransferWorld) -> None:
        await world.escalated()
        await world.person_hears_the_brief()
        world.ears.texts.append("Yes, put them through.")
        world.person.say(voice(PERSON_HZ, 600))
        await world.until(lambda: "PersonJoined" in world.trace())
        before = len(world.person.heard)
        world.caller.say(voice(CALLER_HZ, 1000))
        await world.passes(1.5)
        assert hears(world.person.heard[before:], CALLER_HZ) >= 900

    during(tmp_path, story)


@pytest.mark.parametrize("by", ["key", "word", "hanging up"])
def test_a_person_may_decline(tmp_path: Path, by: str) -> None:
    async def story(world: TransferWorld) -> None:
        await world.escalated()
        await world.person_hears_the_brief()
        if by == "key":
            await world.person.stream.press("2")
        elif by == "word":
            world.ears.texts.append("No, not now.")
            world.person.say(voice(PERSON_HZ, 600))
        else:
            world.phones.hang_up(world.sid)
        await world.until(lambda: "They cannot." in world.mouth.said)
        await world.until(lambda: world.account.calls[world.sid].status == "completed")
        assert "PersonJoined" not in world.trace()

    during(tmp_path, story)


@every_carrier
def test_a_caller_who_hangs_up_while_he_waits_ends_the_call_to_the_person(
    tmp_path: Path, carrier: str
) -> None:
    async def story(world: TransferWorld) -> None:
        world.phones.ring_s = 8
        await world.escalated()
        await world.until(lambda: ("status", "ringing") in world.phones.webhooks)
        await world.caller.stream.stop()
        await world.ended()
        await world.until(lambda: world.account.calls[world.sid].status == "canceled")
        assert not world.phones.lines

    during(tmp_path, story, carrier=carrier)


@every_carrier
def test_a_caller_who_hangs_up_on_the_bridge_leaves_nobody_on_the_line(tmp_path: Path, carrier: str) -> None:
    async def story(world: TransferWorld) -> None:
        await world.escalated()
        await world.person_hears_the_brief()
        await world.person.stream.press("1")
        await world.passes(0.5)
        await world.caller.stream.stop()
        await world.ended()
        await world.until(lambda: world.account.calls[world.sid].status == "completed")
        assert world.person.stream.close_code is not None

    during(tmp_path, story, carrier=carrier)


def test_a_worker_that_stops_leaves_no_phone_ringing(tmp_path: Path) -> None:
    async def story(world: TransferWorld) -> None:
        world.phones.answer = "rings"
        await world.escalated()
        await world.until(lambda: ("status", "ringing") in world.phones.webhooks)
        await world.exchange.drain(0)
        await world.desk.close()
        assert world.account.calls[world.sid].updates == [{"Status": "completed"}]

    during(tmp_path, story)


def test_a_person_lost_before_both_were_heard_gives_the_caller_back(tmp_path: Path) -> None:
    async def story(world: TransferWorld) -> None:
        await world.escalated()
        await world.person_hears_the_brief()
        await world.person.stream.press("1")
        await world.passes(0.5)
        world.caller.say(voice(CALLER_HZ, 500))
        await world.passes(1)
        world.phones.hang_up(world.sid)
        await world.until(lambda: "They are lost." in world.mouth.said)
        world.ears.texts.append("What now?")
        await world.caller.until_answered(gap_ms=800)
        world.caller.say(voice(CALLER_HZ, 800))
        await world.until(lambda: "I see." in world.mouth.said)
        assert "StepAside" not in world.trace()

    during(tmp_path, story)


@every_carrier
def test_webhooks_in_the_wrong_order_do_no_harm(tmp_path: Path, carrier: str) -> None:
    async def story(world: TransferWorld) -> None:
        world.phones.swapped = True
        await world.escalated()
        await world.person_hears_the_brief()
        await world.person.stream.press("2")
        await world.until(lambda: world.phones.webhooks[-1] == ("status", world.carrier.side.late))
        assert world.mouth.said.count("They cannot.") == 1

    during(tmp_path, story, carrier=carrier)


@every_carrier
def test_a_person_who_answers_before_the_interface_does_is_briefed_all_the_same(
    tmp_path: Path, carrier: str
) -> None:
    """The request to dial is answered five seconds late, and the webhooks are not."""

    async def story(world: TransferWorld) -> None:
        world.vendor.ponders_ms = 5000
        await world.escalated()
        await world.person_hears_the_brief()
        await world.person.stream.press("1")
        await world.until(lambda: "PersonJoined" in world.trace())
        await world.passes(6)
        assert len(world.account.calls) == 1 and "PersonLeft" not in world.trace()
        assert not world.phones.is_over(world.sid)

    during(tmp_path, story, carrier=carrier)


@every_carrier
def test_an_interface_that_does_not_answer_is_not_asked_twice(tmp_path: Path, carrier: str) -> None:
    """The carrier takes the request and says nothing: nobody knows whether it rings."""

    async def story(world: TransferWorld) -> None:
        world.vendor.faulty = Faulty(fault=Fault.HANG, times=1)
        await world.caller.until_answered(gap_ms=800)
        world.ears.texts.append("I want a person.")
        world.caller.say(voice(CALLER_HZ, 800))
        await world.until(lambda: "Nobody there." in world.mouth.said)
        assert len(world.vendor.requests) == 1

    during(tmp_path, story, carrier=carrier)


def test_a_leg_nobody_asked_for_is_hung_up_and_gets_no_line(tmp_path: Path) -> None:
    async def story(world: TransferWorld) -> None:
        await world.escalated()
        call = world.account.calls[world.sid]
        call.form["Url"] = [
            call["Url"].rsplit("/", 1)[0] + "/0123456789abcdef"
        ]  # Of another call, or made up.
        await world.until(lambda: call.status == "completed")
        assert not world.phones.lines

    during(tmp_path, story)


def test_in_cold_mode_the_call_is_passed_on_as_it_ends(tmp_path: Path) -> None:
    async def story(world: TransferWorld) -> None:
        await world.caller.until_answered(gap_ms=800)
        world.ears.texts.append("I want a person.")
        world.caller.say(voice(CALLER_HZ, 800))
        await world.ended()
        outcome = world.exchange.outcome("CA1")
        assert outcome is not None and outcome.escalate_to == PERSON
        assert outcome.summary == "Wants to move an appointment."
        assert not world.account.calls

    during(tmp_path, story, agent_file=AGENT_FILE.replace("escalation:\n", "escalation:\n  mode: cold\n"))


def test_an_operator_passes_a_call_on_to_somebody_of_the_list_and_to_nobody_else(tmp_path: Path) -> None:
    async def story(world: TransferWorld) -> None:
        await world.caller.until_answered(gap_ms=800)
        (call,) = world.exchange.active()
        for target, error in (("+12125550199", Denied), ("reception", ConfigError), ("+12", ConfigError)):
            with pytest.raises(error):
                await world.control.media.pass_on(call.call_id, target)
        with pytest.raises(ConfigError, match="no call"):
            await world.control.media.pass_on("none", "")
        assert await world.control.media.pass_on(call.call_id, "billing") == "+12125550111"
        await world.until(lambda: world.account.calls)
        assert world.account.calls[world.sid]["To"] == "+12125550111"
        await world.person_hears_the_brief()
        assert "I'll put you through to a colleague." in world.mouth.said

    during(tmp_path, story)


def test_an_operator_ends_a_call_politely(tmp_path: Path) -> None:
    async def story(world: TransferWorld) -> None:
        await world.caller.until_answered(gap_ms=800)
        (call,) = world.exchange.active()
        await world.control.media.end_call(call.call_id)
        await world.ended()
        outcome = world.exchange.outcome(call.call_id)
        assert outcome is not None and (outcome.cause, outcome.escalate_to) == ("operator", "")

    during(tmp_path, story)
