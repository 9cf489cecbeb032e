"""Speech-to-speech sessions that break in the clinic's call: made anew, or finished by the agent's own."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.conformance.speech_vendors import Gemini, OpenAi, SpeechVendor
from tests.conformance.unified_call import RATE_HZ, SAID, Setting, UnifiedCall, booked, calling, given
from tests.doubles.faults import Fault, Faulty
from tests.doubles.front_desk_mind import FrontDeskModel
from tests.doubles.gemini_live_script import LiveScript
from tests.doubles.openai_realtime import Script, Spoken
from tests.doubles.spoken_mind import spoken_front_desk

from antiphon.conversation import commands as cmd
from antiphon.providers.sessions import SessionLimits
from antiphon.runtime.records.story import tell
from antiphon.runtime.unified import UnifiedModel
from antiphon.speech.ports import Transcript

SILENT_MS = UnifiedModel.__dataclass_fields__["silent_ms"].default
WHOLE = "Gladly. What is your name and date of birth?"  # To `SAID[1]`, by whichever front desk.


@pytest.fixture(params=[OpenAi(), Gemini()], ids=lambda vendor: vendor.name)
def vendor(request: pytest.FixtureRequest) -> SpeechVendor:
    found: SpeechVendor = request.param
    return found


async def says(call: UnifiedCall, text: str) -> str:
    """A turn that the agent's own recogniser hears."""
    await call.sounds(800)
    await call.clock.advance(60)
    call.stt.final(text)
    await call.clock.advance(1300)
    await call.heard_out(call.latest())
    return call.history()[-1]


async def test_the_agents_own_set_finishes_the_booking_of_a_session_that_died(
    vendor: SpeechVendor, tmp_path: Path
) -> None:
    setting = Setting(Script(heard=SAID, mind=spoken_front_desk), vendor, language_model=FrontDeskModel())
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
    vendor: SpeechVendor,
    tmp_path: Path,
) -> None:
    silent = Spoken(text="", items_ms=(), hold=True)
    setting = Setting(Script(heard=SAID, answers=[silent]), vendor, language_model=FrontDeskModel())
    async with calling(tmp_path, setting) as call:
        await call.begin()
        reply_id = await call.turn()
        await call.until(lambda: SAID[0] in (*call.history(), *call.unfinished()))
        await call.vendor.stop()
        await heard_again(call, SAID[0])
        await call.heard_out(reply_id)
        record = await call.record()
    assert call.history()[-1].startswith("One moment, I'm looking. I have ")
    assert call.tts.asked[-1] not in call.definition.policy.trouble
    assert [report.reply_id for report in given(record, cmd.ReportHeard)] == ["r1", reply_id]


async def test_a_caller_who_is_speaking_as_the_session_dies_is_heard_from_his_first_word(
    vendor: SpeechVendor,
    tmp_path: Path,
) -> None:
    setting = Setting(Script(heard=SAID, mind=spoken_front_desk), vendor, language_model=FrontDeskModel())
    async with calling(tmp_path, setting) as call:
        await call.begin()
        call.call.speech_started(onset_ms=call.clock.now_ms)
        await call.pushes(500, loud=True)
        await call.vendor.stop()
        await call.until(lambda: call.stt.config is not None)
        assert b"".join(call.stt.pushed) == call.line.recent_audio(800)
        assert call.stt.started == 1
        await call.pushes(300, loud=True)
        call.call.speech_stopped(ended_ms=call.clock.now_ms - 100)
        await call.clock.advance(60)
        call.stt.final(SAID[0])
        await call.clock.advance(1300)
        await call.heard_out(call.latest())
        await call.record()
    assert call.history()[-1].startswith("One moment, I'm looking. I have ")


async def heard_again(call: UnifiedCall, text: str) -> None:
    """The agent's own recogniser is there, and says what he said, if that is missing."""
    await call.until(lambda: call.stt.config is not None)
    if call.stt.asked:
        call.stt.emit(Transcript(segment=0, text=text, final=True))


