"""What every vendor that hears owes a call, on the real SDK against the vendor's double."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from tests.conformance.endings import CANCEL_MAX_MS, ends_at_once
from tests.conformance.stt_vendors import HASTY, PATIENT, VENDORS, WAIT_S, Ear, SttVendor, push, say, settle
from tests.doubles.faults import Fault, Faulty

from antiphon.providers.listening import ListeningLimits
from antiphon.speech.ports import SttConfig, TurnMoment

PHONE = SttConfig(sample_rate_hz=8_000)

pytestmark = pytest.mark.parametrize("vendor", VENDORS, ids=lambda vendor: vendor.name)


async def test_words_come_while_they_are_said_and_then_for_good(vendor: SttVendor) -> None:
    ear = Ear()
    async with vendor.bench() as (_, stt):
        stream = stt.open(PHONE, ear)
        await say(stream, "hello please book my visit on monday")
        final = await ear.final()
        await stream.aclose()
    assert final.text == "hello please book my visit on monday"
    assert not final.lost
    assert final.took_ms >= 0
    assert (final.confidence < 1.0) == vendor.confident
    texts = [partial.text for partial in ear.partials]
    assert texts, "no partials"
    assert all(final.text.startswith(text) for text in texts)
    assert texts == sorted(texts, key=len)


async def test_words_are_dated_from_the_beginning_of_their_segment(vendor: SttVendor) -> None:
    ear = Ear()
    async with vendor.bench() as (_, stt):
        stream = stt.open(PHONE, ear)
        for number, text in enumerate(("hello please", "book my visit")):
            await say(stream, text)
            final = await ear.final(number)
            stream.turn_committed()
        await stream.aclose()
    if vendor.word_times:
        assert final.word_ends_ms == pytest.approx((100, 240, 380), abs=20)
    else:
        assert final.word_ends_ms == ()


async def test_every_end_of_speech_has_one_final_and_a_segment_grows_until_it_is_committed(
    vendor: SttVendor,
) -> None:
    ear = Ear()
    async with vendor.bench() as (_, stt):
        stream = stt.open(PHONE, ear)
        await say(stream, "hello please")
        await ear.final(0)
        await say(stream, "book my visit")
        await ear.final(1)
        stream.turn_committed()
        await say(stream, "on monday")
        await ear.final(2)
        await say(stream, "at nine")
        await ear.final(3)
        await stream.aclose()
    assert [(final.segment, final.text) for final in ear.finals] == [
        (0, "hello please"),
        (0, "hello please book my visit"),
        (1, "on monday"),
        (1, "on monday at nine"),
    ]


async def test_a_final_that_comes_after_the_turn_was_committed_is_still_its_own(vendor: SttVendor) -> None:
    ear = Ear()
    async with vendor.bench() as (_, stt):
        stream = stt.open(PHONE, ear)
        await say(stream, "hello please")
        stream.turn_committed()
        await say(stream, "book my visit")
        stream.turn_committed()
        await ear.final(1)
        await stream.aclose()
    assert [(final.segment, final.text) for final in ear.finals] == [
        (0, "hello please"),
        (1, "book my visit"),
    ]


async def test_speech_without_words_gives_an_empty_final_that_is_not_lost(vendor: SttVendor) -> None:
    ear = Ear()
    async with vendor.bench() as (_, stt):
        stream = stt.open(PHONE, ear)
        if vendor.doubts_silence:
            await say(stream, "hello")
            await ear.final()
            stream.turn_committed()
        before = len(ear.finals)
        stream.speech_started()
        for _ in range(60):
            stream.push(bytes(320))
            await asyncio.sleep(0)
        stream.speech_stopped()
        final = await ear.final(before)
        await stream.aclose()
    assert (final.text, final.lost) == ("", False)


@pytest.mark.parametrize("rate_hz", [8_000, 11_025, 16_000, 24_000, 48_000])
async def test_a_line_of_any_rate_is_heard(vendor: SttVendor, rate_hz: int) -> None:
    ear = Ear()
    async with vendor.bench() as (_, stt):
        stream = stt.open(SttConfig(sample_rate_hz=rate_hz), ear)
        await say(stream, "yes no tuesday friday thanks", rate_hz, block=rate_hz // 50 * 2)
        assert (await ear.final()).text == "yes no tuesday friday thanks"
        await stream.aclose()


@pytest.mark.parametrize("block", [1, 321, 2_003, 100_000])
async def test_blocks_of_any_length_are_heard_the_same(vendor: SttVendor, block: int) -> None:
    ear = Ear()
    async with vendor.bench() as (_, stt):
        stream = stt.open(PHONE, ear)
        await say(stream, "yes no thanks", block=block)
        assert (await ear.final()).text == "yes no thanks"
        await stream.aclose()


async def test_language_and_vocabulary_reach_the_vendor(vendor: SttVendor) -> None:
    config = SttConfig(sample_rate_hz=8_000, language="es-MX", vocabulary=("Garcia", "Riverside Clinic"))
    ear = Ear()
    async with vendor.bench() as (double, stt):
        stream = stt.open(config, ear)
        await say(stream, "yes")
        await ear.final()
        peer = await double.peer()
        assert vendor.language(peer) in {"es", "es-MX"}
        assert list(vendor.terms(peer)) == (["Garcia", "Riverside Clinic"] if vendor.takes_terms else [])
        await stream.aclose()


async def test_an_expectation_in_the_middle_of_a_call_replaces_the_one_before(vendor: SttVendor) -> None:
    config = SttConfig(sample_rate_hz=8_000, vocabulary=("Garcia",))
    ear = Ear()
    async with vendor.bench() as (double, stt):
        stream = stt.open(config, ear)
        await say(stream, "yes")
        await ear.final()
        peer = await double.peer()
        for phrases in (["monday"], ["nine thirty", "ten"]):
            stream.expect(phrases)
        told = ["nine thirty", "ten", "Garcia"] if vendor.takes_terms else []
        if vendor.terms_ahead:
            async with asyncio.timeout(WAIT_S):
                await peer.until(lambda peer: list(vendor.terms(peer)) == told)
        await say(stream, "ten")
        assert (await ear.final(1)).text == "yes ten"
        assert list(vendor.terms(peer)) == told
        await stream.aclose()


async def test_the_connection_is_there_before_anybody_speaks_and_stays(vendor: SttVendor) -> None:
    ear = Ear()
    async with vendor.bench() as (double, stt):
        stream = stt.open(PHONE, ear)
        async with asyncio.timeout(WAIT_S):
            await double.peer()
        for number in range(3):
            await say(stream, "hello")
            await ear.final(number)
            stream.turn_committed()
        assert len(double.peers) == 1
        await stream.aclose()


async def test_a_connection_that_breaks_in_the_middle_is_replaced_and_nothing_is_lost_or_doubled(
    vendor: SttVendor,
) -> None:
    ear = Ear()
    async with vendor.bench() as (double, stt):
        stream = stt.open(PHONE, ear)
        await say(stream, "hello")
        await ear.final()
        stream.turn_committed()
        stream.speech_started()
        await push(stream, "please book my visit")
        await ear.until(lambda: any(partial.segment == 1 for partial in ear.partials))
        double.cut()
        await push(stream, "on monday")
        stream.speech_stopped()
        assert (await ear.final(1)).text == "please book my visit on monday"
        await stream.aclose()
    assert len(double.peers) == 2
    assert len(ear.finals) == 2


async def test_an_answer_that_a_broken_connection_owed_is_asked_for_again(vendor: SttVendor) -> None:
    ear = Ear()
    # Two messages come through on the first connection, and the answer is none of them.
    async with vendor.bench(Faulty(fault=Fault.DROP_MID_STREAM, after=2, times=1)) as (double, stt):
        stream = stt.open(PHONE, ear)
        await say(stream, "please book my visit")
        assert (await ear.final()).text == "please book my visit"
        await stream.aclose()
    assert len(double.peers) == 2
    assert len(ear.finals) == 1


async def test_closing_is_silent_and_ends_the_connection(vendor: SttVendor) -> None:
    ear = Ear()
    async with vendor.bench() as (double, stt):
        stream = stt.open(PHONE, ear)
        stream.speech_started()
        await push(stream, "please book my visit")
        await ear.until(lambda: bool(ear.partials))
        stream.speech_stopped()
        await stream.aclose()
        said = len(ear.events)
        stream.push(bytes(320))
        stream.speech_stopped()
        async with asyncio.timeout(WAIT_S):
            await double.peers[0].gone.wait()
        assert len(ear.events) == said


@pytest.mark.parametrize("fault", [Fault.NONE, Fault.HANG], ids=lambda fault: fault.value)
async def test_closing_takes_no_longer_than_its_goodbye_and_nothing_is_told_any_more(
    vendor: SttVendor, fault: Fault
) -> None:
    assert ListeningLimits().closing_ms <= CANCEL_MAX_MS, "and it is all that is waited for"
    ear = Ear()
    async with vendor.bench(Faulty(fault=fault), replace(PATIENT, closing_ms=0)) as (double, stt):
        stream = stt.open(PHONE, ear)
        async with asyncio.timeout(WAIT_S):
            peer = await double.peer()
        stream.speech_started()
        await push(stream, "please book my visit")
        if fault is Fault.NONE:
            await ear.until(lambda: bool(ear.partials))
        stream.speech_stopped()
        said: list[int] = []

        async def close() -> None:
            said.append(len(ear.events))  # What a vendor's thread told until now is the caller's.
            await stream.aclose()

        assert await ends_at_once(asyncio.create_task(close()))
        async with asyncio.timeout(WAIT_S):
            await peer.gone.wait()
        assert [len(ear.events)] == said


async def test_two_calls_at_once_do_not_hear_each_other(vendor: SttVendor) -> None:
    one, other = Ear(), Ear()
    async with vendor.bench() as (_, stt):
        first, second = stt.open(PHONE, one), stt.open(PHONE, other)
        await asyncio.gather(say(first, "hello please"), say(second, "cancel my visit"))
        assert (await one.final()).text == "hello please"
        assert (await other.final()).text == "cancel my visit"
        await asyncio.gather(first.aclose(), second.aclose())


async def test_audio_that_nobody_takes_is_bounded_and_counted(vendor: SttVendor) -> None:
    async with vendor.bench(Faulty(fault=Fault.REFUSE), HASTY) as (_, stt):
        stream = stt.open(PHONE, Ear())
        stream.speech_started()
        for _ in range(90):
            stream.push(bytes(16_000))  # A second of a line.
        assert 59_000 <= stream.counters.dropped_ms <= 60_000  # type: ignore[attr-defined]
        await stream.aclose()


async def test_a_vendor_that_comes_back_is_used_again(vendor: SttVendor) -> None:
    ear = Ear()
    async with vendor.bench(Faulty(fault=Fault.RATE_LIMIT, times=4), HASTY) as (double, stt):
        stream = stt.open(PHONE, ear)
        await settle(lambda: len(double.refused) == 3)
        await say(stream, "hello")
        assert (await ear.final()).lost
        stream.turn_committed()
        async with asyncio.timeout(WAIT_S):
            await double.peer()
        # A stream believes in its vendor again when it says something, which takes a moment of real speech.
        stream.speech_started()
        await push(stream, "please book my visit")
        await ear.until(lambda: bool(ear.partials))
        stream.speech_stopped()
        final = await ear.final(1)
        await stream.aclose()
    assert (final.text, final.lost) == ("please book my visit", False)


async def test_a_vendor_that_may_decide_says_when_a_turn_begins_and_ends(vendor: SttVendor) -> None:
    ear = Ear()
    async with vendor.bench() as (_, stt):
        stream = stt.open(SttConfig(sample_rate_hz=8_000, provider_turns=True), ear)
        await say(stream, "hello please book")
        if not vendor.turns:
            assert (await ear.final()).text == "hello please book"
            await stream.aclose()
            assert ear.turns == []
            return
        # The line is quiet: the stream sends the silence that the vendor needs to hear.
        await ear.until(lambda: any(turn.moment is TurnMoment.ENDED for turn in ear.turns))
        final = await ear.final()
        await stream.aclose()
    assert ear.turns[0].moment is TurnMoment.STARTED
    assert ear.turns[-1].text == "hello please book"
    assert (final.text, len(ear.finals)) == ("hello please book", 1)


async def test_turn_events_are_kept_back_where_our_own_endpointing_decides(vendor: SttVendor) -> None:
    ear = Ear()
    async with vendor.bench() as (_, stt):
        stream = stt.open(PHONE, ear)
        await say(stream, "hello please book")
        await ear.final()
        await stream.aclose()
    assert ear.turns == []
