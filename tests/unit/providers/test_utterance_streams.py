"""An utterance a stream over gRPC: what the two vendors that work so share."""

from __future__ import annotations

import asyncio
import gc
from typing import Any

import pytest
from tests.conformance.stt_vendors import HASTY, VENDORS, WAIT_S, Ear, SttVendor, push, say, settle
from tests.doubles.faults import Fault, Faulty

from antiphon.providers.listening import ListeningStream
from antiphon.speech.ports import SttConfig

PHONE = SttConfig(sample_rate_hz=8_000)
STREAMED = [each for each in VENDORS if each.name in {"riva/default", "google/telephony"}]

pytestmark = pytest.mark.parametrize("vendor", STREAMED, ids=lambda vendor: vendor.name)


def complaints_of_the_loop() -> list[str]:
    """Of tasks that failed or ended and nobody knew."""
    found: list[str] = []

    def complain(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        if "task" in context or "future" in context:
            found.append(str(context))

    asyncio.get_running_loop().set_exception_handler(complain)
    return found


@pytest.mark.parametrize("steps", [0, 1, 3, 10, 40])
async def test_a_stream_that_is_cut_leaves_no_error_that_nobody_took(vendor: SttVendor, steps: int) -> None:
    found = complaints_of_the_loop()
    async with vendor.bench(limits=HASTY) as (double, stt):
        stream = stt.open(PHONE, Ear())
        assert isinstance(stream, ListeningStream)
        for number in range(3):
            await settle(lambda number=number: len(double.peers) > number)  # type: ignore[misc]
            stream.speech_started()
            await push(stream, "hello please")
            for _ in range(steps):
                await asyncio.sleep(0)
            async with asyncio.timeout(WAIT_S):
                while stream.counters.failures <= number:
                    double.cut()  # gRPC may have connected again before it told of the first.
                    for _ in range(500):
                        await asyncio.sleep(0)
                    stream.push(bytes(320))  # Without audio, the end of a stream is no failure.
        await stream.aclose()
    gc.collect()
    await asyncio.sleep(0)
    assert found == []


@pytest.mark.parametrize("fault", [Fault.CLOSE_CODE, Fault.AUTH, Fault.REFUSE, Fault.DROP_MID_STREAM])
async def test_a_stream_that_fails_leaves_no_error_that_nobody_took(vendor: SttVendor, fault: Fault) -> None:
    found = complaints_of_the_loop()
    async with vendor.bench(Faulty(fault=fault), HASTY) as (_, stt):
        ear = Ear()
        stream = stt.open(PHONE, ear)
        await say(stream, "hello please")
        await ear.final()
        await stream.aclose()
    gc.collect()
    await asyncio.sleep(0)
    assert found == []
