"""A caller waits, answers, interrupts, presses keys and hangs up on the line's time, and never hangs."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from tests.doubles.scripted_agent import RATE_HZ, ScriptedAgent, TellsInOrder, ToneVoice
from tests.doubles.virtual_loop import live, virtual_clock

from antiphon.audio.ports import WIDEBAND
from antiphon.errors import CallFailed
from antiphon.quality.callers.living import KEY_GAP_S, OPENS_WITHOUT_GREETING_S, CallerLog, LivingCaller
from antiphon.quality.callers.mind import Mind
from antiphon.quality.callers.mouth import Mouth
from antiphon.quality.callers.script import CallerScript

THINK_MS = 340
GREETING = (500, 2000)
# The greeting ends at 2500; 900 ms of silence make it an utterance, 100 ms later it is understood.
ANSWERS_AT_MS = 2500 + 900 + 100 + THINK_MS


def script(**fields: Any) -> CallerScript:
    whole = {
        "name": "test",
        "about": "",
        "opens": "Hello there.",
        "think_ms": THINK_MS,
        "goal": {"kind": "answered", "words": "x"},
        "rules": [
            {"hears": ["name"], "says": ["Linda Chen."]},
            {"hears": ["digits"], "presses": "12#"},
            {"hears": ["bye"], "says": ["Thank you, bye."], "hangs_up": True},
        ],
    }
    return CallerScript.model_validate(whole | fields)


async def living(who: CallerScript, recogniser: TellsInOrder, *, rendered: bool = True) -> LivingCaller:
    mind = Mind(who, {})
    mouth = Mouth(ToneVoice(), "af_heart", sample_rate_hz=RATE_HZ)
    if rendered:
        await mouth.prepare(mind.lines())
    return LivingCaller(who, mind, mouth, recogniser=recogniser, line_format=WIDEBAND, clock=virtual_clock)


def call(
    agent: ScriptedAgent,
    *heard: str,
    who: CallerScript | None = None,
    breaks: bool = False,
    rendered: bool = True,
) -> CallerLog:
    async def run() -> CallerLog:
        caller = await living(who or script(), TellsInOrder(*heard, breaks=breaks), rendered=rendered)
        return await caller.run(agent, "clinic")

    return live(run())


def near(at_ms: int) -> Any:
    return pytest.approx(at_ms, abs=40)  # The frame that is on its way, and the next one.


def test_he_opens_when_the_greeting_is_over() -> None:
    agent = ScriptedAgent(GREETING, hangs_up_at_ms=8000)
    log = call(agent, "How can I help?")
    assert [said.text for said in log.said] == ["Hello there."]
    assert log.said[0].began_ms == near(ANSWERS_AT_MS)
    assert log.heard[0].text == "How can I help?"
    assert log.agent_onsets_ms == [near(500)]


def test_what_he_says_is_on_the_line_when_his_log_says_so() -> None:
    agent = ScriptedAgent(GREETING, hangs_up_at_ms=8000)
    log = call(agent, "How can I help?")
    ((began_ms, ended_ms),) = agent.voices_ms
    assert (began_ms, ended_ms) == (near(log.said[0].began_ms), near(log.said[0].ended_ms))
    assert log.said[0].ended_ms - log.said[0].began_ms == pytest.approx(600, abs=8)


def test_without_a_greeting_he_opens_all_the_same_and_notes_it() -> None:
    agent = ScriptedAgent(hangs_up_at_ms=22_000)
    log = call(agent)
    assert log.said[0].began_ms == near(round(OPENS_WITHOUT_GREETING_S * 1000) + THINK_MS)
    assert log.errors == ["no greeting was heard"]


def test_a_caller_who_does_not_wait_speaks_at_once() -> None:
    log = call(ScriptedAgent(GREETING, hangs_up_at_ms=4000), "Hi.", who=script(waits_for_greeting=False))
    assert log.said[0].began_ms == near(0)


def test_he_answers_what_he_is_asked() -> None:
    agent = ScriptedAgent(GREETING, (6000, 1000), hangs_up_at_ms=12_000)
    log = call(agent, "Hello.", "What is your name?")
    assert [said.text for said in log.said] == ["Hello there.", "Linda Chen."]
    assert log.said[1].began_ms == near(7000 + 900 + 100 + THINK_MS)


def test_he_keeps_still_while_the_agent_goes_on() -> None:
    # The second question begins while he thinks about the first.
    agent = ScriptedAgent(GREETING, (6000, 1000), (8200, 1000), hangs_up_at_ms=13_000)
    log = call(agent, "Hello.", "I need your name.", "Please use digits.")
    assert [said.text for said in log.said] == ["Hello there."]
    assert [key for _, key in agent.keys] == ["1", "2", "#"]


def test_he_cuts_into_the_utterance_he_means_to_interrupt() -> None:
    who = script(interrupts=[{"utterance": 2, "after_ms": 700, "says": "Sorry, wait."}])
    agent = ScriptedAgent(GREETING, (6000, 3000), hangs_up_at_ms=14_000)
    log = call(agent, "Hello.", "We have", who=who)
    assert log.said[1].text == "Sorry, wait."
    assert log.said[1].began_ms == pytest.approx(log.agent_onsets_ms[1] + 700, abs=20)
    assert agent.voices_ms[1][0] == near(6700), "over the agent's voice, not behind it"


def test_he_presses_keys_one_by_one() -> None:
    agent = ScriptedAgent(GREETING, (6000, 1000), hangs_up_at_ms=12_000)
    log = call(agent, "Hello.", "Enter the digits.")
    assert [key for _, key in agent.keys] == ["1", "2", "#"]
    first, second, third = (at_ms for at_ms, _ in agent.keys)
    assert second - first == third - second == near(round(KEY_GAP_S * 1000))
    assert [said.text for said in log.said] == ["Hello there."]


def test_he_hangs_up_when_his_last_word_is_said() -> None:
    agent = ScriptedAgent(GREETING, (6000, 1000))
    log = call(agent, "Hello.", "Good bye.")
    assert log.ended_by == "caller" and log.errors == []
    ((at_ms, reason),) = agent.ended
    assert reason == "hangup" and at_ms == near(log.said[-1].ended_ms + 20)
    assert agent.voices_ms[-1][1] == near(log.said[-1].ended_ms), "the last word is not cut off"
    assert log.duration_ms == near(at_ms)


def test_an_agent_who_hangs_up_ends_the_call() -> None:
    agent = ScriptedAgent(GREETING, hangs_up_at_ms=3000)
    log = call(agent, "Hello.")
    assert log.ended_by == "agent" and log.duration_ms == near(3000)
    assert agent.ended == [], "nobody hangs up on a line that is gone"


def test_he_gives_up_when_the_call_takes_too_long() -> None:
    agent = ScriptedAgent(GREETING)
    log = call(agent, "Hello.", who=script(gives_up_after_ms=5000))
    assert log.ended_by == "caller" and log.errors == ["the caller gave up: the call took too long"]
    assert agent.ended == [(near(5000), "hangup")]


def test_a_caller_with_nothing_to_say_says_nothing() -> None:
    who = script(opens="", rules=[{"hears": ["."], "says": [""]}])
    agent = ScriptedAgent(GREETING, (9000, 1000), hangs_up_at_ms=12_000)
    log = call(agent, "Hello.", "Are you there?", who=who)
    assert log.said == [] and agent.voices_ms == [] and len(log.heard) == 2


def test_a_line_that_was_never_rendered_ends_the_call_instead_of_hanging() -> None:
    agent = ScriptedAgent(GREETING)
    log = call(agent, "Hello.", rendered=False)
    assert log.ended_by == "error"
    assert log.errors == ["the caller's mind failed: KeyError: 'Hello there.'"]
    assert len(agent.ended) == 1


def test_a_recogniser_that_breaks_ends_the_call_instead_of_hanging() -> None:
    agent = ScriptedAgent(GREETING)
    log = call(agent, breaks=True)
    assert log.ended_by == "error" and len(agent.ended) == 1
    assert log.errors == ["the caller's ear failed: RuntimeError: the recogniser broke"]


def test_a_recogniser_that_never_answers_is_told_in_the_log() -> None:
    class Mute(TellsInOrder):
        def speech_stopped(self) -> None: ...

    async def run() -> CallerLog:
        caller = await living(script(), Mute())
        return await caller.run(ScriptedAgent(GREETING, hangs_up_at_ms=25_000), "clinic")

    assert "the caller missed 1 utterances: his recogniser was too slow" in live(run()).errors


def test_a_refused_call_is_told_and_leaves_no_ear_open() -> None:
    recogniser = TellsInOrder()

    async def run() -> None:
        caller = await living(script(), recogniser)
        await caller.run(ScriptedAgent(full=True), "clinic")

    with pytest.raises(CallFailed, match="busy"):
        live(run())
    assert recogniser.closed == 1


def test_a_cancelled_call_is_hung_up() -> None:
    agent = ScriptedAgent(GREETING)

    async def run() -> None:
        caller = await living(script(), TellsInOrder("Hello."))
        task = asyncio.get_running_loop().create_task(caller.run(agent, "clinic"))
        asyncio.get_running_loop().call_later(3.0, task.cancel)
        await asyncio.wait([task])
        assert task.cancelled()

    live(run())
    assert agent.ended == [(near(3000), "hangup")]
