"""Sessions with speech-to-speech models, through the vendor's own SDK against its protocol double."""

from __future__ import annotations

import asyncio
import base64
from dataclasses import replace

import pytest
from tests.conformance.endings import CANCEL_MAX_MS, ends_at_once
from tests.conformance.speech_vendors import BOUND_S, SOON, Call, Gemini, OpenAi, SpeechVendor, talking
from tests.doubles.faults import Fault, Faulty
from tests.doubles.openai_realtime import Script, Spoken

from antiphon.providers.sessions import SessionLimits
from antiphon.speech.ports import (
    CallerWords,
    SessionLost,
    SpokenAudio,
    SpokenEnded,
    SpokenStarted,
    SpokenToolCall,
)


@pytest.fixture(params=[OpenAi(), Gemini()], ids=lambda vendor: vendor.name)
def vendor(request: pytest.FixtureRequest) -> SpeechVendor:
    chosen: SpeechVendor = request.param
    return chosen


@pytest.mark.parametrize("rate_hz", [8_000, 16_000])
async def test_it_speaks_when_asked_and_counts_what_it_cost(vendor: SpeechVendor, rate_hz: int) -> None:
    async with talking(vendor, Call(rate_hz=rate_hz)) as talk:
        talk.session.speak("Greet the caller.")
        await talk.until(lambda: talk.all(SpokenEnded))
        assert len(talk.all(SpokenStarted)) == 1
        assert {event.spoken for event in talk.all(SpokenAudio)} == {talk.spoken()}
        assert talk.text(talk.spoken()) == "Good morning."
        assert abs(talk.audio_ms(talk.spoken(), rate_hz) - vendor.carried_ms(600, rate_hz)) < 20
        assert talk.all(SpokenEnded) == [SpokenEnded(spoken=talk.spoken(), usage=vendor.usage)]


async def test_a_turn_we_ended_is_answered_and_its_words_come_along(vendor: SpeechVendor) -> None:
    async with talking(vendor, Call(provider_turns=False)) as talk:
        talk.session.push(bytes(3_200))
        talk.session.commit_turn()
        await talk.until(lambda: talk.all(SpokenEnded))
        words = [event for event in talk.all(CallerWords) if event.final]
        assert [event.text for event in words] == ["good morning"]


async def test_a_tool_is_asked_for_and_the_answer_goes_on_with_its_result(vendor: SpeechVendor) -> None:
    answers = [Spoken(items_ms=(), calls=[("find_slot", '{"day":"monday"}')]), Spoken(text="Monday at nine.")]
    async with talking(vendor, Call(script=Script(answers=answers))) as talk:
        talk.session.speak("Offer a time.")
        await talk.until(lambda: talk.all(SpokenEnded))
        call = talk.all(SpokenToolCall)[0]
        assert (call.name, call.arguments.replace(" ", "")) == ("find_slot", '{"day":"monday"}')
        assert talk.all(SpokenEnded)[0].spoken == call.spoken, "a reply that asks for a tool is over"
        talk.session.tool_result(call.call, '{"slots":["09:00"]}')
        await talk.until(lambda: len(talk.all(SpokenEnded)) == 2)
        assert talk.text(talk.spoken(1)) == "Monday at nine."
        peer = await talk.asked(0, vendor.results)
        assert vendor.results(peer) == [{"slots": ["09:00"]}]


async def test_a_result_that_is_no_object_reaches_the_model_too(vendor: SpeechVendor) -> None:
    answers = [Spoken(items_ms=(), calls=[("find_slot", "{}")]), Spoken()]
    async with talking(vendor, Call(script=Script(answers=answers))) as talk:
        talk.session.speak("Offer a time.")
        await talk.until(lambda: talk.all(SpokenEnded))
        talk.session.tool_result(talk.all(SpokenToolCall)[0].call, '["09:00"]')
        await talk.until(lambda: len(talk.all(SpokenEnded)) == 2)
        peer = await talk.asked(0, vendor.results)
        assert vendor.results(peer)[0] in (["09:00"], {"result": ["09:00"]})


