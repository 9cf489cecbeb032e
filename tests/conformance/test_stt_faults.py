"""Every vendor that hears × every fault: one final within the deadline, lost when it must be, and why."""

from __future__ import annotations

import asyncio
import logging

import pytest
from tests.conformance.stt_vendors import HASTY, PATIENT, VENDORS, Ear, SttVendor, say, settle
from tests.doubles.faults import Fault, Faulty
from tests.doubles.socket_vendor import KEY

from antiphon.errors import (
    ProviderError,
    ProviderProtocolError,
    ProviderRejected,
    ProviderUnavailable,
)
from antiphon.providers.listening import ListeningStream
from antiphon.speech.ports import SttConfig

PHONE = SttConfig(sample_rate_hz=8_000)
WORDS = "please book my visit"
FAILURES: dict[Fault, type[ProviderError]] = {
    Fault.REFUSE: ProviderUnavailable,
    Fault.HANG: ProviderUnavailable,
    Fault.DROP_MID_STREAM: ProviderUnavailable,
    Fault.MALFORMED: ProviderProtocolError,
    Fault.RATE_LIMIT: ProviderUnavailable,
    Fault.AUTH: ProviderRejected,
    Fault.CLOSE_CODE: ProviderUnavailable,
}
SURVIVED = {Fault.NONE: WORDS, Fault.SLOW_FIRST_BYTE: WORDS, Fault.NO_RESULT: ""}

pytestmark = pytest.mark.parametrize("vendor", VENDORS, ids=lambda vendor: vendor.name)


async def survived(vendor: SttVendor, fault: Fault, text: str) -> None:
    ear = Ear()
    # Who says nothing of silence is waited for until the deadline; no words can be late there.
    limits = HASTY if vendor.doubts_silence and not text else PATIENT
    async with vendor.bench(Faulty(fault=fault, delay_ms=100), limits) as (_, stt):
        stream = stt.open(PHONE, ear)
        await say(stream, WORDS)
        final = await ear.final()
        await stream.aclose()
    assert final.text == text
    cannot_tell = vendor.doubts_silence and not text and final.took_ms >= limits.final_ms
    assert not final.lost or cannot_tell, "what is lost before the deadline was refused, and not silence"


def test_the_matrix_has_every_fault(vendor: SttVendor) -> None:
    assert set(FAILURES) | set(SURVIVED) == set(Fault)


@pytest.mark.parametrize("fault", FAILURES, ids=lambda fault: fault.value)
async def test_words_that_nobody_heard_are_lost_within_the_deadline(
    vendor: SttVendor, fault: Fault, caplog: pytest.LogCaptureFixture
) -> None:
    if fault in vendor.survives:
        await survived(vendor, fault, WORDS)
        return
    ear = Ear()
    caplog.set_level(logging.DEBUG)
    async with vendor.bench(Faulty(fault=fault), HASTY) as (_, stt):
        stream = stt.open(PHONE, ear)
        assert isinstance(stream, ListeningStream)
        await say(stream, WORDS)
        final = await ear.final()
        await settle(lambda: stream.failure is not None)
        failure = stream.failure
        await stream.aclose()
    assert (final.lost, final.text) == (True, "")
    assert len(ear.finals) == 1
    assert final.took_ms <= HASTY.final_ms + 1_500, "a busy machine may be late, an endless wait would not"
    assert type(failure) is FAILURES[fault], failure
    if fault is Fault.RATE_LIMIT:
        assert isinstance(failure, ProviderUnavailable)
        assert failure.retry_after_ms == (2_000 if vendor.counts_when else None)
    assert KEY not in f"{failure!r} {failure.__cause__!r}"
    assert failure.__suppress_context__ or failure.__context__ is None


@pytest.mark.parametrize("fault", SURVIVED, ids=lambda fault: fault.value)
async def test_what_is_only_slow_or_empty_is_no_loss(vendor: SttVendor, fault: Fault) -> None:
    await survived(vendor, fault, SURVIVED[fault])


async def test_a_refused_key_is_not_tried_again_and_later_speech_is_lost_at_once(vendor: SttVendor) -> None:
    ear = Ear()
    async with vendor.bench(Faulty(fault=Fault.AUTH), HASTY) as (double, stt):
        stream = stt.open(PHONE, ear)
        assert isinstance(stream, ListeningStream)
        await settle(lambda: stream.failure is not None)
        for number in range(3):
            await say(stream, "hello")
            assert ear.finals[number].lost, "at once"
            stream.turn_committed()
        await stream.aclose()
    assert double.refused == [401]


async def test_a_hanging_vendor_is_replaced_by_a_new_connection_after_the_deadline(vendor: SttVendor) -> None:
    ear = Ear()
    async with vendor.bench(Faulty(fault=Fault.HANG, times=1), HASTY) as (_, stt):
        stream = stt.open(PHONE, ear)
        await say(stream, "hello please")
        await ear.final()
        stream.turn_committed()
        number = len(ear.finals)
        await say(stream, "book my visit")
        final = await ear.final(number)
        await stream.aclose()
    assert (final.text, final.lost) == ("book my visit", False)


async def test_a_vendor_that_falls_silent_between_two_utterances_has_not_heard_the_second(
    vendor: SttVendor,
) -> None:
    ear = Ear()
    async with vendor.bench(limits=HASTY) as (double, stt):
        stream = stt.open(PHONE, ear)
        await say(stream, "please book my visit on monday at nine")
        await ear.final()
        stream.turn_committed()
        double.peers[0].fault = Fault.HANG
        if vendor.doubts_silence:
            await say(stream, "hello")
            heard = await ear.final(1)
            assert (heard.text, heard.doubted) == ("", True), "another may be asked what it hears"
            stream.turn_committed()
        await say(stream, "yes thanks")
        assert (await ear.final(1 + vendor.doubts_silence)).lost, (
            "an empty final would say that there were no words"
        )
        await stream.aclose()


async def test_no_task_outlives_its_stream(vendor: SttVendor) -> None:
    before = asyncio.all_tasks()
    async with vendor.bench(Faulty(fault=Fault.HANG), HASTY) as (double, stt):
        stream = stt.open(PHONE, Ear())
        await settle(lambda: bool(double.peers))
        await say(stream, "hello")
        await stream.aclose()
    await settle(lambda: not {task for task in asyncio.all_tasks() - before if not task.done()})
