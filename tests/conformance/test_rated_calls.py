"""Whole calls whose callers rate them, by voice and by key, of an agent with a language model and of one with
a flow; and calls that tell by themselves that something went wrong. What is told is seen where an operator
looks: in the list."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.doubles.front_desk import FrontDesk, voice
from tests.doubles.media_line import silence
from tests.doubles.paced_loop import live_with_sockets as live

from antiphon.agents.ports import Completion, Message, Tool, ToolCall
from antiphon.runtime.records.replaying import replay_exactly
from antiphon.server.keeping.opening import open_records
from antiphon.server.keeping.service import follower_of
from antiphon.storage.records import CallQuery, CallSummary

OURS = CallQuery(organisation_id="default")
ASKS = "How was this call, from one to five?"
FLOW = """
flow: rated
slots:
  rating:
    type: choice
    ask: How was this call, from one to five?
    keys: Press a key from 1 to 5.
    choices:
      "1": {say: one, phrases: [one, very bad]}
      "2": {say: two, phrases: [two, bad]}
      "3": {say: three, phrases: [three]}
      "4": {say: four, phrases: [four, good]}
      "5": {say: five, phrases: [five, very good]}
goals:
  done:
    examples: [that is all, no thanks]
    keywords: ['that is all']
    begin: Gladly.
    steps:
      - ask: rating
      - run: feedback.rate
        as: rated
        with: {rating: rating}
        say: Thank you.
"""


class Polite:
    """A model that asks for a rating when the caller is done, notes it, and hangs up."""

    async def complete(
        self,
        messages: Sequence[Message],
        tools: Sequence[Tool],
        emit: Callable[[str], None],
        meter: Callable[[Any], None] | None = None,
    ) -> Completion:
        last = messages[-1]
        if last.role == "tool":
            return self._say(emit, "Thank you. Goodbye.", ToolCall(id="e", name="end_call", arguments="{}"))
        if "four" in last.content or "(pressed the keys 4)" in last.content:
            assert "feedback_rate" in {tool.name for tool in tools}
            rate = ToolCall(id="r", name="feedback_rate", arguments=json.dumps({"rating": "4"}))
            return Completion(text="", tool_calls=(rate,))
        return self._say(emit, ASKS)

    def _say(self, emit: Callable[[str], None], text: str, *calls: ToolCall) -> Completion:
        emit(text)
        return Completion(text=text, tool_calls=calls)


def desk_with(home: Path, mind: str, *words: str) -> FrontDesk:
    (home / "clinic").mkdir()
    (home / "clinic" / "rated.yaml").write_text(FLOW)
    reasoning: dict[str, Any] = {"tools": ["feedback.rate"], "flow": "clinic/rated.yaml"}
    changes: dict[str, Any] = {"reasoning": reasoning, "tools": {"feedback": {}}}
    if mind == "flow":
        reasoning["model"] = ["flow/rated"]
        return FrontDesk(home, words=words, changes=changes)
    # No key of the menu may take the answer for itself.
    changes["menus"] = {"main": {"say": "Press 0 for a person.", "keys": {"0": {"person": True}}}}
    return FrontDesk(home, words=words, changes=changes, language_model=Polite())


async def speak(desk: FrontDesk, duration_ms: int = 700) -> None:
    await desk.say(voice(duration_ms))
    await desk.say(silence(100))


def seen(home: Path, call_id: str) -> tuple[CallSummary, list[str]]:
    """The call in the list, and the calls that were rated four or below."""

    async def look() -> tuple[CallSummary, list[str]]:
        records = await open_records(home, {})
        try:
            await follower_of(home, records).catch_up()
            listed = await records.page(OURS)
            rated = await records.page(replace(OURS, rated_at_most=4))
        finally:
            await records.database.close()
        (row,) = [call for call in listed.calls if call.call_id == call_id]
        return row, [call.call_id for call in rated.calls]

    return asyncio.run(look())


@pytest.mark.parametrize(("mind", "by"), [("model", "voice"), ("model", "key"), ("flow", "key")])
def test_a_rating_is_asked_for_given_and_found(mind: str, by: str, tmp_path: Path) -> None:
    async def rates(desk: FrontDesk) -> None:
        await desk.hear_out()
        await speak(desk)
        await desk.hear_out()
        assert ASKS in " ".join(desk.said)
        if by == "voice":
            await speak(desk)
        else:
            await desk.press("4#")
        await desk.hear_out()
        desk.line.hang_up()

    desk = desk_with(tmp_path, mind, "that is all", *(["four"] if by == "voice" else []))
    record, _ = live(desk.answer(rates))
    assert "Thank you" in " ".join(desk.said)
    row, found = seen(tmp_path, desk.line.call_id)
    assert (row.rating, row.signs) == (4, ())
    assert found == [desk.line.call_id]
    assert replay_exactly(record).difference is None


def test_a_call_tells_by_itself_that_its_caller_had_enough(tmp_path: Path) -> None:
    async def gives_up(desk: FrontDesk) -> None:
        await desk.hear_out()
        await speak(desk)
        await desk.hear_out()
        await speak(desk)
        begun = len(desk.heard)
        while not any(block.samples.any() for block in desk.heard[begun:]):
            await desk.wait(100)
        await desk.wait(200)
        desk.line.hang_up()

    words = "I need to move my appointment"
    desk = desk_with(tmp_path, "model", words, words)
    live(desk.answer(gives_up))
    row, found = seen(tmp_path, desk.line.call_id)
    assert (row.rating, row.signs) == (None, ("hung_up_mid_reply", "repeated"))
    assert found == []
