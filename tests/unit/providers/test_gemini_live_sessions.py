"""A Gemini Live call that outlives its connections: handles, `go_away`, our own log."""

from __future__ import annotations

from tests.conformance.speech_vendors import Call, Gemini, contents, inputs, talking
from tests.doubles.faults import Fault, Faulty
from tests.doubles.gemini_live_script import LiveScript
from tests.doubles.openai_realtime import Spoken
from tests.unit.providers.test_gemini_live import HISTORY, SLOTS, connection, greeted, say, tone

from antiphon.speech.ports import CallerWords, SessionLost, SpokenAudio, SpokenEnded, SpokenStarted

GEMINI = Gemini()


async def test_a_session_told_to_leave_is_taken_up_where_it_was() -> None:
    script = LiveScript()
    async with talking(GEMINI, Call(script=script, history=HISTORY)) as talk:
        await greeted(talk)
        await script.sessions[0].go_away()
        moved = await connection(talk, script, 1)
        assert moved.setup["sessionResumption"]["handle"] == "handle1"
        assert moved.known == script.sessions[0].known, "with everything the vendor knew"
        assert not GEMINI.told(moved.peer), "which is not told again"
        talk.session.speak("Go on.")
        await talk.until(lambda: len(talk.all(SpokenEnded)) == 2)
        assert [event.status for event in talk.all(SpokenEnded)] == ["completed", "completed"]
        assert not talk.all(SessionLost)


async def test_it_leaves_in_no_ones_words() -> None:
    script = LiveScript(answers=[Spoken(hold=True), Spoken()])
    async with talking(GEMINI, Call(script=script)) as talk:
        talk.session.speak("Greet the caller.")
        await talk.until(lambda: talk.all(SpokenAudio))
        await script.sessions[0].go_away()
        talk.session.show(b"x", "image/png")
        await talk.asked(0, GEMINI.images)
        assert len(script.sessions) == 1
        await script.sessions[0].over()
        await connection(talk, script, 1)
        assert talk.all(SpokenEnded)[0].status == "completed"


async def test_a_caller_in_the_middle_of_a_sentence_is_heard_out_first() -> None:
    script = LiveScript()
    async with talking(GEMINI, Call(script=script)) as talk:
        await greeted(talk)
        vendor = script.sessions[0]
        await vendor.content(inputTranscription={"text": "I would"})
        await vendor.go_away()
        await vendor.keep()
        say(talk)
        await talk.until(lambda: len(talk.all(SpokenEnded)) == 2)
        await connection(talk, script, 1)
        assert talk.all(SpokenEnded)[1].status == "completed"


async def test_a_handle_that_is_refused_leads_to_our_own_log() -> None:
    script = LiveScript()
    async with talking(GEMINI, Call(script=script, history=HISTORY)) as talk:
        await greeted(talk)
        script.kept.clear()
        await script.sessions[0].go_away()
        fresh = await connection(talk, script, 1, refused=1)
        await talk.asked(2, lambda seen: len(GEMINI.told(seen)) == 2)
        assert fresh.setup["sessionResumption"] == {}
        assert tuple(GEMINI.told(fresh.peer)) == HISTORY
        assert not talk.all(SessionLost)


async def test_a_quiet_line_that_breaks_is_taken_up_and_a_reply_that_breaks_is_not() -> None:
    script = LiveScript(answers=[Spoken(), Spoken(hold=True)])
    async with talking(GEMINI, Call(script=script, history=HISTORY)) as talk:
        await greeted(talk)
        talk.vendor.cut()
        assert (await connection(talk, script, 1)).setup["sessionResumption"]["handle"] == "handle1"
        await script.sessions[1].keep()
        talk.session.speak("Go on.")
        await talk.until(lambda: len(talk.all(SpokenStarted)) == 2)
        talk.vendor.cut()
        fresh = await connection(talk, script, 2)
        assert fresh.setup["sessionResumption"] == {}, "the handle is of the time before the reply"
        await talk.asked(2, lambda seen: tuple(GEMINI.told(seen)) == HISTORY)


async def test_what_the_vendor_kept_before_it_was_corrected_is_not_used() -> None:
    script = LiveScript()
    async with talking(GEMINI, Call(script=script, history=HISTORY)) as talk:
        await greeted(talk)
        talk.session.cut(talk.spoken(), 100)
        await talk.asked(0, GEMINI.is_corrected)
        await script.sessions[0].keep()  # Whether it knows of the correction cannot be told.
        talk.vendor.cut()
        assert (await connection(talk, script, 1)).setup["sessionResumption"] == {}
        talk.session.speak("Go on.")
        await talk.until(lambda: len(talk.all(SpokenEnded)) == 2)
        talk.vendor.cut()
        handle = (await connection(talk, script, 2)).setup["sessionResumption"]["handle"]
        assert "interrupted" not in str(script.kept[handle]), "a whole reply later it is trusted again"


