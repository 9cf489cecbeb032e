"""Azure's doubles against Azure's own SDK: it understands them, and says to them what we say."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Mapping
from typing import Any

import pytest
from tests.conformance.stt_vendors import PATIENT, Ear, say
from tests.doubles import azure_sdk
from tests.doubles.azure_listen import azure_recognition
from tests.doubles.azure_speech import AzureVoices, Message, read
from tests.doubles.coded_speech import spoken
from tests.doubles.socket_vendor import KEY, Peer

from antiphon.providers.azure.client import AzureConfig
from antiphon.providers.azure.stt import AzureStt
from antiphon.providers.azure.tts import AzureTts
from antiphon.speech.ports import SttConfig, TtsAudio, TtsRequest

pytest.importorskip("azure.cognitiveservices.speech")
WAIT_S = 60.0
# Only tells the service about machines and its own library.
ITS_OWN = {"audio", "bias"}


async def run_sdk(way: str, url: str) -> dict[str, Any]:
    command = (sys.executable, "-m", "tests.doubles.azure_sdk", way, url)
    child = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    async with asyncio.timeout(WAIT_S):
        said, _ = await child.communicate()
    assert child.returncode == 0
    found: dict[str, Any] = json.loads(said)
    return found


def sent(peer: Peer, path: str) -> list[Message]:
    return [message for message in map(read, peer.received) if message.path == path]


def upper(body: Any) -> Any:
    """Names of modes are written in either case."""
    if isinstance(body, Mapping):
        return {name: upper(value) for name, value in body.items() if name not in ITS_OWN}
    return [upper(each) for each in body] if isinstance(body, list) else str(body).upper()


async def test_the_double_that_hears_is_understood_and_told_the_same_by_us() -> None:
    async with azure_recognition() as theirs:
        heard = await run_sdk("hear", theirs.url)
    async with azure_recognition() as ours:
        ear = Ear()
        stream = AzureStt(AzureConfig(key=KEY, url=ours.url), PATIENT).open(
            SttConfig(sample_rate_hz=8_000, vocabulary=azure_sdk.TERMS), ear
        )
        await say(stream, azure_sdk.WORDS)
        assert (await ear.final()).text == heard["text"] == azure_sdk.WORDS
        await stream.aclose()
    assert heard["partials"]
    assert not theirs.complaints and not ours.complaints
    one, other = theirs.peers[0], ours.peers[0]
    assert one.path == other.path
    assert one.headers["Sec-WebSocket-Protocol"] == other.headers["Sec-WebSocket-Protocol"]
    told, said = (json.loads(sent(peer, "speech.context")[0].body) for peer in (one, other))
    assert upper(said["phraseDetection"]) == upper(told["phraseDetection"])
    assert upper(said["dgi"]) == upper(told["dgi"])
    options = told["phraseOutput"]["detailed"].pop("options")
    assert set(said["phraseOutput"]["detailed"].pop("options")) <= set(options)
    assert said["phraseOutput"] == told["phraseOutput"]
    headers = [sent(peer, "audio")[0].body for peer in (one, other)]
    assert headers[0] == headers[1], "of the wave"
    assert sent(other, "audio")[-1].body == sent(one, "audio")[-1].body == b"", "the end of the audio"


async def test_the_double_that_speaks_is_understood_and_told_the_same_by_us() -> None:
    async with AzureVoices() as theirs:
        heard = await run_sdk("speak", theirs.url)
    assert heard["words"] == azure_sdk.WORDS.split() * 2
    assert heard["bytes"] == [len(spoken(azure_sdk.WORDS, 8_000))] * 2
    pieces: list[TtsAudio] = []
    async with AzureVoices() as ours:
        tts = AzureTts(AzureConfig(key=KEY, url=ours.url))
        request = TtsRequest(text=azure_sdk.WORDS, voice=azure_sdk.VOICE, sample_rate_hz=8_000)
        await tts.synthesize(request, pieces.append)
        await tts.aclose()
    one, other = theirs.socket.peers[0], ours.socket.peers[0]
    assert one.path == other.path
    told, said = (json.loads(sent(peer, "synthesis.context")[0].body) for peer in (one, other))
    marks = told["synthesis"]["audio"]["metadataOptions"]
    assert {**marks, **said["synthesis"]["audio"].pop("metadataOptions")}.keys() == marks.keys()
    told["synthesis"]["audio"].pop("metadataOptions")
    assert said == told
    assert len(theirs.requests) == 2 and ours.requests[0].voice == theirs.requests[0].voice