async def half_heard(call: UnifiedCall, words: int) -> str:
    """The answer to the first line has begun to sound, and the caller has heard so many words; gives its
    reply."""
    await call.begin()
    reply_id = await call.turn()
    await call.until(
        lambda: call.line.played_ms(reply_id) > 0 and SAID[1] in (*call.history(), *call.unfinished())
    )
    characters = sum(len(word) + 1 for word in WHOLE.split()[:words])
    call.line.heard_ms = characters * call.call.state.voice_ms // call.call.state.voice_weight
    return reply_id


@pytest.mark.parametrize("words", [0, 1, 5])
async def test_a_half_said_reply_that_died_with_the_session_is_gone_on_with(
    vendor: SpeechVendor, words: int, tmp_path: Path
) -> None:
    script = Script(heard=SAID[1], answers=[Spoken(text=WHOLE, hold=True)])
    async with calling(tmp_path, Setting(script, vendor, language_model=FrontDeskModel())) as call:
        reply_id = await half_heard(call, words)
        await call.vendor.stop()
        await heard_again(call, SAID[1])
        await call.until(lambda: call.latest() != reply_id)
        await call.heard_out(call.latest())
        record = await call.record()
    assert call.definition.policy.trouble not in call.tts.asked
    agent = [report.text for report in given(record, cmd.ReportHeard) if report.text]
    assert len(agent) == 2 + (words > 0)
    assert " ".join(agent[1:]) == WHOLE, "no word twice, none left out"
    assert call.history()[1] == SAID[1]


async def test_a_session_that_breaks_once_is_made_anew_and_the_caller_hears_nothing_of_it(
    vendor: SpeechVendor,
    tmp_path: Path,
) -> None:
    script = LiveScript(heard=SAID, mind=spoken_front_desk)
    limits = SessionLimits(connect_ms=2_000, retry_after_ms=(1, 1, 1), closing_ms=200)
    async with calling(tmp_path, Setting(script, vendor, limits=limits)) as call:
        await call.begin()
        await call.talk(turns=1)
        script.kept.clear()  # Not even the vendor's own memory helps.
        call.vendor.cut()
        await call.until(lambda: any(len(vendor.told(peer)) == 4 for peer in call.vendor.peers[1:]))
        told = [text for _, text in vendor.told(call.vendor.peers[-1])]
        heard = await call.talk(turns=4)
        record = await call.record()
    assert told[0].startswith("Willow Street Family Health.")
    assert told[1] == SAID[0]
    assert told[2].startswith("(used clinic.find_slots(")
    assert told[3].startswith("One moment, I'm looking. I have ")
    assert heard[2:] == ["You're booked. Anything else?", "Goodbye."]
    assert booked(call) == [("physical", "Friday 08:00")]
    assert not tell(record.entries).errors


async def test_a_call_whose_session_is_refused_is_an_ordinary_call_from_the_start(
    vendor: SpeechVendor, tmp_path: Path
) -> None:
    setting = Setting(Script(), vendor, language_model=FrontDeskModel(), key="wrong-key")
    async with calling(tmp_path, setting) as call:
        await call.begin()
        await call.until(lambda: call.stt.config is not None)
        assert (await says(call, SAID[0])).startswith("One moment")
        await call.record()
    assert len(call.vendor.refused) + len(call.vendor.peers) == 1, "a bad key is not tried twice"


async def test_a_call_whose_session_hangs_is_an_ordinary_call_after_one_deadline(
    vendor: SpeechVendor, tmp_path: Path
) -> None:
    limits = SessionLimits(connect_ms=300, retry_after_ms=(1, 1, 1), closing_ms=200)
    hung = Faulty(fault=Fault.HANG)
    setting = Setting(Script(), vendor, language_model=FrontDeskModel(), faulty=hung, limits=limits)
    async with calling(tmp_path, setting) as call:
        await call.begin()
        await call.until(lambda: call.stt.config is not None)
        assert (await says(call, SAID[0])).startswith("One moment")
        await call.record()
    assert len(call.vendor.peers) == 1, "who hangs is waited for once"


def falls_silent(call: UnifiedCall) -> None:
    """Its connections stand, and nothing comes on them any more; new ones would be no better."""
    call.vendor.faulty.fault = Fault.HANG
    for peer in call.vendor.peers:
        peer.fault = Fault.HANG


