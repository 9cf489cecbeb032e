"""The clinic's call over a speech-to-speech session: booked, interrupted, lost on the way, and replayed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from tests.conformance.unified_call import NAME, Setting, UnifiedCall, calling, given
from tests.doubles.front_desk_mind import front_desk
from tests.doubles.language_model import Asked, Called, Turn
from tests.doubles.openai_realtime import Script, Spoken
from tests.doubles.spoken_mind import spoken_front_desk

from antiphon.agents.ports import Completion, Message, Tool, ToolCall
from antiphon.conversation import commands as cmd
from antiphon.conversation.policy import Endpointing
from antiphon.providers.sessions import SessionLimits
from antiphon.runtime.records.cost import cost_of
from antiphon.runtime.records.lines import NoteEntry
from antiphon.runtime.records.story import tell

SAID = (
    "I'd like a physical on Friday",
    "the first one",
    "Linda Chen, April 8th 1979",
    "yes",
    "no, thank you",
)


def booked(call: UnifiedCall) -> list[tuple[str, str]]:
    return [
        (item.appointment_type, f"{item.start:%A %H:%M}")
        for item in call.calendar.appointments("Linda", "Chen")
    ]


@pytest.mark.parametrize("endpointing", ["ours", "provider"])
async def test_the_clinic_books_over_a_session(endpointing: Endpointing, tmp_path: Path) -> None:
    setting = Setting(Script(heard=SAID, mind=spoken_front_desk), endpointing=endpointing)
    async with calling(tmp_path, setting) as call:
        await call.begin()
        heard = await call.talk(turns=5)
        record = await call.record()
    assert booked(call) == [("physical", "Friday 08:00")]
    assert heard[0].startswith("One moment, I'm looking. I have ")
    assert heard[3:] == ["You're booked. Anything else?", "Goodbye."]
    assert call.call.cause == "goal_reached"
    story = tell(record.entries)
    assert [turn.heard_as for turn in story.turns] == list(SAID)
    assert [tool.name for tool in story.tools.values()] == ["clinic.find_slots", "clinic.book"]
    assert all(tool.ok for tool in story.tools.values())
    assert not story.errors


async def test_every_response_is_metered_with_the_vendors_own_counters(tmp_path: Path) -> None:
    setting = Setting(Script(heard=SAID, mind=spoken_front_desk))
    async with calling(tmp_path, setting) as call:
        await call.begin()
        await call.talk(turns=5)
        record = await call.record()
    responses = 7  # Five turns, of which two went on after a tool.
    notes = [e for e in record.entries if isinstance(e, NoteEntry) and e.type == "usage"]
    spoken = [note.fields for note in notes if note.fields["role"] == "s2s"]
    assert len(spoken) == responses
    assert {note["provider"] for note in spoken} == {NAME}
    assert {note["reply"] for note in spoken} == {"r2", "r3", "r4", "r5", "r6"}
    (stage,) = [s for s in cost_of(record.entries, tell(record.entries)).stages if s.role == "s2s"]
    assert stage.amounts == {
        "input_tokens": 120 * responses,
        "cached_tokens": 64 * responses,
        "output_tokens": 70 * responses,
        "input_audio_tokens": 80 * responses,
        "output_audio_tokens": 60 * responses,
    }
    assert stage.cost_usd > 0
    assert stage.unpriced == 0


# ------------------------------------------------------------------ interruptions


LONG = "We open at eight in the morning. We close at half past five. On Fridays we close at four."


async def interrupted(call: UnifiedCall, heard_ms: int) -> None:
    """The caller speaks over the second reply after so much of it."""
    await call.begin()
    reply_id = await call.turn()
    await call.until(lambda: call.line.played_ms(reply_id) >= heard_ms)
    await call.clock.advance(heard_ms)
    call.line.heard_ms = heard_ms
    await call.sounds(900)
    assert call.line.flushed == [reply_id]
    await call.heard_out(await call.answered())


async def test_an_interrupted_reply_ends_in_the_vendors_memory_where_the_ear_was(tmp_path: Path) -> None:
    script = Script(answers=[Spoken(text=LONG, items_ms=(6000,)), Spoken(text="On Sundays we are closed.")])
    async with calling(tmp_path, Setting(script)) as call:
        await interrupted(call, 2000)
        peer = await call.vendor.peer(0)
        await call.until(lambda: peer.of_type("conversation.item.truncate"))
        (truncated,) = peer.of_type("conversation.item.truncate")
        assert truncated["audio_end_ms"] == 2000
        assert not peer.of_type("response.cancel"), "it had been made completely"
        record = await call.record()
    (cut,) = [report for report in given(record, cmd.ReportHeard) if not report.complete]
    assert cut.text == "We open at eight in the"
    assert given(record, cmd.ReportHeard)[-1].text == "On Sundays we are closed."
    assert len(given(record, cmd.CommitTurn)) == 2


async def test_a_reply_that_is_still_being_made_is_stopped_at_the_vendor(tmp_path: Path) -> None:
    script = Script(answers=[Spoken(text=LONG, hold=True), Spoken(text="On Sundays we are closed.")])
    async with calling(tmp_path, Setting(script)) as call:
        await interrupted(call, 60)
        peer = await call.vendor.peer(0)
        await call.until(lambda: peer.of_type("response.cancel"))
        (truncated,) = peer.of_type("conversation.item.truncate")
        assert truncated["audio_end_ms"] == 60
        await call.record()


async def test_what_the_vendor_says_to_a_backchannel_is_never_heard(tmp_path: Path) -> None:
    heard = ("What are your hours?", "Mm-hmm.", "Thank you.")
    answers = [Spoken(text=LONG, items_ms=(6000,)), Spoken(text="Yes?"), Spoken(text="You're welcome.")]
    setting = Setting(Script(answers=answers, heard=heard), endpointing="provider")
    async with calling(tmp_path, setting) as call:
        await call.begin()
        reply_id = await call.turn()
        await call.until(lambda: reply_id in call.line.finished)
        await call.clock.advance(1000)
        call.line.heard_ms = 1000
        await call.sounds(300)
        peer = await call.vendor.peer(0)
        await call.pushes(600, loud=False)
        await call.until(lambda: peer.of_type("conversation.item.delete"))
        await call.heard_out(reply_id)
        await call.heard_out(await call.turn())
        record = await call.record()
    said = [report.text for report in given(record, cmd.ReportHeard)[1:]]
    assert said == [LONG, "You're welcome."]
    assert [turn.text for turn in given(record, cmd.AmendTurn)] == ["What are your hours?", "Thank you."]


async def test_a_tool_that_ran_for_an_interrupted_reply_is_known_and_what_follows_it_is_not_said(
    tmp_path: Path,
) -> None:
    window = '{"appointment_type":"physical","from_date":"2026-11-27","to_date":"2026-11-27"}'
    answers = [
        Spoken(items_ms=(), text="", calls=[("clinic_find_slots", window)], hold=True),
        Spoken(text="On Sundays we are closed."),
    ]
    async with calling(tmp_path, Setting(Script(answers=answers))) as call:
        await call.begin()
        await call.turn()
        await call.sounds(900)
        await call.heard_out(await call.answered())
        await call.record()
        assert call.history()[-1] == "On Sundays we are closed."


# ------------------------------------------------------------------ exact words


async def test_an_emergency_is_answered_in_exact_words_whatever_the_model_says(tmp_path: Path) -> None:
    script = Script(heard="My husband just collapsed", answers=[Spoken(text=LONG, items_ms=(6000,))])
    async with calling(tmp_path, Setting(script)) as call:
        await call.begin()
        await call.turn()
        await call.until(lambda: any("nine one one" in text for text in call.tts.asked))
        await call.heard_out(call.latest())
        record = await call.record()
    assert call.call.cause == "escalated"
    assert given(record, cmd.Escalate)[0].reason == "emergency"
    assert [turn.heard_as for turn in tell(record.entries).turns] == ["My husband just collapsed"]


async def test_a_greeting_that_the_law_does_not_touch_is_the_models(tmp_path: Path) -> None:
    script = Script(answers=[Spoken(text="Willow Street. How can I help?")])
    async with calling(tmp_path, Setting(script, greets_itself=True)) as call:
        await call.begin()
        peer = await call.vendor.peer(0)
        (asked,) = peer.of_type("response.create")
        await call.record()
    assert call.definition.opening in asked["response"]["instructions"]
    assert call.history() == ["Willow Street. How can I help?"]
    assert call.tts.asked == []


async def test_keys_are_told_to_the_model(tmp_path: Path) -> None:
    async with calling(tmp_path, Setting(Script(answers=[Spoken(text="Thank you.")]))) as call:
        await call.begin()
        for digit in "12#":
            call.call.dtmf(digit)
        await call.heard_out("r2")
        peer = await call.vendor.peer(0)
        (asked,) = peer.of_type("response.create")
        await call.record()
    assert "pressed the keys 1 2" in asked["response"]["instructions"]


async def test_a_silent_caller_is_asked_again_by_the_model(tmp_path: Path) -> None:
    async with calling(tmp_path, Setting(Script(answers=[Spoken(text="Are you there?")]))) as call:
        await call.begin()
        await call.clock.advance(7000)
        await call.heard_out("r2")
        await call.record()
        assert call.history()[-1] == "Are you there?"


# ------------------------------------------------------------------ the session dies


class Mind:
    """`LanguageModel`: the same front desk, by text."""

    async def complete(
        self,
        messages: Sequence[Message],
        tools: Sequence[Tool],
        emit: Callable[[str], None],
        meter: object = None,
    ) -> Completion:
        last = messages[-1]
        notes = "\n".join(message.content for message in messages if message.role == "system")
        turn = Turn(role="user", text=f"{notes}\n{last.content}")
        if last.role == "tool":
            turn = Turn(role="tool", text=last.content, answers=last.tool_call_id)
        answer = front_desk(Asked(model="", system="", turns=(turn,), tools={}))
        text = "".join(part for part in answer.parts if isinstance(part, str))
        emit(text)
        calls = [part for part in answer.parts if isinstance(part, Called)]
        asked = tuple(ToolCall(id=call.name, name=call.name, arguments=call.arguments) for call in calls)
        return Completion(text=text, tool_calls=asked)


async def says(call: UnifiedCall, text: str) -> str:
    """A turn that the agent's own recogniser hears."""
    await call.sounds(800)
    await call.clock.advance(60)
    call.stt.final(text)
    await call.clock.advance(1300)
    await call.heard_out(call.latest())
    return call.history()[-1]


