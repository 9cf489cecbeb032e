"""The flow says when the caller's words are whole as they are, so that nobody waits for more."""

from __future__ import annotations

from tests.unit.agents.dialogue import Dialogue


async def test_a_request_an_answer_and_a_question_are_understood(call: Dialogue) -> None:
    await call.greet()
    for turn in (
        "I'd like to make an appointment for a physical.",
        "Do you take Aetna?",
        "Next Thursday.",
    ):
        reply = await call.say(turn)
        assert reply.understood and not reply.urgent, f"{turn}\n{call.said}"


async def test_what_means_nothing_to_us_is_not(call: Dialogue) -> None:
    await call.greet()
    assert not (await call.say("Purple elephants dance on my roof.")).understood


async def test_half_a_name_is_not(call: Dialogue) -> None:
    await call.greet()
    await call.talk("I need a physical.", "Next Thursday.", "The first one.")
    assert "name" in call.last.text, call.said
    assert not (await call.say("Hassan.")).understood


async def test_somebody_who_looks_for_something_is_not(call: Dialogue) -> None:
    await call.greet()
    assert not (await call.say("One moment please.")).understood


async def test_an_emergency_is_urgent(call: Dialogue) -> None:
    await call.greet()
    reply = await call.say("My husband just collapsed.")
    assert reply.understood and reply.urgent and reply.escalation is not None
