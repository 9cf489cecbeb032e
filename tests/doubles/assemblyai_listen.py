"""AssemblyAI's Universal streaming socket, `/v3/ws`. Hears coded speech.

Written from the message types of assemblyai 1.8.2, which every message is checked against, and from the pages
on the message sequence and on turn detection (read 2026-11-25).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from assemblyai.streaming.v3 import models as sdk
from tests.doubles.coded_speech import CodedEar
from tests.doubles.faults import Fault
from tests.doubles.sdk_types import checked
from tests.doubles.socket_vendor import KEY, Peer, SocketVendor

TURN_SILENCE_MS = 300
_HEARTBEAT_EVERY_MS = 200


@dataclass(slots=True, kw_only=True)
class Habits:
    """Attributes: formats: every end of a turn comes a second time, formatted."""

    formats: bool = False


def assemblyai_listen(habits: Habits | None = None, **settings: Any) -> SocketVendor:
    async def talk(peer: Peer) -> None:
        await _Session(peer, habits or Habits()).run()

    return SocketVendor(
        talk=talk,
        authorised=lambda headers, query: headers.get("Authorization") == KEY,
        check=_check_query,
        close_code=(3005, "Server error"),
        malformed='{"type": "Turn", "turn_order": "first"}',
        **settings,
    )


def _check_query(peer: Peer) -> None:
    assert peer.path == "/v3/ws"
    known = set(sdk.StreamingParameters.model_fields)
    assert set(peer.query) <= known, f"unknown parameters {set(peer.query) - known}"
    assert peer.query["encoding"] == ["pcm_s16le"]
    terms = json.loads(peer.query.get("keyterms_prompt", ["[]"])[0])
    assert len(terms) <= 100
    assert all(len(term) <= 50 for term in terms)


class _Session:
    def __init__(self, peer: Peer, habits: Habits) -> None:
        self._peer, self._habits = peer, habits
        self._rate_hz = int(peer.query["sample_rate"][0])
        self._ear = CodedEar(self._rate_hz)
        self._silence_max_ms = min(TURN_SILENCE_MS, int(peer.query.get("max_turn_silence", ["1280"])[0]))
        self._decides = int(peer.query.get("max_turn_silence", ["1280"])[0]) < 5_000
        self._turn, self._before, self._said = 0, 0, 0
        self._heartbeat_ms = 0

    async def run(self) -> None:
        begin = {"type": "Begin", "id": "session-1", "expires_at": "2026-11-25T12:00:00Z"}
        await self._peer.send(checked(sdk.BeginEvent, begin))
        async for message in self._peer.messages():
            if isinstance(message, bytes):
                await self._audio(message)
                continue
            match message["type"]:
                case "ForceEndpoint":
                    await self._force()
                case "UpdateConfiguration":
                    checked(sdk.UpdateConfiguration, message)
                case "Terminate":
                    seconds = self._ear.heard_ms // 1000
                    end = {
                        "type": "Termination",
                        "audio_duration_seconds": seconds,
                        "session_duration_seconds": seconds,
                    }
                    await self._peer.send(checked(sdk.TerminationEvent, end))
                    return
                case other:
                    assert other == "KeepAlive", f"they know no {other}"

    @property
    def _words(self) -> list[Any]:
        return [] if self._peer.fault is Fault.NO_RESULT else self._ear.words[self._before :]

    @property
    def _silence_ms(self) -> int:
        return self._ear.heard_ms - self._ear.words[-1].end_ms

    async def _audio(self, pcm: bytes) -> None:
        duration_ms = len(pcm) * 1000 / (2 * self._rate_hz)
        assert 50 <= duration_ms <= 1000, f"3007: audio chunk of {duration_ms} ms"
        self._ear.push(pcm)
        if len(self._words) > self._said:
            self._said = len(self._words)
            await self._send_turn(ended=False)
        elif self._decides and self._words and self._silence_ms >= self._silence_max_ms:
            await self._end()
        if self._ear.heard_ms - self._heartbeat_ms >= _HEARTBEAT_EVERY_MS:
            self._heartbeat_ms = self._ear.heard_ms
            beat = {
                "type": "Heartbeat",
                "total_audio_received_ms": self._ear.heard_ms,
                "total_duration_ms": self._ear.heard_ms,
                "realtime_factor": 0.5,
                "max_speech_probability": 0.9,
            }
            await self._peer.send(checked(sdk.HeartbeatEvent, beat))

    async def _force(self) -> None:
        if self._words or self._peer.fault is Fault.NO_RESULT:
            await self._end()

    async def _end(self) -> None:
        await self._send_turn(ended=True)
        if self._habits.formats:
            await self._send_turn(ended=True, formatted=True)
        self._before, self._said = len(self._ear.words), 0
        self._turn += 1

    async def _send_turn(self, *, ended: bool, formatted: bool = False) -> None:
        words = self._words
        text = " ".join(word.text for word in (words if ended else words[:-1]))
        message = {
            "type": "Turn",
            "turn_order": self._turn,
            "turn_is_formatted": formatted,
            "end_of_turn": ended,
            "transcript": text.capitalize() + "." if formatted else text,
            "end_of_turn_confidence": 0.9 if ended else 0.1,
            "words": [
                {
                    "start": word.start_ms,
                    "end": word.end_ms,
                    "confidence": 0.7,
                    "text": word.text,
                    "word_is_final": ended or word is not words[-1],
                }
                for word in words
            ],
        }
        await self._peer.send(checked(sdk.TurnEvent, message))
