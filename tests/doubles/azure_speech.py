"""Azure's socket for synthesis. It speaks coded speech.

Written from what azure-cognitiveservices-speech 1.53.0 sends, which understands every answer
(`tests/conformance/test_azure_sdk.py`), and from the open documentation of the protocol,
`websocketprotocol.md` in MicrosoftDocs/azure-docs: text messages are headers, an empty line and JSON; binary
ones are a length in two bytes, headers and audio.
"""

from __future__ import annotations

import asyncio
import json
import re
import xml.etree.ElementTree as ET
from dataclasses import dataclass, field, replace
from typing import Any, Self

from tests.doubles.coded_speech import blocks, spoken
from tests.doubles.faults import Fault, Faulty
from tests.doubles.socket_vendor import KEY, Peer, SocketVendor

PIECE_BYTES = 1_001  # Not a whole number of samples.
_STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3,7}Z")
_SSML = "{http://www.w3.org/2001/10/synthesis}"


@dataclass(frozen=True, slots=True)
class Message:
    """Header names in lower case."""

    headers: dict[str, str]
    body: bytes

    @property
    def path(self) -> str:
        return self.headers["path"]

    @property
    def request(self) -> str:
        return self.headers.get("x-requestid", "")


def read(message: Any) -> Message:
    if isinstance(message, bytes):
        length = int.from_bytes(message[:2], "big")
        head, body = message[2 : 2 + length].decode(), message[2 + length :]
    else:
        text, _, rest = message.partition("\r\n\r\n")
        head, body = text, rest.encode()
    lines = (line.partition(":") for line in head.split("\r\n") if line)
    headers = {name.lower(): value.strip() for name, _, value in lines}
    assert _STAMP.fullmatch(headers["x-timestamp"]), "every message of a client has one"
    return Message(headers, body)


def told_back(message: Message) -> None:
    """Whether the messages of a turn are acknowledged as documented."""
    body = json.loads(message.body)
    assert len(message.request) == 32
    assert all(times for said in body.get("ReceivedMessages", ()) for times in said.values())


def text_message(path: str, request: str, body: object) -> str:
    head = f"X-RequestId:{request}\r\nContent-Type:application/json; charset=utf-8\r\nPath:{path}\r\n\r\n"
    return head + json.dumps(body)


def audio_message(request: str, pcm: bytes) -> bytes:
    head = f"X-RequestId:{request}\r\nX-StreamId:1\r\nPath:audio\r\n".encode()
    return len(head).to_bytes(2, "big") + head + pcm


def shows_key(headers: Any, query: Any) -> bool:
    return bool(headers.get("Ocp-Apim-Subscription-Key") == KEY)


def ticks(duration_ms: int) -> int:
    return duration_ms * 10_000


@dataclass(frozen=True, slots=True)
class Spoken:
    """A request for speech as it came. `markup`: The whole document. `silent`: No sound of it was given."""

    voice: str
    language: str
    speed: float
    text: str
    markup: str = ""
    silent: bool = False


@dataclass(kw_only=True)
class AzureVoices:
    """Synthesis on `/tts/cognitiveservices/websocket/v1`; what `TtsDouble` asks for."""

    faulty: Faulty = field(default_factory=Faulty)
    requests: list[Spoken] = field(default_factory=list)
    socket: SocketVendor = field(init=False)

    def __post_init__(self) -> None:
        self.waiting, self.gone = asyncio.Event(), asyncio.Event()
        self.socket = SocketVendor(
            talk=self._talk,
            authorised=shows_key,
            faulty=self.faulty,
        )

    @property
    def connections(self) -> int:
        return len(self.socket.peers)

    @property
    def complaints(self) -> list[str]:
        return self.socket.complaints

    @property
    def url(self) -> str:
        return self.socket.url

    async def __aenter__(self) -> Self:
        await self.socket.__aenter__()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.socket.__aexit__()

    async def _talk(self, peer: Peer) -> None:
        rate_hz = 0
        try:
            async for raw in peer.messages():
                message = read(raw)
                match message.path:
                    case "speech.config":
                        json.loads(message.body)
                    case "telemetry":
                        told_back(message)
                    case "synthesis.context":
                        rate_hz = _rate_hz(json.loads(message.body)["synthesis"]["audio"])
                    case "ssml":
                        await self._speak(peer, message, rate_hz)
                    case other:
                        raise AssertionError(f"they know no {other}")
        finally:
            self.gone.set()

    async def _speak(self, peer: Peer, message: Message, rate_hz: int) -> None:
        asked = _asked(message.body.decode())
        # Three messages come before the first sound.
        drops = peer.fault is Fault.DROP_MID_STREAM and self.faulty.after <= 3
        self.requests.append(replace(asked, silent=drops or peer.fault is Fault.MALFORMED))
        if peer.fault is Fault.HANG:
            self.waiting.set()
            return
        request = message.request
        await peer.send(text_message("turn.start", request, {"context": {"serviceTag": "0" * 32}}))
        audio = {"type": "inline", "streamId": "1"}
        await peer.send(text_message("response", request, {"context": {}, "audio": audio}))
        if peer.fault is not Fault.NO_RESULT:
            await self._say(peer, request, asked, rate_hz)
        await peer.send(audio_message(request, b""))
        await peer.send(text_message("turn.end", request, {}))

    async def _say(self, peer: Peer, request: str, asked: Spoken, rate_hz: int) -> None:
        for number, word in enumerate(asked.text.split()):
            said = {"Text": word, "Length": len(word), "BoundaryType": "WordBoundary"}
            data = {"Offset": ticks(number * 140), "Duration": ticks(100), "text": said}
            metadata = {"Metadata": [{"Type": "WordBoundary", "Data": data}]}
            await peer.send(text_message("audio.metadata", request, metadata))
            for piece in blocks(spoken(word, rate_hz), PIECE_BYTES):
                await peer.send(audio_message(request, piece))


def _rate_hz(audio: dict[str, Any]) -> int:
    form = re.fullmatch(r"raw-(\d+)khz-16bit-mono-pcm", audio["outputFormat"])
    assert form, audio["outputFormat"]
    assert audio["metadataOptions"]["wordBoundaryEnabled"]
    return int(form[1]) * 1000


def _asked(ssml: str) -> Spoken:
    speak = ET.fromstring(ssml)
    assert speak.tag == f"{_SSML}speak" and speak.get("version") == "1.0"
    (voice,) = speak
    assert voice.tag == f"{_SSML}voice"
    rate = 1.0
    for prosody in voice.findall(f"{_SSML}prosody"):  # The marks of a text may have their own within.
        if (told := prosody.get("rate", "1"))[-1].isdigit():
            rate = float(told)
        assert 0.5 <= rate <= 2.0
    language = speak.get("{http://www.w3.org/XML/1998/namespace}lang", "")
    return Spoken(voice.get("name", ""), language, rate, "".join(voice.itertext()), ssml)
