"""What only Gemini Live does; what every vendor owes is in the contract suite."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pytest
from tests.conformance.speech_vendors import Call, Gemini, Talk, contents, inputs, talking
from tests.doubles.gemini_live import LiveConnection
from tests.doubles.gemini_live_script import LiveScript
from tests.doubles.openai_realtime import Spoken

from antiphon.errors import ConfigError
from antiphon.providers.gemini.live import GeminiLive
from antiphon.speech.ports import (
    CallerTurnSeen,
    CallerWords,
    SessionLost,
    SpokenAudio,
    SpokenEnded,
    SpokenStarted,
    SpokenToolCall,
    TurnMoment,
)

GEMINI = Gemini()
HISTORY = (("agent", "Hello."), ("caller", "I need a visit."))
SLOTS = Spoken(items_ms=(), calls=[("find_slot", "{}")])


def tone(duration_ms: int, rate_hz: int = 8_000, tone_hz: int = 440) -> bytes:
    at = np.arange(rate_hz * duration_ms // 1000) / rate_hz
    return (9_000 * np.sin(2 * np.pi * tone_hz * at)).astype("<i2").tobytes()


def say(talk: Talk, duration_ms: int = 400) -> None:
    """The caller says something and is silent after it."""
    talk.session.push(tone(duration_ms))
    for _ in range(5):
        talk.session.push(bytes(1_600))


async def connection(talk: Talk, script: LiveScript, number: int = 0, *, refused: int = 0) -> LiveConnection:
    """The session of this number, after so many connections that were not let in."""
    await talk.asked(number + refused, lambda seen: len(script.sessions) > number)
    return script.sessions[number]


async def greeted(talk: Talk) -> None:
    talk.session.speak("Greet the caller.")
    await talk.until(lambda: talk.all(SpokenEnded))


# ---------------------------------------------------------------- what is asked for


async def test_the_setup_asks_for_all_a_call_needs() -> None:
    script = LiveScript()
    async with talking(GEMINI, Call(script=script)) as talk:
        setup = (await connection(talk, script)).setup
        assert setup["generationConfig"]["responseModalities"] == ["AUDIO"]
        assert setup["systemInstruction"]["parts"] == [{"text": "You are the front desk."}]
        assert "Kore" in str(setup["generationConfig"]["speechConfig"])
        assert setup["sessionResumption"] == {}, "handles are wanted, none is there yet"
        assert "inputAudioTranscription" in setup and "outputAudioTranscription" in setup
        assert setup["contextWindowCompression"], "else sound ends after 15 minutes"
        declared = setup["tools"][0]["functionDeclarations"][0]
        assert declared["name"] == "find_slot"
        assert declared["behavior"] == "BLOCKING", "nothing is promised before the tool has said so"


async def test_the_callers_sound_arrives_at_16_khz_as_it_was_said() -> None:
    script = LiveScript()
    async with talking(GEMINI, Call(script=script)) as talk:
        for start in range(0, 16_000, 320):
            talk.session.push(tone(1_000)[start : start + 320])
        peer = await talk.asked(0, lambda seen: len(inputs(seen)) >= 50)
        assert all("audio" in told for told in inputs(peer))
        heard = np.frombuffer(script.sessions[0].audio, "<i2")
        assert 15_800 <= len(heard) <= 16_000
        spectrum = np.abs(np.fft.rfft(heard[:15_800]))
        assert abs(np.argmax(spectrum) * 16_000 / 15_800 - 440) < 2


# ---------------------------------------------------------------- turns by the vendor


async def test_the_vendors_detection_begins_and_ends_the_callers_turn() -> None:
    async with talking(GEMINI, Call()) as talk:
        say(talk)
        await talk.until(lambda: talk.all(SpokenEnded))
        seen = [event.moment for event in talk.all(CallerTurnSeen)]
        assert seen == [TurnMoment.STARTED, TurnMoment.ENDED]
        assert talk.all(CallerWords)[-1] == CallerWords(item="c0", text="good morning", final=True)


async def test_a_caller_who_speaks_over_a_reply_ends_it_and_the_vendor_learns_what_was_heard() -> None:
    script = LiveScript(answers=[Spoken(text="We open at nine.", hold=True), Spoken(text="Sure.")])
    async with talking(GEMINI, Call(script=script)) as talk:
        talk.session.speak("Tell the hours.")
        await talk.until(lambda: talk.all(SpokenAudio))
        for _ in range(5):
            await script.sessions[0].sound()
        talk.session.push(tone(200))
        await talk.until(lambda: talk.all(SpokenEnded))
        assert talk.all(SpokenEnded)[0].status == "cancelled"
        assert talk.all(CallerTurnSeen)[-1].moment is TurnMoment.STARTED
        talk.session.cut(talk.spoken(), 590)  # All the words were there; the voice was at the third.
        peer = await talk.asked(0, GEMINI.is_corrected)
        assert '"We open"' in GEMINI.told(peer)[-1][1]
        assert contents(peer)[-1]["turnComplete"] is False, "a correction is not answered"
        for _ in range(5):
            talk.session.push(bytes(1_600))
        await talk.until(lambda: len(talk.all(SpokenEnded)) == 2)
        assert talk.text(talk.spoken(1)) == "Sure."


async def test_a_correction_never_stops_the_reply_that_came_after() -> None:
    script = LiveScript(answers=[Spoken(), Spoken(text="Yes?", hold=True)])
    async with talking(GEMINI, Call(script=script)) as talk:
        await greeted(talk)
        talk.session.speak("Ask on.")
        await talk.until(lambda: len(talk.all(SpokenStarted)) == 2)
        talk.session.cut(talk.spoken(0), 100)
        talk.session.show(b"x", "image/png")  # Goes out after whatever the cut had sent.
        peer = await talk.asked(0, GEMINI.images)
        assert not GEMINI.is_corrected(peer)
        await script.sessions[0].over()
        await talk.asked(0, GEMINI.is_corrected)
        assert [event.status for event in talk.all(SpokenEnded)] == ["completed", "completed"]


# ---------------------------------------------------------------- turns by us


async def test_what_is_said_over_a_reply_is_held_back_until_the_reply_is_cut() -> None:
    script = LiveScript(answers=[Spoken(hold=True), Spoken()])
    async with talking(GEMINI, Call(script=script, provider_turns=False)) as talk:
        talk.session.speak("Greet the caller.")
        await talk.until(lambda: talk.all(SpokenAudio))
        talk.session.push(tone(300))
        talk.session.show(b"x", "image/png")
        peer = await talk.asked(0, GEMINI.images)
        assert not script.sessions[0].audio, "a cough does not stop the reply"
        talk.session.cut(talk.spoken(), 40)
        talk.session.commit_turn()
        await talk.until(lambda: len(talk.all(SpokenEnded)) == 2)
        assert len(script.sessions[0].audio) > 290 * 32
        kinds = [next(iter(told)) for told in inputs(peer)]
        assert kinds == ["video", "activityStart", "audio", "activityEnd"]


# ---------------------------------------------------------------- replies


async def test_what_it_says_with_a_tools_result_is_another_reply_and_each_is_charged() -> None:
    script = LiveScript(answers=[SLOTS, Spoken(text="Monday.")])
    async with talking(GEMINI, Call(script=script)) as talk:
        await greeted(talk)
        talk.session.tool_result(talk.all(SpokenToolCall)[0].call, "{}")
        await talk.until(lambda: len(talk.all(SpokenEnded)) == 2)
        assert [event.usage for event in talk.all(SpokenEnded)] == script.bills
        assert len(script.bills) == 2


async def test_a_result_that_comes_after_the_call_was_withdrawn_is_told_as_what_it_is() -> None:
    script = LiveScript(answers=[SLOTS, Spoken(text="Sorry?")])
    async with talking(GEMINI, Call(script=script)) as talk:
        await greeted(talk)
        say(talk)
        await talk.until(lambda: len(talk.all(SpokenEnded)) == 2)
        talk.session.tool_result(talk.all(SpokenToolCall)[0].call, '{"booked":true}')
        peer = await talk.asked(0, lambda seen: '{"booked":true}' in str(GEMINI.told(seen)))
        assert GEMINI.told(peer)[-1][0] == "note" and not GEMINI.results(peer)


async def test_sound_while_a_tool_is_at_work_does_not_withdraw_its_call() -> None:
    script = LiveScript(answers=[SLOTS, Spoken(text="Monday.")])
    async with talking(GEMINI, Call(script=script, provider_turns=False)) as talk:
        await greeted(talk)
        talk.session.push(bytes(3_200))
        talk.session.tool_result(talk.all(SpokenToolCall)[0].call, "{}")
        await talk.until(lambda: len(talk.all(SpokenEnded)) == 2)
        assert talk.text(talk.spoken(1)) == "Monday."
        assert not inputs(await talk.vendor.peer())
        talk.session.push(bytes(3_200))
        await talk.asked(0, inputs)


async def test_after_the_last_withdrawn_result_the_reply_waited_for_is_told_to_be_none() -> None:
    script = LiveScript(answers=[SLOTS, Spoken(hold=True)])
    async with talking(GEMINI, Call(script=script, provider_turns=False)) as talk:
        await greeted(talk)
        talk.session.cut(talk.spoken(), 0)
        talk.session.show(b"x", "image/png")
        await talk.asked(0, GEMINI.images)  # By now the call was withdrawn.
        await script.sessions[0].content(inputTranscription={"text": "Wait."})
        await talk.until(lambda: talk.all(CallerWords))
        talk.session.tool_result(talk.all(SpokenToolCall)[0].call, "{}")
        talk.session.commit_turn()
        await talk.until(lambda: len(talk.all(SpokenStarted)) == 3)
        assert talk.all(SpokenEnded)[1] == SpokenEnded(spoken=talk.spoken(1), status="cancelled")
        assert {event.spoken for event in talk.all(SpokenAudio)} == {talk.spoken(2)}


async def test_a_result_that_crosses_the_withdrawal_brings_no_reply_and_is_told_as_what_it_is() -> None:
    script = LiveScript(answers=[SLOTS, Spoken(text="Good.")])
    async with talking(GEMINI, Call(script=script, provider_turns=False)) as talk:
        await greeted(talk)
        talk.session.cut(talk.spoken(), 0)  # The vendor withdraws the call, and we do not know it yet.
        talk.session.tool_result(talk.all(SpokenToolCall)[0].call, '{"booked":true}')
        await talk.until(lambda: len(talk.all(SpokenEnded)) == 2)
        assert talk.all(SpokenEnded)[1] == SpokenEnded(spoken=talk.spoken(1), status="cancelled")
        talk.session.push(tone(200))
        talk.session.commit_turn()
        await talk.until(lambda: len(talk.all(SpokenEnded)) == 3)
        assert talk.text(talk.spoken(2)) == "Good."
        await talk.asked(0, lambda seen: '{"booked":true}' in str(GEMINI.told(seen)))
        assert not script.sessions[0].results, "nobody was waiting for it any more"


async def test_a_reply_stopped_before_its_first_sound_is_told_as_cancelled() -> None:
    script = LiveScript(answers=[Spoken(text="", hold=True), Spoken(text="Good.")])
    async with talking(GEMINI, Call(script=script, provider_turns=False)) as talk:
        talk.session.commit_turn()
        talk.session.push(tone(200))  # He goes on.
        talk.session.commit_turn()
        await talk.until(lambda: len(talk.all(SpokenEnded)) == 2)
        assert [event.status for event in talk.all(SpokenEnded)] == ["cancelled", "completed"]
        assert talk.text(talk.spoken(1)) == "Good."


async def test_a_turn_closed_to_ask_by_text_has_no_reply_of_its_own() -> None:
    script = LiveScript(answers=[Spoken(text="", hold=True), Spoken(text="Are you there?")])
    async with talking(GEMINI, Call(script=script, provider_turns=False)) as talk:
        talk.session.push(bytes(3_200))
        talk.session.speak("Ask again.")
        await talk.until(lambda: talk.all(SpokenEnded))
        assert [event.status for event in talk.all(SpokenEnded)] == ["completed"]
        assert talk.text(talk.spoken()) == "Are you there?"


async def test_a_result_for_a_connection_that_is_gone_goes_on_from_there() -> None:
    script = LiveScript(answers=[SLOTS, Spoken(text="Monday at nine.")])
    async with talking(GEMINI, Call(script=script, history=HISTORY)) as talk:
        await greeted(talk)
        talk.vendor.cut()
        await talk.asked(1, lambda seen: len(GEMINI.told(seen)) == 2)
        talk.session.tool_result(talk.all(SpokenToolCall)[0].call, '{"slots":["09:00"]}')
        await talk.until(lambda: len(talk.all(SpokenEnded)) == 2)
        assert talk.text(talk.spoken(1)) == "Monday at nine."


async def test_a_reply_whose_end_is_never_told_ends_where_the_next_begins() -> None:
    script = LiveScript(answers=[Spoken(hold=True)])
    async with talking(GEMINI, Call(script=script)) as talk:
        talk.session.speak("Greet the caller.")
        await talk.until(lambda: talk.all(SpokenAudio))
        vendor = script.sessions[0]
        await vendor.content(generationComplete=True)
        await vendor.sound()
        await talk.until(lambda: len(talk.all(SpokenStarted)) == 2)
        assert talk.all(SpokenEnded)[0].spoken == talk.spoken(0)


@pytest.mark.parametrize(
    ("reason", "status"), [("MALFORMED_FUNCTION_CALL", "failed"), ("NEED_MORE_INPUT", "completed")]
)
async def test_a_turn_without_a_word_still_ends(reason: str, status: str) -> None:
    script = LiveScript(answers=[Spoken(text="", hold=True)])
    async with talking(GEMINI, Call(script=script)) as talk:
        talk.session.speak("Greet the caller.")
        await talk.asked(0, contents)
        await script.sessions[0].content(turnComplete=True, turnCompleteReason=reason)
        await talk.until(lambda: talk.all(SpokenEnded))
        assert talk.all(SpokenEnded)[0].status == status and not talk.all(SpokenAudio)


async def test_one_message_may_say_everything_at_once_and_things_we_never_heard_of() -> None:
    script = LiveScript(answers=[Spoken(text="", hold=True)])
    async with talking(GEMINI, Call(script=script)) as talk:
        talk.session.speak("Greet the caller.")
        await talk.asked(0, contents)
        part = {"inlineData": {"mimeType": "audio/pcm;rate=24000", "data": "AAAAAA=="}}
        message: dict[str, Any] = {
            "serverContent": {
                "inputTranscription": {"text": "Hi."},
                "modelTurn": {"parts": [{"text": "Let me think.", "thought": True}, part]},
                "outputTranscription": {"text": "Hello."},
                "turnComplete": True,
            },
            "usageMetadata": {"promptTokenCount": 7},
            "goAway": {"timeLeft": "60s"},
            "somethingNew": {"a": 1},
        }
        await script.sessions[0].peer.send(message)
        await talk.until(lambda: talk.all(SpokenEnded))
        assert talk.text(talk.spoken()) == "Hello.", "thoughts are never spoken"
        assert [event.text for event in talk.all(CallerWords) if event.final] == ["Hi."]
        assert talk.all(SpokenEnded)[0].usage["input_tokens"] == 7
        assert not talk.all(SessionLost)


def test_without_the_sdk_the_error_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "google.genai", None)
    with pytest.raises(ConfigError, match=r"antiphon\[google\]"):
        GeminiLive("m", "k")
