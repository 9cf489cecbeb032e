"""Hundreds of Azure's sentences, cut at random moments and by faults: none is left speaking, none is lost."""

from __future__ import annotations

import asyncio
import random

import pytest
from tests.conformance.stt_vendors import settle
from tests.doubles.azure_speech import AzureVoices
from tests.doubles.coded_speech import CodedEar
from tests.doubles.faults import Fault, Faulty
from tests.doubles.socket_vendor import KEY

from antiphon.errors import ProviderError
from antiphon.providers.azure.client import AzureConfig
from antiphon.providers.azure.tts import AzureTts
from antiphon.providers.pcm_speech import SpeakingLimits
from antiphon.speech.ports import TtsRequest

WORDS = "hello please book my visit on monday at nine thirty"
LIMITS = SpeakingLimits(connect_ms=500, first_ms=500, stall_ms=500)
AT_ONCE, ROUNDS = 8, 25
FAULTS = [Fault.NONE] * 6 + [Fault.HANG, Fault.DROP_MID_STREAM, Fault.CLOSE_CODE, Fault.MALFORMED]


@pytest.mark.parametrize("seed", range(2))
async def test_sentences_cut_anywhere_leave_nothing_behind(seed: int) -> None:
    dice = random.Random(seed)
    before = asyncio.all_tasks()
    faulty = Faulty()
    async with AzureVoices(faulty=faulty) as double:
        tts = AzureTts(AzureConfig(key=KEY, url=double.url), LIMITS)
        slowest_s = 0.0
        for _ in range(ROUNDS):
            faulty.fault, faulty.after = dice.choice(FAULTS), dice.randrange(1, 12)
            steps = [dice.choice((dice.randrange(60), None)) for _ in range(AT_ONCE)]
            took_s = await asyncio.gather(*(cut(tts, each) for each in steps))
            slowest_s = max(slowest_s, *took_s)
        faulty.fault = Fault.NONE
        assert await said(tts) == WORDS
        await tts.aclose()
        await settle(lambda: all(peer.gone.is_set() for peer in double.socket.peers))
        assert not double.complaints
    await settle(lambda: not {task for task in asyncio.all_tasks() - before if not task.done()})
    # 50 ms on a machine that does nothing else.
    assert slowest_s < 1


async def cut(tts: AzureTts, after_steps: int | None) -> float:
    """How long the sentence took to be gone, s; None lets it end by itself."""
    loop = asyncio.get_running_loop()
    task = asyncio.ensure_future(said(tts))
    if after_steps is None:
        await asyncio.wait([task])
    else:
        for _ in range(after_steps):
            await asyncio.sleep(0)
    began_s = loop.time()
    task.cancel()
    await asyncio.wait([task])
    if task.cancelled():
        return loop.time() - began_s
    failure = task.exception()
    assert isinstance(failure, ProviderError) or task.result() == WORDS
    return 0.0


async def said(tts: AzureTts) -> str:
    ear = CodedEar(8_000)
    request = TtsRequest(text=WORDS, voice="en-US-AvaNeural", sample_rate_hz=8_000)
    await tts.synthesize(request, lambda audio: ear.push(audio.pcm))
    return ear.text