async def test_the_agents_own_set_finishes_the_booking_of_a_session_that_died(tmp_path: Path) -> None:
    setting = Setting(Script(heard=SAID, mind=spoken_front_desk), language_model=Mind())
    async with calling(tmp_path, setting) as call:
        await call.begin()
        await call.talk(turns=1)
        await call.vendor.stop()
        await call.until(lambda: call.stt.config is not None)
        for text in SAID[1:-1]:
            heard = await says(call, text)
        assert heard == "You're booked. Anything else?"
        await says(call, SAID[-1])
        record = await call.record()
    assert booked(call) == [("physical", "Friday 08:00")]
    assert call.call.cause == "goal_reached"
    story = tell(record.entries)
    assert [tool.name for tool in story.tools.values()] == ["clinic.find_slots", "clinic.book"]
    assert [turn.heard_as for turn in story.turns] == list(SAID)
    assert [trouble.what for trouble in story.errors] == ["session_failed", "session_lost"]


async def test_a_turn_whose_answer_died_with_the_session_is_answered_by_the_agents_own_set(
    tmp_path: Path,
) -> None:
    silent = Spoken(text="", items_ms=(), hold=True)
    setting = Setting(Script(heard=SAID, answers=[silent]), language_model=Mind())
    async with calling(tmp_path, setting) as call:
        await call.begin()
        reply_id = await call.turn()
        await call.until(lambda: SAID[0] in call.history())
        await call.vendor.stop()
        await call.heard_out(reply_id)
        record = await call.record()
    assert call.history()[-1].startswith("One moment, I'm looking. I have ")
    assert call.tts.asked[-1] not in call.definition.policy.trouble
    assert [report.reply_id for report in given(record, cmd.ReportHeard)] == ["r1", reply_id]


