"""What people notice of calls we place and of calls that should not be: the whole stack on virtual time."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from antiphon.calls.amd.decision import Decision, Verdict
from antiphon.conversation import answering
from antiphon.conversation import commands as cmd
from antiphon.conversation import events as ev
from antiphon.conversation.state import State
from antiphon.quality.answerers.sounds import tone as beep
from antiphon.runtime.records.lines import read_call
from tests.doubles.front_desk import FrontDesk, voice
from tests.doubles.media_line import silence
from tests.doubles.virtual_loop import live
from tests.golden.telling import Symptom, Told
from tests.simulation.faults import Fault

MESSAGE = "This is Willow Street. {disclosures} Please call us back."
LEAVES = {"machine": "leave_message", "message": MESSAGE}
AI = "My name is Robin, and I am an AI assistant."

Script = Callable[[FrontDesk], Awaitable[None]]


def kept_as(path: Path, folder: Path, name: str, call_id: str) -> Path:
    """The trace under a name of its own: ids are drawn by lot, and a golden trace is the same every time."""
    kept = folder / f"{name}.jsonl"
    kept.write_text(path.read_text(encoding="utf-8").replace(call_id, name), encoding="utf-8")
    return kept


def placed(
    name: str,
    *rows: str,
    words: tuple[str, ...],
    answering_machine: dict[str, Any],
    script: Script,
    absent: Callable[[Told], None],
    fault: Fault,
) -> Symptom:
    """`words` is what is recognised of each utterance of whoever picks up."""

    def tell(folder: Path) -> Told:
        desk = FrontDesk(folder, words=words, changes={"answering_machine": answering_machine})
        record, outcome = live(desk.answer(script, outbound=True))
        path = kept_as(record.path, folder, name, desk.line.call_id)
        loud_ms = [block.at_ms for block in desk.heard if block.samples.any()]
        return Told(record=read_call(path), facts={"cause": outcome.cause, "first_ms": (loud_ms or [0])[0]})

    return Symptom(name=name, rows=rows, tell=tell, absent=absent, fault=fault)


def _verdicts(told: Told) -> list[str]:
    return [event.verdict for event in told.events(ev.AnswererJudged)]


# ---------------------------------------------------------------- answering machines


async def _machine(desk: FrontDesk) -> None:
    await desk.wait(400)
    await desk.say(voice(4000))
    await desk.say(silence(1200))
    await desk.say(beep(400, 1000.0))


def _gets_the_message_and_nothing_else(told: Told) -> None:
    assert _verdicts(told) == ["machine"]
    (tone,), first_ms = told.events(ev.BeepHeard), told.facts["first_ms"]
    assert isinstance(first_ms, int) and 0 < first_ms - tone.ended_ms < 400, "after the beep, and soon"
    assert told.only(cmd.ReportHeard)[1].text == MESSAGE.replace("{disclosures}", AI)
    assert told.facts["cause"] == "message_left", "so that who redials knows it was no person"


def _nobody_listens_for_machines(patch: pytest.MonkeyPatch) -> None:
    for judge in ("_by_tone", "_by_words", "_by_length"):
        patch.setattr(Decision, judge, lambda decision, *heard: None)


def _message_does_not_wait(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(answering, "_await_beep", lambda state, answerer: answering._leave_message(state))


# ---------------------------------------------------------------- assistants and queues

_WELCOME = ("Welcome", "to the City Bank,", "the bank", "of the city,", "since 1901,", "round the clock.")


async def _queue(desk: FrontDesk) -> None:
    """A jingle of a welcome, and then the same sentence again and again."""
    await desk.wait(400)
    for _ in _WELCOME:
        await desk.say(voice(250))
        await desk.say(silence(200))
    while desk.line.is_open and desk.line.now_ms < 60_000:
        await desk.say(voice(1800))
        await desk.say(silence(2500))
    desk.line.hang_up()


def _ends_and_says_why(told: Told) -> None:
    assert _verdicts(told) == ["ivr"]
    assert told.facts == {"cause": "ivr", "first_ms": 0}, "not a word to a queue"


def _everybody_is_talked_to(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(answering, "_way", lambda state, event: "continue")


async def _screened(desk: FrontDesk) -> None:
    """An assistant asks who calls, and then the person comes on."""
    await desk.wait(400)
    await desk.say(voice(2500))
    await desk.hear_out()
    await desk.say(voice(900))
    await desk.hear_out()
    desk.line.hang_up()


def _says_who_calls_and_goes_on_with_the_person(told: Told) -> None:
    assert _verdicts(told) == ["ivr"], "it is on record what answered"
    assert AI in told.heard("r1"), "the assistant's question is answered: who calls"
    assert told.only(cmd.CommitTurn)[1].text == "Hello, this is Linda.", "and not the assistant's words"
    assert told.heard("r2")


def _assistants_are_hung_up_on(patch: pytest.MonkeyPatch) -> None:
    way = answering._way

    def curt(state: State, event: ev.AnswererJudged) -> str:
        return "hang_up" if event.verdict == "ivr" else way(state, event)

    patch.setattr(answering, "_way", curt)


def _all_are_taken_for_machines(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(
        Decision,
        "_by_words",
        lambda decision, heard_ms: Verdict(kind="machine", evidence=("words",)) if heard_ms else None,
    )


def _is_greeted(told: Told) -> None:
    assert _verdicts(told) == ["human"]
    assert AI in told.heard("r1") and told.facts["cause"] == "caller_hangup"


SYMPTOMS = [
    placed(
        "voicemail_is_talked_to_as_a_person", "P17",
        words=("Hello, you've reached Tom. Leave a message after the tone.",), answering_machine=LEAVES,
        script=_machine, absent=_gets_the_message_and_nothing_else, fault=_nobody_listens_for_machines,
    ),
    placed(
        "half_of_the_message_is_on_the_tape", "P17",
        words=("You've reached Tom. Leave a message after the tone.",), answering_machine=LEAVES,
        script=_machine, absent=_gets_the_message_and_nothing_else, fault=_message_does_not_wait,
    ),
    placed(
        "agent_talks_with_a_queue", "P18",
        words=(*_WELCOME, *("Your call is important to us. Please stay on the line.",) * 9),
        answering_machine={"machine": "hang_up", "ivr": "hang_up"},
        script=_queue, absent=_ends_and_says_why, fault=_everybody_is_talked_to,
    ),
    placed(
        "call_screen_gets_no_answer", "P18",
        words=("Hi. Please state your name and reason for calling.", "Hello, this is Linda."),
        answering_machine={"machine": "hang_up", "ivr": "continue"},
        script=_screened, absent=_says_who_calls_and_goes_on_with_the_person,
        fault=_assistants_are_hung_up_on,
    ),
    placed(
        "person_is_hung_up_on_as_a_machine", "P17",
        words=("Hello?", "Who is this?"), answering_machine={"machine": "hang_up"},
        script=_screened, absent=_is_greeted, fault=_all_are_taken_for_machines,
    ),
]  # fmt: skip