@pytest.mark.parametrize("tools", [1, 2])
@pytest.mark.parametrize("meanwhile", [False, True])
async def test_what_a_tool_did_while_the_connection_broke_is_told_to_the_next_one_which_speaks_of_it_once(
    vendor: SpeechVendor, tools: int, *, meanwhile: bool
) -> None:
    """`meanwhile`: the tool ends before there is a connection again."""
    calls = [("find_slot", f'{{"day":{number}}}') for number in range(tools)]
    answers = [Spoken(items_ms=(), calls=calls), Spoken(text="Monday at nine.")]
    async with talking(vendor, Call(script=Script(answers=answers))) as talk:
        talk.session.speak("Offer a time.")
        await talk.until(lambda: talk.all(SpokenEnded))
        asked = [call.call for call in talk.all(SpokenToolCall)]
        assert len(asked) == tools
        talk.vendor.cut()
        if not meanwhile:
            await talk.asked(1, lambda seen: seen.received)
        for call in asked:
            talk.session.tool_result(call, f'{{"slots":["09:00 {call}"]}}')
        await talk.until(lambda: len(talk.all(SpokenEnded)) == 2)
        peer = await talk.vendor.peer(1)
        told = " ".join(text for _, text in vendor.told(peer))
        assert all(f"09:00 {call}" in told for call in asked)
        assert talk.text(talk.spoken(1)) == "Monday at nine."
        talk.session.speak("Say more.")
        await talk.until(lambda: len(talk.all(SpokenEnded)) == 3)
        assert len(talk.all(SpokenStarted)) == 3
        assert vendor.results(peer) == [], "it never asked for them"
        assert not talk.all(SessionLost)


@pytest.mark.parametrize("provider_turns", [True, False])
async def test_a_cut_reply_is_stopped_and_remembered_only_as_far_as_it_was_heard(
    vendor: SpeechVendor, provider_turns: bool
) -> None:
    script = Script(answers=[Spoken(hold=True), Spoken(text="What then?")])
    async with talking(vendor, Call(script=script, rate_hz=16_000, provider_turns=provider_turns)) as talk:
        talk.session.speak("Greet the caller.")
        await talk.until(lambda: any(event.pcm for event in talk.all(SpokenAudio)))
        heard = len(talk.all(SpokenAudio))
        talk.session.cut(talk.spoken(), 60)
        await talk.until(lambda: talk.all(SpokenEnded))
        await talk.asked(0, vendor.is_corrected)
        assert talk.all(SpokenEnded)[0].status == "cancelled"
        assert len(talk.all(SpokenAudio)) == heard, "audio that was under way is never heard"
        talk.session.push(bytes(6_400))
        talk.session.commit_turn()
        await talk.until(lambda: len(talk.all(SpokenEnded)) == 2)
        assert talk.text(talk.spoken(1)) == "What then?"


async def test_a_cut_after_the_reply_was_made_corrects_the_vendors_memory(vendor: SpeechVendor) -> None:
    async with talking(vendor, Call(rate_hz=16_000)) as talk:
        talk.session.speak("Greet the caller.")
        await talk.until(lambda: talk.all(SpokenEnded))
        talk.session.cut(talk.spoken(), 300)
        await talk.asked(0, vendor.is_corrected)


async def test_a_reply_heard_to_its_end_needs_no_correction(vendor: SpeechVendor) -> None:
    async with talking(vendor, Call(rate_hz=16_000)) as talk:
        talk.session.speak("Greet the caller.")
        await talk.until(lambda: talk.all(SpokenEnded))
        talk.session.cut(talk.spoken(), 600)
        talk.session.speak("Say more.")
        await talk.until(lambda: len(talk.all(SpokenEnded)) == 2)
        assert not vendor.is_corrected(await talk.vendor.peer())


async def test_a_picture_is_shown_beside_the_voice(vendor: SpeechVendor) -> None:
    async with talking(vendor, Call()) as talk:
        talk.session.show(b"\xff\xd8a picture", "image/jpeg")
        peer = await talk.asked(0, vendor.images)
        assert [base64.urlsafe_b64decode(image.translate(str.maketrans("+/", "-_"))) for image in
                vendor.images(peer)] == [b"\xff\xd8a picture"]  # fmt: skip


@pytest.mark.parametrize("after", [1, 4])
async def test_a_session_that_breaks_is_made_anew_from_our_own_log(vendor: SpeechVendor, after: int) -> None:
    history = (("agent", "Hello."), ("caller", "I need a visit."))
    faulty = Faulty(fault=Fault.DROP_MID_STREAM, after=after, times=1)
    async with talking(vendor, Call(history=history, faulty=faulty)) as talk:
        talk.session.speak("Greet the caller.")
        peer = await talk.asked(1, lambda seen: len(vendor.told(seen)) >= 2)
        assert tuple(vendor.told(peer)[:2]) == history
        assert not talk.all(SessionLost)


