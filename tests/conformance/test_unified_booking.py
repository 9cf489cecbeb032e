"""The clinic's call over each vendor's speech-to-speech session: booked, interrupted, replayed."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.conformance.speech_vendors import Gemini, OpenAi, SpeechVendor
from tests.conformance.unified_call import SAID, Setting, UnifiedCall, booked, calling, given
from tests.doubles.openai_realtime import Script, Spoken
from tests.doubles.spoken_mind import spoken_front_desk

from antiphon.conversation import commands as cmd
from antiphon.conversation.policy import Endpointing
from antiphon.runtime.records.cost import cost_of
from antiphon.runtime.records.lines import NoteEntry
from antiphon.runtime.records.story import tell


@pytest.fixture(params=[OpenAi(), Gemini()], ids=lambda vendor: vendor.name)
def vendor(request: pytest.FixtureRequest) -> SpeechVendor:
    found: SpeechVendor = request.param
    return found


@pytest.mark.parametrize("endpointing", ["ours", "provider"])
async def test_the_clinic_books_over_a_session(
    endpointing: Endpointing, vendor: SpeechVendor, tmp_path: Path
) -> None:
    setting = Setting(Script(heard=SAID, mind=spoken_front_desk), vendor, endpointing=endpointing)
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


async def test_every_response_is_metered_with_the_vendors_own_counters(
    vendor: SpeechVendor, tmp_path: Path
) -> None:
    script = Script(heard=SAID, mind=spoken_front_desk)
    async with calling(tmp_path, Setting(script, vendor)) as call:
        await call.begin()
        await call.talk(turns=5)
        record = await call.record()
    responses = 7  # Five turns, of which two went on after a tool.
    notes = [e for e in record.entries if isinstance(e, NoteEntry) and e.type == "usage"]
    spoken = [note.fields for note in notes if note.fields["role"] == "s2s"]
    assert len(spoken) == responses
    assert {note["provider"] for note in spoken} == {vendor.unified}
    assert {note["reply"] for note in spoken} == {"r2", "r3", "r4", "r5", "r6"}
    (stage,) = [s for s in cost_of(record.entries, tell(record.entries)).stages if s.role == "s2s"]
    assert len(script.bills) == responses
    assert stage.amounts == {name: sum(bill[name] for bill in script.bills) for name in vendor.usage}
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


async def test_an_interrupted_reply_ends_in_the_vendors_memory_where_the_ear_was(
    vendor: SpeechVendor, tmp_path: Path
) -> None:
    script = Script(answers=[Spoken(text=LONG, items_ms=(6000,)), Spoken(text="On Sundays we are closed.")])
    async with calling(tmp_path, Setting(script, vendor)) as call:
        await interrupted(call, 2000)
        peer = await call.vendor.peer(0)
        await call.until(lambda: vendor.is_corrected(peer))
        if isinstance(vendor, OpenAi):
            (truncated,) = peer.of_type("conversation.item.truncate")
            assert truncated["audio_end_ms"] == 2000
            assert not peer.of_type("response.cancel"), "it had been made completely"
        record = await call.record()
    (cut,) = [report for report in given(record, cmd.ReportHeard) if not report.complete]
    assert cut.text == "We open at eight in the"
    assert given(record, cmd.ReportHeard)[-1].text == "On Sundays we are closed."
    assert len(given(record, cmd.CommitTurn)) == 2


async def test_a_reply_that_is_still_being_made_is_stopped_at_the_vendor(
    vendor: SpeechVendor, tmp_path: Path
) -> None:
    script = Script(answers=[Spoken(text=LONG, hold=True), Spoken(text="On Sundays we are closed.")])
    async with calling(tmp_path, Setting(script, vendor)) as call:
        await interrupted(call, 60)
        peer = await call.vendor.peer(0)
        await call.until(lambda: vendor.is_corrected(peer))
        if isinstance(vendor, OpenAi):
            assert peer.of_type("response.cancel")
            (truncated,) = peer.of_type("conversation.item.truncate")
            assert truncated["audio_end_ms"] == 60
        record = await call.record()
    assert [report.complete for report in given(record, cmd.ReportHeard)] == [True, False, True]
    assert call.history()[-1] == "On Sundays we are closed."


async def test_what_the_vendor_says_to_a_backchannel_is_never_heard(
    vendor: SpeechVendor, tmp_path: Path
) -> None:
    heard = ("What are your hours?", "Mm-hmm.", "Thank you.")
    answers = [Spoken(text=LONG, items_ms=(6000,)), Spoken(text="Yes?"), Spoken(text="You're welcome.")]
    setting = Setting(Script(answers=answers, heard=heard), vendor, endpointing="provider")
    async with calling(tmp_path, setting) as call:
        await call.begin()
        reply_id = await call.turn()
        await call.until(lambda: reply_id in call.line.finished)
        await call.clock.advance(1000)
        call.line.heard_ms = 1000
        await call.sounds(300)
        peer = await call.vendor.peer(0)
        await call.pushes(600, loud=False)
        await call.until(lambda: vendor.is_corrected(peer))
        await call.heard_out(reply_id)
        await call.heard_out(await call.turn())
        record = await call.record()
    said = [report.text for report in given(record, cmd.ReportHeard)[1:]]
    assert said == [LONG, "You're welcome."]
    assert [turn.heard_as for turn in tell(record.entries).turns] == ["What are your hours?", "Thank you."]


async def test_a_tool_that_ran_for_an_interrupted_reply_is_known_and_what_follows_it_is_not_said(
    vendor: SpeechVendor, tmp_path: Path
) -> None:
    window = '{"appointment_type":"physical","from_date":"2026-11-27","to_date":"2026-11-27"}'
    answers = [
        Spoken(items_ms=(), text="", calls=[("clinic_find_slots", window)], hold=True),
        # Where the tool was quicker than the caller, one goes on from its result; that one is not said.
        Spoken(text="On Sundays we are closed."),
        Spoken(text="On Sundays we are closed."),
    ]
    async with calling(tmp_path, Setting(Script(answers=answers), vendor)) as call:
        await call.begin()
        await call.turn()
        await call.sounds(900)
        await call.heard_out(await call.answered())
        await call.record()
        assert call.history()[-1] == "On Sundays we are closed."
        assert call.history().count("On Sundays we are closed.") == 1


# ------------------------------------------------------------------ exact words


async def test_an_emergency_is_answered_in_exact_words_whatever_the_model_says(
    vendor: SpeechVendor, tmp_path: Path
) -> None:
    script = Script(heard="My husband just collapsed", answers=[Spoken(text=LONG, items_ms=(6000,))])
    async with calling(tmp_path, Setting(script, vendor)) as call:
        await call.begin()
        await call.turn()
        await call.until(lambda: any("nine one one" in text for text in call.tts.asked))
        await call.heard_out(call.latest())
        record = await call.record()
    assert call.call.cause == "escalated"
    assert given(record, cmd.Escalate)[0].reason == "emergency"
    assert [turn.heard_as for turn in tell(record.entries).turns] == ["My husband just collapsed"]


async def test_a_greeting_that_the_law_does_not_touch_is_the_models(
    vendor: SpeechVendor, tmp_path: Path
) -> None:
    script = Script(answers=[Spoken(text="Willow Street. How can I help?")])
    async with calling(tmp_path, Setting(script, vendor, greets_itself=True)) as call:
        await call.begin()
        peer = await call.vendor.peer(0)
        (asked,) = vendor.wishes(peer)
        await call.record()
    assert call.definition.opening in asked
    assert call.history() == ["Willow Street. How can I help?"]
    assert call.tts.asked == []


async def test_keys_are_told_to_the_model(vendor: SpeechVendor, tmp_path: Path) -> None:
    async with calling(tmp_path, Setting(Script(answers=[Spoken(text="Thank you.")]), vendor)) as call:
        await call.begin()
        for digit in "12#":
            call.call.dtmf(digit)
        await call.heard_out("r2")
        peer = await call.vendor.peer(0)
        (asked,) = vendor.wishes(peer)
        await call.record()
    assert "pressed the keys 1 2" in asked


async def test_a_silent_caller_is_asked_again_by_the_model(vendor: SpeechVendor, tmp_path: Path) -> None:
    async with calling(tmp_path, Setting(Script(answers=[Spoken(text="Are you there?")]), vendor)) as call:
        await call.begin()
        await call.clock.advance(7000)
        await call.heard_out("r2")
        await call.record()
        assert call.history()[-1] == "Are you there?"