async def test_a_caller_who_is_speaking_as_the_session_dies_is_heard_from_his_first_word(
    tmp_path: Path,
) -> None:
    setting = Setting(Script(heard=SAID, mind=spoken_front_desk), language_model=Mind())
    async with calling(tmp_path, setting) as call:
        await call.begin()
        call.call.speech_started(onset_ms=call.clock.now_ms)
        await call.pushes(500, loud=True)
        await call.vendor.stop()
        await call.until(lambda: call.stt.config is not None)
        assert call.stt.pushed[0] == call.line.recent_audio(800)
        assert call.stt.started == 1
        await call.pushes(300, loud=True)
        call.call.speech_stopped(ended_ms=call.clock.now_ms - 100)
        await call.clock.advance(60)
        call.stt.final(SAID[0])
        await call.clock.advance(1300)
        await call.heard_out(call.latest())
        await call.record()
    assert call.history()[-1].startswith("One moment, I'm looking. I have ")


async def test_a_half_said_reply_that_died_with_the_session_is_an_apology(tmp_path: Path) -> None:
    setting = Setting(Script(answers=[Spoken(text=LONG, hold=True)]), language_model=Mind())
    async with calling(tmp_path, setting) as call:
        await call.begin()
        reply_id = await call.turn()
        await call.until(lambda: call.line.played_ms(reply_id) > 0)
        await call.vendor.stop()
        await call.until(lambda: call.tts.asked[-1] == call.definition.policy.trouble)
        await call.heard_out(call.latest())
        await call.until(lambda: call.stt.config is not None)
        heard = await says(call, SAID[0])
        await call.record()
    assert heard.startswith("One moment"), call.history()