async def test_a_reply_under_way_has_failed_when_the_connection_breaks(vendor: SpeechVendor) -> None:
    async with talking(vendor, Call(script=Script(answers=[Spoken(hold=True), Spoken()]))) as talk:
        talk.session.speak("Greet the caller.")
        await talk.until(lambda: talk.all(SpokenAudio))
        talk.vendor.cut()
        await talk.until(lambda: talk.all(SpokenEnded))
        assert talk.all(SpokenEnded)[0] == SpokenEnded(spoken=talk.spoken(), status="failed")
        talk.session.speak("Greet the caller again.")
        await talk.until(lambda: len(talk.all(SpokenStarted)) == 2)
        assert not talk.all(SessionLost)


async def test_a_refused_key_loses_the_session_at_once_and_never_shows_the_key(vendor: SpeechVendor) -> None:
    async with talking(vendor, Call(key="wrong-key")) as talk:
        await talk.until(lambda: talk.all(SessionLost))
        assert len(talk.vendor.refused) + len(talk.vendor.peers) == 1
        lost = talk.all(SessionLost)[0]
        assert lost.rejected
        assert "wrong-key" not in lost.reason


@pytest.mark.parametrize(
    "fault",
    [Fault.REFUSE, Fault.CLOSE_CODE, Fault.RATE_LIMIT, Fault.MALFORMED, Fault.AUTH, Fault.HANG],
    ids=lambda fault: fault.value,
)
async def test_a_vendor_that_stays_away_is_given_up(vendor: SpeechVendor, fault: Fault) -> None:
    async with talking(vendor, Call(faulty=Faulty(fault=fault))) as talk:
        await talk.until(lambda: talk.all(SessionLost))
        assert len(talk.all(SessionLost)) == 1


@pytest.mark.parametrize("fault", [Fault.REFUSE, Fault.CLOSE_CODE, Fault.RATE_LIMIT, Fault.SLOW_FIRST_BYTE])
async def test_a_vendor_that_comes_back_is_spoken_to_and_nothing_is_lost(
    vendor: SpeechVendor, fault: Fault
) -> None:
    async with talking(vendor, Call(faulty=Faulty(fault=fault, times=1, retry_after_s=0))) as talk:
        talk.session.speak("Greet the caller.")
        await talk.until(lambda: talk.all(SpokenEnded))
        assert talk.text(talk.spoken()) == "Good morning."
        assert not talk.all(SessionLost)


async def test_a_caller_who_waits_for_the_session_loses_only_the_oldest_audio(vendor: SpeechVendor) -> None:
    async with talking(vendor, Call(faulty=Faulty(fault=Fault.HANG))) as talk:
        for _ in range(60):
            talk.session.push(bytes(1_600))  # 100 ms at 8 kHz.
        counters = talk.session.counters  # type: ignore[attr-defined]
        assert counters.audio_dropped_ms == 1_000


async def test_a_closed_session_tells_nothing_any_more_and_takes_no_longer_than_its_goodbye(
    vendor: SpeechVendor,
) -> None:
    assert SessionLimits().closing_ms <= CANCEL_MAX_MS, "and it is all that is waited for"
    call = Call(script=Script(answers=[Spoken(hold=True)]), limits=replace(SOON, closing_ms=0))
    async with talking(vendor, call) as talk:
        talk.session.speak("Greet the caller.")
        await talk.until(lambda: talk.all(SpokenAudio))
        said = len(talk.events)
        assert await ends_at_once(asyncio.create_task(talk.session.aclose()))
        peer = await talk.vendor.peer()
        async with asyncio.timeout(BOUND_S):
            await peer.gone.wait()
        assert len(talk.events) == said


async def test_a_session_that_is_not_there_yet_is_closed_at_once(vendor: SpeechVendor) -> None:
    call = Call(faulty=Faulty(fault=Fault.HANG), limits=replace(SOON, closing_ms=0))
    async with talking(vendor, call) as talk:
        async with asyncio.timeout(BOUND_S):
            peer = await talk.vendor.peer()
        assert await ends_at_once(asyncio.create_task(talk.session.aclose()))
        async with asyncio.timeout(BOUND_S):
            await peer.gone.wait()
        assert talk.events == []
