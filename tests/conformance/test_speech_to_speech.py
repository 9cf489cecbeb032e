"""Sessions with speech-to-speech models, through the vendor's own SDK against its protocol double."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import TypeVar

import pytest
from tests.doubles.faults import Fault, Faulty
from tests.doubles.openai_realtime import Script, Spoken, openai_realtime
from tests.doubles.socket_vendor import KEY, Peer, SocketVendor

from antiphon.providers.openai.realtime import OpenAiRealtime
from antiphon.providers.sessions import SessionLimits
from antiphon.speech.ports import (
    CallerWords,
    SessionEvent,
    SessionLost,
    SpeechSession,
    SpeechSessionConfig,
    SpokenAudio,
    SpokenEnded,
    SpokenStarted,
    SpokenTool,
    SpokenToolCall,
)

BOUND_S = 10.0
SOON = SessionLimits(connect_ms=2_000, retry_after_ms=(1, 1), closing_ms=200)
SLOT = SpokenTool(name="find_slot", description="Free times", parameters={"type": "object", "properties": {}})
E = TypeVar("E")


@dataclass
class Talk:
    """A session and what it said so far."""

    session: SpeechSession
    vendor: SocketVendor
    events: list[SessionEvent]
    came: asyncio.Event

    def all(self, kind: type[E]) -> list[E]:
        return [event for event in self.events if isinstance(event, kind)]

    async def until(self, condition: Callable[[], object]) -> None:
        async with asyncio.timeout(BOUND_S):
            while not condition():
                self.came.clear()
                await self.came.wait()

    async def asked(self, number: int, condition: Callable[[Peer], object]) -> Peer:
        """The vendor's side of one connection, once `condition` holds of it."""
        async with asyncio.timeout(BOUND_S):
            peer = await self.vendor.peer(number)
            await peer.until(lambda seen: bool(condition(seen)))
        return peer

    def audio_ms(self, spoken: str, rate_hz: int) -> float:
        samples = sum(len(event.pcm) // 2 for event in self.all(SpokenAudio) if event.spoken == spoken)
        return samples * 1000 / rate_hz


@dataclass
class Call:
    """What the session is opened with."""

    script: Script = field(default_factory=Script)
    rate_hz: int = 8_000
    provider_turns: bool = True
    history: tuple[tuple[str, str], ...] = ()
    faulty: Faulty = field(default_factory=Faulty)
    key: str = KEY


@contextlib.asynccontextmanager
async def talking(call: Call) -> AsyncIterator[Talk]:
    events: list[SessionEvent] = []
    came = asyncio.Event()

    def emit(event: SessionEvent) -> None:
        events.append(event)
        came.set()

    async with openai_realtime(call.script, faulty=call.faulty) as vendor:
        config = SpeechSessionConfig(
            sample_rate_hz=call.rate_hz,
            instructions="You are the front desk.",
            voice="marin",
            tools=(SLOT,),
            provider_turns=call.provider_turns,
            history=lambda: call.history,
        )
        model = OpenAiRealtime("gpt-realtime", call.key, f"{vendor.http_url}/v1", SOON)
        session = model.open(config, emit)
        try:
            yield Talk(session, vendor, events, came)
        finally:
            await session.aclose()
            assert not vendor.complaints


@pytest.mark.parametrize("rate_hz", [8_000, 16_000])
async def test_it_speaks_when_asked_and_counts_what_it_cost(rate_hz: int) -> None:
    async with talking(Call(rate_hz=rate_hz)) as talk:
        talk.session.speak("Greet the caller.")
        await talk.until(lambda: talk.all(SpokenEnded))
        assert talk.all(SpokenStarted) == [SpokenStarted(spoken="resp1")]
        assert "".join(event.text for event in talk.all(SpokenAudio)) == "Good morning."
        # The double sends the same bytes on either line: 24 kHz in two bytes, or 8 kHz mu-law in one.
        carried_ms = 600 if rate_hz == 16_000 else 600 * 6
        assert abs(talk.audio_ms("resp1", rate_hz) - carried_ms) < 20
        ended = talk.all(SpokenEnded)[0]
        assert ended.status == "completed"
        assert ended.usage == {
            "input_tokens": 120,
            "output_tokens": 70,
            "cached_tokens": 64,
            "input_audio_tokens": 80,
            "output_audio_tokens": 60,
        }


async def test_a_turn_we_ended_is_answered_and_its_words_come_along() -> None:
    async with talking(Call(provider_turns=False)) as talk:
        talk.session.push(bytes(3_200))
        talk.session.commit_turn()
        await talk.until(lambda: talk.all(SpokenEnded))
        assert talk.all(CallerWords) == [CallerWords(item="i1", text="good morning", final=True)]
        peer = await talk.asked(0, lambda seen: seen.of_type("response.create"))
        audio = peer.of_type("session.update")[0]["session"]["audio"]
        assert audio["input"]["turn_detection"] is None
        assert audio["input"]["format"] == {"type": "audio/pcmu"}


async def test_a_tool_is_asked_for_and_the_answer_goes_on_with_its_result() -> None:
    answers = [Spoken(items_ms=(), calls=[("find_slot", '{"day":"monday"}')]), Spoken(text="Monday at nine.")]
    async with talking(Call(script=Script(answers=answers))) as talk:
        talk.session.speak("Offer a time.")
        await talk.until(lambda: talk.all(SpokenToolCall))
        call = talk.all(SpokenToolCall)[0]
        assert (call.name, call.arguments) == ("find_slot", '{"day":"monday"}')
        talk.session.tool_result(call.call, '{"slots":["09:00"]}')
        await talk.until(lambda: len(talk.all(SpokenEnded)) == 2)
        assert talk.all(SpokenAudio)[0].text == "Monday at nine."
        peer = await talk.asked(0, lambda seen: len(seen.of_type("response.create")) == 2)
        output = peer.of_type("conversation.item.create")[-1]["item"]
        assert output == {
            "type": "function_call_output",
            "call_id": call.call,
            "output": '{"slots":["09:00"]}',
        }


async def test_a_cut_reply_is_stopped_and_remembered_only_as_far_as_it_was_heard() -> None:
    answers = [Spoken(hold=True), Spoken()]
    async with talking(Call(script=Script(answers=answers), rate_hz=16_000)) as talk:
        talk.session.speak("Greet the caller.")
        await talk.until(lambda: any(event.pcm for event in talk.all(SpokenAudio)))
        heard = len(talk.all(SpokenAudio))
        talk.session.cut("resp1", 60)
        await talk.until(lambda: talk.all(SpokenEnded))
        peer = await talk.asked(0, lambda seen: seen.of_type("conversation.item.truncate"))
        truncated = peer.of_type("conversation.item.truncate")[0]
        assert (truncated["item_id"], truncated["audio_end_ms"]) == ("item0", 60)
        assert peer.of_type("response.cancel")[0]["response_id"] == "resp1"
        assert talk.all(SpokenEnded)[0].status == "cancelled"
        assert len(talk.all(SpokenAudio)) == heard, "audio that was under way is never heard"


async def test_items_nobody_heard_are_taken_out_of_the_vendors_memory() -> None:
    script = Script(answers=[Spoken(items_ms=(300, 300, 300))])
    async with talking(Call(script=script, rate_hz=16_000)) as talk:
        talk.session.speak("Greet the caller.")
        await talk.until(lambda: talk.all(SpokenEnded))
        talk.session.cut("resp1", 400)
        peer = await talk.asked(0, lambda seen: seen.of_type("conversation.item.delete"))
        assert [item["item_id"] for item in peer.of_type("conversation.item.delete")] == ["item2"]
        truncated = peer.of_type("conversation.item.truncate")[0]
        assert (truncated["item_id"], truncated["audio_end_ms"]) == ("item1", 100)


async def test_a_session_that_breaks_is_made_anew_from_our_own_log() -> None:
    history = (("agent", "Hello."), ("caller", "I need a visit."))
    script = Script(answers=[Spoken(hold=True)])
    async with talking(Call(script=script, history=history)) as talk:
        talk.session.speak("Greet the caller.")
        await talk.until(lambda: talk.all(SpokenAudio))
        talk.vendor.cut()
        await talk.until(lambda: talk.all(SpokenEnded))
        assert talk.all(SpokenEnded)[0] == SpokenEnded(spoken="resp1", status="failed")
        peer = await talk.asked(1, lambda seen: len(seen.of_type("conversation.item.create")) == 2)
        said = [message["item"] for message in peer.of_type("conversation.item.create")]
        assert [(item["role"], item["content"][0]["text"]) for item in said] == [
            ("assistant", "Hello."),
            ("user", "I need a visit."),
        ]
        assert not talk.all(SessionLost)


async def test_a_refused_key_loses_the_session_at_once_and_never_shows_the_key() -> None:
    async with talking(Call(key="wrong-key")) as talk:
        await talk.until(lambda: talk.all(SessionLost))
        assert talk.vendor.refused == [401]
        assert "wrong-key" not in talk.all(SessionLost)[0].reason


@pytest.mark.parametrize(
    "fault",
    [Fault.REFUSE, Fault.CLOSE_CODE, Fault.RATE_LIMIT, Fault.MALFORMED],
    ids=lambda fault: fault.value,
)
async def test_a_vendor_that_stays_away_is_given_up(fault: Fault) -> None:
    async with talking(Call(faulty=Faulty(fault=fault))) as talk:
        await talk.until(lambda: talk.all(SessionLost))
        assert len(talk.all(SessionLost)) == 1


async def test_a_caller_who_waits_for_the_session_loses_only_the_oldest_audio() -> None:
    async with talking(Call(faulty=Faulty(fault=Fault.HANG))) as talk:
        for _ in range(60):
            talk.session.push(bytes(1_600))  # 100 ms at 8 kHz.
        counters = talk.session.counters  # type: ignore[attr-defined]
        assert counters.audio_dropped_ms == 1_000
