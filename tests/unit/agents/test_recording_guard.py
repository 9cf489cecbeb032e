"""Who is asked whether he may be recorded has heard the question, whatever his voice did to it."""

from __future__ import annotations

import asyncio

import pytest
from tests.unit.agents.dialogue import NOW, Acting
from tests.unit.agents.dialogue import Reply as Said

from antiphon.agents.definition.values import AskToRecord
from antiphon.agents.ports import Replying, ReplyKind, ReplyRequest, ToolResult
from antiphon.agents.recording import ANSWER, MUST_ASK, RecordingGuard

ASK = AskToRecord(
    question="May we record this call?",
    again="Sorry, may we record it, yes or no?",
    agreed="Thank you.",
    declined="We will not.",
    proceed="How can I help?",
)
TOOLS = {
    MUST_ASK: ToolResult(ok=True, value={"ask": True, "why": "place"}),
    ANSWER: ToolResult(ok=True, value={"recorded": True}),
}


class _Plain:
    """Greets, and repeats what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def reply(self, request: ReplyRequest, act: Replying) -> None:
        self.asked.append(request.text)
        act.say(f"You said: {request.text}" if request.text else "Hello.")

    def confirm(self, reply_id: str) -> None: ...

    def discard(self, reply_id: str) -> None: ...

    def heard(self, reply_id: str, text: str, complete: bool) -> None: ...


class _Call:
    def __init__(self) -> None:
        self.plain = _Plain()
        self.guard = RecordingGuard(reasoner=self.plain, ask=ASK, language="en")
        self.count = 0

    def reply(self, text: str = "", *, kind: ReplyKind = ReplyKind.TURN, heard: str | None = None) -> Said:
        """One reply, confirmed; all of it is heard, or `heard`."""
        self.count += 1
        reply_id = f"r{self.count}"
        act = Acting({}, NOW, self.count, TOOLS)
        request = ReplyRequest(reply_id=reply_id, kind=kind, text=text, now=NOW)
        self.guard.confirm(reply_id)
        asyncio.run(self.guard.reply(request, act))
        words = act.reply.text.strip() if heard is None else heard
        self.guard.heard(reply_id, words, heard is None)
        return act.reply


def _answers(said: Said) -> list[object]:
    return [arguments["agreed"] for name, arguments, _ in said.tools if name == ANSWER]


def test_a_yes_to_the_whole_question_begins_the_recording() -> None:
    call = _Call()
    greeting = call.reply(kind=ReplyKind.GREETING)
    assert greeting.text == "Hello. May we record this call?" and greeting.protected.strip() == ASK.question
    said = call.reply("Yes.")
    assert _answers(said) == [True] and said.text == "Thank you. How can I help?"


@pytest.mark.parametrize("heard", ["Hello. May we record", "Hello.", ""])
def test_a_yes_to_a_question_whose_voice_broke_off_agrees_to_nothing(heard: str) -> None:
    call = _Call()
    call.reply(kind=ReplyKind.GREETING, heard=heard)
    said = call.reply("Yes.")
    assert _answers(said) == [] and said.text.strip() == ASK.question
    assert _answers(call.reply("Yes, you may.")) == [True]


def test_a_question_that_breaks_off_again_and_again_is_never_taken_for_heard() -> None:
    call = _Call()
    call.reply(kind=ReplyKind.GREETING, heard="Hello. May")
    for _ in range(3):
        said = call.reply("Yes.", heard="May we record this")
        assert _answers(said) == [] and said.protected.strip() == ASK.question


def test_what_he_wanted_before_he_heard_the_question_is_answered_after_it() -> None:
    call = _Call()
    call.reply(kind=ReplyKind.GREETING, heard="Hello. May we")
    call.reply("I need a cleaning on Thursday.")
    said = call.reply("No.")
    assert _answers(said) == [False] and call.plain.asked[-1] == "I need a cleaning on Thursday."
    assert said.text.endswith("You said: I need a cleaning on Thursday.")


def test_a_draft_that_nobody_heard_asked_nothing() -> None:
    call = _Call()
    call.reply(kind=ReplyKind.GREETING, heard="Hello.")
    act = Acting({}, NOW, 9, TOOLS)
    asyncio.run(call.guard.reply(ReplyRequest(reply_id="d1", kind=ReplyKind.TURN, text="Yes", now=NOW), act))
    call.guard.discard("d1")
    assert _answers(call.reply("Yes.")) == []
