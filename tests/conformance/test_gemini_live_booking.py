"""The clinic's booking held by a Gemini Live session alone: asked, looked up, confirmed, booked; and so when
the connection moves, breaks, or the caller speaks over the offer."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from tests.conformance.speech_vendors import Call, Gemini, Talk, talking
from tests.doubles.gemini_live_script import LiveScript
from tests.doubles.spoken_mind import spoken_front_desk
from tests.unit.agents.dialogue import AGENTS, NOW

from antiphon.agents.definition import load_agent
from antiphon.agents.llm.reasoner import END_CALL, moment
from antiphon.agents.ports import ToolContext
from antiphon.agents.tools import CalendarView, appointment_tools
from antiphon.speech.ports import (
    CallerWords,
    SessionLost,
    SpokenEnded,
    SpokenStarted,
    SpokenTool,
    SpokenToolCall,
)

SAID = (
    "I'd like a physical on Friday",
    "the first one",
    "Linda Chen, April 8th 1979",
    "yes",
    "no, thank you",
)
VOICE = (9_000 * np.sin(np.arange(3_200) / 4)).astype("<i2").tobytes()  # 400 ms at 8 kHz.


async def ended(talk: Talk, number: int) -> None:
    await talk.until(lambda: len(talk.all(SpokenEnded)) > number)


class Desk:
    """Runs the real tools and keeps our own log, as whoever drives a call does."""

    def __init__(self, directory: Path, *, provider_turns: bool) -> None:
        database = directory / "calendar.sqlite"
        tools = appointment_tools(database, AGENTS / "clinic" / "calendar.yaml", today=NOW.date())
        self.tools = {tool.name.replace(".", "_"): tool for tool in tools}
        self.calendar = CalendarView(database)
        self.ran: list[str] = []
        self.script = LiveScript(heard=SAID, mind=spoken_front_desk)
        self.call = Call(
            script=self.script,
            instructions=moment(load_agent(AGENTS / "clinic.yaml"), NOW),
            tools=tuple(
                SpokenTool(name=name, description=tool.description, parameters=tool.parameters)
                for name, tool in {**self.tools, END_CALL.name: END_CALL}.items()
            ),
            provider_turns=provider_turns,
        )

    def log(self, role: str, text: str) -> None:
        self.call.history = (*self.call.history, (role, text))

    async def turn(self, talk: Talk) -> str:
        """One turn of the caller, with the tools that its answer asks for; gives what is said."""
        begun, heard = len(talk.all(SpokenStarted)), len(self.call.history)
        talk.session.push(VOICE)
        if self.call.provider_turns:
            for _ in range(5):
                talk.session.push(bytes(1_600))
        else:
            talk.session.commit_turn()
        text = ""
        while True:
            await ended(talk, begun)
            spoken = talk.spoken(begun)
            text += talk.text(spoken)
            if heard == len(self.call.history):
                self.log("caller", talk.all(CallerWords)[-1].text)
            asked = [call for call in talk.all(SpokenToolCall) if call.spoken == spoken]
            if not asked:
                self.log("agent", text)
                return text
            for call in asked:
                talk.session.tool_result(call.call, await self.run(call))
            begun += 1

    async def run(self, call: SpokenToolCall) -> str:
        told = {"ok": True, "value": None}
        if call.name in self.tools:
            context = ToolContext(call_id="call", idempotency_key=call.call, now=NOW)
            result = await self.tools[call.name].run(json.loads(call.arguments), context)
            told = {"ok": result.ok, "value": result.value}
        self.ran.append(call.name)
        text = json.dumps(told, default=str)
        self.log("agent", f"(used {call.name}({call.arguments}) -> {text})")
        return text


@pytest.mark.parametrize("provider_turns", [True, False])
@pytest.mark.parametrize("trouble", ["none", "go_away", "break", "cut"])
async def test_the_clinic_books(trouble: str, provider_turns: bool, tmp_path: Path) -> None:
    desk = Desk(tmp_path, provider_turns=provider_turns)
    async with talking(Gemini(), desk.call) as talk:
        talk.session.speak("Greet the caller.")
        await talk.until(lambda: talk.all(SpokenEnded))
        offer = await desk.turn(talk)
        assert offer.startswith("One moment, I'm looking.I have ")
        if trouble == "go_away":
            await desk.script.sessions[0].go_away()
            await talk.asked(1, lambda seen: len(desk.script.sessions) == 2)
        elif trouble == "break":
            desk.script.kept.clear()  # Not even the vendor's own memory helps.
            talk.vendor.cut()
            await talk.asked(2, lambda seen: len(desk.script.sessions) == 2)
        elif trouble == "cut":
            talk.session.cut(talk.spoken(2), 300)
        said = [await desk.turn(talk) for _ in range(4)]
        assert not talk.all(SessionLost)
    assert said[2:] == ["You're booked. Anything else?", "Goodbye.Goodbye."]
    assert desk.ran == ["clinic_find_slots", "clinic_book", "end_call"]
    (booked,) = desk.calendar.appointments("Linda", "Chen")
    assert (booked.appointment_type, f"{booked.start:%A %H:%M}") == ("physical", "Friday 08:00")