async def test_a_session_that_falls_silent_in_the_middle_of_the_call_costs_one_deadline(
    vendor: SpeechVendor, tmp_path: Path
) -> None:
    setting = Setting(Script(heard=SAID, mind=spoken_front_desk), vendor, language_model=FrontDeskModel())
    async with calling(tmp_path, setting) as call:
        await call.begin()
        await call.talk(turns=1)
        connections = len(call.vendor.peers)
        falls_silent(call)
        reply_id = await call.turn()
        asked_ms = call.clock.now_ms
        await call.clock.advance(SILENT_MS)
        assert len(b"".join(call.stt.pushed)) >= 2 * RATE_HZ, "all of his second"
        await call.heard_out("f1")  # The soft sound over the wait.
        call.stt.emit(Transcript(segment=0, text=SAID[1], final=True))
        await call.heard_out(reply_id)
        for text in SAID[2:-1]:
            heard = await says(call, text)
        assert heard == "You're booked. Anything else?"
        await says(call, SAID[-1])
        record = await call.record()
    assert booked(call) == [("physical", "Friday 08:00")]
    assert call.call.cause == "goal_reached"
    assert len(call.vendor.peers) == connections, "who hangs is not asked again"
    story = tell(record.entries)
    assert [tool.name for tool in story.tools.values()] == ["clinic.find_slots", "clinic.book"]
    assert [trouble.what for trouble in story.errors] == ["session_failed", "session_lost"]
    assert story.errors[1].at_ms <= asked_ms + SILENT_MS
    assert [turn.heard_as for turn in story.turns] == list(SAID), "his words are there once"
    agent = [reply.heard for reply in story.replies.values() if reply.heard]
    assert call.definition.policy.trouble not in agent
    assert len(agent) == len(set(agent)), agent
    assert story.replies[reply_id].heard.startswith("Gladly"), "the answer that was owed"


async def test_a_session_that_falls_silent_in_the_middle_of_a_word_is_heard_to_where_it_came(
    vendor: SpeechVendor, tmp_path: Path
) -> None:
    script = Script(heard=SAID[1], answers=[Spoken(text=WHOLE, hold=True)])
    setting = Setting(script, vendor, language_model=FrontDeskModel())
    async with calling(tmp_path, setting) as call:
        reply_id = await half_heard(call, 1)
        falls_silent(call)
        given_ms = call.line.played_ms(reply_id)
        await call.clock.advance(SILENT_MS)
        await heard_again(call, SAID[1])
        await call.until(lambda: call.latest() != reply_id)
        for peer in call.vendor.peers:
            peer.fault = Fault.NONE  # It wakes up, and is not listened to.
        await call.heard_out(call.latest())
        await call.record()
    assert call.line.played_ms(reply_id) == given_ms
    assert call.history()[-2:] == ["Gladly.", WHOLE.removeprefix("Gladly. ")]


@pytest.mark.parametrize(
    ("made_anew_by", "fault"),
    [
        pytest.param(vendor, fault, id=f"{vendor.name} {fault.value}")
        for vendor, fault in (
            (OpenAi(), Fault.RATE_LIMIT),
            (OpenAi(), Fault.MALFORMED),
            (Gemini(), Fault.AUTH),
            (Gemini(), Fault.CLOSE_CODE),
        )
    ],
)
async def test_whatever_keeps_a_session_from_coming_back_the_call_goes_on(
    made_anew_by: SpeechVendor, fault: Fault, tmp_path: Path
) -> None:
    script = LiveScript(heard=SAID, mind=spoken_front_desk)
    setting = Setting(script, made_anew_by, language_model=FrontDeskModel())
    async with calling(tmp_path, setting) as call:
        await call.begin()
        heard = await call.talk(turns=1)
        script.kept.clear()
        call.vendor.faulty.fault = fault
        call.vendor.cut()
        await call.until(lambda: call.stt.config is not None)
        heard += [await says(call, text) for text in SAID[1:3]]
        record = await call.record()
    assert len(heard) == len(set(heard)) == 3, "nothing is said twice"
    assert heard[-1].startswith("Thank you"), heard
    used = [tool.name for tool in tell(record.entries).tools.values()]
    assert used == ["clinic.find_slots"], "nothing is done twice"
