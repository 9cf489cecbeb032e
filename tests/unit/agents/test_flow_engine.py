"""The parts of a flow one by one: words for the ear, templates, acts, understanding, and a reasoner's
drafts."""

from __future__ import annotations

import asyncio
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.unit.agents.dialogue import AGENTS, NOW, Acting, Clinic

from antiphon.agents.build import prepare_reasoning, understand_by_rules
from antiphon.agents.extract import DateRange, PersonName, TimeWindow
from antiphon.agents.flows import speaking
from antiphon.agents.flows.acts import find_acts, normal
from antiphon.agents.flows.load import load_flow
from antiphon.agents.flows.reasoner import FlowReasoner
from antiphon.agents.flows.state import Asking, FlowState, Question
from antiphon.agents.flows.understanding import Act, Understanding
from antiphon.agents.ports import ReplyKind, ReplyRequest, ToolResult
from antiphon.errors import ConfigError, ProviderUnavailable

FLOW = load_flow(AGENTS / "clinic" / "flow.yaml")


# --- words for the ear ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("moment", "words"),
    [
        (datetime(2026, 12, 3, 10, 30), "Thursday, December third at ten thirty in the morning"),
        (datetime(2026, 12, 22, 14, 5), "Tuesday, December twenty-second at two oh five in the afternoon"),
        (datetime(2026, 12, 20, 12, 0), "Sunday, December twentieth at noon"),
        (datetime(2026, 12, 12, 18, 15), "Saturday, December twelfth at six fifteen in the evening"),
    ],
)
def test_moments_are_said_as_people_say_them(moment: datetime, words: str) -> None:
    assert speaking.when(moment) == words


def test_years_phones_and_letters_are_said_as_people_say_them() -> None:
    assert speaking.full_date(date(1985, 3, 5)) == "March fifth, nineteen eighty-five"
    assert speaking.year(2004) == "two thousand four"
    assert speaking.year(1900) == "nineteen hundred"
    assert speaking.year(1905) == "nineteen oh five"
    assert speaking.phone("+16175550142") == "six one seven, five five five, zero one four two"
    assert speaking.spelled("O'Brien") == "O, B, R, I, E, N"


def test_times_of_one_day_are_offered_with_the_day_said_once() -> None:
    same = [datetime(2026, 12, 3, 9), datetime(2026, 12, 3, 10, 30)]
    assert speaking.openings(same) == "Thursday, December third, at nine or at ten thirty in the morning"
    apart = [datetime(2026, 12, 3, 9), datetime(2026, 12, 4, 14)]
    assert speaking.openings(apart) == (
        "Thursday, December third at nine in the morning or Friday, December fourth at two in the afternoon"
    )


def test_a_template_leaves_out_what_is_missing_and_never_reads_a_value_as_a_template() -> None:
    values: dict[str, Any] = {"who": "{secret}", "none": None}
    assert speaking.render("For {who}[ with {none}].", values.get) == "For {secret}."


# --- acts -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "act"),
    [
        ("Can you repeat that?", Act.REPEAT),
        ("Sorry?", Act.REPEAT),
        ("What did you say?", Act.REPEAT),
        ("go back please", Act.BACK),
        ("let's start over", Act.RESTART),
        ("never mind", Act.NEVER_MIND),
        ("forget it", Act.NEVER_MIND),
        ("I want to talk to a person", Act.PERSON),
        ("Operator!", Act.PERSON),
        ("can you put me through to a real human", Act.PERSON),
        ("could I speak with someone", Act.PERSON),
        ("goodbye", Act.GOODBYE),
        ("that's all", Act.DONE),
        ("Are you a robot?", Act.ROBOT),
        ("am I talking to a real person", Act.ROBOT),
        ("thanks a lot", Act.THANKS),
        ("hold on a second", Act.WAIT),
        ("whichever", Act.ANY),
        ("I don't mind", Act.ANY),
        ("I don't know", Act.DONT_KNOW),
        ("anything earlier?", Act.EARLIER),
        ("is there something later", Act.LATER),
        ("the later one", Act.LATEST),
        ("the earlier one", Act.EARLIEST),
        ("none of those", Act.NONE),
        ("no, I said Thursday", Act.CORRECTION),
    ],
)
def test_acts_are_known_by_their_words(text: str, act: Act) -> None:
    assert act in find_acts(normal(text))


@pytest.mark.parametrize(
    ("text", "act"),
    [
        ("the later one", Act.LATER),
        ("am I talking to a real person", Act.PERSON),
        ("none of those", Act.ANY),
        ("do you have any appointments", Act.ANY),
        ("I'd like to see a doctor", Act.PERSON),
        ("my personal details", Act.PERSON),
        ("buy", Act.GOODBYE),
    ],
)
def test_acts_are_not_seen_where_they_are_not(text: str, act: Act) -> None:
    assert act not in find_acts(normal(text))


