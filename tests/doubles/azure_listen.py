"""Azure's socket for recognition: it hears coded speech.

Sources as in `azure_speech`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from tests.doubles.azure_speech import Message, read, shows_key, text_message, ticks, told_back
from tests.doubles.coded_speech import CodedEar, HeardWord
from tests.doubles.faults import Fault, Faulty
from tests.doubles.socket_vendor import Peer, SocketVendor

TURN_SILENCE_MS = 300
_WAV_HEADER_BYTES = 44
_CHUNK_BYTES_MAX = 8_192


@dataclass(slots=True, kw_only=True)
class Habits:
    """Attributes:
    pauses_ms: Silence after which it ends a phrase by itself.
    ends_by_itself_ms: Audio of a turn after which the service ends it; 0: never.
    leaves_last: At the end of its audio the last words stay a hypothesis.
    status: Of phrases, instead of success.
    """

    pauses_ms: int = TURN_SILENCE_MS
    ends_by_itself_ms: int = 0
    leaves_last: bool = False
    status: str = "Success"


def azure_recognition(habits: Habits | None = None, faulty: Faulty | None = None) -> SocketVendor:
    async def talk(peer: Peer) -> None:
        recognition = _Recognition(peer, habits or Habits())
        async for message in peer.messages():
            await recognition.take(read(message))

    return SocketVendor(
        talk=talk,
        authorised=shows_key,
        close_code=(1011, "internal error"),
        malformed=text_message("speech.phrase", "0" * 32, "?")[:-3],  # Belongs to no turn: see `_audio`.
        faulty=faulty or Faulty(),
    )


def contexts(peer: Peer) -> list[dict[str, Any]]:
    """What every turn was opened with."""
    messages = [read(message) for message in peer.received if isinstance(message, str)]
    return [json.loads(message.body) for message in messages if message.path == "speech.context"]


def phrases_of(peer: Peer) -> list[str]:
    groups = contexts(peer)[-1].get("dgi", {}).get("Groups", []) if contexts(peer) else []
    return [item["Text"] for group in groups for item in group["Items"]]


class _Recognition:
    """The turns of one connection."""

    def __init__(self, peer: Peer, habits: Habits) -> None:
        self._peer, self._habits = peer, habits
        self._request = ""
        self._requests: list[str] = []
        self._configured = self._in_turn = False
        self._ear: CodedEar | None = None
        self._header = b""
        self._said = self._frozen = 0

    async def take(self, message: Message) -> None:
        match message.path:
            case "speech.config":
                self._configured = bool(json.loads(message.body)["context"]["system"]["version"])
            case "telemetry":
                told_back(message)
            case "speech.context":
                assert self._configured, "a connection begins with its configuration"
                assert not self._in_turn, "the answers to the turn before would be dropped"
                assert len(message.request) == 32 and message.request not in self._requests
                self._requests.append(message.request)
                context = json.loads(message.body)
                detailed = context["phraseOutput"]
                assert detailed["format"] == "Detailed"
                assert "WordTimings" in detailed["detailed"]["options"]
                self._request, self._ear, self._header = message.request, None, b""
                self._said = self._frozen = 0
            case "audio":
                assert message.request == self._request
                await self._audio(message.body)
            case other:
                raise AssertionError(f"they know no {other}")

    async def _audio(self, body: bytes) -> None:
        if not body:
            await self._end()
            return
        if self._ear is None:
            assert body[:4] == b"RIFF" and len(body) == _WAV_HEADER_BYTES
            rate_hz = int.from_bytes(body[24:28], "little")
            assert rate_hz in {8_000, 16_000, 24_000, 48_000}
            self._ear, self._in_turn = CodedEar(rate_hz), True
            await self._send("turn.start", {"context": {"serviceTag": "0" * 32}})
            if self._peer.fault is Fault.MALFORMED:
                await self._peer.send(text_message("speech.hypothesis", self._request, "?")[:-1])
            return
        assert len(body) <= _CHUNK_BYTES_MAX
        if not self._in_turn:
            return  # Of a turn that the service ended.
        self._ear.push(body)
        words = self._ear.words
        if self._habits.ends_by_itself_ms and self._ear.heard_ms >= self._habits.ends_by_itself_ms:
            await self._over()
            return
        if len(words) > self._said:
            if self._said == self._frozen:
                await self._send("speech.startDetected", {"Offset": ticks(words[self._said].start_ms)})
            self._said = len(words)
            await self._hypothesis()
        # It ends phrases at pauses by itself, always.
        elif self._unfrozen and self._ear.heard_ms - words[-1].end_ms >= self._habits.pauses_ms:
            await self._phrase()

    @property
    def _unfrozen(self) -> list[HeardWord]:
        return self._ear.words[self._frozen :] if self._ear else []

    async def _hypothesis(self) -> None:
        words = [] if self._peer.fault is Fault.NO_RESULT else self._unfrozen
        if words:
            text = " ".join(word.text for word in words)
            await self._send("speech.hypothesis", {"Text": text, **_span(words)})

    async def _phrase(self) -> None:
        words = [] if self._peer.fault is Fault.NO_RESULT else self._unfrozen
        assert self._ear is not None
        self._frozen = len(self._ear.words)
        if not words:
            nothing = {"RecognitionStatus": "InitialSilenceTimeout", "Offset": 0, "Duration": 0}
            await self._send("speech.phrase", nothing)
            return
        text = " ".join(word.text for word in words)
        best = {
            "Confidence": 0.9,
            "Lexical": text,
            "ITN": text,
            "MaskedITN": text,
            "Display": text,
            "Words": [{"Word": word.text, **_span([word])} for word in words],
        }
        await self._send(
            "speech.phrase",
            {"RecognitionStatus": self._habits.status, **_span(words), "NBest": [best], "DisplayText": text},
        )

    async def _end(self) -> None:
        if not self._in_turn:
            return
        if self._unfrozen and not self._habits.leaves_last:
            await self._phrase()
        await self._over()

    async def _over(self) -> None:
        heard = ticks(self._ear.heard_ms if self._ear else 0)
        over = {"RecognitionStatus": "EndOfDictation", "Offset": heard, "Duration": 0}
        await self._send("speech.phrase", over)
        await self._send("speech.endDetected", {"Offset": heard})
        self._in_turn = False
        await self._send("turn.end", {})

    async def _send(self, path: str, body: object) -> None:
        await self._peer.send(text_message(path, self._request, body))


def _span(words: list[HeardWord]) -> dict[str, int]:
    return {
        "Offset": ticks(words[0].start_ms),
        "Duration": ticks(words[-1].end_ms - words[0].start_ms),
    }
