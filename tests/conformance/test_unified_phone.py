"""From an agent file to a booking over each vendor's speech-to-speech session, its SDK on a real socket."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
from google.genai import types
from tests.conformance.speech_vendors import Gemini, OpenAi, SpeechVendor, inputs
from tests.conformance.unified_call import SAID
from tests.doubles.faults import Faulty
from tests.doubles.front_desk_mind import FrontDeskModel
from tests.doubles.gemini_live_script import LiveScript
from tests.doubles.openai_realtime import Script, Spoken
from tests.doubles.socket_vendor import SocketVendor
from tests.doubles.spoken_mind import spoken_front_desk
from tests.doubles.unified_phone import Phone

from antiphon.agents.ports import LanguageModel
from antiphon.agents.tools import CalendarView
from antiphon.agents.tools.toolsets import calendar_database
from antiphon.runtime.assembly import Shared, unified_model
from antiphon.runtime.records.lines import NoteEntry
from antiphon.runtime.records.story import CallStory


@pytest.fixture(params=[OpenAi(), Gemini()], ids=lambda vendor: vendor.name)
def vendor(request: pytest.FixtureRequest) -> SpeechVendor:
    found: SpeechVendor = request.param
    return found


def calling(
    home: Path,
    vendor: SpeechVendor,
    double: SocketVendor,
    endpointing: str,
    language_model: LanguageModel | None = None,
) -> Phone:
    shared = Shared(registry=vendor.registry(double), home=home)
    return Phone(
        home,
        endpointing,
        lambda definition, tools: unified_model(definition, shared, tools),
        model=vendor.unified,
        language_model=language_model,
    )


def is_booked(phone: Phone, story: CallStory) -> None:
    """In the calendar, once, as the caller wanted it."""
    definition = phone.exchange.agents["clinic"].definition
    (visit,) = CalendarView(calendar_database(definition, phone.home)).appointments("Linda", "Chen")
    assert (visit.appointment_type, f"{visit.start:%A %H:%M}") == ("physical", "Friday 08:00")
    assert story.outcome == "goal_reached"
    assert [turn.heard_as for turn in story.turns] == list(SAID)
    assert [tool.name for tool in story.tools.values()] == ["clinic.find_slots", "clinic.book"]


@pytest.mark.parametrize("endpointing", ["ours", "provider"])
async def test_a_caller_books_by_telephone_with_a_model_that_hears_and_speaks_by_itself(
    endpointing: str, vendor: SpeechVendor, tmp_path: Path
) -> None:
    async with vendor.double(Script(heard=SAID, mind=spoken_front_desk), Faulty()) as double:
        phone = calling(tmp_path, vendor, double, endpointing)
        await phone.listens()
        for _ in SAID:
            await phone.speaks()
            await phone.listens()
        story = await phone.story()
    assert not double.complaints
    is_booked(phone, story)
    assert all(reply.complete for reply in story.replies.values())
    assert not story.errors
    # What the file says of the voice, of terms and of the language has reached the vendor.
    voice, instructions = vendor.set_up(double.peers[0])
    assert voice == "sage"
    assert "Dr. Okafor, Nurse Brooks" in instructions
    assert "Speak en-US." in instructions
    if isinstance(vendor, OpenAi):
        (update,) = double.peers[0].of_type("session.update")
        detection = update["session"]["audio"]["input"]["turn_detection"]
        assert (detection or {}).get("type") == ("semantic_vad" if endpointing == "provider" else None)


async def test_the_vendor_forgets_what_the_ear_did_not_get(vendor: SpeechVendor, tmp_path: Path) -> None:
    answers = [Spoken(text="We open at eight. " * 8, items_ms=(8000,)), Spoken(text="Of course.")]
    async with vendor.double(Script(answers=answers), Faulty()) as double:
        phone = calling(tmp_path, vendor, double, "ours")
        await phone.listens()
        await phone.speaks()
        greeted = len(phone.far_end.heard)
        await phone.quiet_until(lambda: len(phone.far_end.heard) - greeted > 1500 * 16)
        await phone.speaks()
        heard_ms = (len(phone.far_end.heard) - greeted) // 16
        peer = await double.peer(0)
        await phone.quiet_until(lambda: vendor.is_corrected(peer))
        await phone.listens()
        story = await phone.story()
    (cut,) = [reply for reply in story.replies.values() if not reply.complete]
    # The line fades out over one more frame than is counted as heard.
    assert 0 <= heard_ms - cut.heard_ms <= 40
    assert 0 < len(cut.heard) < len(answers[0].text) // 2
    assert answers[0].text.startswith(cut.heard)
    if isinstance(vendor, OpenAi):
        (truncated,) = peer.of_type("conversation.item.truncate")
        assert truncated["audio_end_ms"] == cut.heard_ms
    assert story.interruptions[0].barge_in
    assert story.interruptions[0].silent_after_ms is not None
    assert story.interruptions[0].silent_after_ms <= 130


async def test_the_agents_own_set_finishes_a_call_whose_session_is_not_let_in_again(
    vendor: SpeechVendor, tmp_path: Path
) -> None:
    script = LiveScript(heard=SAID, mind=spoken_front_desk)
    async with vendor.double(script, Faulty()) as double:
        phone = calling(tmp_path, vendor, double, "ours", FrontDeskModel())
        await phone.listens()
        await phone.speaks()
        await phone.listens()
        script.kept.clear()
        double.authorised = lambda headers, query: False
        double.cut()
        await phone.without_time(lambda: phone.stt.config is not None)
        for text in SAID[1:]:
            await phone.speaks_to_stt(text)
            await phone.listens()
        story = await phone.story()
    is_booked(phone, story)
    assert [trouble.what for trouble in story.errors] == ["session_failed", "session_lost"]


async def test_a_gemini_connection_that_goes_away_is_followed_by_the_next_unheard(tmp_path: Path) -> None:
    script = LiveScript(heard=SAID, mind=spoken_front_desk)
    async with Gemini().double(script, Faulty()) as double:
        phone = calling(tmp_path, Gemini(), double, "ours")
        await phone.listens()
        for turn in range(len(SAID)):
            await phone.speaks()
            await phone.listens()
            if turn == 1:
                await script.sessions[0].go_away()
                await phone.without_time(lambda: len(script.sessions) == 2)
        story = await phone.story()
    assert not double.complaints
    is_booked(phone, story)
    assert all(reply.complete for reply in story.replies.values())
    assert not story.errors


async def test_what_a_caller_shows_is_a_frame_beside_his_voice_and_is_in_no_trace(
    vendor: SpeechVendor, tmp_path: Path
) -> None:
    image = b"\xff\xd8\xff a card of an insurance \xff\xd9"
    async with vendor.double(Script(heard=SAID, mind=spoken_front_desk), Faulty()) as double:
        phone = calling(tmp_path, vendor, double, "ours")
        await phone.listens()
        phone.source.show(image, "image/jpeg")
        peer = await double.peer(0)
        await phone.without_time(lambda: vendor.images(peer))
        for _ in SAID:
            await phone.speaks()
            await phone.listens()
        record = await phone.record()
    assert not double.complaints
    (shown,) = vendor.images(peer)
    assert base64.urlsafe_b64decode(shown.translate(str.maketrans("+/", "-_"))) == image
    notes = [entry for entry in record.entries if isinstance(entry, NoteEntry) and entry.type == "picture"]
    assert [note.fields for note in notes] == [
        {"media_type": "image/jpeg", "length_bytes": len(image), "shown": True}
    ]
    if isinstance(vendor, Gemini):
        (told,) = [each for each in inputs(peer) if "video" in each]
        frame = types.Blob.model_validate(told["video"])
        assert frame.mime_type == "image/jpeg", "as a frame of video, which is how the API takes pictures"
