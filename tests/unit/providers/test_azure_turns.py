"""Azure's turns on one connection: each waits for the one before, and its own ends cost no word."""

from __future__ import annotations

import asyncio

import pytest
from tests.conformance.stt_vendors import HASTY, PATIENT, VENDORS, WAIT_S, Ear, push, say, settle
from tests.doubles.azure_listen import Habits, contexts
from tests.doubles.azure_speech import read
from tests.doubles.faults import Fault

from antiphon.errors import ProviderRejected
from antiphon.providers.listening import ListeningLimits, ListeningStream
from antiphon.speech.ports import SttConfig

PHONE = SttConfig(sample_rate_hz=8_000)
AZURE = next(each for each in VENDORS if each.name == "azure/speech")


def paths(peer: object) -> list[str]:
    return [read(message).path for message in peer.received]  # type: ignore[attr-defined]


async def test_a_turn_waits_for_the_end_of_the_one_before_and_each_is_acknowledged() -> None:
    ear = Ear()
    async with AZURE.bench() as (double, stt):
        stream = stt.open(PHONE, ear)
        for text in ("hello please", "book my visit", "on monday"):
            await say(stream, text)
            stream.turn_committed()
        await ear.final(2)
        peer = await double.peer()
        async with asyncio.timeout(WAIT_S):
            await peer.until(lambda peer: paths(peer).count("telemetry") == 3)
        await stream.aclose()
    assert [final.text for final in ear.finals] == ["hello please", "book my visit", "on monday"]
    assert paths(peer)[0] == "speech.config"
    assert len(double.peers) == 1 and len(contexts(peer)) == 3


async def test_a_turn_that_the_service_ends_is_said_again_on_a_new_connection() -> None:
    ear, habits = Ear(), Habits(ends_by_itself_ms=400)
    async with AZURE.bench(habits=habits) as (double, stt):
        stream = stt.open(PHONE, ear)
        stream.speech_started()
        await push(stream, "hello please book my visit")
        async with asyncio.timeout(WAIT_S):
            await double.peer(1)
        habits.ends_by_itself_ms = 0
        await ear.until(lambda: any(partial.text.endswith("visit") for partial in ear.partials))
        stream.speech_stopped()
        assert (await ear.final()).text == "hello please book my visit"
        await stream.aclose()


async def test_words_that_stay_a_hypothesis_at_the_end_of_a_turn_count() -> None:
    ear = Ear()
    async with AZURE.bench(habits=Habits(leaves_last=True)) as (_, stt):
        stream = stt.open(PHONE, ear)
        await say(stream, "hello please")
        final = await ear.final()
        await stream.aclose()
    assert (final.text, final.lost) == ("hello please", False)


async def test_a_turn_that_falls_quiet_is_closed_and_its_words_answer_the_end_of_speech() -> None:
    ear, limits = Ear(), ListeningLimits(connect_ms=15_000, final_ms=15_000, settle_ms=30, keep_alive_ms=20)
    async with AZURE.bench(limits=limits) as (double, stt):
        stream = stt.open(PHONE, ear)
        stream.speech_started()
        await push(stream, "hello please thanks")
        peer = await double.peer()
        async with asyncio.timeout(WAIT_S):
            await peer.until(lambda peer: "telemetry" in paths(peer))
        stream.speech_stopped()
        assert (await ear.final()).text == "hello please thanks"
        await stream.aclose()


async def test_an_exhausted_quota_is_not_tried_again() -> None:
    async with AZURE.bench(habits=Habits(status="Forbidden"), limits=HASTY) as (double, stt):
        ear = Ear()
        stream = stt.open(PHONE, ear)
        assert isinstance(stream, ListeningStream)
        await say(stream, "hello please")
        assert (await ear.final()).lost
        await settle(lambda: isinstance(stream.failure, ProviderRejected))
        await stream.aclose()
    assert len(double.peers) == 1


@pytest.mark.parametrize("cut_after", range(0, 12, 2))
async def test_a_stream_may_be_left_at_any_moment(cut_after: int) -> None:
    """Eight streams at once, each closed at another step of its call."""

    async def leave(stt: object, number: int) -> float:
        stream = stt.open(PHONE, Ear())  # type: ignore[attr-defined]
        step = 0
        for text in ("hello please", "book my visit", "on monday at nine"):
            stream.speech_started()
            for word in text.split():
                await push(stream, word)
                step += 1
                if step == cut_after + number % 2:
                    return await _closing_s(stream)
            stream.speech_stopped()
        return await _closing_s(stream)

    async with AZURE.bench(limits=PATIENT) as (double, stt):
        took_s = await asyncio.gather(*(leave(stt, number) for number in range(8)))
        await settle(lambda: all(peer.gone.is_set() for peer in double.peers))
    # 50 ms on a machine that does nothing else.
    assert max(took_s) < 1


async def test_a_stream_that_hangs_is_left_as_soon() -> None:
    async with AZURE.bench() as (double, stt):
        stream = stt.open(PHONE, Ear())
        await say(stream, "hello please")
        (await double.peer()).fault = Fault.HANG
        assert await _closing_s(stream) < 1


async def _closing_s(stream: object) -> float:
    loop = asyncio.get_running_loop()
    began_s = loop.time()
    await stream.aclose()  # type: ignore[attr-defined]
    return loop.time() - began_s