async def test_a_line_does_not_move_while_a_tool_is_at_work() -> None:
    script = LiveScript(answers=[Spoken(), SLOTS, Spoken()])
    async with talking(GEMINI, Call(script=script)) as talk:
        await greeted(talk)
        talk.session.speak("Offer a time.")
        await talk.until(lambda: len(talk.all(SpokenEnded)) == 2)
        await script.sessions[0].keep()
        await script.sessions[0].go_away()
        talk.session.show(b"x", "image/png")
        await talk.asked(0, GEMINI.images)
        assert len(script.sessions) == 1


async def test_a_session_refused_halfway_is_tried_again_once_it_had_worked_and_else_given_up() -> None:
    script = LiveScript()
    async with talking(GEMINI, Call(script=script, history=HISTORY)) as talk:
        await greeted(talk)
        script.kept.clear()
        await script.sessions[0].peer.close(1007, "Request contains an invalid argument.")
        fresh = await connection(talk, script, 1, refused=1)
        await fresh.peer.close(1007, "Request contains an invalid argument.")
        await talk.until(lambda: talk.all(SessionLost))
        assert len(script.sessions) == 2


async def test_a_handle_from_before_the_callers_words_is_not_used() -> None:
    script = LiveScript()
    async with talking(GEMINI, Call(script=script, history=HISTORY)) as talk:
        await greeted(talk)
        await script.sessions[0].keep()
        await script.sessions[0].content(inputTranscription={"text": "I would"})
        await talk.until(lambda: talk.all(CallerWords))
        talk.vendor.cut()
        assert (await connection(talk, script, 1)).setup["sessionResumption"] == {}


async def test_a_handle_from_before_a_reply_of_its_own_accord_is_not_used() -> None:
    script = LiveScript()
    async with talking(GEMINI, Call(script=script, history=HISTORY)) as talk:
        await greeted(talk)
        await script.sessions[0].keep()
        await script.sessions[0].sound()
        await talk.until(lambda: len(talk.all(SpokenStarted)) == 2)
        talk.vendor.cut()
        assert (await connection(talk, script, 1)).setup["sessionResumption"] == {}


async def test_an_open_line_on_which_nobody_speaks_is_quiet() -> None:
    script = LiveScript()
    async with talking(GEMINI, Call(script=script, provider_turns=False)) as talk:
        await greeted(talk)
        talk.session.push(bytes(32_000))  # Two seconds of a turn of ours that has no sound.
        await talk.asked(0, lambda seen: len(inputs(seen)) >= 2)
        await script.sessions[0].go_away()
        moved = await connection(talk, script, 1)
        assert moved.setup["sessionResumption"]["handle"]


async def test_a_turn_of_ours_that_is_under_way_is_not_lost_in_a_move() -> None:
    script = LiveScript()
    async with talking(GEMINI, Call(script=script, provider_turns=False)) as talk:
        await greeted(talk)
        talk.session.push(tone(500))  # Half a second of it is with the vendor already.
        await talk.asked(0, lambda seen: len(inputs(seen)) >= 2)
        await script.sessions[0].go_away()
        talk.session.show(b"x", "image/png")
        await talk.asked(0, GEMINI.images)
        talk.session.commit_turn()
        await talk.until(lambda: len(talk.all(SpokenEnded)) == 2)
        await connection(talk, script, 1)
        assert len(script.sessions[0].audio) > 490 * 32
        assert [event.status for event in talk.all(SpokenEnded)] == ["completed", "completed"]


async def test_the_end_of_a_turn_that_asked_for_a_tool_is_not_the_end_of_the_next_reply() -> None:
    script = LiveScript(answers=[SLOTS, Spoken(text="", hold=True)])
    async with talking(GEMINI, Call(script=script)) as talk:
        await greeted(talk)
        talk.session.speak("Say that it takes a moment.")
        await talk.asked(0, lambda seen: len(contents(seen)) == 2)
        await script.sessions[0].content(turnComplete=True)
        await script.sessions[0].sound()
        await script.sessions[0].over()
        await talk.until(lambda: len(talk.all(SpokenEnded)) == 2)
        assert talk.audio_ms(talk.spoken(1), 8_000) == 100, "to the last sample"


async def test_what_is_heard_while_a_connection_is_made_is_not_taken_for_a_turn() -> None:
    script = LiveScript()
    call = Call(script=script, faulty=Faulty(fault=Fault.SLOW_FIRST_BYTE, delay_ms=100))
    async with talking(GEMINI, call) as talk:
        talk.session.speak("Say hello.")
        await talk.asked(0, lambda seen: seen.received)
        call.history = (("agent", "Good morning."),)
        await talk.until(lambda: talk.all(SpokenEnded))
        assert [who for who, _ in script.sessions[0].known.items] == ["wish", "agent"]
