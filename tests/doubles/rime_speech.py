"""Rime: `/ws3` on a socket and `/v1/rime-tts` over HTTP. Speaks coded speech.

Written from docs.rime.ai, pages "Websockets JSON", "Streaming HTTP" and "Error reference" (read 2026-11-25);
there is no SDK of its voices to check against. Errors are plain text, as theirs are.
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.doubles.coded_speech import GAP_MS, WORD_MS, blocks, spoken
from tests.doubles.faults import Fault, Faulty
from tests.doubles.http_vendor import HttpAnswer, HttpRequest
from tests.doubles.socket_vendor import KEY, Peer, SocketVendor

PIECE_BYTES = 1_001  # Not a whole number of samples.
_PARAMETERS = {
    "speaker", "modelId", "lang", "samplingRate", "audioFormat", "segment", "timeScaleFactor", "speedAlpha",
}  # fmt: skip
_STRETCHES = {"coda": "timeScaleFactor", "mistv3": "timeScaleFactor", "mistv2": "speedAlpha"}


@dataclass(frozen=True, slots=True, kw_only=True)
class RimeRequest:
    """One sentence and what it was to be spoken with. `silent`: No sound of it was given."""

    parameters: Mapping[str, str]
    text: str
    silent: bool = False


@dataclass(kw_only=True)
class RimeSocket:
    """`async with` it; then `url` is where it listens.

    Attributes:
        segments: Pieces a sentence is made in, each with times of its own, counted from its own beginning.
        names_done: `done` says whose it is.
        spares: Words that come after a `clear`, as on a network that had them under way already.
        paused: Nothing is sent after the first piece until it is set.
        cleared: How many `clear` came.
    """

    faulty: Faulty = field(default_factory=Faulty)
    segments: int = 1
    names_done: bool = True
    spares: str = ""
    requests: list[RimeRequest] = field(default_factory=list)
    waiting: asyncio.Event = field(default_factory=asyncio.Event)
    gone: asyncio.Event = field(default_factory=asyncio.Event)
    paused: asyncio.Event | None = None
    cleared: int = 0
    server: SocketVendor = field(init=False)

    def __post_init__(self) -> None:
        self.server = SocketVendor(
            talk=self._talk,
            authorised=lambda headers, query: headers.get("Authorization") == f"Bearer {KEY}",
            check=_check_query,
            faulty=self.faulty,
            close_code=(1011, "500 internal error"),
        )

    @property
    def url(self) -> str:
        return self.server.http_url

    @property
    def connections(self) -> int:
        return len(self.server.peers)

    async def __aenter__(self) -> RimeSocket:
        await self.server.__aenter__()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.server.__aexit__(*error)
        assert not self.server.complaints, "\n".join(self.server.complaints)

    async def _talk(self, peer: Peer) -> None:
        texts: list[dict[str, str]] = []
        speaking: asyncio.Task[None] | None = None
        try:
            async for message in peer.messages():
                match message:
                    case {"text": str(), "contextId": str()}:
                        assert set(message) == {"text", "contextId"}
                        texts.append(message)
                    case {"operation": "flush"}:
                        assert speaking is None or speaking.done(), "one sentence at a time"
                        speaking = asyncio.ensure_future(self._speak(peer, texts))
                        texts = []
                    case {"operation": "clear"}:
                        self.cleared += 1
                        texts = []
                        await self._cut(peer, speaking)
                    case _:
                        raise AssertionError(f"they know no {message}")
        finally:
            if speaking is not None:
                speaking.cancel()
            self.gone.set()

    async def _cut(self, peer: Peer, speaking: asyncio.Task[None] | None) -> None:
        if speaking is None or speaking.done():
            return
        context = str(speaking.get_name())
        speaking.cancel()
        if self.spares:
            pcm = spoken(self.spares, int(peer.query["samplingRate"][0]))
            await peer.send(_chunk(pcm, context))
            await peer.send({"type": "done"})

    async def _speak(self, peer: Peer, texts: list[dict[str, str]]) -> None:
        context = texts[0]["contextId"]
        task = asyncio.current_task()
        assert task is not None
        task.set_name(context)
        text = " ".join(message["text"] for message in texts)
        parameters = {name: values[0] for name, values in peer.query.items()}
        silent = peer.fault is Fault.MALFORMED  # Garbage comes before any sound, and is not waited out.
        self.requests.append(RimeRequest(parameters=parameters, text=text, silent=silent))
        if peer.fault is Fault.HANG:
            self.waiting.set()
            return
        if peer.fault is not Fault.NO_RESULT:
            await self._pieces(peer, context, text.split())
        await peer.send({"type": "done", **({"contextId": context} if self.names_done else {})})

    async def _pieces(self, peer: Peer, context: str, words: list[str]) -> None:
        rate_hz = int(peer.query["samplingRate"][0])
        length = -(-len(words) // self.segments)
        for first in range(0, len(words), length):
            segment = words[first : first + length]
            plain = " ".join(word.strip(",.!?") for word in segment)
            for pcm in blocks(spoken(plain, rate_hz), PIECE_BYTES):
                await peer.send(_chunk(pcm, context))
                if self.paused is not None:
                    await self.paused.wait()
            await peer.send(_timestamps(segment, context))


def _chunk(pcm: bytes, context: str) -> dict[str, Any]:
    return {"type": "chunk", "data": base64.b64encode(pcm).decode(), "contextId": context}


def _timestamps(words: list[str], context: str) -> dict[str, Any]:
    starts = [number * (WORD_MS + GAP_MS) / 1000 for number in range(len(words))]
    times = {"words": words, "start": starts, "end": [start + WORD_MS / 1000 for start in starts]}
    return {"type": "timestamps", "word_timestamps": times, "contextId": context}


def _check_parameters(found: Mapping[str, str]) -> None:
    assert set(found) <= _PARAMETERS, f"unknown parameters {set(found) - _PARAMETERS}"
    model = found["modelId"]
    stretch = set(found) & set(_STRETCHES.values())
    assert stretch <= {_STRETCHES[model]}, f"{model} takes no {stretch}"
    assert 4_000 <= int(found["samplingRate"]) <= 44_100, "too much for mist"
    assert found["lang"] in {"en", "eng", "es", "spa", "fr", "fra", "de", "ger", "pt", "por", "ja", "jpn"}


def _check_query(peer: Peer) -> None:
    assert peer.path == "/ws3"
    found = {name: values[0] for name, values in peer.query.items()}
    assert (found["audioFormat"], found["segment"]) == ("pcm", "never")
    _check_parameters(found)


@dataclass
class RimeHttp:
    """A `Wire`: `/v1/rime-tts`."""

    def answer(self, request: HttpRequest) -> HttpAnswer:
        assert (request.path, request.headers["authorization"]) == ("/v1/rime-tts", f"Bearer {KEY}")
        assert request.headers["accept"] == "audio/L16", "without it they answer with JSON"
        body = dict(request.json)
        text = body.pop("text")
        _check_parameters({name: str(value) for name, value in body.items()})
        pieces = list(blocks(spoken(text, body["samplingRate"]), PIECE_BYTES))
        return HttpAnswer(headers={"content-type": "audio/L16"}, pieces=pieces)

    def refusal(self, fault: Fault, faulty: Faulty) -> HttpAnswer:
        return plain_refusal(fault, faulty, "audio/L16")

    def malformed(self) -> bytes:
        return b"{"


def plain_refusal(fault: Fault, faulty: Faulty, media_type: str) -> HttpAnswer:
    status = {Fault.RATE_LIMIT: 429, Fault.AUTH: 401, Fault.CLOSE_CODE: 503}.get(fault)
    if status is None:
        return HttpAnswer(headers={"content-type": media_type})
    headers = {"content-type": "text/plain"}
    if fault is Fault.RATE_LIMIT:
        headers["retry-after"] = str(faulty.retry_after_s)
    return HttpAnswer(status=status, headers=headers, pieces=[b"no"])
