"""The real worker with the real models: it speaks, hears itself, judges, and comes back from the dead."""

from __future__ import annotations

import asyncio
import os
import re
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from antiphon.errors import ProviderUnavailable
from antiphon.providers.local.models import is_installed, select
from antiphon.providers.local.worker import InferenceProcess, WorkerClient
from antiphon.providers.registry import Registry
from antiphon.speech.ports import SttConfig, Transcript, TtsRequest

pytestmark = pytest.mark.models

SENTENCE = "Good morning. I would like to cancel my appointment with the doctor on Friday afternoon."


def _require_models() -> None:
    missing = [model.name for model in select(["serve"]) if not is_installed(model.name)]
    if missing:
        pytest.skip(f"embedded models are not installed ({', '.join(missing)}): run `antiphon models fetch`")


@pytest_asyncio.fixture
async def worker(tmp_path: Path) -> AsyncIterator[InferenceProcess]:
    _require_models()
    process = InferenceProcess(tmp_path / "w.sock")
    await process.start()
    yield process
    await process.stop()


def words(text: str) -> set[str]:
    return set(re.findall(r"[a-z']+", text.lower()))


async def test_what_the_worker_says_the_worker_understands(worker: InferenceProcess) -> None:
    client = await WorkerClient.connect(worker.socket)
    registry = Registry(client)
    voice, name = registry.tts("local/piper-joe")
    blocks: list[bytes] = []
    request = TtsRequest(text=SENTENCE, voice=name, sample_rate_hz=16000)
    await voice.synthesize(request, lambda audio: blocks.append(audio.pcm))
    assert len(blocks) >= 2, "the first sentence is heard before the second is made"
    sound = b"".join(blocks)

    heard: asyncio.Queue[Transcript] = asyncio.Queue()
    stream = registry.stt("local/whisper-tiny.en").open(SttConfig(sample_rate_hz=16000), heard.put_nowait)
    stream.push(bytes(6400) + sound[:3200])
    stream.speech_started()
    for start in range(3200, len(sound), 3200):
        stream.push(sound[start : start + 3200])
    stream.speech_stopped()
    async with asyncio.timeout(30):
        while not (transcript := await heard.get()).final:
            pass
    assert len(words(transcript.text) & words(SENTENCE)) >= 0.8 * len(words(SENTENCE)), transcript.text
    assert 0.0 <= await registry.end_of_turn("local/smart-turn").score(sound, 16000) <= 1.0
    named, other = await registry.encoder("local/e5").encode([transcript.text, "are you open"], query=True)
    (wanted,) = await registry.encoder("local/e5").encode(["cancel my appointment"], query=False)
    assert named @ wanted > other @ wanted
    counts = await client.counts()
    assert (counts.refused_jobs, counts.dropped_partials, counts.waiting) == (0, 0, 0)
    await stream.aclose()
    await client.aclose()


async def test_four_calls_that_stop_at_once_all_get_their_words(worker: InferenceProcess) -> None:
    client = await WorkerClient.connect(worker.socket)
    registry = Registry(client)
    voice, name = registry.tts("local/piper-joe")
    blocks: list[bytes] = []
    text = "I would like to book an appointment."
    await voice.synthesize(
        TtsRequest(text=text, voice=name, sample_rate_hz=8000), lambda audio: blocks.append(audio.pcm)
    )
    sound = b"".join(blocks)

    async def call() -> str:
        heard: asyncio.Queue[Transcript] = asyncio.Queue()
        stt = registry.stt("local/whisper-tiny.en")
        stream = stt.open(SttConfig(sample_rate_hz=8000), heard.put_nowait)
        stream.push(bytes(3200) + sound[:1600])
        stream.speech_started()
        stream.push(sound[1600:])
        stream.speech_stopped()
        while not (transcript := await heard.get()).final:
            pass
        await stream.aclose()
        return transcript.text

    async with asyncio.timeout(60):
        understood = await asyncio.gather(*(call() for _ in range(4)))
    for said in understood:
        assert len(words(said) & words(text)) >= 0.7 * len(words(text)), understood
    await client.aclose()


async def test_a_killed_worker_comes_back_and_the_client_finds_it(tmp_path: Path) -> None:
    _require_models()
    process = InferenceProcess(tmp_path / "w.sock", roles=("eot",))
    await process.start()
    watching = asyncio.create_task(process.run())
    client = await WorkerClient.connect(process.socket)
    judge = client.end_of_turn()
    before = await judge.score(bytes(32000), 16000)
    assert process.pid is not None
    asked = asyncio.create_task(judge.score(bytes(256000), 16000))
    os.kill(process.pid, signal.SIGKILL)
    with pytest.raises(ProviderUnavailable):
        await asked
    async with asyncio.timeout(60):
        await client.until_connected()
        assert await judge.score(bytes(32000), 16000) == pytest.approx(before, abs=1e-4)
    assert process.restarts == 1
    await client.aclose()
    await process.stop()
    await asyncio.wait_for(watching, 10)