# --- understanding ----------------------------------------------------------------------------------------


async def understand(text: str, question: Question | None = None, goal: str = "") -> Understanding:
    state = FlowState(goal=goal, question=question or Question(asking=Asking.OPEN))
    return await understand_by_rules(FLOW, None).understand(text, state, NOW)


async def test_several_values_are_heard_at_once() -> None:
    heard = await understand("this is Maria Lopez, I need a flu shot on Friday at ten thirty")
    values = {item.slot: item.value for item in heard.candidates}
    assert values["appointment_type"] == "vaccination"
    assert values["day"] == DateRange(start=date(2026, 11, 27), end=date(2026, 11, 27))
    assert isinstance(values["time"], TimeWindow)
    assert values["time"].start == time(10, 30)
    assert values["patient"] == PersonName(first="Maria", last="Lopez")


async def test_a_date_is_a_birthday_when_that_was_asked() -> None:
    question = Question(asking=Asking.SLOT, name="birth_date")
    heard = await understand("March 3rd 1985", question, "book")
    assert {item.slot for item in heard.candidates} == {"birth_date"}


async def test_a_phone_number_is_no_time() -> None:
    question = Question(asking=Asking.SLOT, name="phone")
    heard = await understand("six one seven five five five zero one nine nine", question, "book")
    assert {item.slot for item in heard.candidates} == {"phone"}


async def test_never_mind_is_nobodys_name() -> None:
    heard = await understand("never mind", Question(asking=Asking.SLOT, name="patient"), "book")
    assert heard.candidates == ()


async def test_the_weather_is_no_wish() -> None:
    heard = await understand("my cat is on the roof again")
    assert (heard.goal, heard.fact) == (None, None)


class BrokenEncoder:
    async def encode(self, sentences: Any, *, query: bool) -> NDArray[np.float32]:
        raise ProviderUnavailable("e5", "the worker is gone")


async def test_without_the_encoder_understanding_goes_on_by_letters(tmp_path: Path) -> None:
    call = await Clinic(BrokenEncoder()).call(tmp_path)
    await call.talk(
        "I'd like to book a check-up", "Friday", "the first one", "Linda Chen", "April 8th 1979", "yes"
    )
    assert len(call.booked("Linda", "Chen")) == 1


# --- drafts -----------------------------------------------------------------------------------------------


def reasoner() -> FlowReasoner:
    return FlowReasoner(FLOW, understand_by_rules(FLOW, None), "Hello. How can I help?")


def turn(reply_id: str, text: str) -> ReplyRequest:
    return ReplyRequest(reply_id=reply_id, kind=ReplyKind.TURN, text=text, now=NOW)


async def test_nothing_changes_until_a_reply_is_confirmed() -> None:
    flow = reasoner()
    before = flow.state
    for number, text in enumerate(("a physical", "a blood test", "a skin check")):
        await flow.reply(turn(f"d{number}", text), Acting({}, NOW, 0, {}))
        assert flow.state is before
    flow.confirm("d1")
    assert flow.state.values["appointment_type"] == "blood_test"
    flow.discard("d2")
    flow.confirm("unknown")
    assert flow.state.values["appointment_type"] == "blood_test"


async def test_a_confirmation_may_come_before_the_reply_is_ready() -> None:
    flow = reasoner()
    flow.confirm("r1")
    await flow.reply(turn("r1", "a physical"), Acting({}, NOW, 0, {}))
    assert flow.state.values["appointment_type"] == "physical"


class Hangs(Acting):
    """Tools that never answer; tells when the first was asked for."""

    def __init__(self) -> None:
        super().__init__({}, NOW, 0, {})
        self.asked = asyncio.Event()

    async def run_tool(self, name: str, arguments: Any) -> ToolResult:
        self.asked.set()
        await asyncio.Event().wait()
        raise AssertionError("never reached")


async def test_a_confirmed_reply_cut_during_its_tool_keeps_what_the_caller_said() -> None:
    flow, act = reasoner(), Hangs()
    task = asyncio.create_task(flow.reply(turn("r1", "a physical on Friday"), act))
    await act.asked.wait()
    flow.confirm("r1")
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert flow.state.values["appointment_type"] == "physical"
    assert flow.state.goal == "book"


async def test_hearing_of_a_reply_nobody_knows_changes_nothing() -> None:
    flow = reasoner()
    before = flow.state
    flow.heard("ghost", "Hello", False)
    flow.discard("ghost")
    assert flow.state is before


def test_a_tool_the_agent_lists_and_nobody_makes_is_a_config_error() -> None:
    from antiphon.agents.definition import load_agent

    with pytest.raises(ConfigError, match=r"clinic\.book"):
        prepare_reasoning(load_agent(AGENTS / "clinic.yaml"), encoder=None, tools=[])