async def test_a_session_that_breaks_once_is_made_anew_and_the_caller_hears_nothing_of_it(
    tmp_path: Path,
) -> None:
    limits = SessionLimits(connect_ms=2_000, retry_after_ms=(1, 1, 1), closing_ms=200)
    setting = Setting(Script(heard=SAID, mind=spoken_front_desk), limits=limits)
    async with calling(tmp_path, setting) as call:
        await call.begin()
        await call.talk(turns=1)
        call.vendor.cut()
        peer = await call.vendor.peer(1)
        await call.until(lambda: len(peer.of_type("conversation.item.create")) == 4)
        told = [message["item"]["content"][0]["text"] for message in peer.of_type("conversation.item.create")]
        await call.record()
    assert told[0].startswith("Willow Street Family Health.")
    assert told[1] == SAID[0]
    assert told[2].startswith("(used clinic.find_slots(")
    assert told[3].startswith("One moment, I'm looking. I have ")


async def test_a_call_whose_session_is_refused_is_an_ordinary_call_from_the_start(tmp_path: Path) -> None:
    setting = Setting(Script(), language_model=Mind(), key="wrong-key")
    async with calling(tmp_path, setting) as call:
        await call.begin()
        await call.until(lambda: call.stt.config is not None)
        assert (await says(call, SAID[0])).startswith("One moment")
        await call.record()
    assert call.vendor.refused == [401]
