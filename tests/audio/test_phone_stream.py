"""The clinic on a phone carrier's media stream: a real socket, an independent client, one whole call."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

import numpy as np
import pytest
import pytest_asyncio
from tests.audio.real_lines import Watched, assert_replays_exactly
from tests.doubles.twilio_stream import CarriedCall, TwilioStream
from websockets.exceptions import ConnectionClosed

from antiphon.audio import g711
from antiphon.calls.carriers import carrier_server
from antiphon.calls.streams import StreamServer
from antiphon.conversation import commands as cmd
from antiphon.conversation import events as ev
from antiphon.quality.wer import wer
from antiphon.runtime.records.lines import CallRecord

pytestmark = [pytest.mark.models, pytest.mark.light, pytest.mark.asyncio(loop_scope="module")]

PHONE_HZ = 8000
QUESTION = "What time do you open on Monday?"
INTERRUPTION = "Sorry, wait, do you take Aetna insurance?"
AFTERWARDS = "And where can I park?"
# Onset confirmed by two windows, the pause on the line, a busy machine; a person calls half a second rude.
CLEAR_WITHIN_MS = 500
FADE_MS = 40


@dataclass(slots=True, kw_only=True)
class PhoneCall:
    """What one phone saw and heard of its call; times are its own media time."""

    greeting: str = ""
    answer: str = ""
    last_answer: str = ""
    interrupted_ms: int = 0
    interruption_ended_ms: int = 0
    cleared_ms: int = -1
    media_after_clear_ms: list[int] = field(default_factory=list)
    marks_sent: list[str] = field(default_factory=list)
    garbage_closed: tuple[int | None, str] = (None, "")
    garbage_counted: int = 0
    call_id: str = ""


class Phones:
    """The carrier's side of the clinic's number."""

    def __init__(self, watched: Watched, server: StreamServer) -> None:
        self.watched, self.server = watched, server

    def stream(self, call_sid: str) -> TwilioStream:
        url = f"ws://127.0.0.1:{self.server.port}/calls/twilio/clinic/media"
        return TwilioStream(url, call_sid=call_sid, stream_sid=f"MZ-{call_sid}")

    async def voice(self, text: str) -> bytes:
        samples = await self.watched.render(text, rate_hz=PHONE_HZ)
        return g711.encode(samples).tobytes()

    async def words(self, mulaw: bytes | bytearray) -> str:
        samples = g711.decode(np.frombuffer(bytes(mulaw), np.uint8))
        return await self.watched.words_of(samples, PHONE_HZ)


@asynccontextmanager
async def ringing(watched: Watched) -> AsyncIterator[Phones]:
    server = carrier_server(watched.stack.exchange, None, knows_agent=lambda agent: agent == "clinic")
    await server.start()
    try:
        yield Phones(watched, server)
    finally:
        await server.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def phone_call(watched: Watched) -> PhoneCall:
    """One call from greeting to `stop`; the tests below look at what came of it."""
    seen = PhoneCall()
    async with ringing(watched) as phones:
        question, interruption, afterwards = [
            await phones.voice(text) for text in (QUESTION, INTERRUPTION, AFTERWARDS)
        ]
        async with phones.stream("CA-patient") as stream:
            await stream.begin()
            async with CarriedCall(stream) as call:
                await call.until_answered()
                seen.call_id = watched.stack.exchange.active()[0].call_id
                greeted_ms = call.now_ms
                call.say(question)
                await call.until_spoken()
                await call.until_answered()
                answered_ms = call.now_ms
                await stream.press("7")
                await call.until_answered()
                await _interrupt(call, seen, question, interruption)
                await call.until_answered()
                await _garbage_beside(phones, call, seen, afterwards)
            await stream.stop()
            await stream.until_closed()
        seen.marks_sent = [item["mark"]["name"] for item in stream.received if item["event"] == "mark"]
        seen.greeting = await phones.words(call.heard[: greeted_ms * 8])
        seen.answer = await phones.words(call.heard[greeted_ms * 8 : answered_ms * 8])
    async with asyncio.timeout(30):
        await watched.stack.exchange.wait_ended(seen.call_id)
    return seen


async def _interrupt(call: CarriedCall, seen: PhoneCall, question: bytes, interruption: bytes) -> None:
    """Ask again, and talk into the answer as soon as there is one."""
    stream = call.stream
    call.say(question)
    await call.until_spoken()
    silent_ms = call.now_ms
    await call.until(lambda: len(call.heard[silent_ms * 8 :].strip(b"\xff")) > 400 * 8, within_s=30)
    clears = stream.clears
    onset = len(interruption) - len(interruption.lstrip(b"\xff\x7f"))
    seen.interrupted_ms = call.say(interruption) + onset // 8
    await call.until_spoken()
    seen.interruption_ended_ms = call.now_ms
    assert stream.clears > clears, "nobody stopped talking"
    arrived = list(zip(stream.received, call.arrived_at_ms, strict=False))
    spoken_over = [(item["event"], at_ms) for item, at_ms in arrived if at_ms > seen.interrupted_ms]
    seen.cleared_ms = next(at_ms for event, at_ms in spoken_over if event == "clear")
    seen.media_after_clear_ms = [
        at_ms for event, at_ms in spoken_over if event == "media" and at_ms > seen.cleared_ms
    ]


async def _garbage_beside(phones: Phones, call: CarriedCall, seen: PhoneCall, afterwards: bytes) -> None:
    """A second stream sends what no carrier sends while the first asks one more thing."""
    asked_ms = call.now_ms
    call.say(afterwards)
    async with phones.stream("CA-garbage") as other:
        await other.send("this is not JSON {")
        await other.begin()
        await other.send(
            {"event": "media", "streamSid": other.stream_sid, "media": {"payload": "@@not base64@@"}}
        )
        await other.send({"event": "media", "streamSid": "MZ-of-another", "media": {"payload": "//8="}})
        await other.send({"event": "media"})
        await other.send("[" * 10_000)
        await other.send(b"\x00\xfe binary")
        await other.send({"event": "tomorrow's invention"})
        await other.until(lambda stream: bool(stream.received))  # It is greeted all the same.
        seen.garbage_counted = phones.server.counted["bad_message"]
        with suppress(ConnectionClosed):  # It may be cut off while it is still sending.
            await other.send("x" * 200_000)
        async with asyncio.timeout(10):
            seen.garbage_closed = await other.until_closed()
    await call.until_spoken()
    await call.until_answered()
    seen.last_answer = await phones.words(call.heard[asked_ms * 8 :])


async def test_the_greeting_is_heard_as_it_is_written(watched: Watched, phone_call: PhoneCall) -> None:
    assert wer(watched.clinic.opening, phone_call.greeting).rate <= 0.25, phone_call.greeting


async def test_a_question_is_answered_in_words_the_phone_carries(phone_call: PhoneCall) -> None:
    assert re.search(r"\b(8|eight)\b", phone_call.answer, re.IGNORECASE), phone_call.answer


async def test_a_voice_over_the_answer_clears_the_line_and_nothing_old_follows(phone_call: PhoneCall) -> None:
    assert 0 <= phone_call.cleared_ms - phone_call.interrupted_ms <= CLEAR_WITHIN_MS
    leaked = [
        at_ms
        for at_ms in phone_call.media_after_clear_ms
        if at_ms - phone_call.cleared_ms > FADE_MS and at_ms < phone_call.interruption_ended_ms
    ]
    assert not leaked


async def test_keys_and_what_was_cut_are_in_the_record(watched: Watched, phone_call: PhoneCall) -> None:
    record = watched.record(phone_call.call_id)
    assert [event.digit for event in record.events if isinstance(event, ev.DtmfReceived)] == ["7"]
    cut = [command for command in _commands(record, cmd.ReportHeard) if not command.complete]
    assert cut and phone_call.marks_sent
    assert len(set(phone_call.marks_sent)) == len(phone_call.marks_sent)


async def test_garbage_on_one_stream_costs_that_stream_alone(watched: Watched, phone_call: PhoneCall) -> None:
    assert phone_call.garbage_counted >= 6
    assert phone_call.garbage_closed[0] is not None
    assert re.search(r"park|garage|lot|street", phone_call.last_answer, re.IGNORECASE), phone_call.last_answer


async def test_the_call_ends_with_stop_and_its_record_replays(
    watched: Watched, phone_call: PhoneCall
) -> None:
    outcome = watched.stack.exchange.outcome("CA-patient")  # The carrier asks by its own id.
    assert outcome is not None and outcome.cause == "caller_hangup"
    assert outcome.call_id == phone_call.call_id
    assert_replays_exactly(watched.record(phone_call.call_id))
    assert not watched.errors
    assert not watched.stack.plane.live_calls


def _commands(record: CallRecord, kind: type[cmd.ReportHeard]) -> list[cmd.ReportHeard]:
    found = [entry for entry in record.entries if hasattr(entry, "command")]
    return [entry.command for entry in found if isinstance(entry.command, kind)]
